"""The rounds of a pass: look, write down, judge, delete, look again, until nothing is left or nothing more comes of it.

Only a fresh look in which nothing was found and nothing was unknown counts, twice, far enough apart, and after the
revocation's cut-off has passed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.inventory import look
from atmosphere.cleanup.model import OutOfTime, PassResult, PassState, Phase, Trouble, Verdict
from atmosphere.cleanup.report import Findings

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.cleanup.accounts import Account
    from atmosphere.cleanup.deletion import Deletion
    from atmosphere.cleanup.judging import Judge, Left
    from atmosphere.cleanup.model import Assignment, Limits, Resource
    from atmosphere.cleanup.pace import Pace
    from atmosphere.cleanup.recording import Recorder
    from atmosphere.cleanup.records import TroubleBook
    from atmosphere.cleanup.revocation import Revocation

_FIRST_NAP: Final = timedelta(milliseconds=100)
_LONGEST_NAP: Final = timedelta(seconds=5)
_LONGEST_WAIT: Final = timedelta(seconds=60)
_WAIT: Final = timedelta(seconds=10)  # between passes that wait for deletions


class Clearing:
    """Clears for one pass. `findings` is what the last look came to."""

    def __init__(
        self,
        *,
        assignment: Assignment,
        account: Account,
        pace: Pace,
        limits: Limits,
        judge: Judge,
        recorder: Recorder,
        deletion: Deletion,
        revocation: Revocation,
        troubles: TroubleBook,
    ) -> None:
        self._assignment = assignment
        self._account = account
        self._pace = pace
        self._limits = limits
        self._judge = judge
        self._recorder = recorder
        self._deletion = deletion
        self._revocation = revocation
        self._troubles = troubles
        self.findings = Findings()
        self.state = PassState()

    def run(self, state: PassState) -> PassResult:
        """Rounds until there is something to tell. `state` is kept up to date for whoever catches what flies."""
        self.state = state
        nap, lingering_until = _FIRST_NAP, self._pace.now() + self._limits.linger
        first = True
        while True:
            self._pace.tick()
            looked_at = self._pace.now()
            left = self._look(deleted_too=first)
            if left.nothing and not first:
                left = self._look(deleted_too=True)
            first = False
            if left.nothing:
                return self._found_nothing(looked_at)
            self.state = self._progress(left)
            if self._is_stuck():
                return PassResult(verdict=Verdict.BLOCKED, state=self.state, reason=_reason(left))
            self._delete(left)
            if self._pace.now() >= lingering_until:
                return PassResult(verdict=Verdict.AGAIN, state=self.state, wait=_WAIT)
            self._pace.sleep(nap)
            nap = min(nap * 2, _LONGEST_NAP)

    def survey(self) -> Left:
        """One look, for plans."""
        return self._look(deleted_too=True)

    def _look(self, *, deleted_too: bool) -> Left:
        inventory = look(self._assignment, self._account, self._pace)
        leftovers = self._judge.leftover_stacks(inventory)
        unknown = self._recorder.update(inventory.stacks, leftovers, deleted_too=deleted_too)
        left = self._judge.judge(inventory, self._recorder.ledger, unknown)
        self._troubles.forget_all_but(self._within_reach(left))
        self.findings = Findings(
            blockers=self._blockers(left),
            unknown=left.unknown,
            deferred=left.deferred,
            uncovered=left.uncovered,
        )
        return left

    def _within_reach(self, left: Left) -> set[Resource]:
        """What is left, and what the stacks that are left own."""
        owned = {item for stack in left.stacks for item in self._recorder.ledger.tree(stack.id)}
        return {*left.things, *owned}

    def _blockers(self, left: Left) -> dict[Resource, Trouble]:
        found: dict[Resource, Trouble] = dict.fromkeys(left.things, _STILL_THERE)
        return {**found, **self._troubles.entries, **left.unhandled, **left.amiss}

    def _delete(self, left: Left) -> None:
        try:
            self._deletion.round(left.stacks, left.loose, self._recorder.ledger)
        except OutOfTime:  # it was at work until the end: that is no standstill
            self.state = replace(self.state, quiet_rounds=0, quiet_since=None)
            raise

    def _progress(self, left: Left) -> PassState:
        mark = _mark(left)
        now = self._pace.now()
        if mark != self.state.mark or self.state.quiet_since is None:
            return replace(self.state, mark=mark, quiet_rounds=0, quiet_since=now, clean_at=None)
        moving = any(stack.moving for stack in left.stacks)
        return replace(self.state, quiet_rounds=self.state.quiet_rounds + (not moving), clean_at=None)

    def _is_stuck(self) -> bool:
        since = self.state.quiet_since
        return (
            since is not None
            and self.state.quiet_rounds >= self._limits.quiet_rounds
            and self._pace.now() - since >= self._limits.quiet_time
        )

    def _found_nothing(self, looked_at: datetime) -> PassResult:
        state, settings = self.state, self._assignment.settings
        if not self._revocation.stands(state.cut_off):
            return PassResult(verdict=Verdict.AGAIN, state=replace(state, phase=Phase.REVOKE, clean_at=None))
        cut_off = self._revocation.latest()
        is_past = cut_off is None or looked_at > cut_off
        if state.clean_at is not None and is_past and looked_at >= state.clean_at + settings.verify_gap:
            return PassResult(verdict=Verdict.CLEAN, state=state)
        now = self._pace.now()
        state = replace(state, clean_at=state.clean_at or now, mark=None, quiet_rounds=0, quiet_since=None)
        waits = [(state.clean_at or now) + settings.verify_gap - now, *([cut_off - now] if cut_off else [])]
        wait = min(max(timedelta(0), *waits), _LONGEST_WAIT)
        return PassResult(verdict=Verdict.AGAIN, state=state, wait=wait)


_STILL_THERE: Final = Trouble(code="still-there", message="a deletion was accepted, and it is still there", attempts=0)


def _mark(left: Left) -> str:
    names = [f"{item}@{item.region}" for item in left.things] + sorted(left.unknown)
    return sha256("\n".join(names).encode()).hexdigest()[:16]


def _reason(left: Left) -> str:
    """The first of what is left, by what a person should look at first."""
    if left.amiss:
        return left.amiss[min(left.amiss)].code
    if left.things:
        return f"blocked:{left.things[0].type}"
    return f"unknown:{min(left.unknown)}"
