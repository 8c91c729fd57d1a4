"""Reading: each question has its own right, and unknown looks like foreign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atmosphere.core.errors import Forbidden, UnknownAllocation, UnknownEnvironment
from atmosphere.core.model import AllocationId, PoolName, Status
from atmosphere.operations.query import Reader
from tests.builders import POOL, a_key
from tests.operations.world import NEIGHBOUR, OPERATOR, RUNNER, World, a_caller, a_world

if TYPE_CHECKING:
    from atmosphere.core.access import VerifiedCaller

UNKNOWN = AllocationId("11111111-2222-4333-8444-555555555555")
OUTSIDER = a_caller("runner", a_key(9).account)


def _reader(world: World, caller: VerifiedCaller = RUNNER) -> Reader:
    return Reader(store=world.store, snapshot=world.snapshot, caller=caller, clock=world.clock)


def test_owner_and_operator_see_an_allocation_and_nobody_else_does() -> None:
    world = a_world(1)
    allocation = world.allocate()
    assert _reader(world).allocation(allocation.id) == allocation
    assert _reader(world, OPERATOR).allocation(allocation.id) == allocation
    for caller, id_ in ((NEIGHBOUR, allocation.id), (RUNNER, UNKNOWN), (OPERATOR, UNKNOWN), (RUNNER, None)):
        with pytest.raises(UnknownAllocation):
            _reader(world, caller).allocation(id_)


def test_a_tombstone_is_unknown_to_everybody() -> None:
    world = a_world(1)
    with pytest.raises(UnknownAllocation):
        world.deallocate(UNKNOWN)
    for caller in (RUNNER, OPERATOR):
        with pytest.raises(UnknownAllocation):
            _reader(world, caller).allocation(UNKNOWN)


def test_a_pool_is_counted_by_status() -> None:
    world = a_world(5, taken=2)
    world.allocate()
    counts = _reader(world).pool(POOL).counts
    assert counts == {Status.FREE: 2, Status.IN_USE: 1, Status.DIRTY: 2, Status.CLEANING: 0, Status.HELD: 0}


@pytest.mark.parametrize(("caller", "pool"), [(RUNNER, "other"), (OUTSIDER, POOL), (OPERATOR, "no-such-pool")])
def test_a_pool_that_is_unknown_or_closed_is_forbidden(caller: VerifiedCaller, pool: str) -> None:
    with pytest.raises(Forbidden):
        _reader(a_world(1), caller).pool(PoolName(pool))


def test_pools_are_those_of_the_callers_rules_and_all_for_an_operator() -> None:
    world = a_world(1)
    assert [counts.pool for counts in _reader(world).pools()] == [POOL]
    assert [counts.pool for counts in _reader(world, OPERATOR).pools()] == [POOL]
    assert _reader(world, OUTSIDER).pools() == []


def test_environments_are_for_operators() -> None:
    world = a_world(2)
    assert [row.key for row in _reader(world, OPERATOR).environments()] == [a_key(1), a_key(2)]
    assert _reader(world, OPERATOR).environment(a_key(2)).key == a_key(2)
    with pytest.raises(UnknownEnvironment):
        _reader(world, OPERATOR).environment(a_key(3))
    for ask in (_reader(world).environments, lambda: _reader(world).environment(a_key(1))):
        with pytest.raises(Forbidden):
            ask()
