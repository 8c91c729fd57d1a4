"""Callers that are GitHub workflow runs: who signs their tokens, what a verified token says, and how a run is named.

Repositories are known by their ids, which cannot be taken over. Which runs are let in is in `github_rules`.
Source: docs.github.com, "OpenID Connect reference"; notes on each claim in docs/access.md.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, NewType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Issuer = NewType("Issuer", str)
"""The exact `iss` of a token: an https URL without a trailing slash."""
RepositoryId = NewType("RepositoryId", str)
RunId = NewType("RunId", str)
RunKey = NewType("RunKey", str)
"""`<issuer>:<repository id>:<run id>`: one run with all its attempts, among all issuers."""

GITHUB_COM: Final = Issuer("https://token.actions.githubusercontent.com")
GITHUB_COM_KEYS: Final = f"{GITHUB_COM}/.well-known/jwks"


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


_RUN_FIELDS: Final = tuple(entry.name for entry in fields(RunIdentity))


def run_of(claims: VerifiedClaims) -> RunIdentity:
    """The run that a token names."""
    return run_from_texts({name: getattr(claims, name) for name in _RUN_FIELDS})


def run_to_texts(run: RunIdentity) -> dict[str, str]:
    """A run as texts by field, empty where the token says nothing: in a row and in what the authorizer passes on."""
    return {name: value or "" for name, value in asdict(run).items()}


def run_from_texts(texts: Mapping[str, str | None]) -> RunIdentity:
    """The inverse of `run_to_texts`; raises `KeyError` for a field that is not there at all."""
    known: dict[str, Any] = {name: texts[name] or "" for name in _RUN_FIELDS}
    return RunIdentity(**{**known, "check_run_id": known["check_run_id"] or None})
