"""Tombstones: an id that was released before it existed, so that an allocate with it still on its way cannot succeed.

Anyone with access can make up ids, so an owner may leave only so many. Each takes one of the owner's numbered slots
for as long as it can be needed, in its own transaction: no counter that all would meet in, and nothing to read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.core.model import Allocation, AllocationStatus, EndedBy, PoolName, RuleName

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.model import AllocationId, OwnerKey

NEEDED: Final = timedelta(minutes=15)
"""A request that is older is refused: its signature is valid for 5 minutes, a token for 15 at most."""
SLOTS: Final = 1024
"""Four times the jobs of GitHub's largest matrix, which are one owner: of a few drawn at random one is free."""


@dataclass(frozen=True, slots=True, order=True)
class TombstoneSlotKey:
    """A slot of an owner, by its number."""

    owner: OwnerKey
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TombstoneSlot:
    """A tombstone that its owner left; without meaning after `until`."""

    id: TombstoneSlotKey
    allocation: AllocationId
    until: datetime


def tombstone(id_: AllocationId, caller: VerifiedCaller, *, outcome: str, now: datetime) -> Allocation:
    """The record of an id that this caller released before it existed; its deadline is how long it is needed."""
    return Allocation(
        id=id_,
        pool=PoolName(""),
        requester="",
        owner=caller.owner,
        rule=RuleName(""),
        status=AllocationStatus.ENDED,
        started=now,
        deadline=now + NEEDED,
        ended=now,
        outcome=outcome,
        ended_by=EndedBy.OWNER,
        asked_by=caller.asked_by,
        run=caller.run,
    )


def slot_of(made: Allocation, number: int) -> TombstoneSlot:
    """What a tombstone takes."""
    return TombstoneSlot(id=TombstoneSlotKey(made.owner, number), allocation=made.id, until=made.deadline)
