"""The inline policy that denies everything to sessions from before a cut-off: its text, and what a text like it says.

On a role that the allocation used it denies the sessions of tests only, as others use that role too; on another role of
the baseline, which a test may have entered from within the account, all of them.

Source: IAM user guide, "Revoke temporary security credentials"; global condition keys aws:userid, aws:TokenIssueTime.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere import contract
from atmosphere.cleanup.aws.guard import REVOCATION_POLICY
from atmosphere.cleanup.model import GLOBAL, Finished, Verdict
from atmosphere.core.model import Region
from atmosphere.faults import REFUSALS, code_of
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.model import Assignment

HORIZON: Final = timedelta(minutes=1)
"""How far the clocks of two cleanups may differ beyond the clock skew before a cut-off is none that they can write."""
_INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"


class DenialRefused(Exception):
    """The admin role may not do to a role what a revocation needs; the text says what it lacks."""

    def finished(self) -> Finished:
        """How the pass ends."""
        return Finished(Verdict.BLOCKED, "revocation-refused", str(self))


def policy_name(region: Region) -> str:
    """One fixed name for each region: a later revocation overwrites an earlier one."""
    return REVOCATION_POLICY + region


def policy_document(region: Region, cut_off: datetime) -> str:
    """The policy as JSON text: denies everything to the test sessions of this region issued before the cut-off."""
    return _document(cut_off, {"StringLike": {"aws:userid": _sessions(region)}})


def whole_document(cut_off: datetime) -> str:
    """The same for whatever session was issued before the cut-off."""
    return _document(cut_off, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Denials:
    """Which inline policies of roles are revocations of a cleanup: those of these regions, with a cut-off of by now.

    A test can write a policy with the same name and text. With a cut-off in the past it denies nothing to the next
    tenant; one with a later cut-off, or of a region where no cleanup of this account is, is a policy like any other.
    """

    regions: frozenset[Region]
    clock_skew: timedelta

    @classmethod
    def of(cls, assignment: Assignment) -> Denials:
        """Those of the environment itself and of the other environments of its account."""
        regions = frozenset({assignment.key.region, *assignment.neighbours})
        return cls(regions=regions, clock_skew=assignment.settings.clock_skew)

    def cut_off(self, name: str, document: Any, now: datetime) -> datetime | None:
        """The cut-off of a policy, None if it is no revocation."""
        region = Region(name.removeprefix(REVOCATION_POLICY))
        if region not in self.regions or policy_name(region) != name:
            return None
        policy = json.loads(document) if isinstance(document, str) else document
        cut_off = _cut_off(policy)
        if cut_off is None or cut_off > now + self.clock_skew + HORIZON:
            return None
        return cut_off if policy in _both(region, cut_off) else None


def _both(region: Region, cut_off: datetime) -> tuple[Any, Any]:
    return json.loads(policy_document(region, cut_off)), json.loads(whole_document(cut_off))


def _document(cut_off: datetime, condition: dict[str, Any]) -> str:
    issued = {"DateLessThan": {"aws:TokenIssueTime": cut_off.strftime(_INSTANT)}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {**condition, **issued}}
    return json.dumps({"Version": "2012-10-17", "Statement": [deny]}, separators=(",", ":"))


def _sessions(region: Region) -> str:
    return f"*:{contract.TEST_SESSION}.{region}.*"


def _cut_off(policy: Any) -> datetime | None:
    try:
        text = policy["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
        return datetime.strptime(text, _INSTANT).replace(tzinfo=UTC)
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def deny(account: Account, role: str, policy: str, document: str) -> bool:
    """Give a role such a policy; False if there is no such role.

    Raises `DenialRefused` when the admin role may not, `Unreachable` when IAM does not answer.
    """
    asked = {"RoleName": role, "PolicyName": policy, "PolicyDocument": document}
    return of_role(account, "put_role_policy", asked) is not None


def of_role(account: Account, operation: str, asked: Mapping[str, str]) -> Mapping[str, Any] | None:
    """IAM's reply to something about a role, None if there is no such thing.

    Raises `DenialRefused` when the admin role may not, `Unreachable` when IAM does not answer.
    """
    client = account.client("iam", GLOBAL)
    try:
        reply: Mapping[str, Any] = getattr(client, operation)(**asked)
    except ClientError as error:
        if code_of(error) == "NoSuchEntity":
            return None
        if code_of(error) in REFUSALS:
            needed = client.meta.method_to_api_mapping[operation]
            role = asked["RoleName"]
            explanation = f"the credentials of {role} cannot be revoked: the admin role needs iam:{needed} on it"
            raise DenialRefused(explanation) from error
        raise unreachable(error) from error
    except BotoCoreError as error:
        raise unreachable(error) from error
    return reply


def unreachable(error: ClientError | BotoCoreError) -> Unreachable:
    """What it comes to when AWS says neither yes nor no."""
    return Unreachable(f"AWS did not say whether the credentials are refused ({code_of(error)})")
