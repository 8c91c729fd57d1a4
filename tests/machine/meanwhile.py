"""What others can do between two calls of an operation; the number chooses among variants."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.core.model import ActKind, Status
from atmosphere.operations.sessions import Granted
from atmosphere.ports import CleanupOrder
from tests.machine.setting import CALLERS, KEYS, TOKEN_HASH
from tests.operations.world import many

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.machine.driver import Driver


def _cycle(driver: Driver, number: int) -> None:
    """Somebody takes all there is, gives it back, and it is clean again."""
    results = [driver.allocate("neighbour", {}, key=None) for _ in KEYS]
    driver.world.clock.advance(timedelta(seconds=20 + number))
    for allocation in [result.allocation for result in results if isinstance(result, Granted)]:
        driver.deallocate("neighbour", allocation.id)
        for item in allocation.items:
            driver.cleanup_says("clean", CleanupOrder(allocation.id, item.key, 1))


def _said(verdict: str) -> Callable[[Driver, int], object]:
    """A verdict on everything that is being cleaned, or on one of all orders there ever were."""

    def act(driver: Driver, number: int) -> None:
        started = driver.pick_order(number)
        for order in driver.current_orders() if number % 2 else [started] if started else []:
            driver.cleanup_says(verdict, order)

    return act


def _operated(act: ActKind) -> Callable[[Driver, int], object]:
    """An act on every environment, or on one."""

    def do(driver: Driver, number: int) -> None:
        for key in KEYS if number % 2 else KEYS[number // 2 % 4 :][:1]:
            driver.operate(act, key)

    return do


def _hand_over(driver: Driver, number: int) -> None:
    """Everything that is held goes to the next tenant, and every other time on to its next cleanup."""
    driver.world.clock.advance(timedelta(seconds=10))
    rows = [row for row in driver.store.environments() if row.status is Status.IN_USE]
    for id_ in sorted({row.allocation for row in rows if row.allocation}):
        driver.deallocate("operator", id_)
    for order in driver.current_orders():
        driver.cleanup_says("clean", order)
    results = [driver.allocate("neighbour", {}, key=None) for _ in KEYS]
    for result in results:
        if number % 2 and isinstance(result, Granted):
            driver.deallocate("neighbour", result.allocation.id)


def _one_more_attempt(driver: Driver, number: int) -> None:
    """What is dirty is cleaned once more, in vain."""
    for key in KEYS:
        driver.operate(ActKind.CLEAN, key)
    for order in driver.current_orders():
        driver.cleanup_says("dirty", order)


def _fall_silent(driver: Driver, number: int) -> None:
    """Nobody is heard of until the reconciler has noticed."""
    driver.world.clock.advance(timedelta(seconds=91))
    driver.reconcile()


def _again(driver: Driver, number: int) -> None:
    """A request arrives a second time while it is being answered."""
    if driver.asked:
        caller, body, key = driver.asked[-1 - number % min(len(driver.asked), 2)]
        driver.allocate(caller, body, key=key)


def _completed(driver: Driver, number: int) -> None:
    """GitHub says that the run, or its job, is over."""
    run = CALLERS["run"].run
    assert run is not None
    driver.completed(run, by_job=bool(number % 2))


def _heartbeat(driver: Driver, number: int) -> None:
    id_ = driver.pick_id(number)
    driver.heartbeat(driver.who("owner", id_), id_)


def _end(driver: Driver, number: int) -> None:
    driver.deallocate("operator", driver.pick_id(number))


MEANWHILE: Final[dict[str, Callable[[Driver, int], object]]] = {
    "cycle": _cycle,
    "allocate": lambda driver, number: driver.allocate("neighbour", {"environments": many(1 + number % 2)}, key=None),
    "hand over": _hand_over,
    "one more attempt": _one_more_attempt,
    "fall silent": _fall_silent,
    "again": _again,
    "beat": _said("beat"),
    "completed": _completed,
    "heartbeat": _heartbeat,
    "end": _end,
    "release": lambda driver, number: driver.release(driver.pick_id(number), TOKEN_HASH),
    "advance": lambda driver, number: driver.world.clock.advance(timedelta(seconds=31 * (number + 1))),
    "reconcile": lambda driver, number: driver.reconcile(),
    "clean": _said("clean"),
    "blocked": _said("blocked"),
    "dirty": _said("dirty"),
    "register": lambda driver, number: driver.register(1 + number * 7 % 15, number % 3),
    "hold": _operated(ActKind.HOLD),
    "resume": _operated(ActKind.RESUME),
    "reinstate": _operated(ActKind.REINSTATE),
    "clean again": _operated(ActKind.CLEAN),
    "recapture": _operated(ActKind.RECAPTURE),
}
