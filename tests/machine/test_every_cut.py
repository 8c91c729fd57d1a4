"""Each operation, disturbed at each of its calls by each fault and by each thing that others can do.

What the state machine finds by chance is tried out here in full, from four situations. The driver checks P1, P2, P4
and P5 at every step; afterwards the reconciler alone must bring everything to rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pytest

from atmosphere.operations.operate import EVENTS
from tests.machine.driver import Driver
from tests.machine.meanwhile import MEANWHILE
from tests.machine.setting import KEYS, TOKEN_HASH, Trouble
from tests.machine.situations import HELD_ID, NEW_ID, RUN, SITUATIONS
from tests.operations.line import Fault
from tests.operations.world import many

if TYPE_CHECKING:
    from atmosphere.core.model import ActKind

Operation = Callable[[Driver, Trouble | None], object]

_MOST_CALLS: Final = 30
LATER: Final = frozenset({"one kept", "half registered", "silent for long"})
"""Situations that are left to `make cuts`: each is a step on the way to another one."""


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
    "allocate as a run": lambda driver, trouble: driver.allocate("run", {}, key=None, trouble=trouble),
    "a run is over": lambda driver, trouble: driver.completed(RUN, by_job=False, trouble=trouble),
    "a job is over": lambda driver, trouble: driver.completed(RUN, by_job=True, trouble=trouble),
    "heartbeat": lambda driver, trouble: driver.heartbeat("runner", HELD_ID, trouble=trouble),
    "heartbeat by token": lambda driver, trouble: driver.heartbeat_by_token(HELD_ID, TOKEN_HASH, trouble=trouble),
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
@pytest.mark.parametrize(
    "situation", [pytest.param(it, marks=[pytest.mark.slow] if it in LATER else []) for it in SITUATIONS]
)
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
