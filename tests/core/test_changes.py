"""Every change leaves its row in a shape that nobody can forget about (P2), whatever the row was like."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atmosphere.core import changes, lifecycle
from atmosphere.core.changes import Delete, Is, Put, Update, applied, target_of
from atmosphere.core.lifecycle import Event, Kind
from atmosphere.core.model import AllocationStatus, EndedBy, Environment, Mark, PoolName, Region, Status
from atmosphere.core.organization import Organization
from tests.builders import (
    ALLOCATION,
    KEY,
    LIMIT,
    NOW,
    OTHER_ALLOCATION,
    a_key,
    a_registration,
    after,
    an_allocation,
    an_environment,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.core.changes import Change

_NEXT: Final = a_registration(capabilities={"docker": True})
_OPERATOR_EVENTS: Final = (Event.CLEAN, Event.REINSTATE, Event.DISCARD, Event.HOLD, Event.RESUME, Event.RECAPTURE)


@st.composite
def _rows(draw: st.DrawFn, *statuses: Status) -> Environment:
    status = draw(st.sampled_from(statuses or tuple(Status)))
    drawn: dict[str, Any] = {
        "status": status,
        "mark": Mark.REGISTERED if status is Status.FREE else draw(st.sampled_from(Mark)),
        "hold": False if status in {Status.FREE, Status.HELD} else draw(st.booleans()),
        "capture": status in {Status.CLEANING, Status.DIRTY} and draw(st.booleans()),
        "next_registered": None if status is Status.FREE else draw(st.sampled_from([None, _NEXT])),
    }
    if status is Status.CLEANING:
        left = draw(st.integers(1, 3600))
        drawn |= {"deadline": after(seconds=left), "wake_at": after(seconds=min(left, 90))}
        drawn |= {"attempt": draw(st.integers(1, 9)), "blocked": draw(st.integers(0, 2))}
    return an_environment(**drawn)


_LIMITS = st.integers(1, 7200).map(lambda seconds: timedelta(seconds=seconds))


def _result(row: Environment | None, change: Change | None) -> Environment | None:
    """The row after the change; the row itself where nothing changes."""
    if change is None or row is None:
        assert not isinstance(change, (Update, Delete))
        put = change.row if isinstance(change, Put) else row
        assert put is None or isinstance(put, Environment)
        return put
    if isinstance(change, Delete):
        return None
    assert isinstance(change, Update)
    result = applied(row, change)
    assert isinstance(result, Environment)
    return result


def _is_whole(row: Environment) -> None:
    """What the design says of a row in each status."""
    if row.status in {Status.IN_USE, Status.CLEANING}:
        assert row.deadline is not None
        assert row.wake_at is not None
        assert row.wake_at <= row.deadline
        assert row.allocation is not None
        assert row.freed_at is None
    else:
        assert row.deadline is None
        assert row.wake_at is None
    if row.status is Status.FREE:
        assert row.freed_at is not None
        assert row.allocation is None
        assert (row.hold, row.capture, row.attempt, row.blocked, row.dirty_reason) == (False, False, 0, 0, None)
        assert row.next_registered is None
        assert row.mark is Mark.REGISTERED


_OF_A_CLEANUP: Final[dict[str, Callable[[Environment], Change]]] = {
    "beat": lambda row: changes.beat(row, now=NOW),
    "found_clean": lambda row: changes.found_clean(row, now=NOW, report="report"),
    "found_dirty": lambda row: changes.found_dirty(row, now=NOW, reason="leftovers", report="report"),
    "blocked": lambda row: changes.blocked(row, now=NOW, pause=timedelta(hours=1), report="report"),
    "next_attempt": lambda row: changes.next_attempt(row, now=NOW),
}


@pytest.mark.parametrize("verb", _OF_A_CLEANUP)
@given(row=_rows(Status.CLEANING))
def test_what_a_cleanup_says_leaves_a_whole_row(verb: str, row: Environment) -> None:
    result = _result(row, _OF_A_CLEANUP[verb](row))
    if result is not None:
        _is_whole(result)


@given(row=_rows(Status.FREE), seconds=st.integers(1, 10800))
def test_a_take_brings_its_deadline_in_the_same_write(row: Environment, seconds: int) -> None:
    allocation = an_allocation(deadline=after(seconds=seconds))
    taken = _result(row, changes.start(allocation, {row.key: row})[1])
    assert taken is not None
    _is_whole(taken)
    assert (taken.status, taken.deadline, taken.wake_at) == (Status.IN_USE, allocation.deadline, allocation.deadline)


@given(row=_rows(Status.IN_USE), limit=_LIMITS)
def test_letting_go_brings_the_deadline_of_the_cleanup_and_takes_the_last_report_away(
    row: Environment, limit: timedelta
) -> None:
    row = replace(row, report="of the tenant before")
    cleaning = _result(row, changes.let_go(row.key, ALLOCATION, now=NOW, limit=limit))
    assert cleaning is not None
    _is_whole(cleaning)
    assert (cleaning.status, cleaning.deadline, cleaning.attempt) == (Status.CLEANING, NOW + limit, 1)
    assert cleaning.report is None


@given(limit=_LIMITS)
def test_a_newborn_has_a_deadline_and_is_only_looked_at(limit: timedelta) -> None:
    newborn = _result(None, changes.born(a_registration(), fence=ALLOCATION, now=NOW, limit=limit))
    assert newborn is not None
    _is_whole(newborn)
    assert newborn.capture


@given(row=_rows(), event=st.sampled_from(_OPERATOR_EVENTS), limit=_LIMITS)
def test_what_an_operator_does_leaves_a_whole_row_in_the_status_that_was_decided(
    row: Environment, event: Event, limit: timedelta
) -> None:
    decision = lifecycle.decide(row, event)
    if decision.kind is Kind.REFUSED:
        return
    result = _result(row, changes.operate(row, event, fence=OTHER_ALLOCATION, now=NOW, limit=limit))
    if decision.kind is Kind.GONE:
        assert result is None
        return
    assert result is not None
    _is_whole(result)
    assert result.status is (decision.to or row.status)


@given(row=_rows())
def test_a_configuration_takes_effect_when_nobody_holds_the_environment(row: Environment) -> None:
    result = _result(row, changes.reregister(row, _NEXT, now=NOW))
    assert result is not None
    _is_whole(result)
    assert result.mark is Mark.REGISTERED
    assert (result.next_registered or result.registered) == _NEXT
    if row.status is not Status.FREE:
        assert result.registered == row.registered


@given(row=_rows())
def test_what_the_configuration_drops_is_gone_when_free_and_marked_else(row: Environment) -> None:
    result = _result(row, changes.deregister(row))
    assert (result is None) == (row.status is Status.FREE)
    if result is not None:
        _is_whole(result)
        assert (result.status, result.mark) == (row.status, Mark.DEREGISTERING)


@given(row=_rows(Status.IN_USE))
def test_an_orphan_is_dirty(row: Environment) -> None:
    result = _result(row, changes.orphaned(row, now=NOW))
    assert result is not None
    _is_whole(result)
    assert (result.status, result.dirty_reason) == (Status.DIRTY, "allocation-missing")


def _broken(change: Change, row: Environment | None) -> set[str]:
    """The fields that the change expects to be otherwise."""
    expects = [expected for expected in change.expects if isinstance(expected, Is)]
    return {expected.field for expected in expects if getattr(row, expected.field) != expected.value}


def test_an_attempt_that_rests_has_no_say_any_more() -> None:
    """P5: the last word of an attempt may arrive twice."""
    row = an_environment(status=Status.CLEANING)
    rests = changes.blocked(row, now=NOW, pause=timedelta(seconds=60), report=None)
    rested = _result(row, rests)
    assert rested is not None
    assert _broken(rests, rested)


def test_a_free_row_that_changes_its_registration_cannot_be_taken_as_it_was() -> None:
    row = an_environment()
    changed = _result(row, changes.reregister(row, _NEXT, now=after(seconds=1)))
    take = changes.start(an_allocation(), {KEY: row})[1]
    assert {"freed_at", "registered"} <= _broken(take, changed)


def test_an_allocation_of_several_is_one_list_of_changes_with_one_for_each_row() -> None:
    keys = [a_key(number) for number in range(1, 11)]
    allocation = an_allocation(*keys)
    started = changes.start(allocation, {key: an_environment(key) for key in keys})
    targets = [target_of(change) for change in started]
    assert len(targets) == len(set(targets)) == 21
    assert set(keys) <= set(targets)


def test_ending_touches_the_allocation_and_each_history_row_and_no_environment() -> None:
    ending = changes.end(an_allocation(KEY), now=NOW, outcome="success", by=EndedBy.OWNER)
    assert [type(change) for change in ending] == [Update, Update]
    allocation = applied(an_allocation(KEY), ending[0])  # type: ignore[arg-type]
    assert allocation.status is AllocationStatus.ENDED  # type: ignore[union-attr]
    assert all(change.sets["ended_by"] is EndedBy.OWNER for change in ending)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("status", "event"),
    [(Status.DIRTY, Event.CLEAN), (Status.HELD, Event.RESUME), (Status.DIRTY, Event.RECAPTURE)],
)
def test_what_operators_say_may_stay_counts_from_the_cleanup_that_they_start(status: Status, event: Event) -> None:
    """A thing of the organization makes an environment dirty; naming it has to help before the environment is free."""
    organization = Organization(management_account="999999999999", stack_sets=("StackSet-AWSControlTower",))
    said: dict[str, Any] = {
        "organization": organization,
        "keep": ("AWS::S3::Bucket:x",),
        "deferred": ("AWS::Lambda::Function",),
    }
    waiting = a_registration(pool=PoolName("next"), regions=(Region("us-east-1"),), **said)
    before = an_environment(status=status, next_registered=waiting)
    change = changes.operate(before, event, fence=OTHER_ALLOCATION, now=NOW, limit=LIMIT)
    assert isinstance(change, Update)
    after = changes.applied(before, change)
    assert isinstance(after, Environment)
    assert after.registered == a_registration(**said)
    assert after.next_registered == waiting
