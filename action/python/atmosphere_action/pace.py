"""The time as the action sees it, and how long to wait before the next try."""

from __future__ import annotations

import random
import time

_FIRST = 0.5  # seconds
_LONGEST = 20.0  # seconds


class Pace:
    """The machine's clocks; tests bring their own."""

    def now(self) -> float:
        """Seconds of a clock that never goes back."""
        return time.monotonic()

    def date(self) -> float:
        """Epoch seconds."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def between(self, low: float, high: float) -> float:
        """A random number of seconds."""
        return random.uniform(low, high)  # noqa: S311 spreads requests, keeps nothing secret

    def full_jitter(self, failures: int, longest: float = _LONGEST) -> float:
        """Seconds to wait after this many failures in a row: random, up to twice as long each time."""
        return self.between(0, min(longest, _FIRST * 2 ** min(failures, 16)))


def clock_text(seconds: float) -> str:
    """A duration for people: `42 s`, `3 min 20 s`, `1 h 5 min`."""
    whole = max(0, round(seconds))
    if whole < 60:  # noqa: PLR2004 a minute
        return f"{whole} s"
    if whole < 3600:  # noqa: PLR2004 an hour
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def time_text(date: float) -> str:
    """A time of day for people, in UTC."""
    return time.strftime("%H:%M:%S UTC", time.gmtime(date))
