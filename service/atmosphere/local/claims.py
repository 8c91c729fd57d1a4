"""Claims that a story makes, and how they are checked: the first that does not hold ends it with `DemoFailed`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

from atmosphere.client.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE: Final = 90.0  # seconds that any single step may take
_LOOK: Final = 0.25  # seconds between two looks
_R = TypeVar("_R")


class DemoFailed(RuntimeError):
    """Something that the demo claims did not hold."""


def check(holds: bool, otherwise: str) -> None:  # noqa: FBT001 -- a claim is a truth value
    """Go on if it holds."""
    if not holds:
        raise DemoFailed(otherwise)


def until(look: Callable[[], _R | None], what: str) -> _R:
    """Look until there is something to see, and return it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(_LOOK)
    raise DemoFailed(f"waited {PATIENCE:.0f} s in vain until {what}")


def refusal_of(ask: Callable[[], object]) -> ServiceError:
    """The refusal that `ask` meets."""
    try:
        ask()
    except ServiceError as refusal:
        return refusal
    raise DemoFailed("what should have been refused was granted")
