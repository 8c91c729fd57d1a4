"""Heartbeats: who beats in time keeps its allocation, who does not loses it, and the deadline rules in any case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from atmosphere.core.errors import AlreadyEnded, InvalidRequest, Unavailable, UnknownAllocation
from atmosphere.core.model import Allocation, AllocationId, AllocationStatus, EndedBy, Status
from atmosphere.operations.reconcile import Repair
from atmosphere.ports import CleanupOrder
from tests.builders import a_key
from tests.operations.line import Crash, Fault, Trap
from tests.operations.world import NEIGHBOUR, OPERATOR, RUNNER, World, a_world, many

MINUTE: Final = timedelta(seconds=60)
TOKEN_HASH: Final = "ab" * 32


def _beating(world: World, **asked: Any) -> Allocation:
    return world.allocate(heartbeatSeconds=60, **asked)


def _beat(world: World, allocation: Allocation) -> timedelta:
    """How long the next one has."""
    return world.heartbeats.beat(allocation.id, caller=RUNNER).next_by - world.clock.now()


def _wait(world: World, **parts: float) -> None:
    world.clock.advance(timedelta(**parts))


def _repairs(world: World) -> dict[Repair, int]:
    return dict(world.reconciler.run().counts)


def _is_active(world: World, allocation: Allocation) -> bool:
    return world.recorded(allocation.id).status is AllocationStatus.ACTIVE


# --- lost ---------------------------------------------------------------------------------------------------------


def test_without_a_heartbeat_it_is_lost_with_all_its_environments() -> None:
    world = a_world(2)
    allocation = _beating(world, environments=many(2))
    _wait(world, seconds=59.9)
    assert _repairs(world) == {}
    _wait(world, seconds=0.1)
    assert _repairs(world) == {Repair.ALLOCATION_LOST: 1}
    ended = world.recorded(allocation.id)
    assert (ended.status, ended.outcome, ended.ended_by) == (AllocationStatus.ENDED, "lost", EndedBy.LOST)
    assert {world.status(item.key) for item in allocation.items} == {Status.CLEANING}
    assert world.cleanups.started == [CleanupOrder(allocation.id, item.key, 1) for item in allocation.items]


def test_history_says_that_it_was_lost() -> None:
    world = a_world(1)
    _beating(world)
    _wait(world, seconds=60)
    world.reconciler.run()
    (entry,) = world.rows.history_of(a_key(1), since=None, until=None, cursor=None).entries
    assert (entry.outcome, entry.ended_by) == ("lost", EndedBy.LOST)


def test_heartbeats_keep_it_until_its_deadline_and_no_longer() -> None:
    world = a_world(1)
    allocation = _beating(world, durationSeconds=900)
    for _ in range(14):
        _wait(world, seconds=59)
        assert _beat(world, allocation) == MINUTE
        assert _repairs(world) == {}
    _wait(world, seconds=59)
    assert _beat(world, allocation) == timedelta(seconds=15)  # the deadline is sooner
    _wait(world, seconds=15)
    assert _repairs(world) == {Repair.ALLOCATION_TIMEOUT: 1}
    assert world.recorded(allocation.id).outcome == "timeout"


def test_who_did_not_ask_for_heartbeats_is_never_lost() -> None:
    world = a_world(1)
    allocation = world.allocate()
    _wait(world, hours=2, minutes=59)
    assert _repairs(world) == {}
    assert _is_active(world, allocation)


def test_a_refresh_counts_as_a_heartbeat() -> None:
    world = a_world(1)
    allocation = _beating(world)
    for _ in range(3):
        _wait(world, seconds=59)
        world.refresh(allocation.id)
        assert _repairs(world) == {}


def test_a_refresh_counts_even_if_sts_does_not_answer() -> None:
    world = a_world(1)
    allocation = _beating(world)
    _wait(world, seconds=59)
    world.keys.failing = True
    with pytest.raises(Unavailable):
        world.refresh(allocation.id)
    _wait(world, seconds=59)
    assert _repairs(world) == {}


def test_a_refresh_that_is_refused_counts_for_nothing() -> None:
    world = a_world(1)
    allocation = _beating(world)
    _wait(world, seconds=59)
    with pytest.raises(UnknownAllocation):
        world.refresh(allocation.id, caller=NEIGHBOUR)
    _wait(world, seconds=1)
    assert _repairs(world) == {Repair.ALLOCATION_LOST: 1}


# --- races --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [2, 3])
def test_a_heartbeat_between_the_reconcilers_read_and_its_write_wins(at: int) -> None:
    world = a_world(1)
    allocation = _beating(world)
    _wait(world, seconds=60)
    _wait(world, seconds=1)
    world.line.lay(Trap(at, meanwhile=lambda: _beat(world, allocation)))
    assert _repairs(world) == {Repair.LOST_RACE: 1}
    assert _is_active(world, allocation)
    assert world.cleanups.started == []


def test_a_heartbeat_that_the_index_does_not_show_yet_wins() -> None:
    world = a_world(1)
    allocation = _beating(world)
    stale = world.row(a_key(1))
    _wait(world, seconds=61)
    _beat(world, allocation)
    assert world.reconciler._guarded(stale).repair is Repair.LOST_RACE
    assert _is_active(world, allocation)


def test_a_heartbeat_that_comes_after_the_end_is_refused_with_the_outcome() -> None:
    world = a_world(1)
    allocation = _beating(world)
    _wait(world, seconds=60)
    world.line.lay(Trap(2, meanwhile=world.reconciler.run))
    with pytest.raises(AlreadyEnded, match="'lost'") as refused:
        _beat(world, allocation)
    assert refused.value.outcome == "lost"
    assert world.status(a_key(1)) is Status.CLEANING


def test_a_heartbeat_of_the_tenant_before_does_nothing_for_the_next() -> None:
    world = a_world(1)
    first = _beating(world)

    def next_tenant() -> None:
        world.deallocate(first.id, outcome="first")
        world.cleaning(world.cleanups.started[0]).free(report=None)
        _beating(world)

    _wait(world, seconds=30)
    world.line.lay(Trap(2, meanwhile=next_tenant))
    before = world.clock.now()
    with pytest.raises(AlreadyEnded, match="'first'"):
        _beat(world, first)
    assert world.row(a_key(1)).wake_at == before + MINUTE


def test_one_that_was_on_its_way_for_long_takes_nothing_back() -> None:
    world = a_world(1)
    allocation = _beating(world)

    def later_one() -> None:
        _wait(world, seconds=20)
        _beat(world, allocation)

    world.line.lay(Trap(2, meanwhile=later_one))
    assert _beat(world, allocation) == MINUTE
    assert world.row(a_key(1)).wake_at == world.clock.now() + MINUTE


def test_it_meets_another_write_and_is_sent_again() -> None:
    world = a_world(1)
    allocation = _beating(world)
    world.line.lay(Trap(2, Fault.CLASH))
    assert _beat(world, allocation) == MINUTE
    assert world.line.calls == ["allocation", "commit", "commit"]


def test_it_comes_twice() -> None:
    world = a_world(1)
    allocation = _beating(world)
    assert [_beat(world, allocation) for _ in range(2)] == [MINUTE] * 2


# --- a late reconciler --------------------------------------------------------------------------------------------


def test_a_reconciler_that_was_late_itself_waits_for_one_more_heartbeat() -> None:
    world = a_world(1)
    allocation = _beating(world)
    _wait(world, seconds=60 + 181)
    assert _repairs(world) == {Repair.HEARTBEAT_SPARED: 1}
    assert world.row(a_key(1)).wake_at == world.clock.now() + MINUTE
    _beat(world, allocation)
    _wait(world, seconds=59)
    assert _repairs(world) == {}
    assert _is_active(world, allocation)


def test_one_that_is_as_late_as_it_may_be_is_not_late() -> None:
    world = a_world(1)
    _beating(world)
    _wait(world, seconds=60 + 180)
    assert _repairs(world) == {Repair.ALLOCATION_LOST: 1}


def test_it_never_waits_twice_without_a_heartbeat() -> None:
    world = a_world(1)
    _beating(world)
    _wait(world, seconds=60 + 181)
    assert _repairs(world) == {Repair.HEARTBEAT_SPARED: 1}
    _wait(world, seconds=60 + 181)
    assert _repairs(world) == {Repair.ALLOCATION_LOST: 1}


def test_after_a_heartbeat_it_may_wait_again() -> None:
    world = a_world(1)
    allocation = _beating(world)
    for _ in range(2):
        _wait(world, seconds=60 + 181)
        assert _repairs(world) == {Repair.HEARTBEAT_SPARED: 1}
        _beat(world, allocation)


def test_a_heartbeat_at_the_moment_of_being_spared_counts() -> None:
    """It waits a little, so that the row says that something came after."""
    world = a_world(1)
    allocation = _beating(world)
    _wait(world, seconds=60 + 181)
    world.line.lay(Trap(2, meanwhile=world.reconciler.run))
    _beat(world, allocation)
    assert not world.row(a_key(1)).spared


def test_what_is_spared_up_to_its_deadline_needs_no_heartbeat() -> None:
    world = a_world(1)
    allocation = _beating(world, durationSeconds=900)
    _wait(world, seconds=880)
    assert _repairs(world) == {Repair.HEARTBEAT_SPARED: 1}
    assert _beat(world, allocation) == timedelta(seconds=20)
    assert world.row(a_key(1)).wake_at == allocation.deadline


def test_what_was_spared_means_nothing_to_the_next_tenant() -> None:
    world = a_world(1)
    first = _beating(world)
    _wait(world, seconds=60 + 181)
    world.reconciler.run()
    world.deallocate(first.id)
    world.cleaning(world.cleanups.started[0]).free(report=None)
    _beating(world)
    _wait(world, seconds=60 + 181)
    assert _repairs(world) == {Repair.HEARTBEAT_SPARED: 1}


def test_however_late_it_is_the_deadline_rules() -> None:
    world = a_world(1)
    _beating(world, durationSeconds=900)
    _wait(world, seconds=899)
    assert _repairs(world) == {Repair.HEARTBEAT_SPARED: 1}
    _wait(world, seconds=1)
    assert _repairs(world) == {Repair.ALLOCATION_TIMEOUT: 1}


def test_a_heartbeat_wins_over_being_spared() -> None:
    world = a_world(1)
    allocation = _beating(world)
    _wait(world, seconds=60 + 181)
    world.line.lay(Trap(3, meanwhile=lambda: _beat(world, allocation)))
    assert _repairs(world) == {Repair.LOST_RACE: 1}
    assert not world.row(a_key(1)).spared


# --- who, and what it costs ---------------------------------------------------------------------------------------


def test_one_heartbeat_is_one_read_and_one_write_of_one_row() -> None:
    world = a_world(10)
    allocation = _beating(world, environments=many(3))
    before = {row.key: row for row in world.rows.environments()}
    world.line.lay(None)
    _wait(world, seconds=1)
    _beat(world, allocation)
    assert world.line.calls == ["allocation", "commit"]
    changed = [row.key for row in world.rows.environments() if row != before[row.key]]
    assert changed == [allocation.items[0].key]


def test_a_refresh_without_heartbeats_costs_no_write() -> None:
    world = a_world(1)
    ids = [world.allocate().id]
    world.line.lay(None)
    world.refresh(ids[0])
    assert world.line.counts["commit"] == 0


@pytest.mark.parametrize("caller", [NEIGHBOUR, OPERATOR])
def test_only_the_owner_keeps_it_alive(caller: Any) -> None:
    world = a_world(1)
    allocation = _beating(world)
    before = world.row(a_key(1))
    for id_ in (allocation.id, AllocationId("11111111-2222-4333-8444-555555555555"), None):
        with pytest.raises(UnknownAllocation):
            world.heartbeats.beat(id_, caller=caller)
    assert world.row(a_key(1)) == before


def test_its_release_token_keeps_it_alive_and_another_does_not() -> None:
    world = a_world(1)
    allocation = _beating(world, releaseTokenHash=TOKEN_HASH)
    _wait(world, seconds=30)
    with pytest.raises(UnknownAllocation):
        world.heartbeats.beat_by_token(allocation.id, token_hash=TOKEN_HASH[::-1])
    heard = world.heartbeats.beat_by_token(allocation.id, token_hash=TOKEN_HASH)
    assert heard.next_by == world.clock.now() + MINUTE


def test_one_that_did_not_ask_is_told_so() -> None:
    world = a_world(1)
    allocation = world.allocate()
    with pytest.raises(InvalidRequest, match="heartbeatSeconds"):
        _beat(world, allocation)


def test_a_tombstone_has_no_heart() -> None:
    world = a_world(1)
    id_ = AllocationId("11111111-2222-4333-8444-555555555555")
    with pytest.raises(UnknownAllocation):
        world.deallocate(id_)
    with pytest.raises(UnknownAllocation):
        world.heartbeats.beat(id_, caller=RUNNER)


def test_at_the_deadline_a_heartbeat_is_too_late() -> None:
    world = a_world(1)
    allocation = _beating(world, durationSeconds=900)
    _wait(world, seconds=900)
    with pytest.raises(AlreadyEnded, match="deadline"):
        _beat(world, allocation)


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.REPLY_LOST, Fault.REQUEST_LOST])
def test_a_store_that_does_not_answer_is_503_and_can_be_asked_again(at: int, fault: Fault) -> None:
    world = a_world(1)
    allocation = _beating(world)
    _wait(world, seconds=1)
    world.line.lay(Trap(at, fault))
    with pytest.raises(Unavailable) as refused:
        _beat(world, allocation)
    assert refused.value.retry_after is not None
    assert _beat(world, allocation) == MINUTE


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER])
@pytest.mark.parametrize("at", range(1, 5))
def test_wherever_the_reconciler_dies_over_a_lost_one_the_next_run_goes_on(at: int, fault: Fault) -> None:
    world = a_world(2)
    allocation = _beating(world, environments=many(2))
    _wait(world, seconds=60)
    world.line.lay(Trap(at, fault))
    with pytest.raises(Crash):
        world.reconciler.run()
    world.line.lay(None)
    _wait(world, seconds=90)
    world.reconciler.run()
    assert world.recorded(allocation.id).outcome == "lost"
    assert {world.status(item.key) for item in allocation.items} == {Status.CLEANING}
    assert {order.key for order in world.cleanups.started} == {item.key for item in allocation.items}
