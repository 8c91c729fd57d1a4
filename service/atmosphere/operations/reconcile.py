"""The reconciler: every minute, repair what nobody else finished.

Overdue allocations are ended with the outcome `timeout`, those whose heartbeat did not come with `lost`, overdue
cleanings become dirty, silent cleanings get their next attempt, and dirty environments are cleaned again from the date
on that AWS gave. One read when nothing is wrong; one poisoned row never keeps the others waiting.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from atmosphere.core import changes, heartbeat
from atmosphere.core.heartbeat import Silence
from atmosphere.core.lifecycle import Event
from atmosphere.core.model import AllocationStatus, EndedBy, Environment, EnvironmentKey, Status
from atmosphere.operations.deallocate import Silent
from atmosphere.ports import CleanupOrder, Conflict

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from atmosphere.core.model import Allocation
    from atmosphere.operations.deallocate import Deallocator
    from atmosphere.ports import Cleaner, Clock, Ids, Store

BATCH: Final = 1000
"""Rows that one run looks at, at most: a page of DynamoDB. The budget of its time usually ends it before."""
TIMEOUT_OUTCOME: Final = "timeout"
LOST_OUTCOME: Final = "lost"


class Repair(StrEnum):
    """What the reconciler can do to a row."""

    ALLOCATION_TIMEOUT = "allocation-timeout"
    ALLOCATION_LOST = "allocation-lost"
    HEARTBEAT_SPARED = "heartbeat-spared"
    """No heartbeat came, but this reconciler was late itself: the allocation gets one more."""
    ENDED_BUT_IN_USE = "ended-but-in-use"
    ALLOCATION_MISSING = "allocation-missing"
    CLEANUP_TIMEOUT = "cleanup-timeout"
    CLEANUP_SILENT = "cleanup-silent"
    RECHECK = "recheck"
    """A dirty environment whose date has come is cleaned again."""
    LOST_RACE = "lost-race"
    """Somebody else changed the row meanwhile: nothing to repair."""
    FAILED = "failed"
    """This row could not be repaired now; the next run tries again."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """One row that was due, and what came of it."""

    key: EnvironmentKey
    repair: Repair
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that one run did."""

    repaired: list[Repaired] = field(default_factory=list)

    @property
    def counts(self) -> Counter[Repair]:
        """How often each repair was made."""
        return Counter(entry.repair for entry in self.repaired)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """The verb with its collaborators; a run stops looking at further rows after `budget`.

    `became_dirty` gets each row that became dirty by this, after the commit.
    """

    store: Store
    cleaner: Cleaner
    clock: Clock
    ids: Ids
    deallocator: Deallocator
    budget: timedelta
    became_dirty: Callable[[Environment], None]

    def run(self, *, strays: bool = False) -> Run:
        """Repair every row that is due, or as many as fit the budget, earliest first; raises `Unreachable`.

        With `strays` only those that the other runs do not find (`Store.waking`).
        """
        started = self.clock.now()
        run = Run()
        for row in self.store.waking(started, BATCH, strays=strays):
            if self.clock.now() - started > self.budget:
                break
            run.repaired.append(self._guarded(row))
        return run

    def _guarded(self, row: Environment) -> Repaired:
        try:
            return Repaired(row.key, self._repair(row))
        except Conflict:
            return Repaired(row.key, Repair.LOST_RACE)
        except Exception as fault:  # noqa: BLE001 -- one poisoned row must not keep all others waiting; it is logged
            return Repaired(row.key, Repair.FAILED, type(fault).__name__)

    def _repair(self, row: Environment) -> Repair:
        now = self.clock.now()
        if row.status is Status.IN_USE:
            return self._end(row)
        if row.status is Status.DIRTY:
            return self._recheck(row)
        if row.deadline is not None and row.deadline <= now:
            dirty = changes.found_dirty(row, now=now, reason=Repair.CLEANUP_TIMEOUT, report=row.report)
            return self._make_dirty(row, dirty, Repair.CLEANUP_TIMEOUT)
        return self._next_attempt(row)

    def _make_dirty(self, row: Environment, dirty: changes.Update, repair: Repair) -> Repair:
        self.store.commit([dirty], token=self.ids.new())
        self.became_dirty(replace(row, **dirty.sets))  # type: ignore[arg-type]
        return repair

    def _recheck(self, row: Environment) -> Repair:
        fence = row.allocation or self.ids.new()
        limit = row.registered.limit_or(self.deallocator.cleanup_limit)
        change = changes.operate(row, Event.RECHECK, fence=fence, now=self.clock.now(), limit=limit)
        if change is None:
            return Repair.LOST_RACE
        self.store.commit([change], token=self.ids.new())
        self.cleaner.start(CleanupOrder(fence, row.key, attempt=row.attempt + 1))
        return Repair.RECHECK

    def _end(self, row: Environment) -> Repair:
        allocation = self.store.allocation(row.allocation) if row.allocation else None
        if allocation is None:
            return self._make_dirty(row, changes.orphaned(row, now=self.clock.now()), Repair.ALLOCATION_MISSING)
        if allocation.status is AllocationStatus.ACTIVE:
            return self._overdue(row, allocation)
        limit = row.registered.limit_or(self.deallocator.cleanup_limit)
        freed = changes.let_go(row.key, allocation.id, now=self.clock.now(), limit=limit)
        self.store.commit([freed], token=self.ids.new())
        self.cleaner.start(CleanupOrder(allocation.id, row.key, attempt=1))
        return Repair.ENDED_BUT_IN_USE

    def _overdue(self, row: Environment, allocation: Allocation) -> Repair:
        now = self.clock.now()
        due = heartbeat.silence(row, allocation, now)
        if due is Silence.SPARED:
            self.store.commit([changes.spare(row, allocation, now=now)], token=self.ids.new())
            return Repair.HEARTBEAT_SPARED
        if due is Silence.TIMEOUT:
            ended = self.deallocator.end(allocation, outcome=TIMEOUT_OUTCOME, by=EndedBy.TIMEOUT)
            return Repair.ALLOCATION_TIMEOUT if ended else Repair.LOST_RACE
        silent = Silent(row.key, row.wake_at) if row.wake_at else None
        ended = self.deallocator.end(allocation, outcome=LOST_OUTCOME, by=EndedBy.LOST, silent=silent)
        return Repair.ALLOCATION_LOST if ended else Repair.LOST_RACE

    def _next_attempt(self, row: Environment) -> Repair:
        self.store.commit([changes.next_attempt(row, now=self.clock.now())], token=self.ids.new())
        if row.allocation is not None:
            self.cleaner.start(CleanupOrder(row.allocation, row.key, attempt=row.attempt + 1))
        return Repair.CLEANUP_SILENT
