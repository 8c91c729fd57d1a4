"""A store that remembers who moved which row, and whose indexes can lag behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atmosphere.adapters.memory import MemoryStore
from atmosphere.core.changes import target_of
from atmosphere.core.model import Environment, EnvironmentKey
from tests.builders import POOL
from tests.machine.fairness import Begun, check_grant, room

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from atmosphere.adapters.memory import FakeClock
    from atmosphere.core.changes import Change, Row, Target
    from atmosphere.core.github import RunKey
    from atmosphere.core.model import Allocation, PoolName, RuleName, Status


@dataclass(frozen=True, slots=True)
class Move:
    """One write of one environment: by which operation on what, when, from what to what.

    `due` is the earliest instant at which one of the rows written together was to be looked at.
    """

    by: str
    of: object
    at: datetime
    before: Environment | None
    after: Environment | None
    due: datetime | None = None


class ObservedStore(MemoryStore):
    """`MemoryStore` for one thread. `doing` is the operation that is at work, and what it was asked to work on."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(page_size=2)
        self.clock = clock
        self.doing: tuple[str, object] = ("nobody", None)
        self.moves: list[Move] = []
        self._behind: MemoryStore | None = None
        self.begun: Begun | None = None  # when the request that is at work began
        self.limits: Mapping[RuleName, int] = {}
        self.compared = 0  # waiters that a grant was checked against

    def seen(self) -> Begun:
        """What is there for somebody who begins now."""
        return Begun(self.waiters(POOL), room(self.limits, self.slots()), self.environments())

    def commit(self, changes: Sequence[Change], *, token: str) -> None:
        keys = [target for change in changes if isinstance(target := target_of(change), EnvironmentKey)]
        before = [self.environment(key) for key in keys]
        over = {target: row for target, row in self._rows.items() if getattr(row, "ended", None)}
        seen = self.seen() if self.begun else None
        super().commit(changes, token=token)
        if self.begun and seen:
            self.compared += check_grant(changes, self.begun, seen, self.clock.now())
        assert all(self._rows[target] == row for target, row in over.items()), "what has ended changed once more"
        after = [self.environment(key) for key in keys]
        now = self.clock.now()
        due = min((row.wake_at for row in before if row and row.wake_at), default=None)
        pairs = zip(before, after, strict=True)
        self.moves += [Move(*self.doing, now, old, new, due) for old, new in pairs if old != new]

    def everything(self) -> dict[Target, Row]:
        """Every row."""
        return dict(self._rows)

    def become(self, other: ObservedStore) -> None:
        """Hold the same rows."""
        self._rows = dict(other._rows)
        self._environments = dict(other._environments)
        self._active = dict(other._active)
        self._waiters = {pool: dict(rows) for pool, rows in other._waiters.items()}
        self._slots = dict(other._slots)

    def lag(self) -> None:
        """From here on, indexes tell what is there now."""
        self._behind = MemoryStore(page_size=2)
        self._behind._environments = dict(self._environments)
        self._behind._active = dict(self._active)

    def catch_up(self) -> None:
        """Indexes tell the truth again."""
        self._behind = None

    @property
    def lagging(self) -> bool:
        return self._behind is not None

    def free(self, pool: PoolName) -> Iterator[Sequence[Environment]]:
        return self._behind.free(pool) if self._behind else super().free(pool)

    def holding(self, pool: PoolName, status: Status) -> Iterator[Sequence[Environment]]:
        return self._behind.holding(pool, status) if self._behind else super().holding(pool, status)

    def any_with(self, pool: PoolName, status: Status) -> bool:
        return self._behind.any_with(pool, status) if self._behind else super().any_with(pool, status)

    def counts(self, pool: PoolName) -> Mapping[Status, int]:
        return self._behind.counts(pool) if self._behind else super().counts(pool)

    def waking(self, until: datetime, limit: int, *, strays: bool = False) -> Sequence[Environment]:
        behind = self._behind
        return behind.waking(until, limit, strays=strays) if behind else super().waking(until, limit, strays=strays)

    def active_of_run(self, run: RunKey) -> Sequence[Allocation]:
        return self._behind.active_of_run(run) if self._behind else super().active_of_run(run)
