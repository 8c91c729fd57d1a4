"""Where a cleanup keeps what must outlive a pass: baselines, ledgers, journals and reports, as text under names.

`records` says what the texts hold. Everything is written so that two passes at the same time do no harm.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class TextStore(Protocol):
    """Texts under names. Every method raises `Unreachable` when it could not look or write."""

    def get(self, name: str) -> str | None:
        """The text as it is now, None if there is none."""

    def put(self, name: str, text: str) -> None:
        """Write a text, over whatever is there."""

    def amend(self, name: str, change: Callable[[str | None], str]) -> str:
        """Replace a text by what `change` makes of it, and return that; nothing written in between is lost.

        `change` may be called several times, and nothing is written when it returns the text as it was.
        """


class MemoryTexts:
    """Texts in memory: for tests and for commands that look without leaving a trace."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._lock = Lock()

    def get(self, name: str) -> str | None:
        """See `TextStore`."""
        return self.texts.get(name)

    def put(self, name: str, text: str) -> None:
        """See `TextStore`."""
        with self._lock:
            self.texts[name] = text

    def amend(self, name: str, change: Callable[[str | None], str]) -> str:
        """See `TextStore`."""
        with self._lock:
            self.texts[name] = change(self.texts.get(name))
            return self.texts[name]
