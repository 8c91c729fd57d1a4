"""What a deployment does to an environment that somebody has: moved, given another role, removed, and added again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from atmosphere.core.errors import Refused
from atmosphere.core.model import ADMIN, ActKind, Mark, PoolName, RoleArn, Status
from atmosphere.ports import CleanupOrder
from tests.builders import a_key, a_registration, an_environment, an_iam_rule
from tests.operations.world import OPERATOR, World, a_configuration, a_world

if TYPE_CHECKING:
    from atmosphere.core.model import Allocation, Registration

KEY: Final = a_key(1)
OTHER: Final = PoolName("other")
OLD: Final = a_registration(KEY)
ROLE: Final = RoleArn(f"arn:aws:iam::{KEY.account}:role/Another")


def deploy(world: World, *registrations: Registration) -> None:
    """Put a configuration in force that lets everybody use both pools."""
    snapshot = a_configuration(*registrations)
    rule = an_iam_rule(pools=(OLD.pool, OTHER))
    world.snapshot = type(snapshot)(
        environments=snapshot.environments,
        access=type(snapshot.access)(iam=(rule,), operators=snapshot.access.operators),
        settings=snapshot.settings,
    )
    world.registrar.register(world.snapshot)


def finish(world: World, allocation: Allocation) -> Status | None:
    """Give it back and find it clean: what becomes of it."""
    world.deallocate(allocation.id)
    return world.cleaning(world.cleanups.started[-1]).free(report=None)


def free_in(world: World, pool: PoolName) -> list[object]:
    return [row.key for page in world.rows.free(pool) for row in page]


# --- moved to another pool ----------------------------------------------------------------------------------------


def test_moved_while_a_test_has_it_it_counts_in_the_old_pool_until_it_is_clean() -> None:
    world = a_world(1)
    allocation = world.allocate()
    deploy(world, a_registration(KEY, pool=OTHER))

    assert world.rows.counts(OLD.pool)[Status.IN_USE] == 1
    assert world.recorded(allocation.id).pool == OLD.pool
    with pytest.raises(Refused):
        world.ask(pool=OTHER)
    assert finish(world, allocation) is Status.FREE
    assert (free_in(world, OLD.pool), free_in(world, OTHER)) == ([], [KEY])
    assert world.allocate(pool=OTHER).items[0].key == KEY


def test_moved_while_an_operator_holds_it_it_is_cleaned_and_free_in_the_new_pool() -> None:
    world = World(a_configuration(OLD))
    world.put(an_environment(KEY, status=Status.HELD))
    deploy(world, a_registration(KEY, pool=OTHER))

    assert (world.status(KEY), world.row(KEY).pool) == (Status.HELD, OLD.pool)
    world.operating.act(KEY, ActKind.RESUME, reason="done", caller=OPERATOR)
    assert world.cleaning(world.cleanups.started[-1]).free(report=None) is Status.FREE
    assert (free_in(world, OLD.pool), free_in(world, OTHER)) == ([], [KEY])


def test_moved_there_and_back_while_a_test_has_it_nothing_is_left_of_the_move() -> None:
    world = a_world(1)
    allocation = world.allocate()
    deploy(world, a_registration(KEY, pool=OTHER))
    deploy(world, OLD)

    assert world.row(KEY).next_registered is None
    assert finish(world, allocation) is Status.FREE
    assert free_in(world, OLD.pool) == [KEY]


# --- another role -------------------------------------------------------------------------------------------------


def test_another_role_is_for_the_next_test_and_the_old_one_is_refreshed_and_cleaned() -> None:
    world = a_world(1)
    allocation = world.allocate()
    deploy(world, a_registration(KEY, roles={ADMIN: ROLE}))

    world.refresh(allocation.id)
    assert {minted.request.role_arn for minted in world.keys.minted} == {OLD.roles[ADMIN]}
    world.deallocate(allocation.id)
    order = CleanupOrder(allocation.id, KEY, 1)
    assert world.cleaning(order).load().environment.registered.roles == OLD.roles
    assert world.cleaning(order).free(report=None) is Status.FREE
    world.allocate()
    assert world.keys.minted[-1].request.role_arn == ROLE


# --- removed, and added again -------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", [OLD, a_registration(KEY, pool=OTHER, roles={ADMIN: ROLE})], ids=["same", "changed"])
def test_added_again_while_it_drains_it_stays_and_is_not_captured_again(again: Registration) -> None:
    world = a_world(1)
    allocation = world.allocate()
    deploy(world, a_registration(a_key(2)))
    assert world.row(KEY).mark is Mark.DEREGISTERING
    deploy(world, again, a_registration(a_key(2)))

    row = world.row(KEY)
    assert (row.mark, row.status, row.capture, row.allocation) == (Mark.REGISTERED, Status.IN_USE, False, allocation.id)
    world.refresh(allocation.id)
    world.deallocate(allocation.id)
    order = CleanupOrder(allocation.id, KEY, 1)
    assert world.cleaning(order).load().environment.registered.roles == OLD.roles
    assert world.cleaning(order).free(report=None) is Status.FREE
    assert (world.row(KEY).registered, world.row(KEY).capture) == (again, False)


def test_added_again_after_it_is_gone_it_is_captured() -> None:
    world = World(a_configuration(OLD))
    world.put(an_environment(KEY))
    deploy(world, a_registration(a_key(2)))
    assert world.rows.environment(KEY) is None
    deploy(world, OLD, a_registration(a_key(2)))

    assert (world.status(KEY), world.row(KEY).capture) == (Status.CLEANING, True)


# --- dirty while it drains ----------------------------------------------------------------------------------------


def dirty_and_deregistering() -> World:
    world = a_world(1)
    allocation = world.allocate()
    deploy(world, a_registration(a_key(2)))
    world.deallocate(allocation.id)
    world.cleaning(CleanupOrder(allocation.id, KEY, 1)).give_up(reason="leftovers", report=None)
    assert (world.status(KEY), world.row(KEY).mark) == (Status.DIRTY, Mark.DEREGISTERING)
    return world


@pytest.mark.parametrize("act", [ActKind.REINSTATE, ActKind.DISCARD])
def test_dirty_while_it_drains_it_is_gone_once_an_operator_says_so(act: ActKind) -> None:
    world = dirty_and_deregistering()

    world.operating.act(KEY, act, reason="looked at it", caller=OPERATOR)

    assert world.rows.environment(KEY) is None


def test_dirty_while_it_drains_it_is_cleaned_again_and_gone() -> None:
    world = dirty_and_deregistering()

    world.operating.act(KEY, ActKind.CLEAN, reason="again", caller=OPERATOR)

    assert world.status(KEY) is Status.CLEANING
    assert world.cleaning(world.cleanups.started[-1]).free(report=None) is None
    assert world.rows.environment(KEY) is None


def test_dirty_while_it_drained_and_added_again_it_is_dirty_and_serves_again_when_clean() -> None:
    world = dirty_and_deregistering()
    deploy(world, OLD)

    assert (world.status(KEY), world.row(KEY).mark) == (Status.DIRTY, Mark.REGISTERED)
    with pytest.raises(Refused):
        world.operating.act(KEY, ActKind.DISCARD, reason="too late", caller=OPERATOR)
    world.operating.act(KEY, ActKind.REINSTATE, reason="clean", caller=OPERATOR)
    assert world.allocate().items[0].key == KEY


def test_held_by_an_operator_while_it_drains_it_is_gone_after_it_is_resumed() -> None:
    world = World(a_configuration(OLD))
    world.put(an_environment(KEY, status=Status.HELD))
    deploy(world, a_registration(a_key(2)))

    assert (world.status(KEY), world.row(KEY).mark) == (Status.HELD, Mark.DEREGISTERING)
    world.operating.act(KEY, ActKind.RESUME, reason="done", caller=OPERATOR)
    assert world.cleaning(world.cleanups.started[-1]).free(report=None) is None
    assert world.rows.environment(KEY) is None
