"""A release token ends the one allocation that knows its hash, and does nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest

from atmosphere.core import access
from atmosphere.core.errors import Unavailable, UnknownAllocation
from atmosphere.core.model import AllocationId, AllocationStatus, EndedBy, Status
from atmosphere.ports import CleanupOrder
from tests.builders import a_key, an_allocation
from tests.operations.line import Fault, Trap
from tests.operations.world import NEIGHBOUR, World, a_world

KEY: Final = AllocationId("11111111-2222-4333-8444-555555555555")
HASH: Final = "ab" * 32
OTHER: Final = "cd" * 32


def release(world: World, id_: AllocationId | None, token_hash: str = HASH, outcome: str = "success") -> None:
    world.deallocator.release(id_, token_hash=token_hash, outcome=outcome)


def test_the_allocation_ends_as_it_would_for_its_owner() -> None:
    world = a_world(1)
    allocation = world.allocate(releaseTokenHash=HASH)
    release(world, allocation.id, outcome="cancelled")
    ended = world.recorded(allocation.id)
    assert (ended.outcome, ended.ended_by) == ("cancelled", EndedBy.RELEASE_TOKEN)
    assert world.status(a_key(1)) is Status.CLEANING
    assert world.cleanups.started == [CleanupOrder(allocation.id, a_key(1), 1)]


def test_it_may_be_repeated() -> None:
    world = a_world(1)
    allocation = world.allocate(releaseTokenHash=HASH)
    for outcome in ("first", "second"):
        release(world, allocation.id, outcome=outcome)
    assert world.recorded(allocation.id).outcome == "first"
    assert len(world.cleanups.started) == 1


def test_what_has_ended_otherwise_stays_as_it_ended() -> None:
    world = a_world(1)
    allocation = world.allocate(releaseTokenHash=HASH)
    world.clock.advance(timedelta(hours=3))
    world.reconciler.run()
    release(world, allocation.id)
    assert world.recorded(allocation.id).ended_by is EndedBy.TIMEOUT
    assert len(world.cleanups.started) == 1


@pytest.mark.parametrize("kept", [None, OTHER, HASH[:-1] + "a", HASH.upper()])
def test_any_other_token_looks_like_an_unknown_id_and_has_no_effect(kept: str | None) -> None:
    found = an_allocation(release_token_hash=kept)
    texts = set()
    for allocation, asked in ((found, HASH), (None, HASH), (found, ""), (None, "")):
        with pytest.raises(UnknownAllocation) as refused:
            access.released(allocation, asked)
        texts.add(str(refused.value))
    assert len(texts) == 1


def test_a_wrong_token_leaves_everything_as_it_is() -> None:
    world = a_world(1)
    allocation = world.allocate(releaseTokenHash=HASH)
    before = (world.recorded(allocation.id), world.row(a_key(1)))
    with pytest.raises(UnknownAllocation):
        release(world, allocation.id, OTHER)
    assert (world.recorded(allocation.id), world.row(a_key(1))) == before


@pytest.mark.parametrize("id_", [None, KEY])
def test_an_unknown_id_leaves_no_tombstone(id_: AllocationId | None) -> None:
    """Whoever makes up a token must not be able to block ids, nor to fill the table."""
    world = a_world(1)
    with pytest.raises(UnknownAllocation):
        release(world, id_)
    assert world.rows.allocation(KEY) is None
    assert world.allocate(key=KEY, releaseTokenHash=HASH).status is AllocationStatus.ACTIVE


def test_a_tombstone_has_no_token() -> None:
    world = a_world(1)
    with pytest.raises(UnknownAllocation):
        world.deallocate(KEY)
    for token_hash in (HASH, ""):
        with pytest.raises(UnknownAllocation):
            release(world, KEY, token_hash)


def test_one_read_is_all_that_a_made_up_token_costs() -> None:
    world = a_world(1)
    world.line.lay(None)
    with pytest.raises(UnknownAllocation):
        release(world, KEY)
    assert world.line.calls == ["allocation"]


def test_it_does_not_touch_the_next_tenant() -> None:
    world = a_world(1)
    first = world.allocate(releaseTokenHash=HASH)
    world.deallocate(first.id)
    world.cleaning(world.cleanups.started[0]).free(report=None)
    world.allocate(caller=NEIGHBOUR)
    before = world.row(a_key(1))
    release(world, first.id)
    assert world.row(a_key(1)) == before


@pytest.mark.parametrize("at", [1, 2])
def test_what_did_not_happen_is_said_so_and_can_be_repeated(at: int) -> None:
    world = a_world(1)
    allocation = world.allocate(releaseTokenHash=HASH)
    world.line.lay(Trap(at, Fault.DOWN))
    with pytest.raises(Unavailable) as refused:
        release(world, allocation.id)
    assert refused.value.retry_after is not None
    release(world, allocation.id)
    assert world.status(a_key(1)) is Status.CLEANING
