"""One pass of cleaning one environment: guard, revoke, clear, and the verdict.

A pass may be killed after any call and run again, and two passes at the same time do no harm: every effect can be
repeated, what must be remembered is written before it is needed, and absence is read again each time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.aws.budget import Budget, Heartbeat
from atmosphere.cleanup.aws.workers import Workers
from atmosphere.cleanup.baseline.adopting import adopt
from atmosphere.cleanup.baseline.capture import capture
from atmosphere.cleanup.clearing import Clearing, PassRecord
from atmosphere.cleanup.context import PassContext
from atmosphere.cleanup.limits import Limits
from atmosphere.cleanup.model import Continue, Finished, OutOfTime, PassState, PastDeadline, Phase, Verdict
from atmosphere.cleanup.report.report import write_report
from atmosphere.cleanup.revoke.phase import RevokePhase
from atmosphere.cleanup.revoke.revocation import Revocation
from atmosphere.cleanup.state.baseline import BaselineRepository, Revision, uncovered
from atmosphere.cleanup.state.counts import CountsRepository
from atmosphere.cleanup.state.journal import write_journal
from atmosphere.cleanup.state.troubles import TroubleRepository
from atmosphere.cleanup.verdict.protected import Protection
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from atmosphere.cleanup.aws.accounts import Account, Accounts
    from atmosphere.cleanup.aws.guard import Guard
    from atmosphere.cleanup.context import Protects
    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.state.counts import Counts
    from atmosphere.cleanup.state.store import TextStore
    from atmosphere.ports import Clock

PLANNED: Final = "planned"
"""The reason of a pass in plan mode that found something to do."""
_UNREACHABLE: Final = "unreachable"
_AFTER_TROUBLE: Final = timedelta(seconds=5)  # before the next pass, when AWS did not answer


@dataclass(frozen=True, slots=True, kw_only=True)
class PassResult:
    """The result of a pass; `reason` is a short stable code. A final verdict has a report in the store, and counts.

    `things` are those of `Finished`, and so is `retry_at`.
    """

    verdict: Verdict
    state: PassState
    wait: timedelta = timedelta(0)
    reason: str | None = None
    report_key: str | None = None
    counts: Counts | None = None
    things: tuple[str, ...] = ()
    retry_at: datetime | None = None


def run_pass(
    assignment: Assignment,
    state: PassState,
    *,
    aws: Accounts,
    store: TextStore,
    clock: Clock,
    beat: Callable[[], None],
    budget: timedelta,
    held: Callable[[], str | None] = lambda: None,
    limits: Limits | None = None,
) -> PassResult:
    """Do as much as fits into `budget`, and return the result.

    `beat` is called at the start and then at least every 20 s; what it raises (the cleanup is superseded) propagates,
    and nothing is changed after it. `held` is asked once in an attempt, before anything is deleted: why the pool's
    cleanups delete nothing now. Raises `ports.Unreachable` when the journal or the report could not be written: the
    pass can be repeated. A final verdict comes with a report.
    """
    running = _Pass(
        assignment, state, aws=aws, store=store, clock=clock, beat=beat, budget=budget, held=held, limits=limits
    )
    try:
        return running.run()
    finally:
        running.close()


class _Pass:
    """One pass."""

    def __init__(
        self,
        assignment: Assignment,
        state: PassState,
        *,
        aws: Accounts,
        store: TextStore,
        clock: Clock,
        beat: Callable[[], None],
        budget: timedelta,
        held: Callable[[], str | None],
        limits: Limits | None,
    ) -> None:
        self._assignment = assignment
        self._record = PassRecord(replace(state, number=state.number + 1))
        self._aws = aws
        self._store = store
        self._budget = Budget(clock, budget)
        self._heartbeat = Heartbeat(beat, self._budget)
        self._held = held
        self._limits = limits or Limits()
        self._baselines = BaselineRepository(store, assignment.key)
        self._counts = CountsRepository(store, assignment, self._budget.now)
        self._account: Account | None = None
        self._guards: list[Guard] = []

    def run(self) -> PassResult:
        """Every ending of a pass becomes a result; the journal is written whatever happens."""
        self._heartbeat.tick()
        lost = ""
        step: Continue | Finished
        try:
            step = self._steps()
        except PastDeadline:
            step = _late()
        except OutOfTime:
            step = Continue(reason="out-of-time")
        except Unreachable as unreachable:
            lost = str(unreachable)
            step = Continue(wait=_AFTER_TROUBLE, reason=_UNREACHABLE)
        finally:
            taken = [mutation for guard in self._guards for mutation in guard.taken()]
            write_journal(self._store, self._assignment, self._record.state.number, taken)
        if isinstance(step, Continue) and self._is_too_late(step):
            step = _late(lost or step.reason or "")
        return self._result(step)

    def close(self) -> None:
        """Forget the account's keys, and leave its clients to the next pass."""
        if self._account:
            self._aws.close(self._account)

    # --- the steps ----------------------------------------------------------------------------------------------------

    def _steps(self) -> Continue | Finished:
        if self._record.state.number == 1:
            self._counts.write(self._record.state)  # from here on there is something to watch
        context = self._context()
        if isinstance(context, Finished):
            return context
        if self._record.state.phase is Phase.REVOKE and not self._aws.plan:
            revoking = RevokePhase(context, self._record.state, partial(self._open, context.protection))
            ended = revoking.run()
            context, self._record.state = revoking.context, revoking.state
            if ended is not None:
                return ended
        if self._assignment.capture_only:
            return self._capture(context)
        return uncovered(context.baseline, self._assignment) or self._clear(context, Revocation(context))

    def _open(self, protection: Protects) -> Account | Finished:
        """The account under a new session; whatever is changed by an earlier one is journalled all the same."""
        self.close()
        account = self._aws.open(self._assignment, self._budget, protected=protection.protected())
        self._account = None
        if not isinstance(account, Finished):
            self._account = account
            self._guards.append(account.guard)
        return account

    def _context(self) -> PassContext | Finished:
        baseline = self._baselines.read()
        protection = Protection(self._assignment.registration, baseline)
        account = self._open(protection)
        if isinstance(account, Finished):
            return account
        return PassContext(
            assignment=self._assignment,
            limits=self._limits,
            accounts=self._aws,
            account=account,
            store=self._store,
            budget=self._budget,
            heartbeat=self._heartbeat,
            workers=Workers(self._limits.workers, budget=self._budget, heartbeat=self._heartbeat),
            baseline=baseline,
            protection=protection,
            troubles=TroubleRepository(self._store, self._assignment),
            held=self._held,
        )

    def _capture(self, context: PassContext) -> Finished:
        if cut_off := self._record.state.cut_off:  # after a test: first every key of it has to be dead
            self._heartbeat.sleep(max(cut_off - self._budget.now(), timedelta(0)))
        captured = capture(context)
        if isinstance(captured, Finished):
            return captured
        self._baselines.capture(captured, Revision(at=self._budget.now(), by="cleanup", why="capture"))
        return Finished(Verdict.CLEAN, explanation=f"{len(captured.items)} resources are the baseline")

    def _clear(self, context: PassContext, revocation: Revocation) -> Continue | Finished:
        if not self._aws.plan:
            context = replace(context, baseline=adopt(self._baselines, context))
        rounds = Clearing(context, self._record, revocation=revocation, counts=self._counts, baselines=self._baselines)
        if self._aws.plan:
            return Finished(Verdict.CLEAN) if rounds.survey().is_clean else Finished(Verdict.DIRTY, PLANNED)
        try:
            return rounds.run()
        finally:
            context.troubles.write()

    # --- the end ------------------------------------------------------------------------------------------------------

    def _is_too_late(self, step: Continue) -> bool:
        """A pass after the deadline could change nothing; only a second scan of nothing may come late."""
        return self._budget.now() + step.wait >= self._assignment.deadline and self._record.state.clean_at is None

    def _result(self, step: Continue | Finished) -> PassResult:
        """Count what was changed and what is left, and write the report of a final verdict."""
        mutations = sum(guard.count for guard in self._guards)
        state = replace(self._record.state, mutations=self._record.state.mutations + mutations)
        if isinstance(step, Continue):
            if step.reason != _UNREACHABLE:
                self._counts.write(state)
            return PassResult(verdict=Verdict.AGAIN, state=state, wait=step.wait, reason=step.reason)
        counts = self._counts.write(state)
        findings = replace(self._record.findings, explanation=step.explanation, retry_at=step.retry_at)
        now = self._budget.now()
        report = write_report(self._store, self._assignment, state, step, findings=findings, counts=counts, now=now)
        return PassResult(
            verdict=step.verdict,
            state=state,
            reason=step.reason,
            report_key=report,
            counts=counts,
            things=step.things,
            retry_at=step.retry_at,
        )


def _late(last: str = "") -> Finished:
    explanation = "the deadline came before the cleanup was done"
    return Finished(Verdict.DIRTY, "deadline", f"{explanation}: {last}" if last else explanation)
