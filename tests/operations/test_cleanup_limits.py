"""How long a cleanup may take: the pool's limit if it has one, wherever a cleanup begins."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from atmosphere.core import changes
from atmosphere.core.model import ActKind, AllocationStatus, EndedBy, Status
from tests.builders import a_key, a_registration, an_environment
from tests.operations.world import OPERATOR, World, a_configuration

LIMIT: Final = timedelta(hours=4)
SLOW: Final = a_registration(a_key(1), cleanup_limit=LIMIT)


def a_slow_world() -> World:
    world = World(a_configuration(SLOW))
    world.put(an_environment(a_key(1), registered=SLOW))
    return world


def deadline_in(world: World) -> timedelta:
    row = world.row(a_key(1))
    assert row.deadline is not None
    assert row.status is Status.CLEANING
    return row.deadline - world.clock.now()


def test_after_an_allocation() -> None:
    world = a_slow_world()
    world.deallocate(world.allocate().id)
    assert deadline_in(world) == LIMIT


def test_after_an_allocation_that_ended_without_its_environments() -> None:
    world = a_slow_world()
    allocation = world.allocate()
    world.clock.advance(allocation.deadline - world.clock.now())
    world.reconciler.run()
    assert deadline_in(world) == LIMIT


def test_when_an_operator_asks_for_it() -> None:
    world = World(a_configuration(SLOW))
    world.put(an_environment(a_key(1), registered=SLOW, status=Status.DIRTY))
    world.operating.act(a_key(1), ActKind.CLEAN, reason="again", caller=OPERATOR)
    assert deadline_in(world) == LIMIT


def test_at_its_registration() -> None:
    world = World(a_configuration(SLOW))
    world.registrar.register(world.snapshot)
    assert deadline_in(world) == LIMIT


def test_a_row_that_is_still_in_use_for_an_allocation_that_ended() -> None:
    world = a_slow_world()
    allocation = world.allocate()
    world.rows.commit(
        changes.end(allocation, now=world.clock.now(), outcome="success", by=EndedBy.OWNER), token=world.ids.new()
    )
    assert world.recorded(allocation.id).status is AllocationStatus.ENDED
    world.clock.advance(allocation.deadline - world.clock.now())
    world.reconciler.run()
    assert deadline_in(world) == LIMIT
