"""Puts together what clears an environment in one pass: who looks, who judges, who deletes, who restores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere.cleanup.baseline.drift import Restorer
from atmosphere.cleanup.clearing import Clearing
from atmosphere.cleanup.delete.deletion import Deletion
from atmosphere.cleanup.delete.stacks import Lane
from atmosphere.cleanup.scan.ledger_update import Recorder
from atmosphere.cleanup.state.deferred import DebtBook
from atmosphere.cleanup.verdict.classify import Judge

if TYPE_CHECKING:
    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.aws.pace import Pace
    from atmosphere.cleanup.model import Assignment, Limits
    from atmosphere.cleanup.revoke.revocation import Revocation
    from atmosphere.cleanup.state.baseline import Baseline
    from atmosphere.cleanup.state.counts import TallyBook
    from atmosphere.cleanup.state.store import TextStore
    from atmosphere.cleanup.state.troubles import TroubleBook
    from atmosphere.cleanup.verdict.protected import Protection


def compose(
    *,
    assignment: Assignment,
    account: Account,
    pace: Pace,
    limits: Limits,
    keep: TextStore,
    kept: Protection,
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
    kept: Protection,
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
