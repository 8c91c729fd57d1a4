"""How pools stand is measured with three reads for each; an exhaustion is one event, however long it takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.core.breaker import POOL_HELD, Breaker
from atmosphere.core.changes import Put
from atmosphere.core.events import dirty_id
from atmosphere.core.model import Status
from atmosphere.core.queue import PRESENT
from atmosphere.core.shortage import Shortage, ShortageKey
from atmosphere.operations.measure import MOST_UNTOLD, Announcer, Measured
from tests.builders import POOL, a_key, a_registration, a_waiter, an_environment
from tests.operations.line import Trap
from tests.operations.world import World, a_configuration, a_world

if TYPE_CHECKING:
    from atmosphere.core.model import Environment

LONG_AGO: Final = timedelta(hours=1)


def measure(world: World) -> Measured:
    (found,) = world.measurer.run()
    return found


def wait(world: World, *numbers: int) -> None:
    now = world.clock.now()
    for number in numbers:
        waiter = a_waiter(number, arrival=now, last_ask=now, present_until=now + PRESENT)
        world.rows.commit([Put(row=waiter, expects=())], token=world.ids.new())


def pass_away(world: World) -> None:
    """Whoever waits is not present any more."""
    world.clock.advance(PRESENT)


def set_status(world: World, row: Environment, status: Status) -> None:
    freed_at = world.clock.now() if status is Status.FREE else None
    world.rows.commit([Put(row=replace(row, status=status, freed_at=freed_at), expects=())], token=world.ids.new())


def test_a_pool_is_measured_with_three_reads_and_no_write() -> None:
    world = a_world(3, taken=0)
    found = measure(world)
    assert found.counts == {**dict.fromkeys(Status, 0), Status.FREE: 3}
    assert (found.pool, found.waiting, found.short, found.untold) == (POOL, 0, None, ())
    assert world.line.calls == ["counts", "waiters", "shortage"]


def test_a_hold_that_nobody_heard_of_is_told_until_that_is_noted() -> None:
    world = a_world(2, taken=1)
    opened = Breaker(pool=POOL, opened=world.clock.now(), thing="T:left", revision=1)
    world.rows.commit([Put(row=opened)], token=world.ids.new())
    assert measure(world).held is None, "whoever opened it may still tell"
    world.clock.advance(timedelta(minutes=2))
    assert measure(world).held == measure(world).held == opened
    Announcer(store=world.store, ids=world.ids).hold_told(opened)
    assert measure(world).held is None


def test_a_hold_that_counted_another_environment_meanwhile_is_not_noted_over_that() -> None:
    world = a_world(2, taken=1)
    opened = Breaker(pool=POOL, opened=world.clock.now(), thing="T:left", revision=1)
    world.rows.commit([Put(row=replace(opened, revision=2))], token=world.ids.new())
    Announcer(store=world.store, ids=world.ids).hold_told(opened)
    assert world.rows.breaker(POOL) == replace(opened, revision=2)


def test_who_waits_is_counted_while_present() -> None:
    world = a_world(1)
    wait(world, 1, 2)
    assert measure(world).waiting == 2
    pass_away(world)
    assert measure(world).waiting == 0


def test_a_pool_is_exhausted_once_somebody_waits_and_nothing_is_free() -> None:
    world = a_world(2, taken=2)
    assert measure(world).short is None
    wait(world, 1)
    began = world.clock.now()
    assert measure(world).short == Shortage(id=ShortageKey(POOL), since=began)


def test_one_exhaustion_is_one_although_an_environment_was_free_for_a_moment() -> None:
    world = a_world(2, taken=2)
    wait(world, 1)
    first = measure(world).short
    set_status(world, world.row(a_key(1)), Status.FREE)
    world.clock.advance(timedelta(minutes=5))
    wait(world, 2)
    assert measure(world).short == first
    pass_away(world)
    assert measure(world).short is None
    set_status(world, world.row(a_key(1)), Status.IN_USE)
    wait(world, 3)
    again = measure(world).short
    assert again is not None
    assert first is not None
    assert again.since > first.since


def test_of_two_runs_at_once_one_publishes() -> None:
    world = a_world(1, taken=1)
    wait(world, 1)
    seen = []
    world.line.lay(Trap(4, meanwhile=lambda: seen.append(measure(world).short)))
    assert measure(world).short is None
    assert seen[0] is not None


def test_what_was_published_is_noted_and_stays_so() -> None:
    world = a_world(1, taken=1)
    wait(world, 1)
    found = measure(world)
    assert found.short is not None
    Announcer(store=world.store, ids=world.ids).short_told(found.short)
    assert measure(world).short == replace(found.short, told=True)


def a_dirty(world: World, **changes: object) -> Environment:
    row = an_environment(a_key(1), status=Status.DIRTY, since=world.clock.now() - LONG_AGO)
    return replace(row, **changes)  # type: ignore[arg-type]


def with_row(**changes: object) -> World:
    world = World(a_configuration(a_registration(a_key(1))))
    world.put(a_dirty(world, **changes))
    return world


def test_a_dirty_environment_that_nobody_was_told_of_is_found_until_it_is_noted() -> None:
    world = with_row()
    (row,) = measure(world).untold
    Announcer(store=world.store, ids=world.ids).told(row, dirty_id(row))
    assert measure(world).untold == ()


def test_one_that_became_dirty_again_is_another_one() -> None:
    world = with_row()
    (row,) = measure(world).untold
    Announcer(store=world.store, ids=world.ids).told(row, dirty_id(row))
    set_status(world, replace(world.row(a_key(1)), attempt=row.attempt + 1), Status.DIRTY)
    assert len(measure(world).untold) == 1


def test_one_that_just_became_dirty_is_left_to_whoever_made_it_so() -> None:
    world = with_row()
    set_status(world, replace(world.row(a_key(1)), since=world.clock.now()), Status.DIRTY)
    assert measure(world).untold == ()
    world.clock.advance(timedelta(minutes=2))
    assert len(measure(world).untold) == 1


def test_one_that_is_dirty_because_its_pool_is_held_has_no_event() -> None:
    assert measure(with_row(dirty_reason=POOL_HELD)).untold == ()


def test_noting_what_has_changed_meanwhile_changes_nothing() -> None:
    world = with_row()
    (row,) = measure(world).untold
    set_status(world, world.row(a_key(1)), Status.FREE)
    Announcer(store=world.store, ids=world.ids).told(row, dirty_id(row))
    assert world.row(a_key(1)).told is None


def test_one_run_publishes_so_many_and_the_next_the_others() -> None:
    world = a_world(MOST_UNTOLD + 3, taken=MOST_UNTOLD + 3)
    first = measure(world).untold
    assert len(first) == MOST_UNTOLD
    announcer = Announcer(store=world.store, ids=world.ids)
    for row in first:
        announcer.told(row, dirty_id(row))
    assert len(measure(world).untold) == 3
