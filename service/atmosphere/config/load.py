"""The door of this room: a directory with its files becomes a `Snapshot`, or the list of all that is wrong with it.

The pull request's check, synthesis and the local run all come through here, so their verdicts cannot differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from atmosphere.config.access_checks import ACCESS_CHECKS
from atmosphere.config.deployment_checks import DEPLOYMENT_CHECKS
from atmosphere.config.deployment_shapes import DEPLOYMENT, DeploymentFile
from atmosphere.config.environment_checks import ENVIRONMENT_CHECKS
from atmosphere.config.github_checks import GITHUB_CHECKS
from atmosphere.config.parse import parse
from atmosphere.config.pool_checks import POOL_CHECKS
from atmosphere.config.problems import ConfigProblems, Problem, Severity
from atmosphere.config.shapes import AccessFile, EnvironmentsFile, SettingsFile
from atmosphere.config.sources import Sources
from atmosphere.config.yamlfile import Read, read, strangers
from atmosphere.core.access import AccessRules, IamRule, Operator
from atmosphere.core.github import Issuer, RepositoryId
from atmosphere.core.github_rules import GitHubRule
from atmosphere.core.model import (
    ADMIN,
    AccountId,
    EnvironmentKey,
    PoolName,
    Region,
    Registration,
    RoleArn,
    RoleName,
    RuleName,
    Toolkit,
)
from atmosphere.core.organization import Organization
from atmosphere.core.settings import ROWS, Form
from atmosphere.core.snapshot import LARGEST, Snapshot, packed, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from atmosphere.config.pool_shapes import OrganizationEntry, PoolEntry
    from atmosphere.config.shapes import EnvironmentEntry, GitHubEntry, IamEntry
    from atmosphere.core.settings import Settings

ENVIRONMENTS: Final = "environments.yaml"
ACCESS: Final = "access.yaml"
SETTINGS: Final = "settings.yaml"
OVERRIDES: Final = "--setting"
SKIPPED: Final = "skipped_types"
_DURATIONS: Final = {row.name: row.field for row in ROWS if row.form is Form.SECONDS}
_LONGEST_OVERRIDE: Final = 86_400.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A configuration without errors: what is published, and what the stack has besides."""

    snapshot: Snapshot
    deployment: DeploymentFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found: the configuration unless there is an error, and every problem, warnings included."""

    configured: Configured | None
    problems: tuple[Problem, ...]

    @property
    def snapshot(self) -> Snapshot | None:
        """What would be published."""
        return self.configured.snapshot if self.configured else None


def load(directory: Path, overrides: Mapping[str, str] | None = None) -> Snapshot:
    """The configuration in `directory`, with settings overridden by name for trying things out.

    Durations (`session_seconds=30`) replace the file's, `skipped_types` (separated by commas) are added to the file's.

    Raises `ConfigProblems` with everything that is wrong. Overrides may be below the limits that the file has to keep.
    """
    return _configured(check(directory, overrides)).snapshot


def load_deployment(directory: Path) -> DeploymentFile:
    """What `deployment.yaml` says; its defaults where there is no such file. Raises `ConfigProblems` as `load` does."""
    return _configured(check(directory)).deployment


def _configured(checked: Checked) -> Configured:
    if checked.configured is None:
        raise ConfigProblems(checked.problems)
    return checked.configured


def check(directory: Path, overrides: Mapping[str, str] | None = None) -> Checked:
    """Look at everything and report everything; never raises for what the files hold."""
    sources = Sources(
        environments=parse(ENVIRONMENTS, read(directory / ENVIRONMENTS), EnvironmentsFile),
        access=parse(ACCESS, read(directory / ACCESS), AccessFile),
        settings=parse(SETTINGS, read(directory / SETTINGS), SettingsFile),
        deployment=parse(DEPLOYMENT, _optional(directory / DEPLOYMENT), DeploymentFile),
    )
    for look in (*ENVIRONMENT_CHECKS, *POOL_CHECKS, *ACCESS_CHECKS, *GITHUB_CHECKS, *DEPLOYMENT_CHECKS):
        look(sources)
    found: list[Problem] = []
    overridden = _overridden(overrides or {}, found)
    for parsed in (sources.environments, sources.access, sources.settings, sources.deployment):
        found += sorted(parsed.problems, key=lambda problem: problem.line)
    problems = (*_unread(directory), *found)
    deployment = sources.deployment.shape
    if deployment is None or any(problem.severity is Severity.ERROR for problem in problems):
        return Checked(configured=None, problems=problems)
    snapshot = _snapshot(sources, overridden)
    if (size := len(packed(to_json(snapshot)))) > LARGEST:
        return Checked(configured=None, problems=(*problems, _too_large(size)))
    return Checked(configured=Configured(snapshot=snapshot, deployment=deployment), problems=problems)


def _too_large(size: int) -> Problem:
    what = f"the configuration takes {size} bytes when it is packed, and at most {LARGEST} can be deployed"
    return Problem(file=ENVIRONMENTS, line=1, path="", what=what, remedy="split it between two deployments")


def _optional(path: Path) -> Read:
    """A file that need not be there."""
    return read(path) if path.exists() or path.is_symlink() else Read(value={})


def _unread(directory: Path) -> Iterator[Problem]:
    """A change of a file that is not read would be approved, deployed, and without effect."""
    for file in (ENVIRONMENTS, ACCESS, SETTINGS, DEPLOYMENT):
        expected = file == DEPLOYMENT or (directory / file).is_file()
        for name in strangers(directory / file) if expected else ():
            what, remedy = f"this file is not read: {file} is", f"move what you need to {file}, and remove {name}"
            yield Problem(file=name, line=1, path="", what=what, remedy=remedy)


def _overridden(overrides: Mapping[str, str], found: list[Problem]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for number, (name, text) in enumerate(overrides.items(), start=1):
        if name == SKIPPED:
            settings[SKIPPED] = tuple(text.split(","))
        elif name not in _DURATIONS:
            known = ", ".join([*_DURATIONS, SKIPPED])
            found.append(_override_problem(number, name, "unknown setting", f"use one of {known}"))
        elif (seconds := _seconds(text)) is None:
            remedy = f"write seconds from 0 to {_LONGEST_OVERRIDE:.0f}"
            found.append(_override_problem(number, name, f"{text!r} is not a valid duration", remedy))
        else:
            settings[_DURATIONS[name]] = timedelta(seconds=seconds)
    return settings


def _override_problem(number: int, name: str, what: str, remedy: str) -> Problem:
    return Problem(file=OVERRIDES, line=number, path=name, what=what, remedy=remedy)


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and 0 <= seconds <= _LONGEST_OVERRIDE else None


def _snapshot(sources: Sources, overridden: Mapping[str, Any]) -> Snapshot:
    registrations = (_registration(entry, sources.pool(entry.pool)) for _, entry in sources.environment_entries())
    operators: list[Any] = [entry for _, entry in sources.access.entries("operators")]
    return Snapshot(
        environments=tuple(sorted(registrations, key=lambda registration: registration.key)),
        access=AccessRules(
            iam=tuple(_iam_rule(entry) for _, entry in sources.iam_rules()),
            github=tuple(_github_rule(entry) for _, entry in sources.github_rules()),
            operators=tuple(Operator(account=AccountId(entry.account), role=entry.role) for entry in operators),
        ),
        settings=_with(_settings(sources), overridden),
    )


def _with(settings: Settings, overridden: Mapping[str, Any]) -> Settings:
    skipped = dict.fromkeys((*settings.skipped_types, *overridden.get(SKIPPED, ())))
    return replace(settings, **{**overridden, SKIPPED: tuple(skipped)})


def _settings(sources: Sources) -> Settings:
    settings = sources.tuned
    if settings is None:
        raise ConfigProblems(tuple(sources.settings.problems))
    return settings


def _registration(entry: EnvironmentEntry, pool: PoolEntry) -> Registration:
    named = {RoleName(name): RoleArn(arn) for name, arn in entry.roles.items()}
    return Registration(
        key=EnvironmentKey(AccountId(entry.account), Region(entry.region)),
        pool=PoolName(entry.pool),
        roles={ADMIN: RoleArn(entry.admin_role), **named},
        capabilities=entry.capabilities,
        regions=tuple(Region(region) for region in entry.regions),
        keep=tuple(entry.keep),
        external_id=entry.external_id,
        deferred=tuple(pool.deferred),
        cdk_toolkit=Toolkit(pool.cdk_toolkit),
        organization=_organization(pool.organization),
        cleaner=RoleArn(entry.cleaner_role) if entry.cleaner_role else None,
        cleanup_limit=timedelta(seconds=limit) if (limit := pool.cleanup_limit_seconds) else None,
    )


def _organization(entry: OrganizationEntry) -> Organization:
    return Organization(
        management_account=entry.management_account,
        stack_sets=tuple(entry.stack_sets),
        roles=tuple(entry.roles),
    )


def _iam_rule(entry: IamEntry) -> IamRule:
    return IamRule(
        name=RuleName(entry.name),
        account=AccountId(entry.account),
        pools=tuple(PoolName(pool) for pool in entry.pools),
        roles=tuple(entry.roles or ()),
        max_active=entry.max_active,
    )


def _github_rule(entry: GitHubEntry) -> GitHubRule:
    return GitHubRule(
        name=RuleName(entry.name),
        issuer=Issuer(entry.issuer),
        repository_id=RepositoryId(entry.repository_id),
        repository_owner_id=entry.repository_owner_id,
        repository=entry.repository,
        pools=tuple(PoolName(pool) for pool in entry.pools),
        events=tuple(entry.events),
        refs=tuple(entry.refs or ()),
        workflows=tuple(entry.workflows or ()),
        environment=entry.environment,
        runner=entry.runner,
        max_active=entry.max_active,
    )
