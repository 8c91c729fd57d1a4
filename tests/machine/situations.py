"""The states of a service from which operations are disturbed and cut; each is made once, and forked."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Final

from atmosphere.core.errors import PoolBusy, QuotaReached
from atmosphere.core.model import AllocationId
from atmosphere.operations.sessions import Granted
from tests.builders import a_run
from tests.machine.driver import Driver
from tests.machine.meanwhile import MEANWHILE
from tests.machine.setting import TOKEN_HASH
from tests.operations.world import many

HELD_ID: Final = AllocationId("11111111-2222-4333-8444-555555555555")
NEW_ID: Final = AllocationId("99999999-2222-4333-8444-555555555555")
RUN: Final = a_run()


def _all_free() -> Driver:
    driver = Driver(MEANWHILE)
    driver.register(0b1111, 0)
    for order in driver.current_orders():
        driver.cleanup_says("clean", order)
    return driver


def _mixed() -> Driver:
    """One in use, one cleaning, one dirty, one free."""
    driver = _all_free()
    driver.world.clock.advance(timedelta(seconds=1))
    driver.allocate("runner", {}, key=HELD_ID)
    for verdict in ("beat", "dirty"):
        result = driver.allocate("neighbour", {}, key=None)
        assert isinstance(result, Granted)
        driver.deallocate("neighbour", result.allocation.id)
        driver.cleanup_says(verdict, driver.world.cleanups.started[-1])
    driver.world.clock.advance(timedelta(seconds=30))
    return driver


def _all_due() -> Driver:
    """One overdue allocation, one silent cleanup that is not overdue yet, one dirty, one free."""
    driver = _mixed()
    driver.world.clock.advance(timedelta(minutes=15))
    driver.reconcile()
    result = driver.allocate("neighbour", {}, key=None)
    assert isinstance(result, Granted)
    driver.deallocate("neighbour", result.allocation.id)
    driver.world.clock.advance(timedelta(minutes=5))
    return driver


def _of_a_run() -> Driver:
    """One in use by a job of a run, one by another attempt of it, two free."""
    driver = _all_free()
    driver.allocate("run", {}, key=None)
    driver.allocate("rerun", {}, key=HELD_ID)
    driver.world.clock.advance(timedelta(seconds=30))
    return driver


def _half_registered() -> Driver:
    driver = Driver(MEANWHILE)
    driver.register(0b0101, 0)
    return driver


def _in_line() -> Driver:
    """Three wait, one of them by key and one for two at once; then one environment is clean again."""
    driver = _all_free()
    driver.allocate("neighbour", {}, key=None)
    given_back = driver.known[-1]
    driver.allocate("runner", {}, key=HELD_ID)
    driver.allocate("run", {"environments": many(2), "accounts": "any"}, key=None)
    for caller, body, key in (
        ("operator", {}, None),
        ("runner", {}, NEW_ID),
        ("rerun", {"environments": many(2)}, None),
    ):
        assert isinstance(driver.allocate(caller, body, key=key), PoolBusy | QuotaReached)
    driver.deallocate("neighbour", given_back)
    driver.cleanup_says("clean", driver.current_orders()[0])
    return driver


def _one_kept() -> Driver:
    """One waits, and two environments are clean again: one for whoever comes now, one for the waiter."""
    driver = _all_free()
    driver.allocate("runner", {}, key=HELD_ID)
    driver.allocate("run", {"environments": many(3), "accounts": "any"}, key=None)
    assert isinstance(driver.allocate("rerun", {}, key=None), PoolBusy | QuotaReached)
    driver.deallocate("run", driver.known[-1])
    for order in driver.current_orders()[:2]:
        driver.cleanup_says("clean", order)
    return driver


def _silent() -> Driver:
    """Two environments of one that asked for heartbeats, which is overdue; two free."""
    driver = _all_free()
    driver.allocate(
        "runner", {"environments": many(2), "heartbeatSeconds": 60, "releaseTokenHash": TOKEN_HASH}, key=HELD_ID
    )
    driver.world.clock.advance(timedelta(seconds=61))
    return driver


def _silent_for_long() -> Driver:
    """The same, and the reconciler is late."""
    driver = _silent().fork()
    driver.world.clock.advance(timedelta(seconds=200))
    return driver


SITUATIONS: Final = {
    "all free": cache(_all_free),
    "in line": cache(_in_line),
    "one kept": cache(_one_kept),
    "mixed": cache(_mixed),
    "all due": cache(_all_due),
    "half registered": cache(_half_registered),
    "of a run": cache(_of_a_run),
    "silent": cache(_silent),
    "silent for long": cache(_silent_for_long),
}
