"""The time of a pass: how much is left, and the heartbeat that says that it is alive.

Only the pass's own thread beats. Every thread checks the budget.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.model import OutOfTime

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from atmosphere.ports import Clock

BEAT_EVERY: Final = timedelta(seconds=15)
_CLOSING: Final = timedelta(seconds=15)  # kept free at the end of a pass, for what is in flight and for the report


class Budget:
    """How long a pass may work, by `clock`. `stopped` ends the work of every thread before that."""

    def __init__(self, clock: Clock, length: timedelta) -> None:
        self.clock = clock
        self._ends = clock.now() + max(length - _CLOSING, length / 2)
        self.stopped = False

    def now(self) -> datetime:
        """The time."""
        return self.clock.now()

    @property
    def left(self) -> timedelta:
        """What is left; never negative."""
        return max(self._ends - self.now(), timedelta(0))

    def check(self) -> None:
        """Called between the steps of long work, in any thread; raises `OutOfTime`."""
        if self.stopped or not self.left:
            raise OutOfTime


class Heartbeat:
    """Calls `beat` at least every `BEAT_EVERY`, as long as somebody calls a method of it."""

    def __init__(self, beat: Callable[[], None], budget: Budget) -> None:
        self._beat = beat
        self._budget = budget
        self._next = budget.now()

    def tick(self) -> None:
        """Beat if it is time. What the beat raises (the cleanup is superseded) stops the workers and propagates."""
        now = self._budget.now()
        if now < self._next:
            return
        self._next = now + BEAT_EVERY
        try:
            self._beat()
        except BaseException:
            self._budget.stopped = True
            raise

    def confirm(self) -> None:
        """Beat now, whenever the last time was: what follows relies on the cleanup not being superseded."""
        self._next = self._budget.now()
        self.tick()

    def sleep(self, duration: timedelta) -> None:
        """Sleep and go on beating; raises `OutOfTime` if the budget does not allow it."""
        if duration > self._budget.left:
            raise OutOfTime
        until = self._budget.now() + duration
        while (rest := until - self._budget.now()) > timedelta(0):
            self._budget.clock.sleep(min(rest, BEAT_EVERY / 2))
            self.tick()
