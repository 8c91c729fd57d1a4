"""The real time, real ids and real chance."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from atmosphere.core.model import AllocationId

if TYPE_CHECKING:
    from datetime import timedelta


class SystemClock:
    """`ports.Clock` of this machine."""

    def now(self) -> datetime:
        """Now."""
        return datetime.now(UTC)

    def sleep(self, duration: timedelta) -> None:
        """Wait; no time for a negative duration."""
        time.sleep(max(duration.total_seconds(), 0))


class SystemIds:
    """`ports.Ids` that nobody can guess."""

    def __init__(self) -> None:
        self._random = random.SystemRandom()

    def new(self) -> AllocationId:
        """A UUID of version 4."""
        return AllocationId(str(uuid4()))

    def below(self, limit: int) -> int:
        """From 0 to `limit` - 1."""
        return self._random.randrange(limit)
