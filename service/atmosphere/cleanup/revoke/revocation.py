"""Revocation: every session that the allocation was given is refused before anything is deleted, and seen to be.

STS cannot take keys back; IAM decides at every call. So each role that was used gets one policy for each region,
`AtmosphereRevoke-<region>`, that denies everything to sessions issued before a cut-off (`denial`, `imposing`). The
cut-off lies in the future by the clock skew, is a whole second, and only ever moves forward. A canary, a session of the
same kind minted just before, is seen to be allowed something harmless first, and seen to be refused it after.

Just before the cut-off sign-in sessions are revoked, which would renew keys after it (`sign_ins`).

Where the account is the environment's alone, the Deny does not ask for the names of sessions: a test can open the trust
of a role for a minute and enter it under any name. Then other roles that a test could enter get it too (`lingering`),
and the cleaner's own session ends with the test's, as it is one of the same role: what follows takes a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.model import Continue, Finished, Phase
from atmosphere.cleanup.revoke.canaries import UNSEEN, Probe, are_refused, mint_probe, role_name, sleep_until
from atmosphere.cleanup.revoke.denial import Denials
from atmosphere.cleanup.revoke.iam import DenialRefused, of_role
from atmosphere.cleanup.revoke.imposing import Imposing
from atmosphere.cleanup.revoke.lingering import cut_off_others
from atmosphere.cleanup.revoke.sign_ins import SignIns
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import PassState

_READS: Final = 5  # IAM may answer from before the write for a moment
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class InForce:
    """What denies the allocation's sessions now: whether every used role has its Deny, and the latest cut-off."""

    everywhere: bool
    latest: datetime | None


NOT_SEEN: Final = Continue(reason="canary-not-refused")
"""The canary was not refused within the time of one pass."""


class Revocation:
    """Revokes for one pass. `ended_own` tells that the cleaner's own session was ended, too.

    `sign_ins` are the sign-in sessions that it revoked.
    """

    def __init__(self, context: PassContext) -> None:
        self._context = context
        self._assignment = context.assignment
        self._used = tuple(dict.fromkeys(context.assignment.roles_used))
        self._imposing = Imposing(context, Denials.of(context.assignment))
        self.sign_ins = SignIns()
        self.ended_own = False

    def run(self, state: PassState) -> PassState | Continue | Finished:
        """Revoke on every role that was used; the state of the next phase once every canary is refused.

        `Finished` when it can never be proven, `NOT_SEEN` when it is not proven yet. Raises `DenialRefused`,
        `Unreachable`.
        """
        self._wait_for_standing()
        probes = [mint_probe(self._context, self._imposing, role, external_id) for role, external_id in self._used]
        foreign = next((each for each in probes if isinstance(each, Finished) and each is not UNSEEN), None)
        if foreign is not None:
            return foreign
        cut_off = state.cut_off
        if self._used:
            self.sign_ins.end(self._context)
            cut_off = self._cut_off()
            self._deny(cut_off)
        if UNSEEN in probes:
            return UNSEEN
        if not are_refused(self._context, [probe for probe in probes if isinstance(probe, Probe)]):
            return NOT_SEEN
        return replace(state, phase=Phase.CLEAR, cut_off=cut_off)

    def in_force(self, cut_off: datetime | None) -> InForce | Finished:
        """What is in force now; a Deny with an earlier cut-off than this one does not count. Raises `Unreachable`."""
        try:
            return InForce(self._is_everywhere(cut_off), self._latest())
        except DenialRefused as refused:
            return refused.finished(self._context.account, self._context.now())

    def _is_everywhere(self, cut_off: datetime | None) -> bool:
        """Whether every role that still exists has a cut-off that is not before this one."""
        for role in self._roles():
            if of_role(self._context.account, "get_role", {"RoleName": role}) is None:
                continue
            standing = self._imposing.standing(role)
            if standing is None or cut_off is None or standing < cut_off:
                return False
        return True

    def _roles(self) -> list[str]:
        """The names of the roles that were used."""
        return [role_name(role) for role, _ in self._used]

    def _latest(self) -> datetime | None:
        """The latest cut-off in force, which may be another pass's; None where nothing is revoked."""
        standing = [self._imposing.standing(role, whole=False) for role in self._roles()]
        return max((cut_off for cut_off in standing if cut_off is not None), default=None)

    def _cut_off(self) -> datetime:
        standing = self._latest()
        future = self._context.now() + self._assignment.settings.clock_skew
        cut_off = future.astimezone(UTC).replace(microsecond=0) + _SECOND
        return max(cut_off, standing) if standing else cut_off

    def _wait_for_standing(self) -> None:
        """A canary minted before a cut-off that stands already would be refused from the start."""
        if latest := self._latest():
            sleep_until(self._context, latest)

    def _deny(self, cut_off: datetime) -> None:
        """On the cleaner's own role last, where its session ends with that; nothing can be read back by it then."""
        alone = self._assignment.sweep_globals
        own = role_name(self._assignment.registration.cleaner_role)
        if alone:
            cut_off_others(self._context, self._imposing, cut_off)
        for role in self._roles():
            if not (alone and role == own) and self._imposing.deny(role, cut_off):
                self._read_back(role, cut_off)
        if alone:
            self.ended_own = self._imposing.deny(own, cut_off)

    def _read_back(self, role: str, cut_off: datetime) -> None:
        for _ in range(_READS):
            standing = self._imposing.standing(role)
            if standing is not None and standing >= cut_off:
                return
            self._context.heartbeat.sleep(self._context.limits.canary_poll)
        raise Unreachable(f"the revocation of {role} does not read back yet")
