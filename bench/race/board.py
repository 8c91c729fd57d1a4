"""What all threads of a race know together: which keys were used, what is held, what has ended, what is taken out."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from random import Random

_REMEMBERED: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An allocate request with its key (empty: none), and which tree it came through."""

    key: str
    tree: str
    body: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Held:
    """An allocation as whoever holds it knows it."""

    id: str
    tree: str


class Board:
    """Everything is drawn by the `random` of who asks; nothing is ever waited for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Asked] = deque()
        self._used: deque[Asked] = deque(maxlen=_REMEMBERED)
        self._held: dict[str, Held] = {}
        self._ended: deque[Held] = deque(maxlen=_REMEMBERED)
        self._out: set[str] = set()
        self._unclear: dict[str, Held] = {}

    @property
    def waiting(self) -> int:
        """How many keys got a "try again"."""
        return len(self._waiting)

    def wait(self, asked: Asked) -> None:
        """It got a "try again": whoever draws it asks again."""
        with self._lock:
            self._waiting.append(asked)

    def doubt(self, asked: Asked) -> None:
        """Its request may have taken something, and nobody told."""
        with self._lock:
            self._unclear[asked.key] = Held(asked.key, asked.tree)

    def next_waiting(self) -> Asked | None:
        """The one that has waited longest since it asked, which waits no more."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def grant(self, asked: Asked, id_: str) -> None:
        """It got an allocation."""
        with self._lock:
            self._unclear.pop(asked.key, None)
            if all(one.id != id_ for one in self._ended):
                self._held[id_] = Held(id_, asked.tree)
            if asked.key:
                self._used.append(asked)

    def used(self, random: Random) -> Asked | None:
        """A request that got an allocation."""
        with self._lock:
            return random.choice(self._used) if self._used else None

    def held(self, random: Random) -> Held | None:
        """Something that is held."""
        with self._lock:
            return random.choice([*self._held.values()]) if self._held else None

    def all_held(self) -> list[Held]:
        """All of it, and what may be."""
        with self._lock:
            return [*self._held.values(), *self._unclear.values()]

    def end(self, held: Held) -> None:
        """It was given back, or left alone for good."""
        with self._lock:
            if self._held.pop(held.id, None):
                self._ended.append(held)

    def ended(self, random: Random) -> Held | None:
        """Something that was given back."""
        with self._lock:
            return random.choice(self._ended) if self._ended else None

    def take_out(self, environment: str) -> None:
        """An operator holds it."""
        with self._lock:
            self._out.add(environment)

    def bring_back(self, random: Random) -> str | None:
        """Something that an operator holds, and that this one resumes."""
        with self._lock:
            drawn = random.choice(sorted(self._out)) if self._out else None
            self._out.discard(drawn or "")
            return drawn
