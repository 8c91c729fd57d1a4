"""A small model of the service: who holds what until when, and what may be free. It knows answers, and no rows.

An answer that did not come leaves both open: what may have ended is held no more for certain, what may have been found
clean may be free.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from atmosphere.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from atmosphere.core.model import Allocation, AllocationId, Environment, EnvironmentKey


@dataclass(frozen=True, slots=True)
class Hold:
    """What a caller was told: these are its own until then, as long as it sends the heartbeats that it asked for."""

    told: Allocation
    keys: frozenset[EnvironmentKey]
    until: datetime
    heartbeat: timedelta | None
    heard: datetime


@dataclass
class Model:
    """`over` may have ended; `free` may be free."""

    holds: dict[AllocationId, Hold] = field(default_factory=dict)
    over: set[AllocationId] = field(default_factory=set)
    free: set[EnvironmentKey] = field(default_factory=set)

    def granted(self, told: Allocation) -> None:
        """A caller got an allocation, or the same one again, which is no heartbeat."""
        if told.id in self.holds:
            return
        keys = frozenset(item.key for item in told.items)
        assert keys <= self.free, f"{sorted(keys - self.free)} were granted, and nobody found them clean"
        self.free -= keys
        self.holds[told.id] = Hold(told, keys, told.deadline, told.heartbeat, told.started)

    def heard(self, id_: AllocationId, now: datetime) -> None:
        """A heartbeat was acknowledged, or credentials were refreshed."""
        if id_ in self.holds:
            self.holds[id_] = replace(self.holds[id_], heard=now)

    def may_end(self, which: Callable[[Hold], bool]) -> None:
        """Somebody ended these, or asked for it and was not answered."""
        self.over |= {id_ for id_, hold in self.holds.items() if which(hold)}

    def fell_silent(self, now: datetime) -> None:
        """The reconciler may end what was not heard of for long."""
        self.may_end(lambda hold: hold.heartbeat is not None and hold.heard + hold.heartbeat <= now)

    def may_be_clean(self, key: EnvironmentKey) -> None:
        """A cleanup or an operator says so."""
        self.free.add(key)

    def agrees(self, rows: Iterable[Environment], now: datetime) -> None:
        """Whoever was told that it holds something does, and only what may be free is."""
        there = {row.key: row for row in rows}
        for id_, hold in self.holds.items():
            if id_ in self.over or now >= hold.until:
                continue
            for key in hold.keys:
                row = there.get(key)
                assert row is not None, f"{key} is gone under {id_}"
                assert (row.status, row.allocation) == (Status.IN_USE, id_), f"{key} was taken from {id_}"
        for row in there.values():
            assert row.status is not Status.FREE or row.key in self.free, f"{row.key} is free, not found clean"

    def copy(self) -> Model:
        """Another one that knows the same."""
        return Model(dict(self.holds), set(self.over), set(self.free))
