"""Revocation: every session that the allocation was given is refused before anything is deleted, and seen to be.

STS cannot take keys back; IAM decides at every call. So each role that was used gets one inline policy for each region,
`AtmosphereRevoke-<region>`, that denies everything to sessions with the test's session names issued before a cut-off.
The cut-off lies in the future by the clock skew, is a whole second, and only ever moves forward. A canary, a session of
the same kind minted just before, is seen to be allowed something harmless first, and seen to be refused it after.

Source: IAM user guide, "Revoke temporary security credentials"; global condition keys aws:userid, aws:TokenIssueTime.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.aws.accounts import Account, RoleUnusable
from atmosphere.cleanup.model import Continue, Finished, Phase, Verdict
from atmosphere.cleanup.revoke.denial import (
    DenialRefused,
    Denials,
    deny,
    of_role,
    policy_document,
    policy_name,
    unreachable,
)
from atmosphere.faults import REFUSALS, code_of
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import PassState
    from atmosphere.core.model import Region, RoleArn

PROBES: Final = (
    ("cloudformation", "list_stacks"),
    ("s3", "list_buckets"),
    ("dynamodb", "list_tables"),
    ("sqs", "list_queues"),
)
"""Harmless calls, cheapest to grant first. sts:GetCallerIdentity is useless here: no policy can deny it."""

_DEAD: Final = REFUSALS | {"InvalidClientTokenId", "ExpiredToken", "UnrecognizedClientException"}
_REFUSALS_IN_A_ROW: Final = 2  # IAM's replicas do not all learn at the same moment
_READS: Final = 5  # IAM may answer from before the write for a moment
_CANARIES: Final = 3
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Probe:
    """A canary session and a call that it was seen to be allowed."""

    account: Account
    service: str
    operation: str
    region: Region

    def refused(self) -> bool:
        """Whether the call is refused now. Raises `Unreachable` when AWS does not say."""
        return not _allowed(self.account, self.service, self.operation, self.region, also=_DEAD)


@dataclass(frozen=True, slots=True)
class InForce:
    """What denies the allocation's sessions now: whether every used role has its Deny, and the latest cut-off."""

    everywhere: bool
    latest: datetime | None


NOT_SEEN: Final = Continue(reason="canary-not-refused")
"""The canary was not refused within the time of one pass."""


class Revocation:
    """Revokes for one pass."""

    def __init__(self, context: PassContext) -> None:
        self._context = context
        self._assignment = context.assignment
        self._used = tuple(dict.fromkeys(context.assignment.roles_used))
        self._policy = policy_name(context.assignment.key.region)
        self._denials = Denials.of(context.assignment)

    def run(self, state: PassState) -> PassState | Continue | Finished:
        """Revoke on every role that was used; the state of the next phase once every canary is refused.

        `Finished` when it can never be proven, `NOT_SEEN` when it is not proven yet. Raises `Unreachable`.
        """
        try:
            return self._run(state)
        except DenialRefused as refused:
            return refused.finished()

    def in_force(self, cut_off: datetime | None) -> InForce | Finished:
        """What is in force now; a Deny with an earlier cut-off than this one does not count. Raises `Unreachable`."""
        try:
            return InForce(self._is_everywhere(cut_off), self._latest())
        except DenialRefused as refused:
            return refused.finished()

    def _run(self, state: PassState) -> PassState | Continue | Finished:
        self._wait_for_standing()
        probes = [self._probe(role, external_id) for role, external_id in self._used]
        foreign = next((each for each in probes if isinstance(each, Finished) and each is not _UNSEEN), None)
        if foreign is not None:
            return foreign
        cut_off = state.cut_off
        if self._used:
            cut_off = self._cut_off()
            for role, _ in self._used:
                self._deny(role, cut_off)
        if _UNSEEN in probes:
            return _UNSEEN
        if not self._are_refused([probe for probe in probes if isinstance(probe, Probe)]):
            return NOT_SEEN
        return replace(state, phase=Phase.CLEAR, cut_off=cut_off)

    def _is_everywhere(self, cut_off: datetime | None) -> bool:
        """Whether every role that still exists has a cut-off that is not before this one."""
        for role, _ in self._used:
            if not self._role_exists(role):
                continue
            standing = self._standing(role)
            if standing is None or cut_off is None or standing < cut_off:
                return False
        return True

    def _latest(self) -> datetime | None:
        """The latest cut-off in force, which may be another pass's; None where nothing is revoked."""
        standing = [self._standing(role) for role, _ in self._used]
        return max((cut_off for cut_off in standing if cut_off is not None), default=None)

    # --- the canary ---------------------------------------------------------------------------------------------------

    def _probe(self, role: RoleArn, external_id: str) -> Probe | Finished | None:
        """A canary of the role, `Finished` where it can show nothing, None where the role is gone with its sessions.

        Another pass may have revoked in the same moment, and this canary too: then a later one is tried.
        """
        for _ in range(_CANARIES):
            try:
                minted = self._context.now()
                canary = self._context.accounts.canary(self._assignment, role, external_id, self._context.budget)
            except RoleUnusable:
                return _UNSEEN if self._role_exists(role) else None
            if isinstance(canary, Finished):
                return canary
            if probe := find_probe(canary, self._assignment.key.region):
                return probe
            cut_off = self._standing(role)
            if cut_off is None or cut_off + self._assignment.settings.clock_skew <= minted:
                return _UNSEEN
            self._wait_until(cut_off + self._assignment.settings.clock_skew)
        raise Unreachable(f"other cleanups keep revoking the sessions of {role}")

    def _are_refused(self, probes: list[Probe]) -> bool:
        """Poll until each probe is refused; False when one is still allowed at the end of the wait."""
        limits = self._context.limits
        until = self._context.now() + min(limits.canary_wait, self._context.budget.left)
        waiting = dict.fromkeys(range(len(probes)), 0)
        while waiting:
            for index in list(waiting):
                waiting[index] = waiting[index] + 1 if probes[index].refused() else 0
                if waiting[index] >= _REFUSALS_IN_A_ROW:
                    del waiting[index]
            if waiting and not any(waiting.values()):
                if self._context.now() + limits.canary_poll >= until:
                    return False
                self._context.heartbeat.sleep(limits.canary_poll)
        return True

    # --- the policy ---------------------------------------------------------------------------------------------------

    def _cut_off(self) -> datetime:
        standing = self._latest()
        future = self._context.now() + self._assignment.settings.clock_skew
        cut_off = future.astimezone(UTC).replace(microsecond=0) + _SECOND
        return max(cut_off, standing) if standing else cut_off

    def _wait_for_standing(self) -> None:
        """A canary minted before a cut-off that stands already would be refused from the start."""
        if latest := self._latest():
            self._wait_until(latest)

    def _wait_until(self, instant: datetime) -> None:
        self._context.heartbeat.sleep(max(instant - self._context.now(), timedelta(0)))

    def _deny(self, role: RoleArn, cut_off: datetime) -> None:
        if deny(
            self._context.account, _name(role), self._policy, policy_document(self._assignment.key.region, cut_off)
        ):
            self._read_back(role, cut_off)

    def _read_back(self, role: RoleArn, cut_off: datetime) -> None:
        for _ in range(_READS):
            standing = self._standing(role)
            if standing is not None and standing >= cut_off:
                return
            self._context.heartbeat.sleep(self._context.limits.canary_poll)
        raise Unreachable(f"the policy {self._policy} of {role} does not read back yet")

    def _standing(self, role: RoleArn) -> datetime | None:
        """The cut-off in force on a role, None if there is none that a cleanup can have written."""
        reply = of_role(self._context.account, "get_role_policy", {"RoleName": _name(role), "PolicyName": self._policy})
        if reply is None:
            return None
        return self._denials.cut_off(self._policy, reply["PolicyDocument"], self._context.now())

    def _role_exists(self, role: RoleArn) -> bool:
        return of_role(self._context.account, "get_role", {"RoleName": _name(role)}) is not None


_UNSEEN: Final = Finished(
    Verdict.DIRTY,
    "canary-unseen",
    "a role that the allocation used can no longer be assumed or may call nothing, so nothing proves that its keys are "
    "refused: the Deny is in place; check the role's trust policy and permissions, then clean the environment again",
)


def find_probe(canary: Account, region: Region) -> Probe | None:
    """The first probe that the session is allowed, None if it is allowed none. Raises `Unreachable`."""
    for service, operation in PROBES:
        if _allowed(canary, service, operation, region, also=frozenset()):
            return Probe(canary, service, operation, region)
    return None


def _allowed(account: Account, service: str, operation: str, region: Region, *, also: frozenset[str]) -> bool:
    try:
        getattr(account.client(service, region), operation)()
    except ClientError as error:
        if code_of(error) in REFUSALS | also:
            return False
        raise unreachable(error) from error
    except BotoCoreError as error:
        raise unreachable(error) from error
    return True


def _name(role: RoleArn) -> str:
    return role.rpartition("/")[2]
