"""What an operator does: decided by the table, on record, and repeatable."""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.core import lifecycle
from atmosphere.core.changes import Put
from atmosphere.core.errors import Conflicting, UnknownEnvironment
from atmosphere.core.lifecycle import Kind
from atmosphere.core.model import ActKind, EndedBy, Mark, Status
from atmosphere.operations.operate import EVENTS, RELEASED_OUTCOME
from atmosphere.ports import CleanupOrder, OutcomeUnknown, Unreachable
from tests.builders import ALLOCATION, a_history_entry, a_key, an_allocation, an_environment
from tests.operations.line import Fault, Trap
from tests.operations.world import OPERATOR, World, a_configuration

if TYPE_CHECKING:
    from atmosphere.core.model import Environment, HistoryEntry

KEY: Final = a_key(1)


def _with(**changes: Any) -> World:
    world = World(a_configuration())
    row = an_environment(KEY, **changes)
    world.put(row)
    if row.status is Status.IN_USE:
        world.rows.commit([Put(row=an_allocation(KEY)), Put(row=a_history_entry(KEY))], token=world.ids.new())
    return world


def _act(world: World, act: ActKind, reason: str = "because") -> Environment | None:
    return world.operating.act(KEY, act, reason=reason, caller=OPERATOR).after


def _record(world: World) -> tuple[HistoryEntry, ...]:
    """The acts on it."""
    entries = world.rows.history_of(KEY, since=None, until=None, cursor=None).entries
    return tuple(entry for entry in entries if entry.kind is not ActKind.ALLOCATION)


_CASES: Final = [*product(EVENTS, Status, Mark)]


@pytest.mark.parametrize(("act", "status", "mark"), _CASES)
def test_every_act_in_every_status_does_what_the_table_says(act: ActKind, status: Status, mark: Mark) -> None:
    world = _with(status=status, mark=mark)
    before = world.row(KEY)
    decision = lifecycle.decide(before, EVENTS[act])
    if decision.kind is Kind.REFUSED:
        with pytest.raises(Conflicting, match=str(status)):
            _act(world, act)
        assert world.row(KEY) == before
        assert _record(world) == ()
        return
    after = _act(world, act)
    assert after == world.rows.environment(KEY)
    if decision.kind is Kind.GONE:
        assert after is None
    elif decision.kind is Kind.MOVE:
        assert after is not None
        assert after.status is decision.to
    elif decision.kind is Kind.NOTHING:
        assert after == before
    assert len(_record(world)) == (0 if decision.kind is Kind.NOTHING else 1)


@pytest.mark.parametrize(("act", "status", "mark"), _CASES)
def test_an_act_that_arrives_twice_moves_the_environment_once(act: ActKind, status: Status, mark: Mark) -> None:
    world = _with(status=status, mark=mark)
    try:
        _act(world, act)
    except Conflicting:
        return
    before = (world.rows.environments(), list(world.cleanups.started))
    with suppress(Conflicting, UnknownEnvironment):
        _act(world, act)
    assert (world.rows.environments(), list(world.cleanups.started)) == before


def test_who_when_and_why_is_on_record() -> None:
    world = _with(status=Status.DIRTY)
    _act(world, ActKind.REINSTATE, "I looked: only a log group")
    (entry,) = _record(world)
    assert (entry.kind, entry.who, entry.reason) == (ActKind.REINSTATE, OPERATOR.owner, "I looked: only a log group")
    assert entry.at == world.clock.now()


def test_cleaning_again_is_a_new_attempt_after_the_same_allocation() -> None:
    world = _with(status=Status.DIRTY, attempt=5, blocked=3)
    row = _act(world, ActKind.CLEAN)
    assert row is not None
    assert (row.status, row.allocation, row.attempt, row.blocked) == (Status.CLEANING, ALLOCATION, 6, 0)
    assert row.deadline is not None
    assert world.cleanups.started == [CleanupOrder(ALLOCATION, KEY, 6)]


def test_what_was_held_is_cleaned_before_it_is_free() -> None:
    world = _with()
    _act(world, ActKind.HOLD)
    assert list(world.rows.free(a_configuration().environments[0].pool)) == []
    row = _act(world, ActKind.RESUME)
    assert row is not None
    assert row.status is Status.CLEANING
    assert world.cleaning(world.cleanups.started[0]).free(report=None) is Status.FREE


def test_what_is_held_while_in_use_is_held_once_it_is_clean_unless_the_operator_changes_his_mind() -> None:
    for acts, then in (([ActKind.HOLD], Status.HELD), ([ActKind.HOLD, ActKind.RESUME], Status.FREE)):
        world = _with(status=Status.CLEANING)
        for act in acts:
            _act(world, act)
        assert world.cleaning(CleanupOrder(ALLOCATION, KEY, 1)).free(report=None) is then


def test_a_hold_that_arrives_while_the_environment_becomes_free_is_not_lost() -> None:
    world = _with(status=Status.CLEANING)
    world.line.lay(Trap(2, meanwhile=lambda: _act(world, ActKind.HOLD)))
    assert world.cleaning(CleanupOrder(ALLOCATION, KEY, 1)).free(report=None) is Status.HELD


def test_what_is_reinstated_while_deregistering_is_gone() -> None:
    assert _act(_with(status=Status.DIRTY, mark=Mark.DEREGISTERING), ActKind.REINSTATE) is None


def test_only_what_the_configuration_dropped_can_be_discarded() -> None:
    with pytest.raises(Conflicting):
        _act(_with(status=Status.DIRTY), ActKind.DISCARD)
    assert _act(_with(status=Status.DIRTY, mark=Mark.DEREGISTERING), ActKind.DISCARD) is None


def test_an_environment_that_is_not_registered_is_unknown() -> None:
    with pytest.raises(UnknownEnvironment):
        _act(World(a_configuration()), ActKind.HOLD)


def test_an_act_decides_again_on_what_it_finds_after_a_lost_race() -> None:
    world = _with(status=Status.DIRTY)
    world.line.lay(Trap(2, meanwhile=lambda: _act(world, ActKind.CLEAN)))
    with pytest.raises(Conflicting, match="cleaning"):
        _act(world, ActKind.REINSTATE)
    assert [entry.kind for entry in _record(world)] == [ActKind.CLEAN]


def test_a_cleanup_that_cannot_be_started_is_the_reconcilers() -> None:
    world = _with(status=Status.DIRTY)
    world.cleanups.failing = True
    row = _act(world, ActKind.CLEAN)
    assert row is not None
    assert row.wake_at is not None


def test_could_not_look_is_not_unknown() -> None:
    world = _with()
    world.line.lay(Trap(1, Fault.DOWN))
    with pytest.raises(Unreachable):
        _act(world, ActKind.HOLD)


def test_an_act_that_was_done_is_not_reported_as_if_it_was_not() -> None:
    world = _with()
    world.line.lay(Trap(3, Fault.DOWN))
    with pytest.raises(OutcomeUnknown):
        _act(world, ActKind.HOLD)
    assert world.row(KEY).status is Status.HELD


@pytest.mark.parametrize(
    ("status", "then"), [(Status.FREE, Status.FREE), (Status.DIRTY, Status.FREE), (Status.HELD, Status.HELD)]
)
def test_a_recapture_is_a_cleanup_that_only_captures_and_what_was_held_stays_held(status: Status, then: Status) -> None:
    world = _with(status=status)
    row = _act(world, ActKind.RECAPTURE)
    assert row is not None
    assert (row.status, row.capture, row.freed_at) == (Status.CLEANING, True, None)
    assert world.cleaning(world.cleanups.started[0]).free(report=None) is then
    assert not world.row(KEY).capture


def test_a_recapture_after_a_test_is_fenced_by_that_test_so_that_its_keys_are_revoked() -> None:
    row = _act(_with(status=Status.DIRTY, attempt=5), ActKind.RECAPTURE)
    assert row is not None
    assert (row.allocation, row.attempt) == (ALLOCATION, 6)


def test_a_recapture_that_is_under_way_may_be_asked_for_again_and_a_cleanup_is_not_turned_into_one() -> None:
    world = _with(status=Status.DIRTY)
    _act(world, ActKind.RECAPTURE)
    assert _act(world, ActKind.RECAPTURE) == world.row(KEY)
    assert len(_record(world)) == len(world.cleanups.started) == 1
    with pytest.raises(Conflicting, match="cleaning"):
        _act(_with(status=Status.CLEANING), ActKind.RECAPTURE)


def test_an_operator_who_releases_an_environment_ends_its_allocation_with_all_of_its_environments() -> None:
    other = a_key(2)
    world = World(a_configuration())
    world.put(*(an_environment(key, status=Status.IN_USE) for key in (KEY, other)))
    allocation = an_allocation(KEY, other)
    world.rows.commit([Put(row=allocation), *(Put(row=a_history_entry(key)) for key in (KEY, other))], token="there")
    after = _act(world, ActKind.RELEASE, "it holds up the release")
    assert after is not None
    assert (after.status, after.attempt, world.status(other)) == (Status.CLEANING, 1, Status.CLEANING)
    ended = world.recorded(ALLOCATION)
    assert (ended.ended_by, ended.outcome) == (EndedBy.OPERATOR, RELEASED_OUTCOME)
    assert world.cleanups.started == [CleanupOrder(ALLOCATION, KEY, 1), CleanupOrder(ALLOCATION, other, 1)]
    assert [(entry.id, entry.ended_by) for entry in world.ended] == [(ALLOCATION, EndedBy.OPERATOR)]
    for key in (KEY, other):
        entries = world.rows.history_of(key, since=None, until=None, cursor=None).entries
        by_kind = {entry.kind: entry for entry in entries}
        assert by_kind[ActKind.RELEASE].reason == "it holds up the release"
        assert by_kind[ActKind.RELEASE].who == OPERATOR.owner
        assert by_kind[ActKind.ALLOCATION].ended_by is EndedBy.OPERATOR


def test_a_release_that_meets_the_tests_own_end_does_nothing() -> None:
    world = _with(status=Status.IN_USE)
    allocation = world.recorded(ALLOCATION)
    world.line.lay(Trap(3, meanwhile=lambda: world.deallocator.end(allocation, outcome="success", by=EndedBy.OWNER)))
    acted = world.operating.act(KEY, ActKind.RELEASE, reason="too long", caller=OPERATOR)
    assert (acted.changed, acted.entry, world.status(KEY)) == (False, None, Status.CLEANING)
    assert world.recorded(ALLOCATION).ended_by is EndedBy.OWNER
    assert ActKind.RELEASE not in {entry.kind for entry in _record(world)}


def test_what_is_in_use_without_a_record_is_not_released_but_says_why() -> None:
    world = World(a_configuration())
    world.put(an_environment(KEY, status=Status.IN_USE))
    with pytest.raises(Conflicting, match="without an active allocation"):
        _act(world, ActKind.RELEASE)


@pytest.mark.parametrize(("act", "status", "mark"), _CASES)
def test_a_dry_run_says_what_the_act_would_do_and_does_nothing(act: ActKind, status: Status, mark: Mark) -> None:
    world = _with(status=status, mark=mark)
    before = (world.rows.environments(), _record(world))
    try:
        foreseen = world.operating.act(KEY, act, reason="", caller=OPERATOR, dry_run=True)
    except Conflicting:
        with pytest.raises(Conflicting):
            _act(world, act)
        return
    assert (world.rows.environments(), _record(world), world.cleanups.started) == (*before, [])
    done = world.operating.act(KEY, act, reason="because", caller=OPERATOR)
    assert (foreseen.changed, foreseen.entry) == (done.changed, None)
    assert (foreseen.after is None) == (done.after is None)
    if foreseen.after and done.after:
        assert (foreseen.after.status, foreseen.after.hold) == (done.after.status, done.after.hold)
