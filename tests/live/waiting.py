"""Waits for a condition on an account where everything takes its time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE: Final = 60.0
_BETWEEN: Final = 1.0  # seconds; most of the questions cost something
_FAST: Final = 0.2
_FASTER_FOR: Final = 3.0
"""Seconds for which it is asked more often: on the embedded AWS most things are there at once."""


def until(condition: Callable[[], bool], what: str, *, seconds: float = 5 * MINUTE) -> float:
    """Return when the condition holds, with the seconds that it took; fail after so many."""
    start = time.monotonic()
    while not condition():
        waited = time.monotonic() - start
        assert waited < seconds, f"{what}: not after {seconds:.0f} s"
        time.sleep(_FAST if waited < _FASTER_FOR else _BETWEEN)
    return time.monotonic() - start
