"""A pass's context around an account, for tests of single steps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from atmosphere.cleanup.aws.accounts import Accounts
from atmosphere.cleanup.aws.budget import Budget, Heartbeat
from atmosphere.cleanup.aws.workers import Workers
from atmosphere.cleanup.context import PassContext
from atmosphere.cleanup.limits import Limits
from atmosphere.cleanup.state.baseline import UNKNOWN
from atmosphere.cleanup.state.store import MemoryTexts
from atmosphere.cleanup.state.troubles import TroubleRepository
from atmosphere.cleanup.verdict.protected import Protection

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.adapters.memory import FakeClock
    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.state.baseline import Baseline
    from atmosphere.cleanup.state.store import TextStore


def some_workers(
    clock: FakeClock,
    beat: Callable[[], None] = lambda: None,
    *,
    count: int = 1,
    length: timedelta = timedelta(seconds=240),
) -> tuple[Budget, Heartbeat, Workers]:
    """The parts of a pass that have to do with time."""
    budget = Budget(clock, length)
    heartbeat = Heartbeat(beat, budget)
    return budget, heartbeat, Workers(count, budget=budget, heartbeat=heartbeat)


def a_context(
    assignment: Assignment,
    account: Account,
    clock: FakeClock,
    *,
    baseline: Baseline = UNKNOWN,
    store: TextStore | None = None,
    beat: Callable[[], None] = lambda: None,
    length: timedelta = timedelta(hours=1),
) -> PassContext:
    """A context as the engine makes it."""
    budget, heartbeat, workers = some_workers(clock, beat, length=length)
    store = store or MemoryTexts()
    return PassContext(
        assignment=assignment,
        limits=Limits(),
        accounts=Accounts(),
        account=account,
        store=store,
        budget=budget,
        heartbeat=heartbeat,
        workers=workers,
        baseline=baseline,
        protection=Protection(assignment.registration, baseline),
        troubles=TroubleRepository(store, assignment),
    )
