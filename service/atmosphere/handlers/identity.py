"""Who is asking, as the gateway verified it: route and `requestContext` decide, and nothing that a caller can write.

    /github/…          requestContext.authorizer, filled by the authorizer function; no signed identity
    everything else    requestContext.identity, filled after the signature was verified; no authorizer

An event with both, with neither, or with the other tree's is `Forbidden`. `requestContext.accountId` is the API's own
account and is never looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from atmosphere import observability
from atmosphere.contract import BY_RELEASE_TOKEN, GITHUB_ROOT, RELEASE_SCHEME
from atmosphere.core.access import VerifiedCaller, caller_from_arn, caller_from_run
from atmosphere.core.errors import Forbidden
from atmosphere.core.github import RunIdentity, run_from_texts
from atmosphere.core.model import RuleName

if TYPE_CHECKING:
    from collections.abc import Mapping

RELEASE_ROUTES: Final = frozenset(f"{method} {GITHUB_ROOT}{path}" for method, path in BY_RELEASE_TOKEN)
_SIGNED: Final = ("accountId", "userArn", "caller", "user", "accessKey")  # what the gateway fills for a signature
_ID: Final = re.compile(r"[0-9]{1,20}")
_RELEASE: Final = re.compile(rf"Bearer {re.escape(RELEASE_SCHEME)}([A-Za-z0-9_-]{{43}})")


@dataclass(frozen=True, slots=True)
class ReleaseToken:
    """Somebody who knows a secret: the sha-256 in hex of its 43 characters. The secret itself goes no further."""

    hash: str


Identity: TypeAlias = VerifiedCaller | ReleaseToken


def identify(event: Mapping[str, Any]) -> Identity:
    """The identity in a REST proxy event; raises `Forbidden` where it is not plain."""
    context = event.get("requestContext") or {}
    signed, authorizer = context.get("identity") or {}, context.get("authorizer")
    resource = event.get("resource")
    if not isinstance(resource, str) or not isinstance(signed, dict):
        _refuse("no-identity")
    if resource == GITHUB_ROOT or resource.startswith(f"{GITHUB_ROOT}/"):
        if any(signed.get(name) is not None for name in _SIGNED):
            _refuse("signed-on-the-github-tree")
        return _bearer(event, authorizer)
    if authorizer:
        _refuse("authorizer-on-the-iam-tree")
    return _signer(signed)


def _refuse(reason: str) -> NoReturn:
    """The gateway lets no such event through, so each one is worth a line of its own."""
    observability.line("an event whose identity is not plain", reason=reason)
    raise Forbidden


def _signer(signed: Mapping[str, Any]) -> VerifiedCaller:
    account, arn = signed.get("accountId"), signed.get("userArn")
    if not isinstance(account, str) or not isinstance(arn, str):
        _refuse("no-identity")
    return replace(caller_from_arn(account, arn), session=str(signed.get("accessKey") or ""))


def _bearer(event: Mapping[str, Any], authorizer: object) -> Identity:
    if not isinstance(authorizer, dict):
        _refuse("no-identity")
    match authorizer.get("auth"):
        case "github":
            return _run(authorizer)
        case "release":
            return _release(event)
        case _:
            _refuse("no-identity")


def _run(told: Mapping[str, Any]) -> VerifiedCaller:
    """The workflow run that the authorizer verified; it tells everything as text, and what is missing as none."""

    def text(name: str) -> str:
        value = told.get(name, "")
        return value if isinstance(value, str) else _refuse("authorizer-context")

    run = run_from_texts({field.name: text(field.name) for field in fields(RunIdentity)})
    if not run.issuer or not all(_ID.fullmatch(id_) for id_ in (run.repository_id, run.run_id, run.run_attempt)):
        _refuse("authorizer-context")
    return caller_from_run(run, tuple(RuleName(name) for name in text("rules").split(",") if name))


def _release(event: Mapping[str, Any]) -> ReleaseToken:
    if f"{event.get('httpMethod')} {event.get('resource')}" not in RELEASE_ROUTES:
        _refuse("release-token-on-another-route")
    headers = event.get("headers") or {}
    sent = [value for name, value in headers.items() if name.lower() == "authorization"]
    token = _RELEASE.fullmatch(sent[0]) if len(sent) == 1 and isinstance(sent[0], str) else None
    if token is None:
        _refuse("no-release-token")
    return ReleaseToken(sha256(token[1].encode()).hexdigest())
