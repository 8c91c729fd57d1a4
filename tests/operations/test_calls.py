"""Calls to the outside, counted: they do not grow with the pool (design 10, first rows).

A page of free rows is one read. The authorizer and the snapshot are counted elsewhere.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from atmosphere.core.changes import Put
from atmosphere.core.errors import AllDirty, PoolBusy
from atmosphere.core.model import AllocationId, RuleName, Status
from tests.builders import a_key, a_registration, a_waiter, an_environment
from tests.operations.line import Fault, Trap
from tests.operations.world import World, a_configuration, a_world, many

KEY: Final = AllocationId("11111111-2222-4333-8444-555555555555")
POOLS: Final = (10, 100, 1000)


@pytest.mark.parametrize("percent", [0, 50, 99])
@pytest.mark.parametrize("size", POOLS)
@pytest.mark.parametrize("environments", [1, 3])
def test_an_allocate_reads_once_mints_once_for_each_environment_and_commits_once(
    size: int, percent: int, environments: int
) -> None:
    free = max(environments, size - size * percent // 100)
    world = a_world(size, taken=size - free)
    world.allocate(environments=many(environments))
    assert world.line.calls == ["waiters", "free", "mint", "commit"]  # `mint` is one AssumeRole for each environment
    assert len(world.keys.minted) == environments


@pytest.mark.parametrize("size", POOLS)
def test_a_key_costs_one_read_more_and_a_quota_another(size: int) -> None:
    world = a_world(size, max_active=5)
    world.allocate(key=KEY)
    assert world.line.calls == ["allocation", "waiters", "slots", "free", "mint", "commit"]


def test_a_lost_race_costs_one_more_round() -> None:
    world = a_world(100)
    world.line.lay(Trap(4, Fault.LOST))
    world.allocate()
    assert world.line.calls == ["waiters", "free", "mint", "commit"] * 2


def test_a_commit_that_only_met_another_one_is_sent_again_as_it_is() -> None:
    world = a_world(100)
    world.line.lay(Trap(4, Fault.CLASH))
    world.allocate()
    assert world.line.calls == ["waiters", "free", "mint", "commit", "commit"]


def _busy(size: int, status: Status) -> World:
    keys = [a_key(number) for number in range(1, size + 1)]
    world = World(a_configuration(*(a_registration(key) for key in keys)))
    world.put(*(an_environment(key, status=status) for key in keys))
    return world


@pytest.mark.parametrize("size", POOLS)
@pytest.mark.parametrize("status", [Status.IN_USE, Status.CLEANING, Status.DIRTY])
@pytest.mark.parametrize("body", [{}, {"constraints": [{"type": "region", "value": ["eu-west-1"]}]}])
def test_a_refusal_costs_five_reads_at_most_and_one_write(size: int, status: Status, body: dict[str, Any]) -> None:
    world = _busy(size, status)
    with pytest.raises((PoolBusy, AllDirty)):
        world.ask(**body)
    assert len(world.line.calls) <= 5 + 1
    assert set(world.line.calls) <= {"waiters", "free", "any_with", "holding", "commit"}
    assert world.line.counts["commit"] == 1


def test_a_busy_answer_with_a_key_a_quota_and_two_hundred_waiters_costs_as_much() -> None:
    world = _busy(10, Status.IN_USE)
    world.snapshot = a_configuration(*world.snapshot.environments, max_active=50)
    line = [replace(a_waiter(number), rule=RuleName(f"r{number % 5}")) for number in range(200)]
    world.rows.commit([Put(row=waiter) for waiter in line[:100]], token="1")
    world.rows.commit([Put(row=waiter) for waiter in line[100:]], token="2")
    with pytest.raises(PoolBusy):
        world.ask(key=KEY)
    assert world.line.calls == ["allocation", "waiters", "slots", "free", "any_with", "commit"]


@pytest.mark.parametrize("size", POOLS)
def test_a_refusal_is_as_cheap_where_nothing_that_is_taken_matches(size: int) -> None:
    gpu = a_registration(a_key(size + 1), capabilities={"gpu": True})
    world = _busy(size, Status.IN_USE)
    world.snapshot = a_configuration(*world.snapshot.environments, gpu)
    world.put(an_environment(gpu.key, registered=gpu, status=Status.DIRTY))
    with pytest.raises((PoolBusy, AllDirty)):
        world.ask(constraints=[{"type": "capability", "value": "gpu"}])
    assert len(world.line.calls) <= 5 + 1


@pytest.mark.parametrize("size", POOLS)
@pytest.mark.parametrize("environments", [1, 3])
def test_a_deallocate_is_a_read_a_commit_and_one_start_for_each_environment(size: int, environments: int) -> None:
    world = a_world(size)
    allocation = world.allocate(environments=many(environments))
    world.line.lay(None)
    world.deallocate(allocation.id)
    assert world.line.calls == ["allocation", "commit", *["start"] * environments]


def test_a_refresh_is_two_reads_and_one_mint_for_each_environment() -> None:
    world = a_world(10)
    allocation = world.allocate(environments=many(3))
    world.line.lay(None)
    world.refresh(allocation.id)
    assert world.line.calls == ["allocation", "mint", "allocation"]
    assert len(world.keys.minted) == 6


@pytest.mark.parametrize("size", POOLS)
def test_an_idle_reconciler_reads_once(size: int) -> None:
    world = a_world(size)
    world.allocate()
    world.line.lay(None)
    world.clock.advance(timedelta(hours=2))
    assert world.reconciler.run().repaired == []
    assert world.line.calls == ["waking"]


@pytest.mark.parametrize("size", [10, 100])
def test_registering_what_is_registered_reads_once_and_writes_nothing(size: int) -> None:
    world = a_world(size)
    world.line.lay(None)
    world.registrar.register(world.snapshot)
    assert world.line.calls == ["environments"]
