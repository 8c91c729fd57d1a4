"""One pass of cleaning one environment: guard, revoke, clear, and the verdict.

A pass may be killed after any call and run again, and two passes at the same time do no harm: whatever is done twice
has the same effect, what must be remembered is written before it is needed, and absence is always seen anew.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.capture import capture
from atmosphere.cleanup.clearing import Clearing
from atmosphere.cleanup.deletion import Deletion
from atmosphere.cleanup.judging import Judge
from atmosphere.cleanup.kept import Kept
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
from atmosphere.cleanup.pace import Pace
from atmosphere.cleanup.recording import Recorder
from atmosphere.cleanup.records import Baseline, LedgerBook, TroubleBook, baseline_name, prefix, read_baseline
from atmosphere.cleanup.report import Findings, write_report
from atmosphere.cleanup.revocation import NotSeen, Revocation
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.cleanup.accounts import Account, Accounts
    from atmosphere.cleanup.keep import Keep
    from atmosphere.cleanup.model import Assignment
    from atmosphere.ports import Clock

_AFTER_TROUBLE: Final = timedelta(seconds=5)  # before the next pass, when AWS did not answer


def run_pass(
    assignment: Assignment,
    state: PassState,
    *,
    aws: Accounts,
    keep: Keep,
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
    return one.run()


class _Pass:
    """What the steps of one pass share."""

    def __init__(
        self, assignment: Assignment, state: PassState, *, aws: Accounts, keep: Keep, pace: Pace, limits: Limits
    ) -> None:
        self._assignment = assignment
        self._state = state
        self._aws = aws
        self._keep = keep
        self._pace = pace
        self._limits = limits
        self._findings = Findings()
        self._account: Account | None = None
        self._clearing: Clearing | None = None

    def run(self) -> PassResult:
        """Every ending of a pass becomes a result; the journal is written whatever happens."""
        self._pace.tick()
        try:
            result = self._steps()
        except Ended as ended:
            self._findings = Findings(explanation=ended.explanation)
            result = self._result(ended.verdict, ended.reason)
        except PastDeadline:
            self._findings = replace(self._last_findings(), explanation="the deadline came before the cleanup was done")
            result = self._result(Verdict.DIRTY, "deadline")
        except OutOfTime:
            result = self._result(Verdict.AGAIN)
        except NotSeen:
            result = self._not_seen()
        except Unreachable:
            result = replace(self._result(Verdict.AGAIN, "unreachable"), wait=_AFTER_TROUBLE)
        finally:
            self._write_journal()
        return self._finished(result)

    def _steps(self) -> PassResult:
        baseline = read_baseline(self._keep, self._assignment.key)
        kept = Kept(self._assignment.registration, baseline)
        self._account = self._aws.open(self._assignment, self._pace, protected=kept.protected())
        if self._assignment.capture_only:
            return self._capture(self._account)
        revocation = Revocation(
            assignment=self._assignment,
            account=self._account,
            accounts=self._aws,
            pace=self._pace,
            limits=self._limits,
        )
        if self._state.phase is Phase.REVOKE and not self._aws.plan:
            self._state = revocation.run(self._state)
        covered = self._covering(baseline)
        return self._clear(self._account, revocation, kept, covered)

    def _capture(self, account: Account) -> PassResult:
        baseline = capture(self._assignment, account=account, accounts=self._aws, pace=self._pace)
        self._keep.put(baseline_name(self._assignment.key), baseline.to_json())
        self._findings = Findings(explanation=f"{len(baseline.items)} resources are the baseline")
        return self._result(Verdict.CLEAN)

    def _covering(self, baseline: Baseline | None) -> Baseline:
        """The baseline, if it tells of every region: without it nobody knows what has to survive."""
        missing = set(self._assignment.regions) - set(baseline.regions if baseline else ())
        if baseline is None or missing:
            raise Ended(
                Verdict.DIRTY,
                "no-baseline",
                f"there is no baseline for {', '.join(sorted(missing))}, so nothing was deleted: look what is there, "
                "and register the environment anew",
            )
        return baseline

    def _clear(self, account: Account, revocation: Revocation, kept: Kept, baseline: Baseline) -> PassResult:
        assignment, pace = self._assignment, self._pace
        troubles = TroubleBook(self._keep, assignment)
        self._clearing = Clearing(
            assignment=assignment,
            account=account,
            pace=pace,
            limits=self._limits,
            judge=Judge(assignment=assignment, account=account, pace=pace, kept=kept, baseline=baseline),
            recorder=Recorder(
                assignment=assignment, account=account, pace=pace, book=LedgerBook(self._keep, assignment)
            ),
            deletion=Deletion(
                assignment=assignment, account=account, pace=pace, limits=self._limits, kept=kept, troubles=troubles
            ),
            revocation=revocation,
            troubles=troubles,
        )
        if self._aws.plan:
            return self._planned(self._clearing)
        try:
            return self._clearing.run(self._state)
        finally:
            troubles.write()

    def _planned(self, clearing: Clearing) -> PassResult:
        nothing = clearing.survey().nothing
        return self._result(Verdict.CLEAN) if nothing else self._result(Verdict.DIRTY, "planned")

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

    def _finished(self, result: PassResult) -> PassResult:
        """Count what was changed, and write the report of a final verdict."""
        mutations = self._account.guard.count if self._account else 0
        state = replace(result.state, mutations=result.state.mutations + mutations)
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
            now=self._pace.now(),
        )
        return replace(result, state=state, report_key=report)

    def _write_journal(self) -> None:
        taken = self._account.guard.taken() if self._account else []
        if not taken:
            return
        lines = [json.dumps({**asdict(each), "at": each.at.isoformat()}, sort_keys=True) for each in taken]
        name = f"journal/{self._assignment.attempt}-{self._state.number:04}-{taken[0].at:%Y%m%dT%H%M%S%f}.jsonl"
        self._keep.put(prefix(self._assignment) + name, "\n".join(lines) + "\n")
