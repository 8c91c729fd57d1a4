"""Deallocate: once is enough, twice is harmless, and nobody else's environment is touched."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest

from atmosphere.adapters.memory import SeededIds
from atmosphere.core.changes import Delete, Is, Update, bury
from atmosphere.core.errors import AlreadyEnded, Unavailable, UnknownAllocation
from atmosphere.core.model import Allocation, AllocationId, AllocationStatus, EndedBy, Status
from atmosphere.core.tombstone import NEEDED, SLOTS, slot_of, tombstone
from atmosphere.ports import CleanupOrder, Conflict
from tests.builders import a_key
from tests.operations.line import Crash, Fault, Trap
from tests.operations.world import NEIGHBOUR, OPERATOR, RUNNER, World, a_world, many

if TYPE_CHECKING:
    from datetime import datetime

KEY: Final = AllocationId("11111111-2222-4333-8444-555555555555")


def test_the_allocation_ends_and_its_environments_are_cleaned() -> None:
    world = a_world(3)
    allocation = world.allocate(environments=many(2))
    world.clock.advance(timedelta(minutes=5))
    world.deallocate(allocation.id, outcome="failure")
    ended = world.recorded(allocation.id)
    assert (ended.status, ended.outcome, ended.ended_by) == (AllocationStatus.ENDED, "failure", EndedBy.OWNER)
    assert ended.ended == world.clock.now()
    for item in allocation.items:
        row = world.row(item.key)
        assert (row.status, row.allocation, row.attempt) == (Status.CLEANING, allocation.id, 1)
        assert row.deadline == world.clock.now() + timedelta(minutes=60)
        assert row.wake_at == world.clock.now() + timedelta(seconds=90)
    assert world.cleanups.started == [CleanupOrder(allocation.id, item.key, 1) for item in allocation.items]


def test_the_history_tells_how_it_ended() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.deallocate(allocation.id, outcome="failure")
    (entry,) = world.rows.history_of(allocation.items[0].key, since=None, until=None, cursor=None).entries
    assert (entry.outcome, entry.ended_by, entry.ended) == ("failure", EndedBy.OWNER, world.clock.now())


def test_a_second_time_has_no_effect() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.deallocate(allocation.id)
    before = (world.recorded(allocation.id), world.row(a_key(1)), list(world.cleanups.started))
    world.clock.advance(timedelta(seconds=10))
    world.deallocate(allocation.id, outcome="another")
    assert (world.recorded(allocation.id), world.row(a_key(1)), list(world.cleanups.started)) == before


def test_a_late_release_does_not_touch_the_next_tenant() -> None:
    world = a_world(1)
    first = world.allocate()
    world.deallocate(first.id)
    world.cleaning(world.cleanups.started[0]).free(report=None)
    second = world.allocate(caller=NEIGHBOUR)
    before = world.row(a_key(1))
    world.deallocate(first.id)
    assert world.row(a_key(1)) == before
    assert world.recorded(second.id).status is AllocationStatus.ACTIVE


def test_unknown_and_foreign_ids_are_refused_byte_for_byte_alike() -> None:
    world = a_world(1)
    allocation = world.allocate()
    before = world.row(a_key(1))
    messages = []
    for id_ in (allocation.id, KEY, None):
        with pytest.raises(UnknownAllocation) as refused:
            world.deallocate(id_, caller=NEIGHBOUR)
        messages.append((refused.value.message, refused.value.code, refused.value.retry_after))
    assert len(set(messages)) == 1
    assert world.row(a_key(1)) == before


def test_an_operator_may_end_anybodys_and_is_named_as_the_one_who_did() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.deallocate(allocation.id, caller=OPERATOR)
    assert world.recorded(allocation.id).ended_by is EndedBy.OPERATOR


def test_the_word_timeout_from_a_requester_is_no_timeout() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.deallocate(allocation.id, outcome="timeout")
    ended = world.recorded(allocation.id)
    assert (ended.outcome, ended.ended_by) == ("timeout", EndedBy.OWNER)


def test_an_unknown_id_is_buried_for_its_owner_once() -> None:
    world = a_world(1)
    for _ in range(2):
        with pytest.raises(UnknownAllocation):
            world.deallocate(KEY)
    tombstone = world.recorded(KEY)
    assert tombstone.is_tombstone
    with pytest.raises(UnknownAllocation):
        world.deallocate(KEY, caller=OPERATOR)
    with pytest.raises(UnknownAllocation):
        world.refresh(KEY)
    assert world.recorded(KEY) == tombstone


def _left(world: World) -> list[Allocation]:
    """As many tombstones of the runner as it may leave."""
    made = [tombstone(world.ids.new(), RUNNER, outcome="x", now=world.clock.now()) for _ in range(SLOTS)]
    for number, each in enumerate(made):
        world.rows.commit(bury(each, slot_of(each, number)), token=world.ids.new())
    return made


def test_an_owner_leaves_only_so_many_tombstones() -> None:
    """Beyond its slots a DELETE of an unknown id is the same 404, and nothing of it stays."""
    world = a_world(1)
    _left(world)
    for _ in range(2):
        with pytest.raises(UnknownAllocation):
            world.deallocate(KEY)
    assert world.rows.allocation(KEY) is None
    assert world.allocate(key=KEY).id == KEY


def test_the_jobs_of_the_largest_matrix_all_leave_theirs() -> None:
    world = a_world(1)
    ids = [world.ids.new() for _ in range(256)]
    for id_ in ids:
        with pytest.raises(UnknownAllocation):
            world.deallocate(id_)
    assert all(world.rows.allocation(id_) is not None for id_ in ids)


def test_other_owners_and_later_ids_are_not_kept_from_theirs() -> None:
    world = a_world(1)
    _left(world)
    other, later = world.ids.new(), world.ids.new()
    with pytest.raises(UnknownAllocation):
        world.deallocate(other, caller=NEIGHBOUR)
    world.clock.advance(NEEDED + timedelta(microseconds=1))
    with pytest.raises(UnknownAllocation):
        world.deallocate(later)
    for id_ in (other, later):
        assert world.recorded(id_).is_tombstone


def test_a_slot_that_is_taken_is_no_reason_to_give_up() -> None:
    """Every try draws another: with a quarter of the slots taken, hardly any id goes without."""
    world = a_world(1)
    for each in _left(world)[: SLOTS * 3 // 4]:
        world.rows.commit([Delete(target=each.id, expects=())], token=world.ids.new())
    slots = [slot_of(tombstone(KEY, RUNNER, outcome="x", now=world.clock.now()), n) for n in range(SLOTS * 3 // 4)]
    for slot in slots:
        world.rows.commit([Delete(target=slot.id, expects=())], token=world.ids.new())
    ids = [world.ids.new() for _ in range(64)]
    for id_ in ids:
        with pytest.raises(UnknownAllocation):
            world.deallocate(id_)
    assert all(world.rows.allocation(id_) is not None for id_ in ids)


def test_a_tombstone_is_one_read_and_one_commit() -> None:
    world = a_world(1)
    with pytest.raises(UnknownAllocation):
        world.deallocate(KEY)
    assert world.line.calls == ["allocation", "commit"]


def test_a_tombstone_that_met_others_each_time_is_503_so_that_it_is_asked_again() -> None:
    world = a_world(1)
    commit = world.rows.commit

    def clash(changes: object, *, token: str) -> None:
        del changes, token
        raise Conflict({})

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world.rows, "commit", clash)
        with pytest.raises(Unavailable):
            world.deallocate(KEY)
    assert world.rows.commit == commit
    assert world.rows.allocation(KEY) is None


def test_an_allocation_that_comes_to_be_during_its_release_is_ended() -> None:
    world = a_world(1)
    world.line.lay(Trap(2, meanwhile=lambda: world.ask(key=KEY)))
    world.deallocate(KEY)
    assert world.recorded(KEY).status is AllocationStatus.ENDED
    assert world.status(a_key(1)) is Status.CLEANING
    with pytest.raises(AlreadyEnded):
        world.ask(key=KEY)


def test_cleanups_that_cannot_be_started_are_the_reconcilers() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.cleanups.failing = True
    world.deallocate(allocation.id)
    assert world.status(a_key(1)) is Status.CLEANING
    assert world.cleanups.started == []
    world.cleanups.failing = False
    world.clock.advance(timedelta(seconds=90))
    world.reconciler.run()
    assert world.cleanups.started == [CleanupOrder(allocation.id, a_key(1), 2)]


def test_a_cleanup_that_cannot_be_started_does_not_keep_the_others() -> None:
    world = a_world(3)
    allocation = world.allocate(environments=many(3))
    world.line.lay(Trap(3, Fault.DOWN))
    world.deallocate(allocation.id)
    assert [order.key for order in world.cleanups.started] == [item.key for item in allocation.items[1:]]


def _lose(world: World, allocation_of_two: AllocationId) -> None:
    """One of its rows has gone to somebody else, by whatever mistake."""
    key = world.recorded(allocation_of_two).items[0].key
    stolen = Update(target=key, expects=(Is("status", Status.IN_USE),), sets={"allocation": KEY})
    world.rows.commit([stolen], token=world.ids.new())


def test_an_environment_that_is_no_longer_the_allocations_is_left_alone_and_the_rest_is_cleaned() -> None:
    world = a_world(2)
    allocation = world.allocate(environments=many(2))
    _lose(world, allocation.id)
    stolen, own = (item.key for item in allocation.items)
    before = world.row(stolen)
    world.deallocate(allocation.id)
    assert world.row(stolen) == before
    assert world.status(own) is Status.CLEANING
    assert world.cleanups.started == [CleanupOrder(allocation.id, own, 1)]
    assert world.recorded(allocation.id).status is AllocationStatus.ENDED


def test_an_environment_whose_row_is_gone_does_not_keep_the_rest() -> None:
    world = a_world(2)
    allocation = world.allocate(environments=many(2))
    gone, own = (item.key for item in allocation.items)
    world.rows.commit([Delete(target=gone, expects=())], token=world.ids.new())
    world.deallocate(allocation.id)
    assert world.status(own) is Status.CLEANING
    assert world.recorded(allocation.id).status is AllocationStatus.ENDED


def test_a_clash_is_tried_again() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.line.lay(Trap(2, Fault.CLASH))
    world.deallocate(allocation.id)
    assert world.status(a_key(1)) is Status.CLEANING


def _busy(world: World, lasting: timedelta) -> list[datetime]:
    """From the release's first commit on others hold the rows for so long; the instants at which it clashed."""
    clashes: list[datetime] = []

    def clash() -> None:
        clashes.append(world.clock.now())
        if clashes[-1] - clashes[0] < lasting:
            world.line.lay(Trap(1, Fault.CLASH, clash))

    world.line.lay(Trap(2, Fault.CLASH, clash))
    return clashes


@pytest.mark.parametrize("seed", range(20))
def test_a_release_outlasts_transactions_of_others(seed: int) -> None:
    world = a_world(1)
    world.ids = SeededIds(seed)
    allocation = world.allocate()
    clashes = _busy(world, timedelta(milliseconds=30))
    world.deallocate(allocation.id)
    assert len(clashes) > 1
    assert world.status(a_key(1)) is Status.CLEANING


@pytest.mark.parametrize("seed", range(20))
def test_a_release_that_clashes_five_times_has_waited_10_to_200_ms_before_each_further_try(seed: int) -> None:
    world = a_world(1)
    world.ids = SeededIds(seed)
    allocation = world.allocate()
    clashes = _busy(world, timedelta(hours=1))
    with pytest.raises(Unavailable):
        world.deallocate(allocation.id)
    pauses = [later - earlier for earlier, later in pairwise(clashes)]
    assert len(pauses) == 4
    assert all(timedelta(milliseconds=10) <= pause <= timedelta(milliseconds=200) for pause in pauses)
    assert world.clock.now() == clashes[-1]


def test_two_releases_at_once_start_one_cleanup() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.line.lay(Trap(2, meanwhile=lambda: world.deallocate(allocation.id)))
    world.deallocate(allocation.id, outcome="second")
    assert world.recorded(allocation.id).outcome == "success"
    assert len(world.cleanups.started) == 1


def test_a_release_at_the_instant_of_the_timeout_starts_one_cleanup() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.clock.advance(timedelta(hours=3))
    world.line.lay(Trap(2, meanwhile=world.reconciler.run))
    world.deallocate(allocation.id)
    assert world.recorded(allocation.id).ended_by is EndedBy.TIMEOUT
    assert len(world.cleanups.started) == 1


def test_a_commit_whose_reply_was_lost_counts() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.line.lay(Trap(2, Fault.REPLY_LOST))
    world.deallocate(allocation.id)
    assert len(world.cleanups.started) == 1


def test_an_end_whose_outcome_cannot_be_read_says_that_it_may_have_been_done() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.line.lay(Trap(2, Fault.REPLY_LOST, meanwhile=lambda: world.line.lay(Trap(3, Fault.DOWN))))
    with pytest.raises(Unavailable, match="may have been done"):
        world.deallocate(allocation.id)


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.DOWN])
@pytest.mark.parametrize("at", [1, 2])
def test_what_did_not_happen_is_said_so_and_can_be_repeated(at: int, fault: Fault) -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.line.lay(Trap(at, fault))
    with pytest.raises(Unavailable) as refused:
        world.deallocate(allocation.id)
    assert refused.value.retry_after is not None
    assert world.status(a_key(1)) is Status.IN_USE
    world.deallocate(allocation.id)
    assert world.status(a_key(1)) is Status.CLEANING


def test_whoever_dies_after_the_commit_leaves_the_cleanup_to_the_reconciler() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.line.lay(Trap(2, Fault.CRASH_AFTER))
    with pytest.raises(Crash):
        world.deallocate(allocation.id)
    world.line.lay(None)
    world.clock.advance(timedelta(seconds=90))
    world.reconciler.run()
    assert world.cleanups.started == [CleanupOrder(allocation.id, a_key(1), 2)]
