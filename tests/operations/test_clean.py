"""What a cleanup may say: heard while it is its turn, and superseded in every other case."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.core.changes import MAX_BLOCKED
from atmosphere.core.model import Mark, Status
from atmosphere.operations.clean import Cleaning, Dirty, Superseded
from atmosphere.ports import CleanupOrder, Unreachable
from tests.builders import ALLOCATION, LIMIT, NOW, OTHER_ALLOCATION, a_key, an_environment
from tests.operations.line import Fault, Trap
from tests.operations.world import World, a_configuration, a_world

if TYPE_CHECKING:
    from collections.abc import Callable

KEY: Final = a_key(1)
ORDER: Final = CleanupOrder(ALLOCATION, KEY, 1)
PAUSE: Final = timedelta(seconds=60)


def _at_work(**changes: Any) -> World:
    """A world in which the only environment is cleaned by `ORDER`, just started."""
    world = World(a_configuration())
    world.clock.advance(NOW - world.clock.now())
    world.put(an_environment(KEY, status=Status.CLEANING, **changes))
    return world


_VERBS: Final[dict[str, Callable[[Cleaning], object]]] = {
    "load": Cleaning.load,
    "beat": Cleaning.beat,
    "free": lambda cleaning: cleaning.free(report=None),
    "give_up": lambda cleaning: cleaning.give_up(reason="leftovers", report=None),
    "rest": lambda cleaning: cleaning.rest(reason="leftovers", report=None, pause=PAUSE),
}
_ENDINGS: Final = sorted(_VERBS.keys() - {"load", "beat"})


@pytest.mark.parametrize("verb", _VERBS)
@pytest.mark.parametrize(
    "order",
    [
        CleanupOrder(OTHER_ALLOCATION, KEY, 1),
        CleanupOrder(ALLOCATION, KEY, 2),
        CleanupOrder(ALLOCATION, KEY, 0),
        CleanupOrder(ALLOCATION, a_key(2), 1),
    ],
)
def test_a_cleanup_of_another_allocation_attempt_or_environment_is_superseded(verb: str, order: CleanupOrder) -> None:
    world = _at_work()
    before = world.row(KEY)
    with pytest.raises(Superseded):
        _VERBS[verb](world.cleaning(order))
    assert world.row(KEY) == before


@pytest.mark.parametrize("verb", _VERBS)
@pytest.mark.parametrize("status", [Status.FREE, Status.IN_USE, Status.DIRTY, Status.HELD])
def test_a_cleanup_is_superseded_where_nothing_is_cleaned(verb: str, status: Status) -> None:
    world = World(a_configuration())
    world.put(an_environment(KEY, status=status, allocation=ALLOCATION, attempt=1))
    with pytest.raises(Superseded):
        _VERBS[verb](world.cleaning(ORDER))


@pytest.mark.parametrize("verb", sorted(_VERBS.keys() - {"load"}))
@pytest.mark.parametrize("ending", _ENDINGS)
def test_a_cleanup_that_has_ended_meanwhile_is_superseded_at_the_write(verb: str, ending: str) -> None:
    """Between its read and its write, the same message arrived a first time."""
    world = _at_work()
    world.line.lay(Trap(2, meanwhile=lambda: _VERBS[ending](world.cleaning(ORDER))))
    with pytest.raises(Superseded):
        _VERBS[verb](world.cleaning(ORDER))


@pytest.mark.parametrize("verb", _VERBS)
@pytest.mark.parametrize("ending", _ENDINGS)
def test_after_its_last_word_a_cleanup_has_no_say(verb: str, ending: str) -> None:
    world = _at_work()
    _VERBS[ending](world.cleaning(ORDER))
    before = world.row(KEY)
    with pytest.raises(Superseded):
        _VERBS[verb](world.cleaning(ORDER))
    assert world.row(KEY) == before


def test_a_heartbeat_pushes_the_reconciler_on_but_never_past_the_deadline() -> None:
    world = _at_work()
    world.clock.advance(timedelta(seconds=50))
    world.cleaning(ORDER).beat()
    assert world.row(KEY).wake_at == world.clock.now() + timedelta(seconds=90)
    world.clock.advance(LIMIT - timedelta(seconds=60))
    world.cleaning(ORDER).beat()
    assert world.row(KEY).wake_at == world.row(KEY).deadline


def test_what_is_clean_is_free_from_now_on() -> None:
    world = _at_work(blocked=2, capture=True)
    world.clock.advance(timedelta(minutes=3))
    assert world.cleaning(ORDER).free(report="the report") is Status.FREE
    row = world.row(KEY)
    assert (row.status, row.freed_at, row.report) == (Status.FREE, world.clock.now(), "the report")
    assert (row.allocation, row.attempt, row.blocked, row.capture, row.deadline) == (None, 0, 0, False, None)


def test_what_is_clean_and_to_be_held_is_held() -> None:
    world = _at_work(hold=True)
    assert world.cleaning(ORDER).free(report=None) is Status.HELD
    assert (world.status(KEY), world.row(KEY).hold, world.row(KEY).freed_at) == (Status.HELD, False, None)


@pytest.mark.parametrize("hold", [False, True])
def test_what_is_clean_and_deregistering_is_gone(*, hold: bool) -> None:
    world = _at_work(mark=Mark.DEREGISTERING, hold=hold)
    assert world.cleaning(ORDER).free(report=None) is None
    assert world.rows.environment(KEY) is None


def test_giving_up_leaves_it_dirty_with_reason_and_report() -> None:
    world = _at_work()
    world.cleaning(ORDER).give_up(reason="no-baseline", report="the report")
    row = world.row(KEY)
    assert (row.status, row.dirty_reason, row.report) == (Status.DIRTY, "no-baseline", "the report")
    assert (row.allocation, row.deadline, row.wake_at) == (ALLOCATION, None, None)


def test_each_rest_is_longer_and_after_the_last_attempt_it_is_dirty() -> None:
    world = _at_work()
    pauses = []
    for attempt in range(1, 2 * MAX_BLOCKED, 2):
        cleaning = world.cleaning(CleanupOrder(ALLOCATION, KEY, attempt))
        dirty = cleaning.rest(reason="leftovers", report=f"report {attempt}", pause=PAUSE)
        if dirty is not None:
            assert dirty == Dirty(row=world.row(KEY))
            break
        wake_at = world.row(KEY).wake_at
        assert wake_at is not None
        pauses.append(wake_at - world.clock.now())
        world.clock.advance(pauses[-1])
        world.reconciler.run()
        assert world.cleanups.started[-1].attempt == attempt + 2
    assert pauses == [PAUSE, 2 * PAUSE]
    row = world.row(KEY)
    assert (row.status, row.dirty_reason, row.report) == (Status.DIRTY, "leftovers", "report 5")


def test_a_rest_does_not_outlast_the_deadline() -> None:
    world = _at_work()
    world.cleaning(ORDER).rest(reason="leftovers", report=None, pause=timedelta(hours=5))
    assert world.row(KEY).wake_at == world.row(KEY).deadline


def test_it_is_told_whose_leftovers_it_cleans() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.deallocate(allocation.id)
    subject = world.cleaning(world.cleanups.started[0]).load()
    assert (subject.environment, subject.allocation) == (world.row(KEY), world.recorded(allocation.id))
    assert _at_work().cleaning(ORDER).load().allocation is None


@pytest.mark.parametrize("verb", _VERBS)
def test_could_not_look_is_never_superseded(verb: str) -> None:
    world = _at_work()
    world.line.lay(Trap(1, Fault.DOWN))
    with pytest.raises(Unreachable):
        _VERBS[verb](world.cleaning(ORDER))


def test_a_row_that_will_not_hold_still_is_unreachable_and_never_freed_wrongly() -> None:
    world = _at_work()

    def clash() -> None:
        world.line.lay(Trap(2, Fault.CLASH, clash))

    clash()
    with pytest.raises(Unreachable):
        world.cleaning(ORDER).free(report=None)
    assert world.status(KEY) is Status.CLEANING


@pytest.mark.parametrize("mark", Mark)
def test_an_environment_is_not_alone_while_another_of_its_account_is_there_or_draining(mark: Mark) -> None:
    world = _at_work()
    assert world.cleaning(ORDER).load().alone
    world.put(an_environment(a_key(1, "us-east-1"), status=Status.IN_USE, mark=mark))
    assert not world.cleaning(ORDER).load().alone
    assert world.cleaning(ORDER).load().neighbours == ("us-east-1",)


def test_a_cleanup_that_is_not_alone_any_more_is_superseded() -> None:
    world = _at_work()
    cleaning = world.cleaning(ORDER)
    cleaning.beat(alone=True)
    world.put(an_environment(a_key(1, "us-east-1"), status=Status.CLEANING))
    cleaning.beat()  # one that does not count on it goes on
    before = world.row(KEY)
    with pytest.raises(Superseded):
        cleaning.beat(alone=True)
    assert world.row(KEY) == before
