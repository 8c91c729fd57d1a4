"""Each operation, disturbed at each of its calls by each fault and by each thing that others can do.

What the state machine finds by chance is tried out here in full, from four situations. The driver checks P1, P2, P4
and P5 at every step; afterwards the reconciler alone must bring everything to rest.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Final

import pytest

from atmosphere.core.errors import PoolBusy, QuotaReached
from atmosphere.core.model import ActKind, AllocationId
from atmosphere.operations.operate import EVENTS
from atmosphere.operations.sessions import Granted
from tests.machine.driver import Driver
from tests.machine.meanwhile import MEANWHILE
from tests.machine.setting import KEYS, Trouble
from tests.operations.line import Fault
from tests.operations.world import many

Operation = Callable[[Driver, Trouble | None], object]

HELD_ID: Final = AllocationId("11111111-2222-4333-8444-555555555555")
NEW_ID: Final = AllocationId("99999999-2222-4333-8444-555555555555")
_MOST_CALLS: Final = 30


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


SITUATIONS: Final = {
    "all free": cache(_all_free),
    "in line": cache(_in_line),
    "one kept": cache(_one_kept),
    "mixed": cache(_mixed),
    "all due": cache(_all_due),
    "half registered": cache(_half_registered),
}


def _verdict(verdict: str) -> Operation:
    def said(driver: Driver, trouble: Trouble | None) -> None:
        for order in driver.current_orders()[:1]:
            driver.cleanup_says(verdict, order, trouble=trouble)

    return said


def _act(act: ActKind, number: int) -> Operation:
    return lambda driver, trouble: driver.operate(act, KEYS[number], trouble=trouble)


OPERATIONS: Final[dict[str, Operation]] = {
    "allocate": lambda driver, trouble: driver.allocate("runner", {}, key=None, trouble=trouble),
    "allocate by key": lambda driver, trouble: driver.allocate("runner", {}, key=NEW_ID, trouble=trouble),
    "allocate again": lambda driver, trouble: driver.allocate("runner", {}, key=HELD_ID, trouble=trouble),
    "allocate two": lambda driver, trouble: driver.allocate(
        "runner", {"environments": many(2), "accounts": "any"}, key=None, trouble=trouble
    ),
    "refresh": lambda driver, trouble: driver.refresh("runner", HELD_ID, trouble=trouble),
    "deallocate": lambda driver, trouble: driver.deallocate("runner", HELD_ID, trouble=trouble),
    "deallocate what is unknown": lambda driver, trouble: driver.deallocate("runner", NEW_ID, trouble=trouble),
    "deallocate as a stranger": lambda driver, trouble: driver.deallocate("neighbour", HELD_ID, trouble=trouble),
    "reconcile": lambda driver, trouble: driver.reconcile(trouble=trouble),
    **{
        f"{verdict}, says the cleanup": _verdict(verdict)
        for verdict in ("beat", "clean", "dirty", "dirty until", "blocked")
    },
    "register a change": lambda driver, trouble: driver.register(0b1111, 1, trouble=trouble),
    "register less": lambda driver, trouble: driver.register(0b0001, 0, trouble=trouble),
    **{f"{act} environment {number}": _act(act, number) for act in EVENTS for number in range(4)},
}

DISTURBANCES: Final = {
    **{str(fault): (fault, ()) for fault in Fault},
    **{f"{name} {number}": (None, ((name, number),)) for name in MEANWHILE for number in (0, 1)},
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_it_can_be_cut_anywhere(operation: str, situation: str) -> None:
    begun = SITUATIONS[situation]()
    for fault, meanwhile in DISTURBANCES.values():
        for at in range(1, _MOST_CALLS):
            driver = begun.fork()
            OPERATIONS[operation](driver, Trouble(at, fault, meanwhile))
            if not driver.world.line.sprung:
                break
            OPERATIONS[operation](driver, None)  # whoever was not answered asks again
            driver.settle()
        else:
            pytest.fail(f"{operation} makes {_MOST_CALLS} calls and more")
