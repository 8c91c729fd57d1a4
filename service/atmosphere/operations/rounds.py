"""The one loop around a commit that others may race: a round reads, decides and commits, until no race is lost.

A round that loses raises `Conflict`; whatever else it raises ends the loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from atmosphere.ports import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.ports import Clock, Ids

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How often a commit is tried, and the milliseconds between two rounds, of which one is drawn; none by default."""

    limit: int
    pauses: range = range(0)

    def run(self, once: Callable[[int], T], *, clock: Clock, ids: Ids, exhausted: Callable[[], Exception]) -> T:
        """The result of the first round that loses no race; raises what `exhausted` makes when the last one does.

        `once` gets the number of its round, from 0.
        """
        for number in range(self.limit - 1):
            try:
                return once(number)
            except Conflict:
                self._pause(clock, ids)
        try:
            return once(self.limit - 1)
        except Conflict as lost:
            raise exhausted() from lost

    def _pause(self, clock: Clock, ids: Ids) -> None:
        if self.pauses:
            clock.sleep(timedelta(milliseconds=self.pauses[ids.below(len(self.pauses))]))
