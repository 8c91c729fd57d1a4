"""AWS Sign-In as its API reference describes it: sessions of identities, listed in pages and revoked five a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.cleanup.fakes.world import Paged, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

FAR = 4_000_000_000
"""Seconds since 1970: a time that no test reaches."""


@dataclass
class SignInSession:
    """One session; `issued` and `expires` in seconds since 1970."""

    arn: str
    principal: str
    issued: int = 0
    expires: int = FAR
    status: str = "ACTIVE"
    stubborn: bool = False


@dataclass
class FakeSignIn(Paged):
    """`before_listing` is called at every listing."""

    sessions: list[SignInSession] = field(default_factory=list)
    revocations: list[dict[str, Any]] = field(default_factory=list)
    before_listing: Callable[[], object] = lambda: None

    def active(self) -> list[str]:
        return [each.arn for each in self.sessions if each.status == "ACTIVE"]

    def _list_sessions(
        self,
        *,
        principalArn: str,  # noqa: N803
        status: str,
        issuedAfter: int = 0,  # noqa: N803
    ) -> tuple[str, list[dict[str, Any]]]:
        self.before_listing()
        return "items", [
            {"sessionArn": each.arn, "principalArn": each.principal, "issuedAt": each.issued, "expiresAt": each.expires}
            for each in self.sessions
            if each.status == status and _is_of(each, principalArn) and each.issued >= issuedAfter
        ]

    def batch_revoke_sessions(self, *, principalArn: str, sessionArns: list[str]) -> dict[str, Any]:  # noqa: N803
        if not 1 <= len(sessionArns) <= 5:
            raise refuse("ValidationException", "one to five sessions")
        self.revocations.append({"principalArn": principalArn, "sessionArns": sessionArns})
        reply: dict[str, list[dict[str, str]]] = {"revokedSessions": [], "errors": []}
        for session in (each for each in self.sessions if each.arn in sessionArns):
            if session.stubborn or not _is_of(session, principalArn):
                reply["errors"].append({"sessionArn": session.arn, "code": "InternalServerException", "message": "no"})
            else:
                session.status = "REVOKED"
                reply["revokedSessions"].append({"sessionArn": session.arn})
        return reply


def _is_of(session: SignInSession, principal: str) -> bool:
    return session.principal == principal or principal.endswith(":*")
