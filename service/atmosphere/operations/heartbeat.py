"""A heartbeat: one read and one conditional write, which puts off the instant at which the allocation counts as lost.

A heartbeat that comes twice or late takes nothing back, and one that meets the end of its allocation changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atmosphere.core import access, changes
from atmosphere.core.errors import AlreadyEnded, InvalidRequest, UnknownAllocation
from atmosphere.core.model import AllocationStatus, Environment
from atmosphere.operations.rounds import Rounds
from atmosphere.operations.unanswered import unanswered
from atmosphere.ports import Conflict, OutcomeUnknown, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.model import Allocation, AllocationId
    from atmosphere.ports import Clock, Ids, Store

_ROUNDS: Final = Rounds(limit=5, pauses=range(10, 201))
_AT_DEADLINE: Final = "this allocation has reached its deadline: allocate again"
_NOT_ASKED: Final = "this allocation did not ask for heartbeats: allocate with 'heartbeatSeconds' to send some"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An allocation whose heartbeat was recorded, and the latest instant for the next one."""

    allocation: Allocation
    next_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeats:
    """The verb with its collaborators."""

    store: Store
    clock: Clock
    ids: Ids

    def beat(self, id_: AllocationId | None, *, caller: VerifiedCaller) -> Heard:
        """Record a heartbeat of the caller's allocation.

        Raises `UnknownAllocation`, `InvalidRequest` if it did not ask for heartbeats, `AlreadyEnded`, `Unavailable`.
        """
        return self._beat(id_, lambda found: access.owned(found, caller))

    def beat_by_token(self, id_: AllocationId | None, *, token_hash: str) -> Heard:
        """Record a heartbeat of the allocation whose release token has this hash; raises what `beat` raises."""
        return self._beat(id_, lambda found: access.released(found, token_hash))

    def _beat(self, id_: AllocationId | None, known: Callable[[Allocation | None], Allocation]) -> Heard:
        if id_ is None:
            raise UnknownAllocation
        try:
            allocation = known(self.store.allocation(id_))
            if allocation.is_tombstone:
                raise UnknownAllocation
            if allocation.heartbeat is None:
                raise InvalidRequest(_NOT_ASKED)
            return Heard(allocation=allocation, next_by=self.record(allocation))
        except Unreachable as down:
            raise unanswered(down) from down

    def record(self, allocation: Allocation) -> datetime:
        """Write a heartbeat of an allocation that asked for them, and give the latest instant for the next one.

        Raises `AlreadyEnded`, and `Unreachable` if it may not have been written.
        """
        return _ROUNDS.run(
            lambda _: self._record(allocation),
            clock=self.clock,
            ids=self.ids,
            exhausted=lambda: OutcomeUnknown(f"the heartbeat of {allocation.id} met other writes each time"),
        )

    def _record(self, allocation: Allocation) -> datetime:
        now = self.clock.now()
        _active(allocation, now)
        heard = changes.heard(allocation, now=now)
        try:
            self.store.commit([heard], token=self.ids.new())
        except Conflict as met:
            if 0 not in met.actual:
                raise
            row = met.actual[0]
            if not isinstance(row, Environment) or not row.is_held_by(allocation.id) or row.wake_at is None:
                raise self._ended(allocation) from met
            if row.spared and row.wake_at < allocation.deadline:
                raise  # it was spared at this moment: only what comes after that is a heartbeat
            return row.wake_at  # a later heartbeat was faster
        next_by: datetime = heard.sets["wake_at"]  # type: ignore[assignment]
        return next_by

    def _ended(self, allocation: Allocation) -> AlreadyEnded:
        """It ended since it was read."""
        found = self.store.allocation(allocation.id)
        return AlreadyEnded(outcome=found.outcome if found else None)


def _active(allocation: Allocation, now: datetime) -> None:
    if allocation.status is AllocationStatus.ENDED:
        raise AlreadyEnded(outcome=allocation.outcome)
    if allocation.deadline <= now:
        raise AlreadyEnded(_AT_DEADLINE)
