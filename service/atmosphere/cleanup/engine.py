"""One pass of cleaning one environment: guard, revoke, clear, and the verdict.

A pass may be killed after any call and run again, and two passes at the same time do no harm: whatever is done twice
has the same effect, what must be remembered is written before it is needed, and absence is always seen anew.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.aws.pace import Pace
from atmosphere.cleanup.baseline.adopting import adopt
from atmosphere.cleanup.baseline.capture import capture
from atmosphere.cleanup.composition import compose
from atmosphere.cleanup.model import (
    Ended,
    Limits,
    OutOfTime,
    PassResult,
    PassState,
    PastDeadline,
    Phase,
    Verdict,
)
from atmosphere.cleanup.report.report import Findings, write_report
from atmosphere.cleanup.revoke.lingering import cut_off_others
from atmosphere.cleanup.revoke.revocation import NotSeen, Revocation
from atmosphere.cleanup.state.baseline import BaselineBook, Word, covering
from atmosphere.cleanup.state.counts import TallyBook
from atmosphere.cleanup.state.troubles import TroubleBook, prefix
from atmosphere.cleanup.verdict.protected import Protection
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.cleanup.aws.accounts import Account, Accounts
    from atmosphere.cleanup.clearing import Clearing
    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.state.baseline import Baseline
    from atmosphere.cleanup.state.store import TextStore
    from atmosphere.ports import Clock

PLANNED: Final = "planned"
"""The reason of a pass in plan mode that found something to do."""
_UNREACHABLE: Final = "unreachable"
_AFTER_TROUBLE: Final = timedelta(seconds=5)  # before the next pass, when AWS did not answer


def run_pass(
    assignment: Assignment,
    state: PassState,
    *,
    aws: Accounts,
    keep: TextStore,
    clock: Clock,
    beat: Callable[[], None],
    budget: timedelta,
    limits: Limits | None = None,
) -> PassResult:
    """Do as much as fits into `budget`, and say what came of it.

    `beat` is called at the start and then at least every 20 s; what it raises (the cleanup was superseded) flies, after
    which nothing more is changed. Raises `ports.Unreachable` when the journal or the report could not be written: the
    pass can be repeated. A final verdict comes with a report.
    """
    limits = limits or Limits()
    pace = Pace(clock=clock, beat=beat, budget=budget, workers=limits.workers)
    one = _Pass(assignment, replace(state, number=state.number + 1), aws=aws, keep=keep, pace=pace, limits=limits)
    try:
        return one.run()
    finally:
        one.close()


class _Pass:
    """What the steps of one pass share."""

    def __init__(
        self, assignment: Assignment, state: PassState, *, aws: Accounts, keep: TextStore, pace: Pace, limits: Limits
    ) -> None:
        self._assignment = assignment
        self._state = state
        self._aws = aws
        self._keep = keep
        self._book = BaselineBook(keep, assignment.key)
        self._tally = TallyBook(keep, assignment, pace.now)
        self._pace = pace
        self._limits = limits
        self._findings = Findings()
        self._account: Account | None = None
        self._clearing: Clearing | None = None
        self._lost = ""

    def run(self) -> PassResult:
        """Every ending of a pass becomes a result; the journal is written whatever happens."""
        self._pace.tick()
        try:
            result = self._steps()
        except Ended as ended:
            self._findings = Findings(explanation=ended.explanation)
            result = self._result(ended.verdict, ended.reason)
        except PastDeadline:
            result = self._late()
        except OutOfTime:
            result = self._result(Verdict.AGAIN, "out-of-time")
        except NotSeen:
            result = self._not_seen()
        except Unreachable as lost:
            self._lost = str(lost)
            result = replace(self._result(Verdict.AGAIN, _UNREACHABLE), wait=_AFTER_TROUBLE)
        finally:
            self._write_journal()
        return self._finished(self._in_time(result))

    def close(self) -> None:
        """Forget the account's keys, and leave its clients to the next pass."""
        if self._account:
            self._aws.close(self._account)

    def _steps(self) -> PassResult:
        if self._state.number == 1:
            self._tally.write(self._state)  # from here on there is something to watch
        baseline = self._book.read()
        kept = Protection(self._assignment.registration, baseline)
        self._account = self._aws.open(self._assignment, self._pace, protected=kept.protected())
        revocation = Revocation(
            assignment=self._assignment,
            account=self._account,
            accounts=self._aws,
            pace=self._pace,
            limits=self._limits,
        )
        if self._state.phase is Phase.REVOKE and not self._aws.plan:
            revoked = revocation.run(self._state)
            cut_off_others(self._assignment, self._account, self._pace, baseline, revoked.cut_off)
            self._state = revoked
        if self._assignment.capture_only:
            return self._capture(self._account)
        covered = covering(baseline, self._assignment)
        if not self._aws.plan:
            covered = adopt(self._book, covered, assignment=self._assignment, account=self._account, pace=self._pace)
        return self._clear(self._account, revocation, kept, covered)

    def _capture(self, account: Account) -> PassResult:
        if self._state.cut_off:  # an environment that had a test before is recaptured: nothing of its keys may be left
            self._pace.sleep(max(self._state.cut_off - self._pace.now(), timedelta(0)))
        baseline = capture(self._assignment, account=account, accounts=self._aws, pace=self._pace)
        self._book.capture(baseline, Word(at=self._pace.now(), by="cleanup", why="capture"))
        self._findings = Findings(explanation=f"{len(baseline.items)} resources are the baseline")
        return self._result(Verdict.CLEAN)

    def _clear(self, account: Account, revocation: Revocation, kept: Protection, baseline: Baseline) -> PassResult:
        troubles = TroubleBook(self._keep, self._assignment)
        self._clearing = compose(
            assignment=self._assignment,
            account=account,
            pace=self._pace,
            limits=self._limits,
            keep=self._keep,
            kept=kept,
            baseline=baseline,
            revocation=revocation,
            troubles=troubles,
            tally=self._tally,
        )
        if self._aws.plan:
            return self._planned(self._clearing)
        try:
            return self._clearing.run(self._state)
        finally:
            troubles.write()

    def _planned(self, clearing: Clearing) -> PassResult:
        nothing = clearing.survey().nothing
        return self._result(Verdict.CLEAN) if nothing else self._result(Verdict.DIRTY, PLANNED)

    def _not_seen(self) -> PassResult:
        self._state = replace(self._state, canary_waits=self._state.canary_waits + 1)
        if self._state.canary_waits < self._limits.canary_passes:
            return self._result(Verdict.AGAIN, "canary-not-refused")
        self._findings = Findings(
            explanation="the Deny is in place, but a session like the test's is served: look at the role's policies"
        )
        return self._result(Verdict.DIRTY, "canary-not-refused")

    # --- the end ------------------------------------------------------------------------------------------------------

    def _result(self, verdict: Verdict, reason: str | None = None) -> PassResult:
        state = self._clearing.state if self._clearing and self._clearing.state.number else self._state
        return PassResult(verdict=verdict, state=state, reason=reason)

    def _last_findings(self) -> Findings:
        return self._clearing.findings if self._clearing else self._findings

    def _in_time(self, result: PassResult) -> PassResult:
        """A pass after the deadline could change nothing; only a second look at nothing may come late."""
        is_late = self._pace.now() + result.wait >= self._assignment.deadline
        if result.verdict is Verdict.AGAIN and is_late and result.state.clean_at is None:
            return self._late(self._lost or result.reason or "")
        return result

    def _late(self, last: str = "") -> PassResult:
        told = "the deadline came before the cleanup was done"
        self._findings = replace(self._last_findings(), explanation=f"{told}: {last}" if last else told)
        return self._result(Verdict.DIRTY, "deadline")

    def _finished(self, result: PassResult) -> PassResult:
        """Count what was changed and what is left, and write the report of a final verdict."""
        mutations = self._account.guard.count if self._account else 0
        state = replace(result.state, mutations=result.state.mutations + mutations)
        if result.reason == _UNREACHABLE:
            return replace(result, state=state)
        tally = self._tally.write(state)
        if result.verdict is Verdict.AGAIN:
            return replace(result, state=state)
        findings = self._findings if self._findings.explanation else self._last_findings()
        report = write_report(
            self._keep,
            self._assignment,
            state,
            verdict=result.verdict,
            reason=result.reason,
            findings=findings,
            tally=tally,
            now=self._pace.now(),
        )
        return replace(result, state=state, report_key=report, tally=tally)

    def _write_journal(self) -> None:
        taken = self._account.guard.taken() if self._account else []
        if not taken:
            return
        lines = [json.dumps({**asdict(each), "at": each.at.isoformat()}, sort_keys=True) for each in taken]
        name = f"journal/{self._assignment.attempt}-{self._state.number:04}-{taken[0].at:%Y%m%dT%H%M%S%f}.jsonl"
        self._keep.put(prefix(self._assignment) + name, "\n".join(lines) + "\n")
