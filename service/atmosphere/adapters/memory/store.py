"""The store in memory: one lock, whole commits, the same comparisons as the one on DynamoDB."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Final

from atmosphere.adapters.cursors import PAGE, Position, span
from atmosphere.adapters.items import start_id
from atmosphere.core.breaker import Breaker, PoolKey
from atmosphere.core.changes import Absent, Before, ConditionCheck, Delete, Is, Put, applied, target_of
from atmosphere.core.model import Allocation, AllocationStatus, Environment, HistoryEntry, Registration, Status
from atmosphere.core.queue import Waiter, WaiterKey
from atmosphere.core.quota import Slot
from atmosphere.core.shortage import Shortage, ShortageKey
from atmosphere.core.snapshot import canonical, registration_to_json
from atmosphere.ports import Conflict, Page, TokenReused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from atmosphere.adapters.cursors import Span
    from atmosphere.core.changes import Change, Expectation, Row, Target, Update
    from atmosphere.core.github import RunKey
    from atmosphere.core.model import AccountId, AllocationId, EnvironmentKey, PoolName

_TOKENS: Final = 10_000  # commits remembered; far more than ten minutes of them


class MemoryStore:
    """`ports.Store`. Safe to share between threads."""

    def __init__(self, *, page_size: int = 100) -> None:
        self._page_size = page_size
        self._lock = threading.RLock()
        self._rows: dict[Target, Row] = {}
        self._environments: dict[Target, Environment] = {}  # these four are indexes over the rows
        self._active: dict[Target, Allocation] = {}
        self._waiters: dict[PoolName, dict[Target, Waiter]] = {}
        self._slots: dict[Target, Slot] = {}
        self._tokens: OrderedDict[str, list[Change]] = OrderedDict()

    def commit(self, changes: Sequence[Change], *, token: str) -> None:
        """All under the lock: compare everything, then write everything."""
        with self._lock:
            if token in self._tokens:
                if self._tokens[token] != list(changes):
                    raise TokenReused("this token was used for other changes: make the token from what is being done")
                return
            found = [self._rows.get(target_of(change)) for change in changes]
            broken = {
                index: row
                for index, (change, row) in enumerate(zip(changes, found, strict=True))
                if not _holds(change, row)
            }
            if broken:
                raise Conflict(broken)
            for change, row in zip(changes, found, strict=True):
                if not isinstance(change, ConditionCheck):
                    self._write(target_of(change), _result(change, row))
            self._remember(token, changes)

    def _remember(self, token: str, changes: Sequence[Change]) -> None:
        self._tokens[token] = list(changes)
        if len(self._tokens) > _TOKENS:
            self._tokens.popitem(last=False)

    def _write(self, target: Target, row: Row | None) -> None:
        self._rows.pop(target, None)
        self._environments.pop(target, None)
        self._active.pop(target, None)
        self._slots.pop(target, None)
        if isinstance(target, WaiterKey):
            self._waiters.get(target.pool, {}).pop(target, None)
        if row is None:
            return
        self._rows[target] = row
        if isinstance(row, Environment):
            self._environments[target] = row
        elif isinstance(row, Allocation) and row.status is AllocationStatus.ACTIVE:
            self._active[target] = row
        elif isinstance(row, Waiter):
            self._waiters.setdefault(row.id.pool, {})[target] = row
        elif isinstance(row, Slot):
            self._slots[target] = row

    def free(self, pool: PoolName) -> Iterator[Sequence[Environment]]:
        """What is free at the first page."""
        return self.holding(pool, Status.FREE)

    def holding(self, pool: PoolName, status: Status) -> Iterator[Sequence[Environment]]:
        """What is in this status at the first page."""
        rows = self._of_pool(pool, status)
        rows.sort(key=lambda row: (row.freed_at is not None, row.freed_at, row.key))
        for begin in range(0, len(rows), self._page_size):
            yield rows[begin : begin + self._page_size]

    def _of_pool(self, pool: PoolName, status: Status) -> list[Environment]:
        with self._lock:
            return [row for row in self._environments.values() if row.status is status and row.pool == pool]

    def any_with(self, pool: PoolName, status: Status) -> bool:
        """Whether there is one."""
        return bool(self._of_pool(pool, status))

    def counts(self, pool: PoolName) -> Mapping[Status, int]:
        """Counted now."""
        with self._lock:
            found = Counter(row.status for row in self._environments.values() if row.pool == pool)
        return {status: found[status] for status in Status}

    def environment(self, key: EnvironmentKey) -> Environment | None:
        """The row."""
        with self._lock:
            return self._environments.get(key)

    def environments(self) -> Sequence[Environment]:
        """All, by key."""
        with self._lock:
            return sorted(self._environments.values(), key=lambda row: row.key)

    def of_account(self, account: AccountId) -> Sequence[Environment]:
        """In order of region."""
        with self._lock:
            rows = [row for row in self._environments.values() if row.key.account == account]
        return sorted(rows, key=lambda row: row.key)

    def waking(self, until: datetime, limit: int, *, strays: bool = False) -> Sequence[Environment]:
        """Earliest first; here none strays."""
        if strays:
            return []
        with self._lock:
            due = [(row.wake_at, row.key, row) for row in self._environments.values() if row.wake_at is not None]
        return [row for wake_at, _, row in sorted(due, key=lambda entry: entry[:2]) if wake_at <= until][:limit]

    def allocation(self, allocation: AllocationId) -> Allocation | None:
        """The row."""
        with self._lock:
            row = self._rows.get(allocation)
        return row if isinstance(row, Allocation) else None

    def breaker(self, pool: PoolName) -> Breaker | None:
        """The row."""
        with self._lock:
            row = self._rows.get(PoolKey(pool))
        return row if isinstance(row, Breaker) else None

    def shortage(self, pool: PoolName) -> Shortage | None:
        """The row."""
        with self._lock:
            row = self._rows.get(ShortageKey(pool))
        return row if isinstance(row, Shortage) else None

    def waiters(self, pool: PoolName) -> Sequence[Waiter]:
        """The rows."""
        with self._lock:
            return list(self._waiters.get(pool, {}).values())

    def slots(self) -> Sequence[Slot]:
        """The rows."""
        with self._lock:
            return list(self._slots.values())

    def active_of_run(self, run: RunKey) -> Sequence[Allocation]:
        """Oldest first."""
        with self._lock:
            found = [row for row in self._active.values() if row.run is not None and row.run.key == run]
        return sorted(found, key=lambda row: row.started)

    def history_of(
        self, key: EnvironmentKey, *, since: datetime | None, until: datetime | None, cursor: str | None
    ) -> Page:
        """Newest first."""
        with self._lock:
            entries = [row for row in self._history if row.key == key]
        return _page(entries, span(since, until, cursor, key=key))

    def history_by(self, requester: str, *, since: datetime | None, until: datetime | None, cursor: str | None) -> Page:
        """Newest first; what has no requester cannot be found by one."""
        with self._lock:
            entries = [row for row in self._history if row.requester and row.requester == requester]
        return _page(entries, span(since, until, cursor))

    @property
    def _history(self) -> Iterator[HistoryEntry]:
        return (row for row in self._rows.values() if isinstance(row, HistoryEntry))


def _holds(change: Change, row: Row | None) -> bool:
    if row is None:
        needs_none = isinstance(change, Put | ConditionCheck)
        return needs_none and not any(isinstance(expected, Is) for expected in change.expects)
    return all(_is_met(expected, row) for expected in change.expects)


def _is_met(expected: Expectation, row: Row) -> bool:
    if isinstance(expected, Absent):
        return False
    if isinstance(expected, Before):
        found = getattr(row, expected.field)
        return found is None or found < expected.value
    return _comparable(getattr(row, expected.field)) == _comparable(expected.value)


def _comparable(value: object) -> object:
    """Registrations are compared as their text, as DynamoDB does: to Python, 1 and true are equal."""
    return canonical(registration_to_json(value)) if isinstance(value, Registration) else value


def _result(change: Put | Update | Delete, row: Row | None) -> Row | None:
    if isinstance(change, Put):
        return change.row
    return None if isinstance(change, Delete) or row is None else applied(row, change)


def _page(entries: Sequence[HistoryEntry], wanted: Span) -> Page:
    placed = [(Position(start_id(entry.at, entry.id), entry.key.path), entry) for entry in entries]
    rest = [
        (where, entry)
        for where, entry in sorted(placed, key=lambda pair: pair[0], reverse=True)
        if wanted.first <= where.start_id <= wanted.last and (wanted.after is None or where < wanted.after)
    ]
    cursor = rest[PAGE - 1][0].cursor() if len(rest) > PAGE else None
    return Page(tuple(entry for _, entry in rest[:PAGE]), cursor)
