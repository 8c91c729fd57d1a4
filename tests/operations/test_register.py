"""Register: the table follows the configuration, and whoever holds an environment does not notice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from atmosphere.core.model import Environment, Mark, Status
from atmosphere.operations.register import Applied
from atmosphere.ports import CleanupOrder, Unreachable
from tests.builders import a_key, a_registration, an_environment
from tests.operations.line import Crash, Fault, Trap
from tests.operations.world import World, a_configuration, a_world

if TYPE_CHECKING:
    from atmosphere.core.model import Registration


ONE, TWO = a_registration(a_key(1)), a_registration(a_key(2))
ONE_CHANGED = a_registration(a_key(1), pool="other", capabilities={"docker": True})


def _register(world: World, *registrations: Registration) -> dict[Applied, int]:
    return dict(world.registrar.register(a_configuration(*registrations)))


def _with(*rows: Environment) -> World:
    world = World(a_configuration(ONE))
    world.put(*rows)
    return world


def _clean(world: World) -> Status | None:
    return world.cleaning(world.cleanups.started[-1]).free(report=None)


def test_what_is_new_is_born_cleaning_to_be_looked_at_only() -> None:
    world = _with()
    assert _register(world, ONE) == {Applied.BORN: 1}
    row = world.row(a_key(1))
    assert (row.status, row.capture, row.attempt, row.registered) == (Status.CLEANING, True, 1, ONE)
    assert row.allocation is not None
    assert world.cleanups.started == [CleanupOrder(row.allocation, a_key(1), 1)]
    assert world.rows.allocation(row.allocation) is None
    assert _clean(world) is Status.FREE
    assert world.row(a_key(1)).capture is False


def test_the_same_configuration_again_changes_nothing() -> None:
    world = _with()
    _register(world, ONE, TWO)
    before = (world.rows.environments(), list(world.cleanups.started))
    assert _register(world, ONE, TWO) == {Applied.UNCHANGED: 2}
    assert (world.rows.environments(), list(world.cleanups.started)) == before


def test_a_change_of_a_free_environment_takes_effect_at_once() -> None:
    world = _with(an_environment(a_key(1)))
    assert _register(world, ONE_CHANGED) == {Applied.UPDATED: 1}
    assert (world.row(a_key(1)).registered, world.row(a_key(1)).next_registered) == (ONE_CHANGED, None)
    assert list(world.rows.free(ONE.pool)) == []
    assert [row.key for page in world.rows.free(ONE_CHANGED.pool) for row in page] == [a_key(1)]


@pytest.mark.parametrize("status", [Status.FREE, Status.IN_USE])
def test_one_and_true_are_not_the_same_configuration(status: Status) -> None:
    one, true = (a_registration(a_key(1), capabilities={"vpcs": value}) for value in (1, True))
    world = _with(an_environment(a_key(1), registered=one, status=status))
    assert _register(world, true) == {Applied.UPDATED: 1}
    assert _register(world, true) == {Applied.UNCHANGED: 1}


def test_a_change_of_what_is_in_use_waits_until_it_is_free() -> None:
    world = a_world(1)
    allocation = world.allocate()
    _register(world, ONE_CHANGED)
    assert (world.row(a_key(1)).registered, world.row(a_key(1)).next_registered) == (ONE, ONE_CHANGED)
    world.refresh(allocation.id)
    world.deallocate(allocation.id)
    assert world.row(a_key(1)).registered == ONE
    assert _clean(world) is Status.FREE
    assert (world.row(a_key(1)).registered, world.row(a_key(1)).next_registered) == (ONE_CHANGED, None)


def test_a_change_that_arrives_while_the_environment_becomes_free_is_not_lost() -> None:
    world = a_world(1)
    world.deallocate(world.allocate().id)
    world.line.lay(Trap(2, meanwhile=lambda: _register(world, ONE_CHANGED)))
    assert _clean(world) is Status.FREE
    assert (world.row(a_key(1)).registered, world.row(a_key(1)).next_registered) == (ONE_CHANGED, None)


@pytest.mark.parametrize("status", [Status.IN_USE, Status.CLEANING, Status.DIRTY, Status.HELD])
def test_what_is_missing_is_marked_and_stays_until_it_is_clean(status: Status) -> None:
    world = _with(an_environment(a_key(1), status=status))
    assert _register(world, TWO) == {Applied.MARKED: 1, Applied.BORN: 1}
    assert (world.status(a_key(1)), world.row(a_key(1)).mark) == (status, Mark.DEREGISTERING)
    assert _register(world, TWO) == {Applied.UNCHANGED: 2}


def test_what_is_missing_and_free_is_gone() -> None:
    world = _with(an_environment(a_key(1)))
    assert _register(world, TWO) == {Applied.MARKED: 1, Applied.BORN: 1}
    assert world.rows.environment(a_key(1)) is None


def test_an_environment_in_use_drains() -> None:
    """It can be refreshed and cleaned meanwhile, is not allocated again, and is gone when clean."""
    world = a_world(2)
    allocation = world.allocate()
    (item,) = allocation.items
    world.registrar.register(a_configuration(a_registration(a_key(3))))
    assert world.refresh(allocation.id).sessions
    world.deallocate(allocation.id)
    assert world.status(item.key) is Status.CLEANING
    order = CleanupOrder(allocation.id, item.key, 1)
    world.cleaning(order).beat()
    assert world.cleaning(order).load().environment.registered == item.registered
    assert world.cleaning(order).free(report=None) is None
    assert world.rows.environment(item.key) is None


def test_the_mark_that_arrives_while_the_environment_becomes_free_is_not_lost() -> None:
    world = a_world(1)
    world.deallocate(world.allocate().id)
    world.line.lay(Trap(2, meanwhile=lambda: _register(world, TWO)))
    assert world.cleaning(world.cleanups.started[0]).free(report=None) is None
    assert world.rows.environment(a_key(1)) is None


def test_a_take_that_arrives_before_the_mark_is_drained() -> None:
    world = a_world(1)
    world.line.lay(Trap(3, meanwhile=world.ask))
    _register(world, TWO)
    assert (world.status(a_key(1)), world.row(a_key(1)).mark) == (Status.IN_USE, Mark.DEREGISTERING)


def test_adding_it_again_clears_the_mark() -> None:
    world = _with(an_environment(a_key(1), status=Status.DIRTY, mark=Mark.DEREGISTERING))
    assert _register(world, ONE) == {Applied.UPDATED: 1}
    assert (world.status(a_key(1)), world.row(a_key(1)).mark) == (Status.DIRTY, Mark.REGISTERED)


def test_an_older_configuration_undoes_a_newer_one() -> None:
    world = a_world(1)
    world.allocate()
    _register(world, ONE_CHANGED, TWO)
    assert _register(world, ONE) == {Applied.UPDATED: 1, Applied.MARKED: 1}
    row = world.row(a_key(1))
    assert (row.registered, row.next_registered) == (ONE, None)
    assert world.row(a_key(2)).mark is Mark.DEREGISTERING


def test_a_cleanup_that_cannot_be_started_at_birth_is_the_reconcilers() -> None:
    world = _with()
    world.cleanups.failing = True
    assert _register(world, ONE) == {Applied.BORN: 1}
    assert world.row(a_key(1)).wake_at is not None


def test_two_deployments_at_once_bear_it_once() -> None:
    world = _with()
    world.line.lay(Trap(2, meanwhile=lambda: _register(world, ONE)))
    assert _register(world, ONE) == {Applied.UNCHANGED: 1}
    assert len(world.cleanups.started) == 1


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.DOWN, Fault.REPLY_LOST])
@pytest.mark.parametrize("at", range(1, 8))
def test_wherever_a_deployment_dies_the_next_one_goes_on(at: int, fault: Fault) -> None:
    world = _with(an_environment(a_key(1)), an_environment(a_key(3), status=Status.DIRTY))
    world.line.lay(Trap(at, fault))
    try:
        _register(world, ONE_CHANGED, TWO)
    except (Crash, Unreachable):
        world.line.lay(None)
        _register(world, ONE_CHANGED, TWO)
    assert world.row(a_key(1)).registered == ONE_CHANGED
    assert world.status(a_key(2)) is Status.CLEANING
    assert world.row(a_key(3)).mark is Mark.DEREGISTERING


def test_nothing_configured_empties_the_table_of_what_is_free() -> None:
    world = _with(an_environment(a_key(1)), an_environment(a_key(2), status=Status.IN_USE))
    world.registrar.register(replace(world.snapshot, environments=()))
    assert [(row.key, row.mark) for row in world.rows.environments()] == [(a_key(2), Mark.DEREGISTERING)]
