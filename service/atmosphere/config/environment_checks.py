"""What `environments.yaml` has to mean, once its shape is right: a table of small checks, all of them run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from atmosphere.config.problems import Severity
from atmosphere.config.regions import PARTITION_OF, REGIONS
from atmosphere.core.snapshot import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.config.problems import Path
    from atmosphere.config.shapes import EnvironmentEntry
    from atmosphere.config.sources import Check, Sources

MAX_CAPABILITY_BYTES: Final = 400  # of canonical JSON: an environment's row stays under 1 KB (design 5)
MAX_ROLES: Final = 10
MAX_REGIONS: Final = 10
MAX_ROW_BYTES: Final = 800  # of everything the configuration says of one environment


def _some_environment(sources: Sources) -> None:
    if sources.environments.whole and not any(sources.environment_entries()):
        sources.environments.report(
            ("environments",), "no environment is registered", "add at least one; otherwise every pool is drained"
        )


def _unique_environments(sources: Sources) -> None:
    seen: dict[tuple[str, str], Path] = {}
    for path, entry in sources.environment_entries():
        other = seen.setdefault((entry.account, entry.region), path)
        if other != path:
            line = sources.environments.read.line(other)
            what = f"aws://{entry.account}/{entry.region} is already registered at line {line}"
            sources.environments.report(path, what, "remove one of the two")


def _arns(path: Path, entry: EnvironmentEntry) -> Iterator[tuple[Path, str]]:
    yield (*path, "admin_role"), entry.admin_role
    if entry.cleaner_role:
        yield (*path, "cleaner_role"), entry.cleaner_role
    for name, arn in entry.roles.items():
        yield (*path, "roles", name), arn


def _roles_belong(sources: Sources) -> None:
    for path, entry in sources.environment_entries():
        for place, arn in _arns(path, entry):
            _role_belongs(sources, place, arn, entry)


def _role_belongs(sources: Sources, place: Path, arn: str, entry: EnvironmentEntry) -> None:
    _, partition, _, _, account, _ = arn.split(":", 5)
    if account != entry.account:
        what = f"this role is in account {account}, but the environment is in {entry.account}"
        sources.environments.report(place, what, "use a role of the environment's own account")
    if partition not in REGIONS:
        known = ", ".join(REGIONS)
        sources.environments.report(place, f"{partition!r} is not an AWS partition", f"use one of {known}")
    elif partition != PARTITION_OF.get(entry.region, partition):
        what = f"this role is in partition {partition}, but region {entry.region} is in {PARTITION_OF[entry.region]}"
        sources.environments.report(place, what, "use a role of the region's partition")


def _role_names_listed(sources: Sources) -> None:
    settings = sources.tuned
    if settings is None:
        return
    for path, entry in sources.environment_entries():
        for place, arn in _arns(path, entry):
            name = arn.rsplit("/", 1)[1]
            if name not in settings.role_names:
                what = f"the role name {name} is not in role_names of settings.yaml, so the service may not assume it"
                sources.environments.report(place, what, f"add {name} to role_names, or use a listed role")


def _roles_named(sources: Sources) -> None:
    for path, entry in sources.environment_entries():
        if "admin" in entry.roles:
            what = "`admin` is always the admin_role"
            sources.environments.report((*path, "roles", "admin"), what, "use another name, or set admin_role")


def _cleaner_apart(sources: Sources) -> None:
    for path, entry in sources.environment_entries():
        given = {arn.rsplit("/", 1)[1] for arn in (entry.admin_role, *entry.roles.values())}
        if entry.cleaner_role and entry.cleaner_role.rsplit("/", 1)[1] in given:
            what = "tests get this role too, so they could change what the cleanup may do"
            sources.environments.report((*path, "cleaner_role"), what, "use a role that no test gets, or remove it")


def _regions_known(sources: Sources) -> None:
    for path, entry in sources.environment_entries():
        places = [((*path, "region"), entry.region)]
        places += [((*path, "regions", index), region) for index, region in enumerate(entry.regions)]
        for place, region in places:
            if region not in PARTITION_OF:
                remedy = "correct it; if the region is newer than this release, update Atmosphere"
                sources.environments.report(place, f"{region!r} is not an AWS region", remedy)


def _further_regions(sources: Sources) -> None:
    for path, entry in sources.environment_entries():
        for index, region in enumerate(entry.regions):
            place = (*path, "regions", index)
            partitions = {PARTITION_OF.get(region), PARTITION_OF.get(entry.region)}
            if region == entry.region:
                sources.environments.report(place, f"{region} is already the environment's region", "remove it")
            elif region in entry.regions[:index]:
                sources.environments.report(place, f"{region} is listed twice", "keep one of them")
            elif None not in partitions and len(partitions) > 1:
                remedy = "remove it: credentials of one partition do not work in another"
                sources.environments.report(place, f"{region} is in a different partition than {entry.region}", remedy)


def _regions_apart(sources: Sources) -> None:
    """Two environments that clean the same region of one account would clean each other's tests."""
    owners = {(entry.account, entry.region): path for path, entry in sources.environment_entries()}
    for path, entry in sources.environment_entries():
        for index, region in enumerate(entry.regions):
            other = owners.setdefault((entry.account, region), path)
            if other != path:
                line = sources.environments.read.line(other)
                what = f"{region} of account {entry.account} is already covered by the environment at line {line}"
                remedy = "a region of an account may belong to one environment only"
                sources.environments.report((*path, "regions", index), what, remedy)


def _blocked_accounts(sources: Sources) -> None:
    settings = sources.tuned
    blocked = settings.blocked_accounts if settings else ()
    for path, entry in sources.environment_entries():
        if entry.account in blocked:
            remedy = "use another account; blocked accounts must never be cleaned"
            sources.environments.report((*path, "account"), f"account {entry.account} is in blocked_accounts", remedy)


def _row_size(sources: Sources) -> None:
    for path, entry in sources.environment_entries():
        sizes = (
            ("capabilities", len(canonical(entry.capabilities)), MAX_CAPABILITY_BYTES, "bytes of JSON"),
            ("roles", len(entry.roles), MAX_ROLES, "roles"),
            ("regions", len(entry.regions), MAX_REGIONS, "regions"),
        )
        for key, size, limit, unit in sizes:
            if size > limit:
                sources.environments.report(
                    (*path, key), f"{size} {unit}, at most {limit} fit", "use fewer or shorter ones"
                )
        added = sources.pool(entry.pool).organization.model_dump(exclude_defaults=True)
        total = len(canonical(entry.model_dump(exclude_defaults=True))) + (len(canonical(added)) if added else 0)
        if total > MAX_ROW_BYTES:
            what = (
                f"the entry and its pool's `organization` have {total} bytes as JSON, at most {MAX_ROW_BYTES} fit a row"
            )
            remedy = "use shorter role ARNs, or fewer roles, keep patterns and entries of `organization`"
            sources.environments.report(path, what, remedy)


_ONLY_WILDCARDS: Final = re.compile(r"[*?:]*")


def _keep_is_narrow(sources: Sources) -> None:
    for path, entry in sources.environment_entries():
        for index, pattern in enumerate(entry.keep):
            kind, _, _ = pattern.rpartition(":")
            if _ONLY_WILDCARDS.fullmatch(kind):
                what = f"{pattern!r} would keep resources of every type, so the next test would get them"
                sources.environments.report((*path, "keep", index), what, "name the type, e.g. AWS::S3::Bucket:NAME")


def _pools_have_environments(sources: Sources) -> None:
    named = {entry.pool for _, entry in sources.environment_entries()}
    for pool in sources.environments.shape.pools if sources.environments.shape else ():
        if pool not in named:
            what = f"no environment is in the pool {pool}"
            sources.environments.report(("pools", pool), what, "correct its name, or remove it")


def _deferred_let_nobody_in(sources: Sources) -> None:
    for pool, entry in sources.environments.shape.pools.items() if sources.environments.shape else ():
        for index, name in enumerate(entry.deferred):
            if name.startswith(_IDENTITIES):
                what = f"{name} cannot be deferred: its keys or sessions would still work during the next test"
                path = ("pools", pool, "deferred", index)
                sources.environments.report(path, what, "remove it: identities must be deleted immediately")


def _skipped_let_nobody_in(sources: Sources) -> None:
    settings = sources.tuned
    for index, name in enumerate(settings.skipped_types if settings else ()):
        if name.startswith(_IDENTITIES):
            what = f"{name} cannot be skipped: keys that a test leaves behind would not be found"
            sources.settings.report(("skipped_types", index), what, "remove it: identities must be scanned")


_IDENTITIES: Final = ("AWS::IAM::", "AWS::RolesAnywhere::", "AWS::SSO::")


def _shared_accounts(sources: Sources) -> None:
    first: dict[str, Path] = {}
    for path, entry in sources.environment_entries():
        other = first.setdefault(entry.account, path)
        if other != path:
            line = sources.environments.read.line(other)
            what = (
                f"account {entry.account} has another environment at line {line}, so its global services are not swept"
            )
            remedy = (
                "use a separate account for each environment, or accept leftovers in IAM, Route 53 and similar services"
            )
            sources.environments.report((*path, "account"), what, remedy, severity=Severity.WARNING)


ENVIRONMENT_CHECKS: Final[tuple[Check, ...]] = (
    _some_environment,
    _unique_environments,
    _roles_belong,
    _role_names_listed,
    _roles_named,
    _cleaner_apart,
    _regions_known,
    _further_regions,
    _regions_apart,
    _blocked_accounts,
    _row_size,
    _keep_is_narrow,
    _pools_have_environments,
    _deferred_let_nobody_in,
    _skipped_let_nobody_in,
    _shared_accounts,
)
