"""The first phase of a cleanup: revoke, and go on with a session that the revocation did not end.

Where the cleaner's own session ends with the test's, one that began just before the cut-off of an earlier pass is
refused everything too. So the first refusal only says that a new session is needed, minted after any cut-off that a
cleanup can have written; the second is final.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.model import Continue, Finished, PassState, Phase, Verdict
from atmosphere.cleanup.revoke.canaries import sleep_until
from atmosphere.cleanup.revoke.iam import DenialRefused, of_role
from atmosphere.cleanup.revoke.revocation import NOT_SEEN, Revocation
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.limits import Limits
    from atmosphere.cleanup.revoke.sign_ins import SignIns

Reopen = Callable[[], "Account | Finished"]
"""Opens the account under a new session of the admin role."""

_SECOND: Final = timedelta(seconds=1)


class RevokePhase:
    """Revokes for one pass. `context` is the one to go on with, `state` the state to go on from."""

    def __init__(self, context: PassContext, state: PassState, reopen: Reopen) -> None:
        self.context = context
        self.state = state
        self._reopen = reopen

    def run(self) -> Continue | Finished | None:
        """None when every credential of the allocation is refused. Raises `Unreachable`."""
        try:
            return self._revoke()
        except DenialRefused:
            skew = self.context.assignment.settings.clock_skew
            sleep_until(self.context, self.context.now() + 2 * skew + _SECOND)
        if ended := self._renew():
            return ended
        try:
            return self._revoke()
        except DenialRefused as refused:
            return refused.finished(self.context.account, self.context.now())

    def _revoke(self) -> Continue | Finished | None:
        revocation = Revocation(self.context)
        revoked = revocation.run(self.state)
        if revoked is NOT_SEEN:
            self.state, ended = not_seen(self.state, self.context.limits)
            return ended
        if not isinstance(revoked, PassState):
            return revoked
        self.state = revoked
        ends = revoked.cut_off if revocation.ended_own else None
        if ends is not None and (refused := self._renew_after(ends)):
            return refused
        return self._signed_in_again(revocation.sign_ins)

    def _signed_in_again(self, sign_ins: SignIns) -> Continue | Finished | None:
        """What follows from sessions that were opened after the last were revoked: keys of theirs may be newer.

        Where other environments use the same roles, their tests may sign in at any time.
        """
        assignment = self.context.assignment
        again = sign_ins.end(self.context) if assignment.roles_used and assignment.sweep_globals else 0
        self.state = replace(self.state, unasked=sign_ins.unasked)
        if not again:
            return None
        rounds = self.state.sign_ins + 1
        self.state = replace(self.state, phase=Phase.REVOKE, sign_ins=rounds)
        if rounds < self.context.limits.canary_passes:
            return Continue(reason="signed-in-again")
        told = f" ({', '.join(sorted(sign_ins.failures))})" if sign_ins.failures else ""
        explanation = (
            f"{again} sign-in sessions were active after all had been revoked, {rounds} times{told}: list them with "
            "`aws signin list-sessions`, find who signs in, then clean the environment again"
        )
        return Finished(Verdict.DIRTY, "sign-ins-remain", explanation)

    def _renew_after(self, cut_off: datetime) -> Finished | None:
        """A session that is not refused: minted after the cut-off by AWS's clock, which may be behind ours."""
        limit = cut_off + self.context.assignment.settings.clock_skew + _SECOND
        instant = cut_off
        while True:
            sleep_until(self.context, instant)
            if ended := self._renew():
                return ended
            if self._is_served():
                return None
            if self.context.now() >= limit + self.context.limits.canary_wait:
                raise Unreachable("a session of the admin role from after the cut-off is refused still")
            instant = self.context.now() + _SECOND

    def _is_served(self) -> bool:
        role = self.context.assignment.registration.cleaner_role.rpartition("/")[2]
        try:
            of_role(self.context.account, "get_role", {"RoleName": role})
        except DenialRefused:
            return False
        return True

    def _renew(self) -> Finished | None:
        account = self._reopen()
        if isinstance(account, Finished):
            return account
        self.context = replace(self.context, account=account)
        return None


def not_seen(state: PassState, limits: Limits) -> tuple[PassState, Continue | Finished]:
    """The state after a pass whose canary was not refused, and how that pass ends."""
    state = replace(state, canary_waits=state.canary_waits + 1)
    if state.canary_waits < limits.canary_passes:
        return state, NOT_SEEN
    explanation = "the Deny is in place, but a session like the test's is still allowed: check the role's policies"
    return state, Finished(Verdict.DIRTY, "canary-not-refused", explanation)
