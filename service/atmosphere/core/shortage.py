"""When a pool is exhausted: callers wait for it, and nothing of it is free.

An exhaustion lasts until nobody waits: an environment that was free for a moment does not end it. So it is one event,
however often a test comes and goes meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atmosphere.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from atmosphere.core.model import PoolName


@dataclass(frozen=True, slots=True)
class ShortageKey:
    """The key of a pool's shortage."""

    pool: PoolName


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """A row that exists while its pool is exhausted; `told` once that was published."""

    id: ShortageKey
    since: datetime
    told: bool = False


def longest_minutes(shortages: Iterable[Shortage | None], now: datetime) -> int:
    """For how many whole minutes the pool has been exhausted that has been so for longest; 0 if none is."""
    return max((int((now - short.since).total_seconds() // 60) for short in shortages if short is not None), default=0)


def begins(counts: Mapping[Status, int], waiting: int) -> bool:
    """Whether a pool that was not exhausted is so now."""
    return waiting > 0 and counts[Status.FREE] == 0
