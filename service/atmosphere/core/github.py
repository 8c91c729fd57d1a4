"""Callers that are GitHub workflow runs: what a verified token says, and the rules that let it in.

Rules name repositories by their ids, which cannot be taken over; names, `sub` and branch-like text never authorise.
Source: docs.github.com, "OpenID Connect reference"; notes on each claim in docs/access.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NewType

if TYPE_CHECKING:
    from atmosphere.core.model import PoolName, RuleName

Issuer = NewType("Issuer", str)
"""The exact `iss` of a token: an https URL without a trailing slash."""
RepositoryId = NewType("RepositoryId", str)
RunId = NewType("RunId", str)

GITHUB_COM: Final = Issuer("https://token.actions.githubusercontent.com")
SAFE_EVENTS: Final = ("push", "schedule", "workflow_dispatch", "merge_group", "release")
"""Events that run reviewed code; what a rule allows unless it says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """An issuer whose tokens are accepted, and where its keys are."""

    issuer: Issuer
    jwks_url: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """The workflow run and job behind a GitHub caller, from verified claims; for the record, and for people."""

    issuer: Issuer
    repository_id: RepositoryId
    repository: str
    run_id: RunId
    run_attempt: str
    check_run_id: str | None = None
    event: str = ""
    ref: str = ""
    workflow: str = ""
    actor: str = ""

    @property
    def url(self) -> str:
        """The page of this attempt of the run, on the server that belongs to the issuer."""
        host = "https://github.com"
        return f"{host}/{self.repository}/actions/runs/{self.run_id}/attempts/{self.run_attempt}"
