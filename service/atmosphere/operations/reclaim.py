"""Reclaim: what a run or a job that is over still holds is given back, on GitHub's word.

    note that it is over -> end what it holds -> 5 s -> end what has appeared since

A hint that often comes and sometimes does not: the deadline stays the guarantee. It may come twice, late, or of an
attempt that has long been followed by another, so it ends only what that attempt or that very job was granted. It may
also come while an allocate is on its way: one that commits after the note is refused, and one that committed just
before shows in the index by the second look (ADR 0021).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.core import access, changes, over
from atmosphere.core.github import run_key
from atmosphere.core.model import EndedBy
from atmosphere.operations.rounds import Rounds
from atmosphere.ports import OutcomeUnknown, Unreachable

if TYPE_CHECKING:
    from atmosphere.core.access import AccessRules
    from atmosphere.core.model import Allocation
    from atmosphere.core.webhook import Completed
    from atmosphere.operations.deallocate import Deallocator
    from atmosphere.ports import Clock, Ids, Store

SECOND_LOOK: Final = timedelta(seconds=5)
"""After the first: the index of runs lags by less. Within the 10 s that GitHub waits for an answer."""
_ROUNDS: Final = Rounds(limit=5, pauses=range(10, 201))  # the note meets the allocates that check it


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclaimer:
    """The verb with its collaborators; nothing is on its way for a repository that no rule names."""

    store: Store
    clock: Clock
    ids: Ids
    deallocator: Deallocator
    rules: AccessRules

    def reclaim(self, completed: Completed) -> int:
        """End what is concerned, and say how many allocations ended by it; a run that holds nothing is 0.

        Raises `Unreachable` when one of them may be left; the others are ended all the same.
        """
        if not access.names_repository(self.rules, completed.issuer, completed.repository_id):
            ended, left = self._end_all(completed)
            _none_is(left)
            return ended
        unnoted = self._note(completed)
        ended, _ = self._end_all(completed)
        self.clock.sleep(SECOND_LOOK)
        more, left = self._end_all(completed)
        _none_is([*unnoted, *left])
        return ended + more

    def _note(self, completed: Completed) -> list[Unreachable]:
        """What kept the note from being written: nothing, or one fault."""
        rows = changes.run_over(over.rows_of(completed, self.clock.now()))
        try:
            _ROUNDS.run(
                lambda _: self.store.commit(rows, token=self.ids.new()),
                clock=self.clock,
                ids=self.ids,
                exhausted=lambda: OutcomeUnknown("the note of a run that is over met other writes each time"),
            )
        except Unreachable as down:
            return [down]
        return []

    def _end_all(self, completed: Completed) -> tuple[int, list[Unreachable]]:
        """How many were ended, and a fault for each that may be left."""
        ended, left = 0, []
        try:
            concerned = self._concerned(completed)
        except Unreachable as down:
            return 0, [down]
        for allocation in concerned:
            try:
                outcome = f"github: {completed.conclusion}"
                ended += self.deallocator.end(allocation, outcome=outcome, by=EndedBy.GITHUB)
            except Unreachable as down:
                left.append(down)
        return ended, left

    def _concerned(self, completed: Completed) -> list[Allocation]:
        run = run_key(completed.issuer, completed.repository_id, completed.run_id)
        return [found for found in self.store.active_of_run(run) if _concerns(completed, found)]


def _none_is(left: list[Unreachable]) -> None:
    if left:
        raise Unreachable(f"{len(left)} steps of taking back what a run holds failed: deliver it again") from left[0]


def _concerns(completed: Completed, allocation: Allocation) -> bool:
    """A run's message concerns its attempt and those before it, a job's only what that job asked for."""
    if allocation.run is None:
        return False
    if completed.job is not None:
        return allocation.run.check_run_id == completed.job
    return int(allocation.run.run_attempt) <= completed.run_attempt
