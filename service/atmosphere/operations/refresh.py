"""Fresh credentials for an active allocation; asking for them counts as a heartbeat.

The allocation is read again after minting, and keys of one that has ended meanwhile are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.core.access import owned
from atmosphere.core.errors import AlreadyEnded, UnknownAllocation
from atmosphere.core.model import AllocationStatus
from atmosphere.operations.sessions import Granted, mint
from atmosphere.operations.unanswered import unanswered
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.model import Allocation, AllocationId
    from atmosphere.core.settings import Settings
    from atmosphere.operations.heartbeat import Heartbeats
    from atmosphere.ports import Clock, Credentials, Store

LEAST_LEFT: Final = timedelta(seconds=60)  # keys that live past the deadline by more than this help nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresher:
    """The verb with its collaborators."""

    store: Store
    credentials: Credentials
    clock: Clock
    heartbeats: Heartbeats

    def refresh(self, id_: AllocationId | None, *, caller: VerifiedCaller, settings: Settings) -> Granted:
        """New keys for every environment; raises `UnknownAllocation`, `AlreadyEnded`, `Unavailable`."""
        if id_ is None:
            raise UnknownAllocation
        try:
            allocation = owned(self.store.allocation(id_), caller)
            _lively(allocation, self.clock.now())
            if allocation.heartbeat is not None:
                self.heartbeats.record(allocation)  # first: whoever asks is alive, also if STS is not
            sessions = mint(allocation, at=self.clock.now(), settings=settings, credentials=self.credentials)
            _lively(owned(self.store.allocation(id_), caller), self.clock.now())
        except Unreachable as down:
            raise unanswered(down) from down
        return Granted(allocation=allocation, sessions=sessions)


def _lively(allocation: Allocation, now: datetime) -> None:
    if allocation.is_tombstone:
        raise UnknownAllocation
    if allocation.status is AllocationStatus.ENDED or allocation.deadline - now < LEAST_LEFT:
        raise AlreadyEnded(outcome=allocation.outcome)
