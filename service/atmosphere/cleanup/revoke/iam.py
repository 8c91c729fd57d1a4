"""What IAM answers about a role: the thing itself, that it is not there, that there is no room, or a refusal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.model import GLOBAL, Finished, Verdict
from atmosphere.faults import REFUSALS, code_of, is_denied_by_organization, policy_of_organization
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from atmosphere.cleanup.aws.accounts import Account

_NO_ROOM: Final = "LimitExceeded"
_FINAL: Final = REFUSALS | {
    _NO_ROOM,
    "UnmodifiableEntity",
    "MalformedPolicyDocument",
    "InvalidInput",
    "EntityAlreadyExists",
}
"""Codes that mean the same the next time."""
_PUT_BACK: Final = "put the role's policies, boundary and trust back"
_CHAINED: Final = timedelta(hours=1)  # what the service mints, at most
_LONGEST: Final = timedelta(hours=12)  # what IAM grants any role


class DenialRefused(Exception):
    """IAM refuses for good what a revocation needs; the text says what that is, and `remedy` what to do."""

    def __init__(self, role: str, operation: str, error: ClientError | str) -> None:
        code = error if isinstance(error, str) else code_of(error)
        by, self.remedy = "", _PUT_BACK
        if not isinstance(error, str) and is_denied_by_organization(error):
            policy = policy_of_organization(error)
            by = f" by the organization's policy {policy}" if policy else " by a policy of the organization"
            self.remedy = "have that policy allow it to the cleaner's role"
        super().__init__(f"iam:{operation} for the role {role} is refused with {code}{by}")
        self.role = role
        self.code = code

    @property
    def is_full(self) -> bool:
        """Whether it is the room that is missing."""
        return self.code == _NO_ROOM

    def finished(self, account: Account, now: datetime) -> Finished:
        """How the cleanup ends, with the instant until which the sessions of the role live."""
        longest = _longest_session(account, self.role)
        return Finished(
            Verdict.DIRTY,
            "revocation-refused",
            f"the credentials of {self.role} cannot be revoked: {self}. What the service gave out lives until "
            f"{_told(now + _CHAINED)} at the latest, a session that a test opened on the role by itself until "
            f"{_told(now + longest)}: {self.remedy}, then clean the environment",
        )


def _told(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M UTC")


def _longest_session(account: Account, role: str) -> timedelta:
    """How long sessions of a role can be now; the longest that there is where IAM does not say."""
    try:
        reply = of_role(account, "get_role", {"RoleName": role})
    except (DenialRefused, Unreachable):
        return _LONGEST
    return timedelta(seconds=reply["Role"].get("MaxSessionDuration", 0)) if reply else _LONGEST


def of_role(account: Account, operation: str, asked: Mapping[str, Any], role: str = "") -> Mapping[str, Any] | None:
    """IAM's reply to something about a role, None if there is no such thing.

    Raises `DenialRefused` for what will be refused the next time too, `Unreachable` when IAM does not answer.
    """
    client = account.client("iam", GLOBAL)
    try:
        reply: Mapping[str, Any] = getattr(client, operation)(**asked)
    except ClientError as error:
        if code_of(error) == "NoSuchEntity":
            return None
        if code_of(error) in _FINAL:
            needed = client.meta.method_to_api_mapping[operation]
            raise DenialRefused(role or asked["RoleName"], needed, error) from error
        raise unreachable(error) from error
    except BotoCoreError as error:
        raise unreachable(error) from error
    return reply


def unreachable(error: ClientError | BotoCoreError) -> Unreachable:
    """What it comes to when AWS says neither yes nor no."""
    return Unreachable(f"AWS did not say whether the credentials are refused ({code_of(error)})")
