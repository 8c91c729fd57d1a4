"""Heartbeats: by when the next one must come, and what the reconciler does about silence.

The row of an allocation's first environment carries that instant as its `wake_at`; it is never after the deadline.
Source: design 5, ADR 0021.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.core.model import Allocation, Environment, EnvironmentKey

LATE: Final = timedelta(seconds=180)
"""A row that is overdue for longer was not read in time: then the service may have missed the heartbeats, too."""


class Silence(StrEnum):
    """What an environment in use is due for."""

    TIMEOUT = "timeout"
    """The deadline has passed: heartbeats do not matter any more."""
    LOST = "lost"
    """No heartbeat came in time."""
    SPARED = "spared"
    """The reconciler itself was late: the allocation gets one more heartbeat, and no second one until it beats."""


def next_by(allocation: Allocation, now: datetime) -> datetime:
    """The latest instant for the next heartbeat if one came now; the deadline for an allocation without heartbeats."""
    if allocation.heartbeat is None:
        return allocation.deadline
    return min(allocation.deadline, now + allocation.heartbeat)


def first_by(key: EnvironmentKey, allocation: Allocation) -> datetime:
    """When the reconciler first has to look at one of the allocation's environments."""
    carries = key == allocation.items[0].key
    return next_by(allocation, allocation.started) if carries else allocation.deadline


def silence(row: Environment, allocation: Allocation, now: datetime) -> Silence:
    """What a due row of an active allocation is due for; lost is only what asked for heartbeats."""
    if allocation.heartbeat is None or allocation.deadline <= now:
        return Silence.TIMEOUT
    is_late = row.wake_at is not None and now - row.wake_at > LATE
    return Silence.SPARED if is_late and not row.spared else Silence.LOST
