"""Scans of environments that are free: what appears there is certainly no test's.

The reconciler starts some; the environment stays free, and whoever allocates it does not wait. So a scan counts only if
nobody had the environment from its start to its end: the row is still free, since the same instant. That is the
condition of the write with which it ends; otherwise all that it saw is forgotten.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atmosphere.core import changes
from atmosphere.core.model import ActKind, Environment, HistoryEntry, OwnerKey
from atmosphere.core.sharing import is_alone
from atmosphere.ports import Conflict, WatchOrder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from atmosphere.core.model import EnvironmentKey, PoolName
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Cleaner, Clock, Ids, Store

MOST: Final = 5
"""Scans that one run of the reconciler starts."""
_EVERY: Final = 10
"""Minutes of the hour at which it reads the free rows."""
WATCH: Final = OwnerKey("service:watch")
"""Who adopted, in the history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Starts scans, for the pools whose organization the configuration names."""

    store: Store
    cleaner: Cleaner
    clock: Clock
    ids: Ids
    snapshot: Snapshot

    def run(self) -> int:
        """Start those that are due, the longest free first, at most `MOST`; how many. Raises `Unreachable`."""
        now = self.clock.now()
        if not self.snapshot.settings.watch_free or now.minute % _EVERY:
            return 0
        started = 0
        for row in self._due(now):
            started += self._start(row, now)
            if started == MOST:
                break
        return started

    def _due(self, now: datetime) -> Iterator[Environment]:
        """Free rows whose account the configuration gives to them alone; `Watching` asks the table, too."""
        known = Counter(entry.key.account for entry in self.snapshot.environments)
        for pool in self._pools():
            for page in self.store.free(pool):
                yield from (row for row in page if known[row.key.account] == 1 and self._is_due(row, now))

    def _pools(self) -> list[PoolName]:
        named = (entry for entry in self.snapshot.environments if entry.organization.management_account)
        return sorted({entry.pool for entry in named})

    def _is_due(self, row: Environment, now: datetime) -> bool:
        last = max(filter(None, (row.freed_at, row.watched_at)), default=now)
        named = row.registered.organization.management_account is not None
        return named and now - last >= self.snapshot.settings.watch_free

    def _start(self, row: Environment, now: datetime) -> bool:
        try:
            self.store.commit([changes.watched(row, now=now)], token=self.ids.new())
        except Conflict:  # allocated, or another run started it
            return False
        if row.freed_at is not None:
            self.cleaner.watch(WatchOrder(self.ids.new(), row.key, row.freed_at))
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """The verbs of one scan."""

    order: WatchOrder
    store: Store
    clock: Clock
    ids: Ids

    def load(self) -> Environment | None:
        """The row; None if it was allocated since, or the account is not the environment's alone."""
        row = self.store.environment(self.order.key)
        if row is None or row.freed_at != self.order.freed_at:  # only a free row has one, and each registration another
            return None
        return row if self._is_alone() else None

    def confirm(self, row: Environment, *, adopted: str) -> bool:
        """Record what is going to be adopted; False, with nothing written, if somebody had the environment meanwhile.

        `row` is as `load` read it before the scan began.
        """
        if not self._is_alone():
            return False
        now = self.clock.now()
        entry = HistoryEntry(
            key=row.key, at=now, id=self.order.id, kind=ActKind.ADOPT, pool=row.pool, who=WATCH, reason=adopted
        )
        try:
            self.store.commit([changes.watched(row, now=now), changes.Put(row=entry)], token=self.ids.new())
        except Conflict:
            return False
        return True

    def _is_alone(self) -> bool:
        known: set[EnvironmentKey] = {row.key for row in self.store.of_account(self.order.key.account)}
        return is_alone(self.order.key, known)
