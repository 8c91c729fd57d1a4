"""The claims of the demo, and how they are checked: the first that is false ends the demo with `DemoFailed`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

from atmosphere.client.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE: Final = 90.0  # seconds that any single step may take
_INTERVAL: Final = 0.25  # seconds between two checks
_R = TypeVar("_R")


class DemoFailed(RuntimeError):
    """A claim of the demo is false."""


def check(holds: bool, otherwise: str) -> None:  # noqa: FBT001 -- a claim is a truth value
    """Continue if it holds."""
    if not holds:
        raise DemoFailed(otherwise)


def until(find: Callable[[], _R | None], what: str) -> _R:
    """Call `find` until it returns something, and return that."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(_INTERVAL)
    raise DemoFailed(f"gave up after {PATIENCE:.0f} s: waited until {what}")


def refusal_of(ask: Callable[[], object]) -> ServiceError:
    """The refusal that `ask` gets."""
    try:
        ask()
    except ServiceError as refusal:
        return refusal
    raise DemoFailed("a request that must be refused was granted")
