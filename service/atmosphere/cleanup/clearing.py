"""The rounds of a pass: look, write down, judge, delete, look again, until nothing is left or nothing more comes of it.

Only a fresh look in which nothing was found and nothing was unknown counts, twice, far enough apart, and after the
revocation's cut-off has passed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.baseline.drift import told
from atmosphere.cleanup.model import GLOBAL, OutOfTime, PassResult, PassState, PastDeadline, Phase, Trouble, Verdict
from atmosphere.cleanup.report.origins import origins
from atmosphere.cleanup.report.report import Findings
from atmosphere.cleanup.scan.inventory import look
from atmosphere.cleanup.state.counts import Sight
from atmosphere.cleanup.verdict import standstill as progress

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.aws.pace import Pace
    from atmosphere.cleanup.baseline.drift import Restorer
    from atmosphere.cleanup.delete.deletion import Deletion
    from atmosphere.cleanup.model import Assignment, Limits, Resource
    from atmosphere.cleanup.revoke.revocation import Revocation
    from atmosphere.cleanup.scan.inventory import Inventory
    from atmosphere.cleanup.scan.ledger_update import Recorder
    from atmosphere.cleanup.state.baseline import Baseline
    from atmosphere.cleanup.state.counts import TallyBook
    from atmosphere.cleanup.state.deferred import DebtBook
    from atmosphere.cleanup.state.troubles import TroubleBook
    from atmosphere.cleanup.verdict.classify import Judge, Left

_FIRST_NAP: Final = timedelta(milliseconds=100)
_LONGEST_NAP: Final = timedelta(seconds=5)
_SHARE: Final = 4  # nothing is noticed later than by this part of the time that it took
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
        debts: DebtBook,
        baseline: Baseline,
        restorer: Restorer,
        tally: TallyBook,
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
        self._debts = debts
        self._baseline = baseline
        self._restorer = restorer
        self._tally = tally
        self._dunned = False
        self.findings = Findings()
        self.state = PassState()

    def run(self, state: PassState) -> PassResult:
        """Rounds until there is something to tell. `state` is kept up to date for whoever catches what flies."""
        self.state = state
        lingering_until = self._pace.now() + self._limits.linger
        first = True
        while True:
            self._pace.tick()
            looked_at = self._pace.now()
            left = self._look(thorough=first)
            first = False
            if left.nothing and not self._has_debts_to_try(left):
                return self._found_nothing(looked_at)
            if ended := self._tell(left):
                return ended
            tried = self._act(left)
            if self._pace.now() >= lingering_until:
                reason = None if left.nothing else progress.reason(left)
                return PassResult(verdict=Verdict.AGAIN, state=self.state, wait=_WAIT, reason=reason)
            self._pace.sleep(self._nap(tried=tried))

    def survey(self) -> Left:
        """One look, for plans."""
        return self._look(thorough=True)

    # --- looking ------------------------------------------------------------------------------------------------------

    def _look(self, *, thorough: bool) -> Left:
        """What is left. What takes listings of its own is only asked if `thorough`, or where nothing else is left."""
        inventory = look(self._assignment, self._account, self._pace)
        left = self._judged(inventory, thorough=thorough)
        return left if thorough or not left.nothing else self._judged(inventory, thorough=True)

    def _judged(self, inventory: Inventory, *, thorough: bool) -> Left:
        leftovers = self._judge.leftover_stacks(inventory)
        unknown = self._recorder.update(inventory, leftovers, deleted_too=thorough)
        left = self._judge.judge(inventory, self._recorder.ledger, unknown, thorough=thorough)
        reach = self._within_reach(left)
        self._troubles.forget_all_but(reach)
        self._tally.see(self.state, Sight.of(left, reach, self._troubles.entries))
        if self._account.guard.may_mutate:
            self._debts.settle(left.deferred, lambda item: not left.unknown and item not in left.loose)
        self.findings = Findings(
            blockers=self._blockers(left),
            unknown=left.unknown,
            deferred=left.deferred,
            uncovered=left.uncovered,
            unexplained=self._recorder.unexplained,
            skipped=left.skipped,
            debts=self._debts.entries,
            kept=left.kept,
            origins=origins(reach, left.stacks, inventory, self._recorder.ledger),
        )
        return left

    def _within_reach(self, left: Left) -> set[Resource]:
        """What is left, and what the stacks that are left own."""
        owned = {item for stack in left.stacks for item in self._recorder.ledger.tree(stack.id)}
        return {*left.things, *left.deferred, *owned}

    def _blockers(self, left: Left) -> dict[Resource, Trouble]:
        found: dict[Resource, Trouble] = dict.fromkeys(left.things, _STILL_THERE)
        troubles = {item: trouble for item, trouble in self._troubles.entries.items() if item not in left.deferred}
        amiss = {item: told(trouble, troubles.get(item)) for item, trouble in left.amiss.items()}
        return {**found, **troubles, **left.unhandled, **amiss}

    def _has_debts_to_try(self, left: Left) -> bool:
        """What is deferred is tried once more when nothing else is left; not between the two looks that count."""
        return bool(left.deferred) and not self._dunned and self.state.clean_at is None

    # --- acting -------------------------------------------------------------------------------------------------------

    def _tell(self, left: Left) -> PassResult | None:
        """Note how it gets on; a result if nothing more will come of it. Raises `Ended` when the breaker trips."""
        if left.nothing:
            self._dunned = True
            return None
        reach, now = self._within_reach(left), self._pace.now()
        if now >= self._assignment.deadline:
            raise PastDeadline
        progress.trip(left, reach, self._baseline.items, most=self._assignment.settings.max_deletions)
        moving = self._deletion.moves(left.stacks)
        self.state = progress.noted(self.state, (len(left.unknown), len(reach)), moving=moving, now=now)
        slow = self._deletion.is_under_way(left.loose)
        verdict = progress.standstill(self.state, self.findings.blockers, left, slow=slow, limits=self._limits, now=now)
        return PassResult(verdict=verdict, state=self.state, reason=progress.reason(left)) if verdict else None

    def _act(self, left: Left) -> bool:
        """Do what can be done about it; False where nothing can."""
        loose, drifted = [*left.loose, *left.deferred], [drift.item for drift in self._restorer.restorable]
        if not (left.stacks or loose or drifted):
            return False
        if any(item.region == GLOBAL for item in (*loose, *drifted)) and self._assignment.sweep_globals:
            self._pace.confirm()  # all of it was there before this: so if the account is ours alone now, it is ours
        try:
            for item, trouble in self._restorer.restore().items():
                self._troubles.note(item, trouble)
            self._deletion.freeze(self._within_reach(left))
            self._deletion.round(left.stacks, loose, self._recorder.ledger)
        except OutOfTime:  # it was at work until the end: that is no standstill
            self.state = replace(self.state, quiet_rounds=0, quiet_since=None)
            raise
        return True

    def _nap(self, *, tried: bool) -> timedelta:
        """Until the next look: the longer nothing went, the longer.

        What nothing can be done about is looked at as often as `standstill` asks for, and no more.
        """
        now = self._pace.now()
        nap = min(max(_FIRST_NAP, (now - (self.state.quiet_since or now)) / _SHARE), _LONGEST_NAP)
        return nap if tried else max(nap, self._limits.quiet_time / self._limits.quiet_rounds)

    def _found_nothing(self, looked_at: datetime) -> PassResult:
        state, settings = self.state, self._assignment.settings
        if not self._revocation.stands(state.cut_off):
            return PassResult(verdict=Verdict.AGAIN, state=replace(state, phase=Phase.REVOKE, clean_at=None))
        cut_off = self._revocation.latest()
        is_past = cut_off is None or looked_at > cut_off
        if state.clean_at is not None and is_past and looked_at >= state.clean_at + settings.verify_gap:
            return PassResult(verdict=Verdict.CLEAN, state=state)
        now = self._pace.now()
        state = progress.noted_nothing(state, now=now)
        waits = [(state.clean_at or now) + settings.verify_gap - now, *([cut_off - now] if cut_off else [])]
        wait = min(max(timedelta(0), *waits), _LONGEST_WAIT)
        return PassResult(verdict=Verdict.AGAIN, state=state, wait=wait)


_STILL_THERE: Final = Trouble(
    code="still-there", message="its deletion was accepted or waits for that of others, and it is there", attempts=0
)
