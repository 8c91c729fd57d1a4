"""The breaker in the store: counted by the write that makes an environment dirty, and closed by an operator only."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from atmosphere.core.breaker import Breaker, Cause
from atmosphere.core.changes import MAX_BLOCKED, Put
from atmosphere.core.errors import Forbidden
from atmosphere.core.model import ActKind, Allocation, OwnerKey, PoolName, RuleName, Status
from atmosphere.operations.clean import Superseded
from atmosphere.operations.resume import PoolResumer
from atmosphere.ports import CleanupOrder, Conflict, Unreachable
from tests.builders import NOW, POOL, a_key, an_allocation, an_environment, an_id
from tests.operations.line import Crash, Fault, Trap
from tests.operations.world import OPERATOR, RUNNER, World, a_configuration

if TYPE_CHECKING:
    from atmosphere.core.access import VerifiedCaller
    from atmosphere.operations.clean import Dirty

MOST: Final = 3
THING: Final = "AWS::IAM::Role:aws-controltower-x@global"


def a_pool(count: int) -> World:
    """A pool whose environments are all being cleaned, each after the allocation of another owner."""
    world = World(a_configuration(), rows=None)
    world.clock.advance(NOW - world.clock.now())
    for number in range(1, count + 1):
        world.put(an_environment(a_key(number), status=Status.CLEANING, allocation=an_id(number)))
        world.rows.commit([Put(row=allocation_of(number))], token=world.ids.new())
    return world


def allocation_of(number: int) -> Allocation:
    key, owner = a_key(number), OwnerKey(f"iam:{number}")
    return an_allocation(key, id=an_id(number), owner=owner, rule=RuleName(f"rule-{number % 2}"))


def order(number: int) -> CleanupOrder:
    return CleanupOrder(an_id(number), a_key(number), 1)


def cause(number: int, *things: str) -> Cause:
    return Cause(things=things or (THING,), allocation=allocation_of(number), most=MOST, rules=2)


def give_up(world: World, number: int, *things: str) -> Dirty:
    return world.cleaning(order(number)).give_up(reason="x", report="r", cause=cause(number, *things))


def breaker(world: World) -> Breaker:
    found = world.rows.breaker(POOL)
    assert found is not None
    return found


def resumer(world: World, caller: VerifiedCaller = OPERATOR) -> PoolResumer:
    return PoolResumer(store=world.store, clock=world.clock, ids=world.ids, snapshot=world.snapshot, caller=caller)


def opened(count: int = MOST + 1) -> World:
    world = a_pool(count)
    for number in range(1, MOST + 2):
        give_up(world, number)
    return world


def test_the_write_that_makes_one_environment_too_many_dirty_opens_it_and_says_so_once() -> None:
    world = a_pool(MOST + 2)
    results = [give_up(world, number).opened for number in range(1, MOST + 3)]
    assert [found is not None for found in results] == [False] * MOST + [True, False]
    assert {world.status(a_key(number)) for number in range(1, MOST + 3)} == {Status.DIRTY}
    assert (breaker(world).opened, breaker(world).thing) == (world.clock.now(), THING)


def test_a_message_that_arrives_twice_counts_once() -> None:
    world = a_pool(1)
    give_up(world, 1)
    before = breaker(world)
    with pytest.raises(Superseded):
        give_up(world, 1)
    assert breaker(world) == before


def test_who_dies_before_or_after_the_write_has_counted_not_at_all_or_whole() -> None:
    for fault, counts in ((Fault.CRASH_BEFORE, 0), (Fault.CRASH_AFTER, 1)):
        world = a_pool(1)
        world.line.lay(Trap(3, fault))  # the row, the breaker, the commit
        with pytest.raises(Crash):
            give_up(world, 1)
        assert (world.status(a_key(1)) is Status.DIRTY, world.rows.breaker(POOL) is not None) == (bool(counts),) * 2


def test_environments_that_become_dirty_at_the_same_time_are_all_counted() -> None:
    world = a_pool(MOST + 1)
    world.line.lay(Trap(3, meanwhile=lambda: [give_up(world, number) for number in (2, 3)]))
    give_up(world, 1)
    assert [case.key for case in breaker(world).cases] == [a_key(number) for number in (2, 3, 1)]
    assert give_up(world, 4).opened is not None


def test_what_says_nothing_about_the_pool_is_not_counted_and_costs_no_read() -> None:
    world = a_pool(1)
    world.cleaning(order(1)).give_up(reason="deadline", report=None, cause=replace(cause(1), things=()))
    assert world.line.calls == ["environment", "commit"]
    assert world.rows.breaker(POOL) is None


def test_a_last_attempt_that_is_blocked_counts_and_one_that_rests_does_not() -> None:
    for blocked, counts in ((0, False), (MAX_BLOCKED - 1, True)):
        world = a_pool(0)
        world.put(an_environment(a_key(1), status=Status.CLEANING, allocation=an_id(1), blocked=blocked))
        ended = world.cleaning(order(1)).rest(reason="x", report=None, pause=timedelta(seconds=60), cause=cause(1))
        assert (ended is not None, world.rows.breaker(POOL) is not None) == (counts, counts)


def test_while_it_is_open_the_pool_is_held_and_the_text_names_the_thing() -> None:
    world = opened()
    cleaning = world.cleaning(order(1))
    held = cleaning.held(POOL)
    assert held is not None
    assert all(text in held for text in (POOL, THING, "4 of its environments", "2026-11-22T12:00:00Z"))
    assert cleaning.held(PoolName("other")) is None
    assert a_pool(1).cleaning(order(1)).held(POOL) is None


def test_an_operator_closes_it_on_record() -> None:
    world = opened()
    found = resumer(world).resume(POOL, reason="adopted")
    assert found is not None
    assert (found.thing, found.environments) == (THING, tuple(a_key(number) for number in range(1, MOST + 2)))
    assert world.cleaning(order(1)).held(POOL) is None
    for number in range(1, MOST + 2):
        (entry,) = world.rows.history_of(a_key(number), since=None, until=None, cursor=None).entries
        assert (entry.kind, entry.reason, entry.who) == (ActKind.RESUME_POOL, "adopted", OPERATOR.owner)


def test_closing_it_again_changes_nothing() -> None:
    world = opened()
    resumer(world).resume(POOL, reason="adopted")
    before = breaker(world)
    assert resumer(world).resume(POOL, reason="adopted") is None
    assert breaker(world) == before


def test_an_environment_that_becomes_dirty_while_it_is_closed_is_not_lost() -> None:
    world = opened(MOST + 2)
    world.line.lay(Trap(2, meanwhile=lambda: give_up(world, MOST + 2)))
    found = resumer(world).resume(POOL, reason="adopted")
    assert found is not None
    assert a_key(MOST + 2) in found.environments


def test_only_operators_close_it_and_only_one_that_is_there() -> None:
    world = opened()
    with pytest.raises(Forbidden):
        resumer(world, RUNNER).resume(POOL, reason="x")
    with pytest.raises(Forbidden):
        resumer(world).resume(PoolName("no-such-pool"), reason="x")
    assert breaker(world).opened is not None


def test_how_many_pools_are_held_is_counted_over_the_configuration() -> None:
    world = a_pool(1)
    assert resumer(world).held() == 0
    give_up(world, 1)
    assert resumer(world).held() == 0
    assert resumer(opened()).held() == 1


def test_a_breaker_that_will_not_hold_still_is_unreachable_and_the_environment_stays_cleaning() -> None:
    world = a_pool(1)

    def clash() -> None:
        world.line.lay(Trap(3, Fault.CLASH, clash))

    clash()
    with pytest.raises(Unreachable):
        give_up(world, 1)
    assert world.status(a_key(1)) is Status.CLEANING


def test_a_breaker_of_another_revision_is_a_conflict() -> None:
    world = a_pool(1)
    give_up(world, 1)
    with pytest.raises(Conflict):
        world.rows.commit([Put(row=Breaker(pool=POOL, revision=1))], token=world.ids.new())
