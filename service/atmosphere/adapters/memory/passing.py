"""Time and chance that a test or a simulation holds in its hand."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from atmosphere.core.model import AllocationId

EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClock:
    """`ports.Clock` that moves only when told to, or when somebody sleeps."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The instant it was left at."""
        with self._lock:
            return self._now

    def sleep(self, duration: timedelta) -> None:
        """Returns at once, that much later; a negative duration is no time, as on a real clock."""
        self.advance(max(duration, timedelta()))

    def advance(self, duration: timedelta) -> None:
        """Let time pass."""
        with self._lock:
            self._now += duration


class SeededIds:
    """`ports.Ids` that are the same for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._lock = threading.Lock()

    def new(self) -> AllocationId:
        """A UUID of version 4 in shape."""
        with self._lock:
            return AllocationId(str(UUID(int=self._random.getrandbits(128), version=4)))

    def below(self, limit: int) -> int:
        """From 0 to `limit` - 1."""
        with self._lock:
            return self._random.randrange(limit)
