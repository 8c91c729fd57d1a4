"""What `deployment.yaml` has to mean beside the other files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.config.problems import Severity
from atmosphere.contract import NAME, FunctionName, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from atmosphere.config.deployment_shapes import CanaryEntry, DomainEntry
    from atmosphere.config.sources import Check, Sources

NPM_REGION: Final = "us-east-1"
"""The region that the published npm client signs for where the host is not API Gateway's own."""
CANARY_ROLE: Final = f"{NAME}-{FunctionName.CANARY}"
_DOMAIN: Final = ("domain",)
_ADOPT: Final = ("adopt",)
_POOL: Final = ("canary", "pool")
_STRANGER: Final = ("canary", "stranger_role")


def _domain(sources: Sources) -> DomainEntry | None:
    return sources.deployment.shape.domain if sources.deployment.shape else None


def _canary(sources: Sources) -> CanaryEntry | None:
    return sources.deployment.shape.canary if sources.deployment.shape else None


def _domain_is_complete(sources: Sources) -> None:
    domain = _domain(sources)
    if domain is None:
        return
    if bool(domain.hosted_zone_id) != bool(domain.hosted_zone_name):
        sources.deployment.report(_DOMAIN, "only half of the hosted zone is there", "give its id and its name")
    elif not (domain.certificate_arn or domain.hosted_zone_id):
        what = "the domain has no certificate, and no hosted zone in which one could be validated"
        sources.deployment.report(_DOMAIN, what, "give certificate_arn, or hosted_zone_id and hosted_zone_name")
    zone = domain.hosted_zone_name
    if zone and domain.name != zone and not domain.name.endswith(f".{zone}"):
        what = f"{domain.name} is not in the zone {zone}"
        sources.deployment.report((*_DOMAIN, "hosted_zone_name"), what, "give the zone that has the name")


def _npm_client_needs_the_default_endpoint(sources: Sources) -> None:
    """What is made in the hosted zone is in the region of the deployment, which no file names."""
    domain = _domain(sources)
    if domain is None or domain.certificate_arn.split(":")[3:4] == [NPM_REGION]:
        return
    what = f"the published npm client cannot use this domain, unless the service runs in {NPM_REGION}"
    remedy = "give callers with that client the stack's output Endpoint, which stays on"
    sources.deployment.report(_DOMAIN, what, remedy, severity=Severity.WARNING)


def _canary_pool_exists(sources: Sources) -> None:
    canary = _canary(sources)
    if canary is None or not canary.pool or not sources.environments.whole:
        return
    if canary.pool not in {entry.pool for _, entry in sources.environment_entries()}:
        sources.deployment.report(_POOL, f"no environment is in the pool {canary.pool}", "name one that has some")


def _names_the_canary(roles: Iterable[str]) -> bool:
    """A service of another name has another role, and no file here says how it is called."""
    return any(role.endswith(f"-{FunctionName.CANARY}") for role in roles)


def _canary_may_allocate(sources: Sources) -> None:
    canary = _canary(sources)
    if canary is None or not canary.pool or not sources.access.whole:
        return
    rules = (rule for _, rule in sources.iam_rules())
    if not any(canary.pool in rule.pools and _names_the_canary(rule.roles or ()) for rule in rules):
        what = f"no rule of access.yaml lets the role {CANARY_ROLE} use the pool {canary.pool}"
        remedy = f"add an iam rule with the service's account, roles [{CANARY_ROLE}] and pools [{canary.pool}]"
        sources.deployment.report(_POOL, what, remedy)


def _stranger_is_one(sources: Sources) -> None:
    canary = _canary(sources)
    if canary is None or not canary.stranger_role:
        return
    account = canary.stranger_role.split(":")[4]
    if account in set(_listed(sources)):
        what = f"account {account} is in access.yaml, so its requests are not refused"
        sources.deployment.report(_STRANGER, what, "name a role of an account that may not use the service")


def _listed(sources: Sources) -> Iterator[str]:
    yield from (rule.account for _, rule in sources.iam_rules())
    for _, operator in sources.access.entries("operators"):
        yield operator.account


def _adopted_fits_together(sources: Sources) -> None:
    """Baselines without the rows of their environments would be captured over by the birth of each."""
    adopt = sources.deployment.shape.adopt if sources.deployment.shape else None
    if adopt is None:
        return
    names = list(adopt.tables.values())
    for table in sorted(table for table, name in adopt.tables.items() if names.count(name) > 1):
        what = f"{adopt.tables[table]} is the name of two tables"
        sources.deployment.report((*_ADOPT, "tables", table), what, "give each table its own name")
    if adopt.bucket and Table.ENVIRONMENTS not in adopt.tables:
        what = "the bucket is adopted without the table of environments, so its baselines would be replaced"
        sources.deployment.report((*_ADOPT, "bucket"), what, "name the table environments, too")


DEPLOYMENT_CHECKS: Final[tuple[Check, ...]] = (
    _domain_is_complete,
    _npm_client_needs_the_default_endpoint,
    _canary_pool_exists,
    _canary_may_allocate,
    _stranger_is_one,
    _adopted_fits_together,
)
