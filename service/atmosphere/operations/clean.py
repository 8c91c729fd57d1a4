"""What a cleanup may say about its environment, fenced by allocation and attempt.

The engine (`cleanup/`) finds out; this decides and commits. `Superseded` means that somebody else owns the row by now:
the cleanup must stop at once and touch nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from atmosphere.core import changes
from atmosphere.core.breaker import Breaker, Cause, counted
from atmosphere.core.model import Environment, Status
from atmosphere.core.sharing import is_alone, neighbours
from atmosphere.operations.rounds import Rounds
from atmosphere.ports import CleanupOrder, Conflict, Unreachable

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from atmosphere.core.model import Allocation, EnvironmentKey, PoolName, Region
    from atmosphere.ports import Clock, Ids, Store

_ROUNDS: Final = Rounds(limit=5)
_COUNTING: Final = Rounds(limit=12, pauses=range(20, 400))  # many environments of a pool may become dirty at once


class Superseded(Exception):
    """The row is no longer cleaning for this allocation and attempt."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be cleaned, after whom; at a birth (or where the record has expired) there is no allocation.

    `alone` says that the account has no other environment, not even one that is draining: only then may what belongs to
    the account as a whole be swept. `neighbours` are the regions of the others.
    """

    environment: Environment
    allocation: Allocation | None
    alone: bool
    neighbours: tuple[Region, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirty:
    """The environment is dirty now: its row, and its pool's breaker if that write opened it."""

    row: Environment
    opened: Breaker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """The verbs of one cleanup with their collaborators."""

    order: CleanupOrder
    store: Store
    clock: Clock
    ids: Ids

    def load(self) -> Subject:
        """The row and its allocation; raises `Superseded`, `Unreachable`."""
        environment = self._row()
        key, account = self.order.key, self._account()
        allocation = self.store.allocation(self.order.allocation)
        return Subject(environment, allocation, alone=is_alone(key, account), neighbours=neighbours(key, account))

    def _account(self) -> set[EnvironmentKey]:
        """The environments of the account, also those that are draining."""
        return {row.key for row in self.store.of_account(self.order.key.account)}

    def _row(self) -> Environment:
        row = self.store.environment(self.order.key)
        if row is None or not self._is_ours(row):
            raise Superseded(f"{self.order.key} is no longer cleaned by attempt {self.order.attempt}")
        return row

    def _is_ours(self, row: Environment) -> bool:
        return (row.status, row.allocation, row.attempt) == (
            Status.CLEANING,
            self.order.allocation,
            self.order.attempt,
        )

    def beat(self, *, alone: bool = False) -> None:
        """Say that the cleanup is alive; raises `Superseded`, also when it counts on being `alone` and is not any more.

        The account as a whole is then no longer this cleanup's; the next attempt knows that from its start.
        """
        row = self._row()
        if alone and not is_alone(self.order.key, self._account()):
            raise Superseded(f"account {self.order.key.account} has another environment now")
        self._commit(changes.beat(row, now=self.clock.now()))

    def free(self, *, report: str | None) -> Status | None:
        """Hand the environment over: free, held, or gone (None), as its marks say; raises `Superseded`."""
        what = f"{self.order.key} changed {_ROUNDS.limit} times while it was being freed"
        return _ROUNDS.run(
            lambda _: self._free(report), clock=self.clock, ids=self.ids, exhausted=lambda: Unreachable(what)
        )

    def _free(self, report: str | None) -> Status | None:
        """One round; raises `Conflict` when a mark changed meanwhile, and `Superseded` if more than that did."""
        change = changes.found_clean(self._row(), now=self.clock.now(), report=report)
        self.store.commit([change], token=self.ids.new())
        after = change.sets["status"] if isinstance(change, changes.Update) else None
        return after if isinstance(after, Status) else None

    def held(self, pool: PoolName) -> str | None:
        """Why nothing of the pool's environments may be deleted now, None if it may; one read."""
        found = self.store.breaker(pool)
        if found is None or found.opened is None:
            return None
        return (
            f"cleanups of the pool {pool} delete nothing since {found.opened:%Y-%m-%dT%H:%M:%SZ}: "
            f"{len(found.environments)} of its environments were dirty for {found.thing}. Nothing was deleted here "
            f"either: decide on that (atmosphere pool show {pool}), then resume the pool"
        )

    def give_up(
        self, *, reason: str, report: str | None, cause: Cause | None = None, retry_at: datetime | None = None
    ) -> Dirty:
        """Dirty, until a person acts or `retry_at` comes; the same write counts the things that a `cause` names.

        Raises `Superseded`. What waits for a date is nothing to count.
        """
        if cause is None or not cause.things or retry_at is not None:
            row, now = self._row(), self.clock.now()
            dirty = changes.found_dirty(row, now=now, reason=reason, report=report, retry_at=retry_at)
            self._commit(dirty)
            return Dirty(row=replace(row, **dirty.sets))  # type: ignore[arg-type]
        what = f"the breaker of the pool of {self.order.key} changed {_COUNTING.limit} times meanwhile"
        return _COUNTING.run(
            lambda _: self._count(reason, report, cause),
            clock=self.clock,
            ids=self.ids,
            exhausted=lambda: Unreachable(what),
        )

    def _count(self, reason: str, report: str | None, cause: Cause) -> Dirty:
        """One round; raises `Conflict` when another environment was counted meanwhile."""
        row, now = self._row(), self.clock.now()
        before = self.store.breaker(row.pool)
        after = counted(before or Breaker(pool=row.pool), row.key, cause, now=now)
        dirty = changes.found_dirty(row, now=now, reason=reason, report=report)
        self.store.commit([dirty, changes.breaker(before, after)], token=self.ids.new())
        was_open = before is not None and before.opened is not None
        opened = None if was_open or after.opened is None else after
        return Dirty(row=replace(row, **dirty.sets), opened=opened)  # type: ignore[arg-type]

    def rest(self, *, reason: str, report: str | None, pause: timedelta, cause: Cause | None = None) -> Dirty | None:
        """This attempt is over: rest, longer each time (None), or give up if it was the last one."""
        row = self._row()
        if row.blocked + 1 >= changes.MAX_BLOCKED:
            return self.give_up(reason=reason, report=report, cause=cause)
        self._commit(changes.blocked(row, now=self.clock.now(), pause=pause * 2**row.blocked, report=report))
        return None

    def _commit(self, change: changes.Change) -> None:
        try:
            self.store.commit([change], token=self.ids.new())
        except Conflict as lost:
            raise Superseded(f"{self.order.key} changed hands") from lost
