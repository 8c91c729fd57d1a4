"""What an operator does: decided by the table, on record, and repeatable."""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.core import lifecycle
from atmosphere.core.errors import Conflicting, UnknownEnvironment
from atmosphere.core.lifecycle import Kind
from atmosphere.core.model import ActKind, Mark, Status
from atmosphere.operations.operate import EVENTS
from atmosphere.ports import CleanupOrder, Unreachable
from tests.builders import ALLOCATION, a_key, an_environment
from tests.operations.line import Fault, Trap
from tests.operations.world import OPERATOR, World, a_configuration

if TYPE_CHECKING:
    from atmosphere.core.model import Environment, HistoryEntry

KEY: Final = a_key(1)


def _with(**changes: Any) -> World:
    world = World(a_configuration())
    world.put(an_environment(KEY, **changes))
    return world


def _act(world: World, act: ActKind, reason: str = "because") -> Environment | None:
    return world.operating.act(KEY, act, reason=reason, caller=OPERATOR)


def _record(world: World) -> tuple[HistoryEntry, ...]:
    return world.rows.history_of(KEY, since=None, until=None, cursor=None).entries


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
