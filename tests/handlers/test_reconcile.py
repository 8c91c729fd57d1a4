"""A run of the reconciler also starts scans of free environments, after everything that cannot wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from atmosphere.adapters.memory import MemoryStore
from atmosphere.core.model import Status
from atmosphere.core.organization import Organization
from atmosphere.handlers import reconcile
from tests.builders import NOW, a_key, a_registration, an_environment
from tests.handlers.conftest import Api
from tests.operations.world import World, a_configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from atmosphere.core.model import Environment


def an_api() -> Api:
    """An environment that is free since noon; it is eight in the evening."""
    named = a_registration(a_key(1), organization=Organization(management_account="999999999999"))
    world = World(a_configuration(named))
    world.clock.advance(NOW - world.clock.now())
    world.put(an_environment(a_key(1), registered=named))
    world.clock.advance(timedelta(hours=8))
    return Api(world)


def test_scans_are_started(printed: Callable[[], str]) -> None:
    api = an_api()
    reconcile.handle(api.app)
    assert [order.key for order in api.world.cleanups.watched] == [a_key(1)]
    assert "WatchesStarted" in printed()


def test_a_scan_that_cannot_be_started_fails_no_run(printed: Callable[[], str]) -> None:
    api = an_api()
    api.world.cleanups.failing = True
    assert reconcile.handle(api.app) == {}
    assert "scans of free environments not started" in printed()


def test_without_an_organization_a_run_reads_once() -> None:
    """Also at the minutes at which free rows are read."""
    world = World(a_configuration(a_registration(a_key(1))))
    world.clock.advance(NOW - world.clock.now())
    world.put(an_environment(a_key(1)))
    reconcile.handle(Api(world).app)
    assert world.line.calls == ["waking"]


class Strayed(MemoryStore):
    """Every row was written into a partition that a run of each minute does not read any more."""

    def waking(self, until: datetime, limit: int, *, strays: bool = False) -> Sequence[Environment]:
        return super().waking(until, limit) if strays else []


def test_what_strayed_is_repaired_when_the_pools_are_measured(printed: Callable[[], str]) -> None:
    world = World(a_configuration(a_registration(a_key(1))), rows=Strayed())
    world.clock.advance(NOW - world.clock.now())
    world.put(an_environment(a_key(1), status=Status.CLEANING, deadline=NOW, wake_at=NOW))
    api = Api(world)
    assert reconcile.handle(api.app) == {}
    assert reconcile.measure(api.app) == {"pools": 1}
    assert world.status(a_key(1)) is Status.DIRTY
    assert "cleanup-timeout" in printed()


def test_measuring_says_nothing_of_repairs_where_nothing_strayed(printed: Callable[[], str]) -> None:
    api = an_api()
    reconcile.measure(api.app)
    assert "reconciled" not in printed()


def test_repairs_come_first() -> None:
    api = an_api()
    overdue = an_environment(a_key(2), status=Status.CLEANING)
    api.world.put(replace(overdue, deadline=NOW, wake_at=NOW))
    reconcile.handle(api.app)
    assert api.world.status(a_key(2)) is Status.DIRTY
    assert len(api.world.cleanups.watched) == 1
