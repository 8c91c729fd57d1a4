"""How an environment moves, seen in the rows that the writes of `changes` make; each cell of the table is needed."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.core import changes, lifecycle
from atmosphere.core.changes import Delete, ImpossibleError, Update
from atmosphere.core.lifecycle import Decision, Event, Kind, decide
from atmosphere.core.model import Environment, Mark, Status
from tests.builders import (
    ALLOCATION,
    KEY,
    LIMIT,
    NOW,
    OTHER_ALLOCATION,
    a_registration,
    after,
    an_allocation,
    an_environment,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from atmosphere.core.changes import Change

_FREE, _IN_USE, _CLEANING, _DIRTY, _HELD = Status
_LEAVING: Final = Mark.DEREGISTERING


def _operator(event: Event) -> Callable[[Environment], Change | None]:
    return lambda row: changes.operate(row, event, fence=OTHER_ALLOCATION, now=NOW, limit=LIMIT)


def _take(row: Environment) -> Change:
    return changes.start(an_allocation(), {KEY: row})[1]


def _orphaned(row: Environment) -> Change:
    return changes.orphaned(row, now=NOW)


def _found_clean(row: Environment) -> Change:
    return changes.found_clean(row, now=NOW, report="r")


def _found_dirty(row: Environment) -> Change:
    return changes.found_dirty(row, now=NOW, reason="leftovers", report="r")


def _blocked(row: Environment) -> Change:
    return changes.blocked(row, now=NOW, pause=LIMIT, report="r")


def _silent(row: Environment) -> Change:
    return changes.next_attempt(row, now=NOW)


_clean, _reinstate, _discard = _operator(Event.CLEAN), _operator(Event.REINSTATE), _operator(Event.DISCARD)
_recheck = _operator(Event.RECHECK)
_release = _operator(Event.RELEASE)
_hold, _resume, _recapture = _operator(Event.HOLD), _operator(Event.RESUME), _operator(Event.RECAPTURE)


def _moved(act: Callable[[Environment], Change | None], status: Status, **row: Any) -> Environment:
    """The row after a write that sets its status."""
    before = an_environment(status=status, **row)
    change = act(before)
    assert isinstance(change, Update)
    assert "status" in change.sets
    result = changes.applied(before, change)
    assert isinstance(result, Environment)
    return result


def _noted(act: Callable[[Environment], Change | None], status: Status, **row: Any) -> Environment:
    """The row after a write that leaves its status alone."""
    before = an_environment(status=status, **row)
    change = act(before)
    assert isinstance(change, Update)
    assert "status" not in change.sets
    result = changes.applied(before, change)
    assert isinstance(result, Environment)
    return result


def _is_gone(act: Callable[[Environment], Change | None], status: Status, **row: Any) -> bool:
    return isinstance(act(an_environment(status=status, **row)), Delete)


def _refused_except(act: Callable[[Environment], Change | None], *statuses: Status, **row: Any) -> None:
    """No write is made in any other status."""
    for status in set(Status) - set(statuses):
        with pytest.raises(ImpossibleError, match=f"is refused in status {status}"):
            act(an_environment(status=status, **row))


def test_only_a_free_environment_is_taken() -> None:
    taken = _moved(_take, _FREE)
    assert (taken.status, taken.allocation) == (_IN_USE, ALLOCATION)
    _refused_except(_take, _FREE)


def test_an_environment_that_is_let_go_is_cleaned() -> None:
    cleaning = _moved(lambda row: changes.let_go(row.key, ALLOCATION, now=NOW, limit=LIMIT), _IN_USE)
    assert (cleaning.status, cleaning.attempt, cleaning.deadline) == (_CLEANING, 1, NOW + LIMIT)


def test_an_operator_releases_what_is_in_use_and_elsewhere_there_is_nothing_to_release() -> None:
    cleaning = _moved(_release, _IN_USE, attempt=0)
    assert (cleaning.status, cleaning.allocation, cleaning.attempt) == (_CLEANING, ALLOCATION, 1)
    for status in set(Status) - {_IN_USE}:
        assert _release(an_environment(status=status)) is None


def test_only_an_environment_in_use_can_miss_its_allocation_and_it_is_dirty() -> None:
    dirty = _moved(_orphaned, _IN_USE)
    assert (dirty.status, dirty.dirty_reason, dirty.deadline) == (_DIRTY, "allocation-missing", None)
    _refused_except(_orphaned, _IN_USE)


def test_only_an_environment_that_is_being_cleaned_is_found_clean_and_it_is_free() -> None:
    free = _moved(_found_clean, _CLEANING)
    assert (free.status, free.freed_at, free.allocation) == (_FREE, NOW, None)
    _refused_except(_found_clean, _CLEANING)


def test_only_an_environment_that_is_being_cleaned_is_found_dirty() -> None:
    dirty = _moved(_found_dirty, _CLEANING)
    assert (dirty.status, dirty.dirty_reason, dirty.deadline) == (_DIRTY, "leftovers", None)
    _refused_except(_found_dirty, _CLEANING)


def test_a_cleaning_that_was_blocked_or_fell_silent_goes_on_with_its_next_attempt() -> None:
    for act in (_blocked, _silent):
        assert _noted(act, _CLEANING, attempt=4).attempt == 5
        _refused_except(act, _CLEANING)


def test_what_would_become_free_is_gone_if_it_is_deregistering_and_held_if_a_hold_was_noted() -> None:
    for act, status in ((_found_clean, _CLEANING), (_reinstate, _DIRTY)):
        held = _moved(act, status, hold=True)
        assert (held.status, held.hold, held.freed_at) == (_HELD, False, None)
        assert _is_gone(act, status, mark=_LEAVING)
        assert _is_gone(act, status, mark=_LEAVING, hold=True)


def test_a_new_environment_is_cleaned_before_it_is_free() -> None:
    row = changes.born(a_registration(), fence=ALLOCATION, now=NOW, limit=LIMIT).row
    assert isinstance(row, Environment)
    assert (row.status, row.capture, row.deadline) == (_CLEANING, True, NOW + LIMIT)


def test_a_new_configuration_moves_no_environment() -> None:
    changed = a_registration(external_id="another")
    for status in Status:
        row = _noted(lambda row: changes.reregister(row, changed, now=after(hours=1)), status, mark=_LEAVING)
        assert row.mark is Mark.REGISTERED


def test_what_the_configuration_drops_is_gone_if_it_is_free_and_stays_until_then() -> None:
    assert _is_gone(changes.deregister, _FREE)
    for status in set(Status) - {_FREE}:
        assert _noted(changes.deregister, status).mark is _LEAVING


def test_an_operator_cleans_what_is_dirty_and_nothing_else() -> None:
    cleaning = _moved(_clean, _DIRTY)
    assert (cleaning.status, cleaning.attempt, cleaning.deadline) == (_CLEANING, 4, NOW + LIMIT)
    assert _clean(an_environment(status=_CLEANING)) is None
    _refused_except(_clean, _CLEANING, _DIRTY)


def test_what_is_dirty_until_a_date_is_cleaned_again_and_nothing_else() -> None:
    cleaning = _moved(_recheck, _DIRTY, rechecks=1)
    assert (cleaning.status, cleaning.attempt, cleaning.deadline) == (_CLEANING, 4, NOW + LIMIT)
    assert (cleaning.rechecks, cleaning.dirty_reason) == (2, None)
    _refused_except(_recheck, _DIRTY)


def test_a_date_is_written_so_many_times_and_an_act_counts_anew() -> None:
    at = after(hours=24)

    def dirty(rechecks: int) -> datetime | None:
        row = an_environment(status=_CLEANING, rechecks=rechecks)
        change = changes.found_dirty(row, now=NOW, reason="refused-until", report="r", retry_at=at)
        result = changes.applied(row, change)
        assert isinstance(result, Environment)
        return result.wake_at

    assert [dirty(rechecks) for rechecks in (0, changes.MAX_RECHECKS - 1, changes.MAX_RECHECKS)] == [at, at, None]
    for act in (_clean, _recapture, _reinstate):
        assert _moved(act, _DIRTY, rechecks=changes.MAX_RECHECKS, wake_at=at).rechecks == 0
    assert _moved(_hold, _DIRTY, wake_at=at).wake_at is None


def test_an_operator_reinstates_what_is_dirty_and_nothing_else() -> None:
    free = _moved(_reinstate, _DIRTY)
    assert (free.status, free.freed_at, free.dirty_reason) == (_FREE, NOW, None)
    assert _reinstate(an_environment()) is None
    _refused_except(_reinstate, _FREE, _DIRTY)


def test_an_operator_discards_what_is_dirty_and_deregistering_and_nothing_else() -> None:
    assert _is_gone(_discard, _DIRTY, mark=_LEAVING)
    _refused_except(_discard, _DIRTY, mark=_LEAVING)
    _refused_except(_discard)


def test_a_hold_is_at_once_for_what_is_free_or_dirty_and_is_noted_for_what_is_at_work() -> None:
    for status in (_FREE, _DIRTY):
        held = _moved(_hold, status)
        assert (held.status, held.hold, held.freed_at) == (_HELD, False, None)
    for status in (_IN_USE, _CLEANING):
        assert _noted(_hold, status).hold
    assert _hold(an_environment(status=_HELD)) is None


def test_what_is_resumed_is_cleaned_and_a_hold_that_was_noted_is_taken_back() -> None:
    cleaning = _moved(_resume, _HELD)
    assert (cleaning.status, cleaning.capture, cleaning.deadline) == (_CLEANING, False, NOW + LIMIT)
    for status in (_IN_USE, _CLEANING):
        assert not _noted(_resume, status, hold=True).hold
    assert _resume(an_environment()) is None
    with pytest.raises(ImpossibleError):
        _resume(an_environment(status=_DIRTY))


def test_a_recapture_is_a_cleaning_that_captures_and_a_second_one_has_no_effect() -> None:
    for status in (_FREE, _DIRTY, _HELD):
        cleaning = _moved(_recapture, status)
        assert (cleaning.status, cleaning.capture, cleaning.deadline) == (_CLEANING, True, NOW + LIMIT)
        assert cleaning.hold is (status is _HELD)
    assert _recapture(an_environment(status=_CLEANING, capture=True)) is None
    _refused_except(_recapture, _FREE, _DIRTY, _HELD)


def test_only_a_free_environment_is_watched_and_it_stays_free_since_the_same_instant() -> None:
    free = _noted(lambda row: changes.watched(row, now=after(hours=6)), _FREE)
    assert (free.freed_at, free.watched_at, free.wake_at) == (NOW, after(hours=6), None)
    _refused_except(lambda row: changes.watched(row, now=NOW), _FREE)


_NAMED: Final = [value for name, value in globals().items() if name.startswith("test_")]
_DECISIONS: Final = [
    *(Decision(Kind.MOVE, status) for status in Status),
    *(Decision(kind) for kind in Kind if kind is not Kind.MOVE),
]
_REFUSED: Final = Decision(Kind.REFUSED)
# Letting go reads no row, and only `register` is about what has none: nothing asks for their other cells.
_CELLS: Final = [
    *product([event for event in Event if event is not Event.LET_GO], Status),
    (Event.LET_GO, _IN_USE),
    (Event.REGISTER, None),
]


def _fails(test: Callable[[], None]) -> bool:
    try:
        test()
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 -- however it fails, it does
        return True
    return False


def test_each_test_above_passes_with_the_table_as_it_is() -> None:
    assert [test.__name__ for test in _NAMED if _fails(test)] == []


@pytest.mark.parametrize("event", Event)
def test_a_row_that_is_dropped_fails_a_test_above(event: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(lifecycle._TABLE, event)
    assert any(map(_fails, _NAMED))


@pytest.mark.parametrize(("event", "status"), _CELLS)
def test_a_cell_that_is_dropped_altered_or_added_fails_a_test_above(
    event: Event, status: Status | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = lifecycle._TABLE[event]
    for other in set(_DECISIONS) - {cells.get(status, _REFUSED)}:
        with monkeypatch.context() as mutation:
            mutation.setitem(cells, status, other)
            assert any(map(_fails, _NAMED)), f"no test sees that {event} in {status} is {other}"


def test_only_a_clean_verdict_and_a_reinstatement_lead_to_free() -> None:
    """P3: no other event ever makes an environment free."""
    rows = [
        an_environment(status=status, mark=mark, hold=hold)
        for status, mark, hold in product(Status, Mark, (False, True))
    ]
    freeing = {event for event in Event for row in rows if decide(row, event).to is _FREE}
    assert freeing == {Event.FOUND_CLEAN, Event.REINSTATE}


def test_the_picture_shows_every_move_and_no_other() -> None:
    drawn = set()
    for line in re.findall(r"^ {4}(\S.*)$", lifecycle.__doc__ or "", re.MULTILINE):
        first, *steps = re.split(r" --([a-z-]+)--> ", line)
        for sources, event, target in zip([first, *steps[1::2]], steps[::2], steps[1::2], strict=False):
            drawn |= {(source, event, target) for source in sources.split(", ")}
    moves = {
        (status or "(none)", event, decision.to or "(none)")
        for event, cells in lifecycle._TABLE.items()
        for status, decision in cells.items()
        if decision.kind in {Kind.MOVE, Kind.GONE}
    }
    assert drawn == moves
