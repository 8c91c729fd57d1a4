"""Waits for a condition on an account where everything takes its time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE: Final = 60.0
_GAPS: Final = ((3.0, 0.2), (30.0, 1.0))
"""Until so many seconds are over, so many between two questions: what is there at once is seen at once."""
_LATER: Final = 10.0  # seconds; questions cost something


def until(condition: Callable[[], bool], what: str, *, seconds: float = 5 * MINUTE) -> float:
    """Return when the condition holds, with the seconds that it took; fail after so many."""
    start = time.monotonic()
    while not condition():
        waited = time.monotonic() - start
        assert waited < seconds, f"{what}: not after {seconds:.0f} s"
        time.sleep(next((gap for until_then, gap in _GAPS if waited < until_then), _LATER))
    return time.monotonic() - start
