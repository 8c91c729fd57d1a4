"""Every few minutes: how each pool stands, and what of it was not published.

Three reads for each pool, and two more while it has dirty environments. The only writes note what was published, and
that an exhaustion began or is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from atmosphere.core import changes
from atmosphere.core.breaker import published
from atmosphere.core.events import is_untold
from atmosphere.core.model import Status
from atmosphere.core.shortage import Shortage, ShortageKey, begins
from atmosphere.ports import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from atmosphere.core.breaker import Breaker
    from atmosphere.core.changes import Change
    from atmosphere.core.model import Environment, PoolName
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Clock, Ids, Store

MOST_UNTOLD: Final = 20
"""Dirty environments of a pool that one run publishes again."""
_LATE: Final = timedelta(minutes=2)
"""What became dirty since may still be published by whoever made it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How a pool stands: `short` while it is exhausted, `untold` environments whose event was not published.

    `held` is its open breaker, if that was not published.
    """

    pool: PoolName
    counts: Mapping[Status, int]
    waiting: int
    short: Shortage | None
    untold: tuple[Environment, ...]
    held: Breaker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurer:
    """The verb with its collaborators."""

    store: Store
    clock: Clock
    ids: Ids
    snapshot: Snapshot

    def run(self) -> Iterator[Measured]:
        """Each pool of the configuration. Raises `Unreachable`; what was measured before stays."""
        return map(self._measure, sorted(self.snapshot.pools))

    def _measure(self, pool: PoolName) -> Measured:
        now = self.clock.now()
        counts = self.store.counts(pool)
        waiting = sum(waiter.present_until > now for waiter in self.store.waiters(pool))
        return Measured(
            pool=pool,
            counts=counts,
            waiting=waiting,
            short=self._short(pool, counts, waiting, now),
            untold=tuple(self._untold(pool, now)) if counts[Status.DIRTY] else (),
            held=self._held(pool, now) if counts[Status.DIRTY] else None,  # the write that opens it makes one dirty
        )

    def _short(self, pool: PoolName, counts: Mapping[Status, int], waiting: int, now: datetime) -> Shortage | None:
        found = self.store.shortage(pool)
        if found is None and begins(counts, waiting):
            found = Shortage(id=ShortageKey(pool), since=now)
            return found if _noted(self.store, self.ids, changes.Put(row=found)) else None
        if found is not None and not waiting:
            _noted(self.store, self.ids, changes.short_over(found))
            return None
        return found

    def _untold(self, pool: PoolName, now: datetime) -> Iterator[Environment]:
        rows = (row for page in self.store.holding(pool, Status.DIRTY) for row in page)
        return islice((row for row in rows if is_untold(row) and now - row.since >= _LATE), MOST_UNTOLD)

    def _held(self, pool: PoolName, now: datetime) -> Breaker | None:
        found = self.store.breaker(pool)
        if found is None or found.opened is None or found.told or now - found.opened < _LATE:
            return None
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcer:
    """Notes what was published. A row that changed meanwhile says something else by now, and is left alone."""

    store: Store
    ids: Ids

    def told(self, row: Environment, event: str) -> None:
        """That this row is dirty was published as `event`. Raises `Unreachable`."""
        _noted(self.store, self.ids, changes.told(row, event))

    def hold_told(self, breaker: Breaker) -> None:
        """That a pool is held was published. Raises `Unreachable`."""
        _noted(self.store, self.ids, changes.breaker(breaker, published(breaker)))

    def short_told(self, shortage: Shortage) -> None:
        """That a pool is exhausted was published. Raises `Unreachable`."""
        _noted(self.store, self.ids, changes.short_told(shortage))


def _noted(store: Store, ids: Ids, change: Change) -> bool:
    """Whether it was this run that noted it; another one may run at the same time."""
    try:
        store.commit([change], token=ids.new())
    except Conflict:
        return False
    return True
