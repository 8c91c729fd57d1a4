"""Callers that are GitHub workflow runs: what a verified token says, and the rules that let it in.

Rules name repositories by their ids, which cannot be taken over; names, `sub` and branch-like text never authorise.
Source: docs.github.com, "OpenID Connect reference"; notes on each claim in docs/access.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NewType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from atmosphere.core.model import PoolName, RuleName

Issuer = NewType("Issuer", str)
"""The exact `iss` of a token: an https URL without a trailing slash."""
RepositoryId = NewType("RepositoryId", str)
RunId = NewType("RunId", str)
RunKey = NewType("RunKey", str)
"""`<issuer>:<repository id>:<run id>`: one run with all its attempts, among all issuers."""

GITHUB_COM: Final = Issuer("https://token.actions.githubusercontent.com")
GITHUB_COM_KEYS: Final = f"{GITHUB_COM}/.well-known/jwks"
SAFE_EVENTS: Final = ("push", "schedule", "workflow_dispatch", "merge_group", "release")
"""Events that run reviewed code; what a rule allows unless it says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """An issuer whose tokens are accepted, and where its keys are."""

    issuer: Issuer
    jwks_url: str

    @property
    def over_tls(self) -> bool:
        """Whether the issuer and its keys are named by https URLs; nobody else is trusted but the stand-in."""
        return self.issuer.startswith("https://") and self.jwks_url.startswith("https://")


_LOOPBACK: Final = re.compile(r"http://127\.0\.0\.1:\d{1,5}")


def stand_in(url: str) -> TrustedIssuer | None:
    """The token issuer on this machine that stands in for github.com, None for an empty URL.

    Raises `ValueError` for a URL that is not plain http on 127.0.0.1 with a port.
    """
    if not url:
        return None
    if not _LOOPBACK.fullmatch(url):
        raise ValueError("the stand-in issuer is not http://127.0.0.1:PORT: leave it empty, except on one machine")
    return TrustedIssuer(issuer=Issuer(url), jwks_url=f"{url}/.well-known/jwks")


def run_key(issuer: Issuer, repository_id: RepositoryId, run_id: RunId) -> RunKey:
    """The key of a run."""
    return RunKey(f"{issuer}:{repository_id}:{run_id}")


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
    def key(self) -> RunKey:
        """The run, whatever its attempt and job."""
        return run_key(self.issuer, self.repository_id, self.run_id)

    @property
    def url(self) -> str:
        """The page of this attempt of the run, on the server that belongs to the issuer."""
        return f"{_web(self.issuer)}/{self.repository}/actions/runs/{self.run_id}/attempts/{self.run_attempt}"


_CLOUD: Final = re.compile(r"https://token\.actions\.githubusercontent\.com(/[^/]+)?")
_RESIDENT: Final = re.compile(r"https://token\.actions\.([a-z0-9-]+\.ghe\.com)")
_SERVER: Final = re.compile(r"(https://[^/]+)(/.*)?")


def _web(issuer: Issuer) -> str:
    """Where people look at the repositories whose tokens an issuer makes (docs.github.com, "OpenID Connect")."""
    if _CLOUD.fullmatch(issuer):
        return "https://github.com"
    if resident := _RESIDENT.fullmatch(issuer):
        return f"https://{resident[1]}"
    server = _SERVER.fullmatch(issuer)
    return server[1] if server else issuer


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedClaims:
    """What a token says, once its signature, audience, times and shape hold. Claims it lacks are empty.

    `workflow` is `job_workflow_ref`: the file that defines the job. `expires` is the token's end, by its own word.
    """

    issuer: Issuer
    repository_id: RepositoryId
    repository_owner_id: str
    repository: str
    run_id: RunId
    run_attempt: str
    event: str
    jti: str = field(repr=False)
    expires: datetime
    check_run_id: str = ""
    ref: str = ""
    workflow: str = ""
    environment: str = ""
    runner: str = ""
    actor: str = ""


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
