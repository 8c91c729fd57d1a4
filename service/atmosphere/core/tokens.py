"""What a token of a workflow run must be like, before and after its signature was checked (RFC 7515, 7519, 8725).

Every check is an entry of a table: its key is the reason that the log gives, and begins with what was wrong. Reasons
never hold what a token says. Signature, audience and issuer are checked between `read` and `verified`, by a port.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from atmosphere.core import strict_json
from atmosphere.core.errors import Refused, Unauthenticated
from atmosphere.core.github import Issuer, RepositoryId, RunId, VerifiedClaims
from atmosphere.core.request import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atmosphere.core.model import Json

    _Given = TypeVar("_Given")

MAX_TOKEN: Final = 8 * 1024  # characters
LEEWAY: Final = timedelta(seconds=30)
"""How far the issuer's clock and ours may be apart."""
MAX_LIFETIME: Final = timedelta(seconds=900)
"""GitHub's tokens live 300 s. It bounds the age too: whatever is not over was issued at most so long ago."""
_SPARE: Final = timedelta(seconds=5)
_MAX_TEXT: Final = 1024  # bytes of a claim


class RefusedToken(Unauthenticated):
    """A token that is not accepted. `reason` is for the log; whoever asks is told only that it was refused."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    @property
    def claim(self) -> str:
        """What was wrong: a claim, a header parameter, or `token`."""
        return self.reason.partition(" ")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedToken:
    """A token of the right shape that anybody may have made."""

    text: str = field(repr=False)
    claims: Mapping[str, Json] = field(repr=False)


_PARTS: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_KEY_ID: Final = re.compile(r"[A-Za-z0-9._=-]{1,128}")
_UNSUPPORTED: Final = frozenset({"crit", "b64", "jku", "jwk", "x5u", "x5c", "zip"})

SHAPE: Final[dict[str, Callable[[str], bool]]] = {
    "token is too large": lambda text: len(text) <= MAX_TOKEN,
    "token is not three parts of base64url": lambda text: bool(_PARTS.fullmatch(text)),
}

HEADER: Final[dict[str, Callable[[Mapping[str, Json]], bool]]] = {
    "alg is not RS256": lambda header: header.get("alg") == "RS256",
    "typ is not JWT": lambda header: header.get("typ") == "JWT",
    "kid is missing or out of shape": lambda header: _is(_KEY_ID, header.get("kid")),
    "header asks for what is not supported": lambda header: not _UNSUPPORTED & header.keys(),
}

TIMES: Final[dict[str, Callable[[Mapping[str, Any], int], bool]]] = {
    "exp is not whole seconds": lambda claims, _: type(claims.get("exp")) is int,
    "iat is not whole seconds": lambda claims, _: type(claims.get("iat")) is int,
    "nbf is not whole seconds": lambda claims, _: type(claims.get("nbf", 0)) is int,
    "exp has passed": lambda claims, now: claims["exp"] > now - _seconds(LEEWAY),
    "iat lies ahead": lambda claims, now: claims["iat"] <= now + _seconds(LEEWAY),
    "nbf lies ahead": lambda claims, now: claims.get("nbf", 0) <= now + _seconds(LEEWAY),
    "exp is too long after iat": lambda claims, _: claims["exp"] - claims["iat"] <= _seconds(MAX_LIFETIME),
}


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())


def _is(shape: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and bool(shape.fullmatch(value))


def _shaped(shape: str) -> Callable[[object], bool]:
    pattern = re.compile(shape)
    return lambda value: _is(pattern, value)


def _optional(holds: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or value == "" or holds(value)


def _is_text(value: Any) -> bool:
    try:
        printable(value, "a claim", limit=_MAX_TEXT)
    except Refused:
        return False
    return True


_NUMBER: Final = _shaped(r"[0-9]{1,20}")

CLAIMS: Final[dict[str, Callable[[object], bool]]] = {
    "jti": _shaped(r"[!-~]{1,256}"),
    "repository_id": _NUMBER,
    "repository_owner_id": _NUMBER,
    "repository": _shaped(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}"),
    "run_id": _NUMBER,
    "run_attempt": _NUMBER,
    "event_name": _shaped(r"[a-z_]{1,64}"),
    "check_run_id": _optional(_NUMBER),
    "ref": _optional(_is_text),
    "job_workflow_ref": _optional(_is_text),
    "environment": _optional(_is_text),
    "runner_environment": _optional(_is_text),
    "actor": _optional(_is_text),
}
"""What a token must say, and how; what it may leave out is `_optional`, what is not named here it may say."""


def read(text: str) -> UnverifiedToken:
    """The parts of a token; raises `RefusedToken` unless shape and header are those of a token that can be checked."""
    _hold(SHAPE, lambda holds: holds(text))
    header = _part(text, 0)
    _hold(HEADER, lambda holds: holds(header))
    return UnverifiedToken(text=text, claims=_part(text, 1))


def verified(claims: Mapping[str, Any], *, issuer: Issuer, now: datetime) -> VerifiedClaims:
    """The claims of a token whose signature holds; raises `RefusedToken` unless its times and its claims are right."""
    seconds = int(now.timestamp())
    _hold(TIMES, lambda holds: holds(claims, seconds))
    for name, holds in CLAIMS.items():
        if not holds(claims.get(name)):
            raise RefusedToken(f"{name} is missing or out of shape")
    return VerifiedClaims(
        issuer=issuer,
        repository_id=RepositoryId(claims.get("repository_id", "")),
        repository_owner_id=claims.get("repository_owner_id", ""),
        repository=claims.get("repository", ""),
        run_id=RunId(claims.get("run_id", "")),
        run_attempt=claims.get("run_attempt", ""),
        event=claims.get("event_name", ""),
        jti=claims.get("jti", ""),
        expires=datetime.fromtimestamp(claims["exp"], UTC),
        check_run_id=claims.get("check_run_id") or "",
        ref=claims.get("ref") or "",
        workflow=claims.get("job_workflow_ref") or "",
        environment=claims.get("environment") or "",
        runner=claims.get("runner_environment") or "",
        actor=claims.get("actor") or "",
    )


def remembered_until(claims: VerifiedClaims) -> datetime:
    """When a used token need no longer be remembered, because it has expired for every clock within the leeway."""
    return claims.expires + LEEWAY + _SPARE


def _hold(checks: Mapping[str, _Given], holds: Callable[[_Given], bool]) -> None:
    for reason, check in checks.items():
        if not holds(check):
            raise RefusedToken(reason)


def _part(text: str, index: int) -> dict[str, Json]:
    try:
        part = text.split(".")[index]
        return strict_json.parse_object(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, IndexError, Refused) as broken:
        raise RefusedToken("token holds no JSON that is read one way only") from broken
