"""What is published: changes that operators care about, each as a value with an id that its repetitions share.

An event is published after the commit that it reports, and may be published again: whoever gets it compares `id`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeAlias

from atmosphere.core.breaker import POOL_HELD
from atmosphere.core.model import EndedBy, Environment, Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from atmosphere.core.model import AllocationId, EnvironmentKey, OwnerKey, PoolName


class EventKind(StrEnum):
    """The `detail-type` of an event."""

    FREE = "Environment Free"
    """Clean, and free for the next test."""
    DIRTY = "Environment Dirty"
    HELD = "Environment Held"
    """Out of service, because an operator said so."""
    REINSTATED = "Environment Reinstated"
    """An operator declared it clean."""
    RESUMED = "Environment Resumed"
    """An operator ended its hold: it is cleaned."""
    DEREGISTERED = "Environment Deregistered"
    """Gone: the configuration no longer names it."""
    POOL_HELD = "Pool Held"
    """Its breaker opened: cleanups delete nothing."""
    POOL_RESUMED = "Pool Resumed"
    POOL_EXHAUSTED = "Pool Exhausted"
    """Callers wait, and nothing is free."""
    TIMED_OUT = "Allocation Timed Out"
    """It did not end before its deadline."""
    LOST = "Allocation Lost"
    """Its heartbeats ended before it did."""


ENDINGS: Final[Mapping[EndedBy, EventKind]] = {
    EndedBy.TIMEOUT: EventKind.TIMED_OUT,
    EndedBy.LOST: EventKind.LOST,
}
"""Which ends of an allocation are published: those that a test did not intend."""

NOTICED: Final = frozenset({EventKind.DIRTY, EventKind.POOL_HELD, EventKind.POOL_EXHAUSTED})
"""What is also sent to the people on duty: an operator has to act."""

_ID_DIGITS: Final = 32


def event_id(kind: EventKind, *parts: object) -> str:
    """The id that all publications of the same change share."""
    return sha256("\n".join([kind, *map(str, parts)]).encode()).hexdigest()[:_ID_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """What keeps an environment from being clean: its address, the error, what to do, and the command for that."""

    resource: str
    error: str
    what: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentEvent:
    """An environment has another status. `report` is the key of its cleanup's report, `markdown` what that says.

    `who` is the operator that acted, if one did, and `reason` what that operator said; otherwise `reason` is why the
    environment is dirty.
    """

    kind: EventKind
    id: str
    at: datetime
    key: EnvironmentKey
    pool: PoolName
    allocation: AllocationId | None = None
    attempt: int = 0
    reason: str | None = None
    requester: str = ""
    who: OwnerKey | None = None
    retry_at: datetime | None = None
    report: str | None = None
    blockers: tuple[Blocker, ...] = ()
    markdown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationEvent:
    """An allocation ended as its test did not intend."""

    kind: EventKind
    id: str
    at: datetime
    allocation: AllocationId
    pool: PoolName
    environments: tuple[EnvironmentKey, ...]
    requester: str
    owner: OwnerKey
    started: datetime
    deadline: datetime
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolEvent:
    """Something happened to a pool as a whole.

    `reason` is the thing that it is held for, or what the operator said; `environments` are those that were dirty for
    it. `counts` and `waiting` say how the pool stood when it was exhausted.
    """

    kind: EventKind
    id: str
    at: datetime
    pool: PoolName
    reason: str | None = None
    environments: tuple[EnvironmentKey, ...] = ()
    who: OwnerKey | None = None
    counts: Mapping[Status, int] = field(default_factory=dict)
    waiting: int | None = None


Event: TypeAlias = EnvironmentEvent | AllocationEvent | PoolEvent


def verdict_id(kind: EventKind, key: EnvironmentKey, allocation: AllocationId | None, attempt: int) -> str:
    """The id of what one attempt to clean an environment came to: no other attempt has the same number."""
    return event_id(kind, key.path, allocation, attempt)


def dirty_id(row: Environment) -> str:
    """The id of the event that says that this row is dirty, whoever made it so."""
    return verdict_id(EventKind.DIRTY, row.key, row.allocation, row.attempt)


def is_untold(row: Environment) -> bool:
    """Whether a row is dirty and that was not published; while its pool is held, the pool has its own event."""
    return row.status is Status.DIRTY and row.dirty_reason != POOL_HELD and row.told != dirty_id(row)
