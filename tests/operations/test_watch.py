"""Scans of free environments: which are started, and when what one saw counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.core.changes import Put
from atmosphere.core.model import ActKind, Status
from atmosphere.core.organization import Organization
from atmosphere.operations.watch import MOST, WATCH, Watcher, Watching
from atmosphere.ports import Unreachable, WatchOrder
from tests.builders import NOW, a_key, a_registration, an_environment, an_id
from tests.operations.line import Fault, Trap
from tests.operations.world import World, a_configuration

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.core.model import EnvironmentKey

ORGANIZATION: Final = Organization(management_account="999999999999")
EVERY: Final = timedelta(hours=6)
KEY: Final = a_key(1)


def a_world(count: int = 1, *, organization: Organization = ORGANIZATION, **tuned: Any) -> World:
    """So many environments, free since just before noon; it is six in the evening."""
    keys = [a_key(number) for number in range(1, count + 1)]
    entries = [replace(a_registration(key), organization=organization) for key in keys]
    world = World(a_configuration(*entries, **tuned))
    world.clock.advance(NOW - world.clock.now())
    for entry in entries:
        world.put(an_environment(entry.key, registered=entry))
    world.clock.advance(EVERY)
    return world


def watcher(world: World) -> Watcher:
    return Watcher(store=world.store, cleaner=world.cleaner, clock=world.clock, ids=world.ids, snapshot=world.snapshot)


def watched(world: World) -> list[EnvironmentKey]:
    return [order.key for order in world.cleanups.watched]


def watching(world: World, key: EnvironmentKey = KEY) -> Watching:
    order = WatchOrder(an_id(1), key, NOW)
    return Watching(order=order, store=world.store, clock=world.clock, ids=world.ids)


# --- which are started ------------------------------------------------------------------------------------------------


def test_what_was_free_for_long_is_scanned_and_stays_free() -> None:
    world = a_world()
    assert watcher(world).run() == 1
    (order,) = world.cleanups.watched
    assert (order.key, order.freed_at) == (KEY, NOW)
    row = world.row(KEY)
    assert (row.status, row.freed_at, row.watched_at, row.wake_at) == (Status.FREE, NOW, world.clock.now(), None)


def test_one_is_not_scanned_again_before_its_time() -> None:
    world = a_world()
    watcher(world).run()
    world.clock.advance(EVERY - timedelta(minutes=10))
    assert watcher(world).run() == 0
    world.clock.advance(timedelta(minutes=10))
    assert watcher(world).run() == 1


def test_a_run_starts_a_few_and_the_next_one_others() -> None:
    world = a_world(MOST + 2)
    assert (watcher(world).run(), watcher(world).run(), watcher(world).run()) == (MOST, 2, 0)
    assert sorted(watched(world)) == [a_key(number) for number in range(1, MOST + 3)]


def test_nothing_is_read_between_its_times_nor_where_it_is_off_nor_without_an_organization() -> None:
    late, off, without = a_world(), a_world(watch_free=timedelta(0)), a_world(organization=Organization())
    late.clock.advance(timedelta(minutes=1))
    for world in (late, off, without):
        assert watcher(world).run() == 0
        assert world.line.calls == []


def test_a_row_that_still_has_a_registration_without_an_organization_is_not_scanned() -> None:
    world = a_world(2)
    row = replace(world.row(KEY), registered=a_registration(KEY))
    world.rows.commit([Put(row=row, expects=())], token="as it was registered before")
    assert watcher(world).run() == 1
    assert watched(world) == [a_key(2)]


def test_no_scan_is_started_in_an_account_that_others_share() -> None:
    world = a_world(2)
    shared = a_registration(a_key(1, "us-east-1"), organization=ORGANIZATION)
    world.snapshot = replace(world.snapshot, environments=(*world.snapshot.environments, shared))
    assert watcher(world).run() == 1
    assert watched(world) == [a_key(2)]


def test_only_free_rows_are_scanned() -> None:
    world = a_world(2)
    allocation = world.allocate(constraints=[{"type": "account", "value": [KEY.account]}])
    assert watcher(world).run() == 1
    assert watched(world) == [a_key(2)]
    assert world.row(KEY).allocation == allocation.id


def test_one_that_is_allocated_at_that_moment_is_not_scanned() -> None:
    world = a_world()
    world.line.lay(Trap(2, meanwhile=world.allocate))
    assert watcher(world).run() == 0
    assert (watched(world), world.status(KEY)) == ([], Status.IN_USE)


def test_a_scan_that_could_not_be_started_waits_for_the_next_time() -> None:
    world = a_world()
    world.cleanups.failing = True
    with pytest.raises(Unreachable):
        watcher(world).run()
    world.cleanups.failing = False
    assert watcher(world).run() == 0


def test_an_allocation_takes_a_row_that_is_being_scanned_without_waiting() -> None:
    world = a_world()
    world.allocate()
    calls = list(world.line.calls)
    other = a_world()
    watcher(other).run()
    other.line.lay(None)
    other.allocate()
    assert other.line.calls == calls


# --- when it counts ---------------------------------------------------------------------------------------------------


def test_what_was_free_from_start_to_end_counts_and_is_recorded() -> None:
    world = a_world()
    row = watching(world).load()
    assert row is not None
    assert watching(world).confirm(row, adopted="a role")
    (entry,) = world.rows.history_of(KEY, since=None, until=None, cursor=None).entries
    assert (entry.kind, entry.who, entry.reason) == (ActKind.ADOPT, WATCH, "a role")


def _allocated(world: World) -> None:
    world.allocate()


def _allocated_and_freed(world: World) -> None:
    """As it was, but for the instant."""
    world.deallocate(world.allocate().id)
    world.cleaning(world.cleanups.started[-1]).free(report=None)


def _held(world: World) -> None:
    row = replace(world.row(KEY), status=Status.HELD, freed_at=None)
    world.rows.commit([Put(row=row, expects=())], token="held")


def _shared(world: World) -> None:
    world.put(an_environment(a_key(1, "us-east-1")))


@pytest.mark.parametrize("meanwhile", [_allocated, _allocated_and_freed, _held, _shared])
def test_what_was_not_free_or_not_alone_all_the_time_does_not_count(meanwhile: Callable[[World], None]) -> None:
    world = a_world()
    row = watching(world).load()
    assert row is not None
    meanwhile(world)
    before = world.row(KEY)
    assert not watching(world).confirm(row, adopted="a role")
    assert watching(world).load() is None
    assert world.row(KEY) == before
    entries = world.rows.history_of(KEY, since=None, until=None, cursor=None).entries
    assert all(entry.kind is not ActKind.ADOPT for entry in entries)


def test_an_allocation_just_before_the_last_write_wins() -> None:
    world = a_world()
    row = watching(world).load()
    assert row is not None
    world.line.lay(Trap(2, meanwhile=world.allocate))  # the rows of the account, the commit
    assert not watching(world).confirm(row, adopted="a role")
    assert world.status(KEY) is Status.IN_USE


def test_could_not_look_is_never_a_proof() -> None:
    world = a_world()
    row = watching(world).load()
    assert row is not None
    for at in (1, 2):
        world.line.lay(Trap(at, Fault.DOWN))
        with pytest.raises(Unreachable):
            watching(world).confirm(row, adopted="a role")
