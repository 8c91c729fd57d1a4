"""Puts together what clears an environment in one pass: who looks, who judges, who deletes, who restores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere.cleanup.clearing import Clearing
from atmosphere.cleanup.debt import DebtBook
from atmosphere.cleanup.deletion import Deletion
from atmosphere.cleanup.judging import Judge
from atmosphere.cleanup.lane import Lane
from atmosphere.cleanup.recording import Recorder
from atmosphere.cleanup.restoring import Restorer

if TYPE_CHECKING:
    from atmosphere.cleanup.accounts import Account
    from atmosphere.cleanup.baseline import Baseline
    from atmosphere.cleanup.keep import Keep
    from atmosphere.cleanup.kept import Kept
    from atmosphere.cleanup.model import Assignment, Limits
    from atmosphere.cleanup.pace import Pace
    from atmosphere.cleanup.records import TroubleBook
    from atmosphere.cleanup.revocation import Revocation
    from atmosphere.cleanup.tally import TallyBook


def compose(
    *,
    assignment: Assignment,
    account: Account,
    pace: Pace,
    limits: Limits,
    keep: Keep,
    kept: Kept,
    baseline: Baseline,
    revocation: Revocation,
    troubles: TroubleBook,
    tally: TallyBook,
) -> Clearing:
    """One pass's clearing. Raises `Unreachable` when what earlier passes wrote cannot be read."""
    debts = DebtBook(keep, assignment, pace)
    restorer = Restorer(assignment=assignment, account=account, pace=pace, baseline=baseline)
    judge = Judge(
        assignment=assignment, account=account, pace=pace, kept=kept, baseline=baseline, debts=debts, restorer=restorer
    )
    return Clearing(
        assignment=assignment,
        account=account,
        pace=pace,
        limits=limits,
        judge=judge,
        recorder=Recorder(assignment=assignment, account=account, pace=pace, keep=keep, before=baseline.tagged),
        deletion=_deletion(assignment, account, pace, limits, kept=kept, troubles=troubles, debts=debts),
        revocation=revocation,
        troubles=troubles,
        debts=debts,
        baseline=baseline,
        restorer=restorer,
        tally=tally,
    )


def _deletion(
    assignment: Assignment,
    account: Account,
    pace: Pace,
    limits: Limits,
    *,
    kept: Kept,
    troubles: TroubleBook,
    debts: DebtBook,
) -> Deletion:
    lane = Lane(
        assignment=assignment,
        account=account,
        pace=pace,
        limits=limits,
        kept=kept,
        troubles=troubles,
        may_remain=debts.may_remain,
    )
    return Deletion(account=account, pace=pace, kept=kept, troubles=troubles, lane=lane)
