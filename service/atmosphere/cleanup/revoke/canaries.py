"""Canaries: sessions of the test's kind that are seen to be allowed something harmless, and to be refused it after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.aws.accounts import Account, RoleUnusable
from atmosphere.cleanup.model import Finished, Verdict
from atmosphere.cleanup.revoke.iam import of_role, unreachable
from atmosphere.faults import REFUSALS, code_of
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.revoke.imposing import Imposing
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
_CANARIES: Final = 3
_NOTHING: Final = timedelta(0)

UNSEEN: Final = Finished(
    Verdict.DIRTY,
    "canary-unseen",
    "a role that the allocation used can no longer be assumed or may call nothing, so nothing proves that its keys are "
    "refused: the Deny is in place; check the role's trust policy and permissions, then clean the environment again",
)


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


def mint_probe(context: PassContext, imposing: Imposing, role: RoleArn, external_id: str) -> Probe | Finished | None:
    """A canary of the role, `Finished` where it can show nothing, None where the role is gone with its sessions.

    Another pass may have revoked in the same moment, and this canary too: then a later one is tried.
    """
    assignment = context.assignment
    for _ in range(_CANARIES):
        try:
            minted = context.now()
            canary = context.accounts.canary(assignment, role, external_id, context.budget)
        except RoleUnusable:
            return UNSEEN if of_role(context.account, "get_role", {"RoleName": role_name(role)}) is not None else None
        if isinstance(canary, Finished):
            return canary
        if probe := find_probe(canary, assignment.key.region):
            return probe
        cut_off = imposing.standing(role_name(role), whole=False)
        if cut_off is None or cut_off + assignment.settings.clock_skew <= minted:
            return UNSEEN
        sleep_until(context, cut_off + assignment.settings.clock_skew)
    raise Unreachable(f"other cleanups keep revoking the sessions of {role}")


def are_refused(context: PassContext, probes: list[Probe]) -> bool:
    """Poll until each probe is refused; False when one is still allowed at the end of the wait."""
    limits = context.limits
    until = context.now() + min(limits.canary_wait, context.budget.left)
    waiting = dict.fromkeys(range(len(probes)), 0)
    while waiting:
        for index in list(waiting):
            waiting[index] = waiting[index] + 1 if probes[index].refused() else 0
            if waiting[index] >= _REFUSALS_IN_A_ROW:
                del waiting[index]
        if waiting and not any(waiting.values()):
            if context.now() + limits.canary_poll >= until:
                return False
            context.heartbeat.sleep(limits.canary_poll)
    return True


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


def sleep_until(context: PassContext, instant: datetime) -> None:
    """Sleep until then, if it is not past; raises `OutOfTime` if the budget does not allow it."""
    context.heartbeat.sleep(max(instant - context.now(), _NOTHING))


def role_name(role: RoleArn) -> str:
    """Its name, without its path."""
    return role.rpartition("/")[2]
