"""What somebody who starts the local service is told while it starts."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Progress(Protocol):
    """Told of each step and of what is worth knowing; called from any thread."""

    def began(self, step: str) -> None:
        """A step begins."""

    def ended(self, step: str, seconds: float) -> None:
        """It went well."""

    def notice(self, text: str) -> None:
        """Something a person should read."""


class Silence:
    """Tells nobody."""

    def began(self, step: str) -> None:
        """Say nothing."""

    def ended(self, step: str, seconds: float) -> None:
        """Say nothing."""

    def notice(self, text: str) -> None:
        """Say nothing."""


class Notices(Silence):
    """Only what a person should read, on another's behalf."""

    def __init__(self, other: Progress) -> None:
        self._other = other

    def notice(self, text: str) -> None:
        """Say it there."""
        self._other.notice(text)


@contextmanager
def step(progress: Progress, name: str) -> Iterator[None]:
    """Report a step around its work."""
    progress.began(name)
    start = time.monotonic()
    yield
    progress.ended(name, time.monotonic() - start)
