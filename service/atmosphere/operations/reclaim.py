"""Reclaim: what a run or a job that is over still holds is given back, on GitHub's word.

A hint that often comes and sometimes does not: the deadline stays the guarantee. It may come twice, late, or of an
attempt that has long been followed by another, so it ends only what that attempt or that very job was granted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atmosphere.core.github import GITHUB_COM, run_key
from atmosphere.core.model import EndedBy
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from atmosphere.core.model import Allocation
    from atmosphere.core.webhook import Completed
    from atmosphere.operations.deallocate import Deallocator
    from atmosphere.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclaimer:
    """The verb with its collaborators."""

    store: Store
    deallocator: Deallocator

    def reclaim(self, completed: Completed) -> int:
        """End what is concerned, and say how many allocations ended by it; a run that holds nothing is 0.

        Raises `Unreachable` when one of them may be left; the others are ended all the same.
        """
        run = run_key(GITHUB_COM, completed.repository_id, completed.run_id)
        concerned = [found for found in self.store.active_of_run(run) if _concerns(completed, found)]
        ended, left = 0, []
        for allocation in concerned:
            try:
                outcome = f"github: {completed.conclusion}"
                ended += self.deallocator.end(allocation, outcome=outcome, by=EndedBy.GITHUB)
            except Unreachable as down:
                left.append(down)
        if left:
            raise Unreachable(f"{len(left)} of {len(concerned)} allocations could not be ended") from left[0]
        return ended


def _concerns(completed: Completed, allocation: Allocation) -> bool:
    """A run's message concerns its attempt and those before it, a job's only what that job asked for."""
    if allocation.run is None:
        return False
    if completed.job is not None:
        return allocation.run.check_run_id == completed.job
    return int(allocation.run.run_attempt) <= completed.run_attempt
