"""The reconciler: each repair, once; what is late, repeated or poisoned does no harm."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.core.changes import Delete, Update
from atmosphere.core.model import ActKind, AllocationId, AllocationStatus, EndedBy, Environment, EnvironmentKey, Status
from atmosphere.operations.reconcile import Repair
from atmosphere.ports import CleanupOrder, Unreachable
from tests.builders import a_key, an_environment
from tests.operations.line import Crash, Fault, Trap
from tests.operations.world import OPERATOR, World, a_world, many

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.core.changes import Change

_OVERDUE = timedelta(hours=3)


def _edit(world: World, change: Change) -> None:
    world.rows.commit([change], token=world.ids.new())


def _repairs(world: World) -> dict[Repair, int]:
    return dict(world.reconciler.run().counts)


def _cleaning(world: World) -> AllocationId:
    """The only environment is being cleaned after an allocation; its id."""
    allocation = world.allocate()
    world.deallocate(allocation.id)
    return allocation.id


def test_an_overdue_allocation_is_ended_with_all_its_environments() -> None:
    world = a_world(3)
    allocation = world.allocate(environments=many(2))
    world.clock.advance(_OVERDUE)
    assert _repairs(world) == {Repair.ALLOCATION_TIMEOUT: 1, Repair.LOST_RACE: 1}
    ended = world.recorded(allocation.id)
    assert (ended.status, ended.outcome, ended.ended_by) == (AllocationStatus.ENDED, "timeout", EndedBy.TIMEOUT)
    assert {world.status(item.key) for item in allocation.items} == {Status.CLEANING}
    assert world.cleanups.started == [CleanupOrder(allocation.id, item.key, 1) for item in allocation.items]


def test_an_allocation_is_not_touched_before_its_deadline() -> None:
    world = a_world(1)
    world.allocate()
    world.clock.advance(_OVERDUE - timedelta(microseconds=1))
    assert _repairs(world) == {}


def test_an_environment_that_is_in_use_after_its_allocation_ended_is_cleaned() -> None:
    world = a_world(1)
    allocation = world.allocate()
    ended = {"status": AllocationStatus.ENDED, "ended": world.clock.now(), "outcome": "x", "ended_by": EndedBy.OWNER}
    _edit(world, Update(target=allocation.id, expects=(), sets=ended))
    world.clock.advance(_OVERDUE)
    assert _repairs(world) == {Repair.ENDED_BUT_IN_USE: 1}
    assert world.status(a_key(1)) is Status.CLEANING
    assert world.cleanups.started == [CleanupOrder(allocation.id, a_key(1), 1)]
    assert world.recorded(allocation.id).outcome == "x"


def test_an_environment_of_an_allocation_without_a_record_is_dirty() -> None:
    world = a_world(1)
    allocation = world.allocate()
    _edit(world, Delete(target=allocation.id, expects=()))
    world.clock.advance(_OVERDUE)
    assert _repairs(world) == {Repair.ALLOCATION_MISSING: 1}
    row = world.row(a_key(1))
    assert (row.status, row.dirty_reason, row.wake_at) == (Status.DIRTY, "allocation-missing", None)


def test_a_row_that_is_due_though_its_status_never_is_fails_and_stays_as_it_is() -> None:
    world = a_world(1)
    _edit(world, Update(target=a_key(1), expects=(), sets={"wake_at": world.clock.now()}))
    before = world.row(a_key(1))
    (failed,) = world.reconciler.run().repaired
    assert (failed.repair, failed.fault) == (Repair.FAILED, "ImpossibleError")
    assert world.row(a_key(1)) == before


def test_an_allocation_that_could_not_be_looked_up_is_not_taken_for_a_missing_one() -> None:
    world = a_world(1)
    world.allocate()
    world.clock.advance(_OVERDUE)
    world.line.lay(Trap(2, Fault.DOWN))
    (failed,) = world.reconciler.run().repaired
    assert (failed.repair, failed.fault) == (Repair.FAILED, "Unreachable")
    assert world.status(a_key(1)) is Status.IN_USE


def test_a_silent_cleanup_gets_its_next_attempt() -> None:
    world = a_world(1)
    id_ = _cleaning(world)
    world.clock.advance(timedelta(seconds=89))
    assert _repairs(world) == {}
    world.clock.advance(timedelta(seconds=1))
    assert _repairs(world) == {Repair.CLEANUP_SILENT: 1}
    row = world.row(a_key(1))
    assert (row.attempt, row.wake_at) == (2, world.clock.now() + timedelta(seconds=90))
    assert world.cleanups.started[-1] == CleanupOrder(id_, a_key(1), 2)


def test_a_cleanup_that_speaks_again_meanwhile_is_left_at_work() -> None:
    world = a_world(1)
    _cleaning(world)
    world.clock.advance(timedelta(seconds=90))
    world.clock.advance(timedelta(seconds=1))
    world.line.lay(Trap(2, meanwhile=world.cleaning(world.cleanups.started[0]).beat))
    assert _repairs(world) == {Repair.LOST_RACE: 1}
    assert world.row(a_key(1)).attempt == 1
    assert len(world.cleanups.started) == 1


def test_an_overdue_cleanup_is_dirty_and_keeps_its_report() -> None:
    world = a_world(1)
    _cleaning(world)
    order = world.cleanups.started[0]
    world.cleaning(order).rest(reason="x", report="the report", pause=timedelta(hours=9))
    world.clock.advance(timedelta(minutes=60))
    assert _repairs(world) == {Repair.CLEANUP_TIMEOUT: 1}
    row = world.row(a_key(1))
    assert (row.status, row.dirty_reason, row.report) == (Status.DIRTY, "cleanup-timeout", "the report")
    assert row.deadline is None


def test_a_cleanup_whose_deadline_is_before_its_heartbeats_end_is_looked_at_in_time() -> None:
    world = a_world(1, cleanup_limit=timedelta(seconds=30))
    _cleaning(world)
    world.clock.advance(timedelta(seconds=30))
    assert _repairs(world) == {Repair.CLEANUP_TIMEOUT: 1}


@pytest.mark.parametrize("late", [timedelta(), timedelta(days=30)])
def test_a_second_run_has_nothing_left_to_do(late: timedelta) -> None:
    world = a_world(3)
    world.allocate(environments=many(2))
    world.clock.advance(_OVERDUE + late)
    world.reconciler.run()
    before = (world.rows.environments(), list(world.cleanups.started))
    assert _repairs(world) == {}
    assert (world.rows.environments(), list(world.cleanups.started)) == before


def test_two_runs_at_once_repair_once() -> None:
    world = a_world(1)
    world.allocate()
    world.clock.advance(_OVERDUE)
    world.line.lay(Trap(2, meanwhile=world.reconciler.run))
    assert _repairs(world) == {Repair.LOST_RACE: 1}
    assert len(world.cleanups.started) == 1


def _poisoned(key: EnvironmentKey) -> Environment:
    """A row that nothing can be done with."""
    row = an_environment(key, status=Status.IN_USE)
    object.__setattr__(row, "allocation", ["no id"])  # looking it up is a TypeError
    return row


def test_a_poisoned_row_does_not_keep_the_others() -> None:
    world = a_world(0)
    poisoned = _poisoned(a_key(1))
    world.put(poisoned, an_environment(a_key(2), status=Status.CLEANING, attempt=1))
    world.clock.advance(timedelta(days=2000))
    run = world.reconciler.run()
    assert dict(run.counts) == {Repair.FAILED: 1, Repair.CLEANUP_TIMEOUT: 1}
    assert {entry.fault for entry in run.repaired} == {"TypeError", None}


def test_a_cleaner_that_is_down_is_tried_again_with_a_further_attempt() -> None:
    world = a_world(1)
    id_ = _cleaning(world)
    world.cleanups.failing = True
    world.clock.advance(timedelta(seconds=90))
    assert _repairs(world) == {Repair.FAILED: 1}
    world.cleanups.failing = False
    world.clock.advance(timedelta(seconds=90))
    assert _repairs(world) == {Repair.CLEANUP_SILENT: 1}
    assert world.cleanups.started[-1] == CleanupOrder(id_, a_key(1), 3)


def test_a_run_stops_when_its_time_is_up_and_the_next_one_goes_on() -> None:
    world = a_world(3)
    for _ in range(3):
        world.allocate()
    world.clock.advance(_OVERDUE)
    world.line.lay(Trap(2, meanwhile=lambda: world.clock.advance(timedelta(seconds=46))))
    assert _repairs(world) == {Repair.ALLOCATION_TIMEOUT: 1}
    assert _repairs(world) == {Repair.ALLOCATION_TIMEOUT: 2}


def test_a_store_that_does_not_answer_is_a_fault_for_the_alarm() -> None:
    world = a_world(1)
    world.line.lay(Trap(1, Fault.DOWN))
    with pytest.raises(Unreachable):
        world.reconciler.run()


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER])
@pytest.mark.parametrize("at", range(1, 6))
def test_wherever_a_run_dies_the_next_ones_bring_all_to_an_end(at: int, fault: Fault) -> None:
    world = a_world(2)
    allocation = world.allocate(environments=many(2))
    world.clock.advance(_OVERDUE)
    world.line.lay(Trap(at, fault))
    try:
        world.reconciler.run()
    except Crash:
        world.line.lay(None)
        world.reconciler.run()
    world.clock.advance(timedelta(seconds=90))
    world.reconciler.run()
    assert {world.status(item.key) for item in allocation.items} == {Status.CLEANING}
    assert {order.key for order in world.cleanups.started} == {item.key for item in allocation.items}


def test_a_stale_index_does_not_end_the_next_tenants_lease() -> None:
    """The index showed a row of an ended allocation; by now it has another tenant."""
    world = a_world(1)
    first = world.allocate(durationSeconds=900)
    stale = world.row(a_key(1))
    world.deallocate(first.id)
    world.cleaning(world.cleanups.started[0]).free(report=None)
    world.clock.advance(timedelta(seconds=900))
    second = world.allocate()
    assert world.reconciler._guarded(stale).repair is Repair.LOST_RACE
    assert world.recorded(second.id).status is AllocationStatus.ACTIVE
    assert world.row(a_key(1)).allocation == second.id


# --- dates ------------------------------------------------------------------------------------------------------------


def _dirty_until(world: World, at: datetime | None, **row: Any) -> Environment:
    world.put(an_environment(a_key(1), status=Status.DIRTY, wake_at=at, **row))
    return world.row(a_key(1))


def test_a_dirty_environment_is_cleaned_again_when_its_date_has_come_and_not_before() -> None:
    world = a_world(0)
    before = _dirty_until(world, world.clock.now() + timedelta(hours=24))
    world.clock.advance(timedelta(hours=23, minutes=59))
    assert _repairs(world) == {}
    world.clock.advance(timedelta(minutes=1))
    assert _repairs(world) == {Repair.RECHECK: 1}
    row = world.row(a_key(1))
    assert (row.status, row.attempt, row.rechecks) == (Status.CLEANING, before.attempt + 1, 1)
    assert row.deadline == world.clock.now() + world.snapshot.settings.cleanup_limit
    assert before.allocation is not None
    assert world.cleanups.started[-1] == CleanupOrder(before.allocation, row.key, row.attempt)


def test_what_became_dirty_without_a_date_waits_for_a_person() -> None:
    world = a_world(0)
    _dirty_until(world, None)
    world.clock.advance(timedelta(days=30))
    assert _repairs(world) == {}
    assert world.status(a_key(1)) is Status.DIRTY


def test_an_operator_is_faster_than_the_date() -> None:
    world = a_world(0)
    _dirty_until(world, world.clock.now() + timedelta(hours=24))
    world.operating.act(a_key(1), ActKind.HOLD, reason="mine", caller=OPERATOR)
    world.clock.advance(timedelta(hours=25))
    assert _repairs(world) == {}
    assert world.status(a_key(1)) is Status.HELD


def test_a_recheck_that_loses_its_race_changes_nothing() -> None:
    world = a_world(0)
    stale = _dirty_until(world, world.clock.now())
    world.operating.act(a_key(1), ActKind.CLEAN, reason="now", caller=OPERATOR)
    before = world.row(a_key(1))
    assert world.reconciler._guarded(stale).repair is Repair.LOST_RACE
    assert world.row(a_key(1)) == before
