"""The rules that let GitHub workflow runs in, and which of them a verified token meets.

Rules name repositories by their ids; names, `sub` and branch-like text never authorise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from atmosphere.core.github import Issuer, RepositoryId, VerifiedClaims
    from atmosphere.core.model import PoolName, RuleName

SAFE_EVENTS: Final = ("push", "schedule", "workflow_dispatch", "merge_group", "release")
"""Events that run reviewed code; what a rule allows unless it says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubRule:
    """Runs of one repository may use these pools.

    Empty `refs` or `workflows` and a missing `environment` or `runner` do not restrict; `events` always does.
    `repository` is documentation: a name that drifted is only a warning.
    """

    name: RuleName
    issuer: Issuer
    repository_id: RepositoryId
    repository_owner_id: str
    repository: str
    pools: tuple[PoolName, ...]
    events: tuple[str, ...] = SAFE_EVENTS
    refs: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    environment: str | None = None
    runner: str | None = None
    max_active: int | None = None


# By claim, in the order in which a refusal is explained: who, then what, then where.
CONDITIONS: Final[dict[str, Callable[[GitHubRule, VerifiedClaims], bool]]] = {
    "iss": lambda rule, claims: rule.issuer == claims.issuer,
    "repository_id": lambda rule, claims: rule.repository_id == claims.repository_id,
    "repository_owner_id": lambda rule, claims: rule.repository_owner_id == claims.repository_owner_id,
    "event_name": lambda rule, claims: claims.event in rule.events,
    "ref": lambda rule, claims: not rule.refs or claims.ref in rule.refs,
    "job_workflow_ref": lambda rule, claims: not rule.workflows or claims.workflow in rule.workflows,
    "environment": lambda rule, claims: _same_name(rule.environment, claims.environment),
    "runner_environment": lambda rule, claims: rule.runner is None or rule.runner == claims.runner,
}


def _same_name(wanted: str | None, named: str) -> bool:
    """GitHub's environments are one whatever their case."""
    return wanted is None or wanted.casefold() == named.casefold()


def _mismatch(rule: GitHubRule, claims: VerifiedClaims) -> str | None:
    return next((claim for claim, holds in CONDITIONS.items() if not holds(rule, claims)), None)


def matching(rules: Iterable[GitHubRule], claims: VerifiedClaims) -> tuple[RuleName, ...]:
    """The names of all rules that let the token in, in their order."""
    return tuple(rule.name for rule in rules if _mismatch(rule, claims) is None)


def explain(rules: Iterable[GitHubRule], claims: VerifiedClaims) -> dict[RuleName, str]:
    """For each rule that does not match the first claim that is why, the rule that came closest first; for the log."""
    order = list(CONDITIONS)
    found = {rule.name: claim for rule in rules if (claim := _mismatch(rule, claims)) is not None}
    return dict(sorted(found.items(), key=lambda entry: -order.index(entry[1])))


def renamed(rules: Iterable[GitHubRule], claims: VerifiedClaims) -> tuple[RuleName, ...]:
    """The matching rules whose `repository` is no longer the repository's name: somebody should correct them."""
    return tuple(
        rule.name
        for rule in rules
        if rule.repository.casefold() != claims.repository.casefold() and _mismatch(rule, claims) is None
    )
