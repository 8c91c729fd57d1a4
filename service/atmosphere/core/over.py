"""Runs and jobs that are over: a row for each, which the commit of an allocate of theirs must not find.

GitHub's message can come while an allocate is still on its way. It writes the rows and then ends what is there, so an
allocate that commits before is ended, and one that commits after is refused (ADR 0021).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.core.github import RunKey, run_key

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.core.model import Allocation
    from atmosphere.core.webhook import Completed

COPIES: Final = 8
"""Rows of one attempt. Its jobs often allocate together, and transactions that check one row meet there."""
_KEPT: Final = timedelta(hours=1)
"""Far longer than a request can be on its way. A row that stays longer does no harm: ids are not used again."""


@dataclass(frozen=True, slots=True, order=True)
class OverKey:
    """An attempt of a run or one of its jobs."""

    run: RunKey
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """That attempt or job is over; the row has no use after `until`."""

    id: OverKey
    until: datetime


def rows_of(completed: Completed, now: datetime) -> list[Over]:
    """What to write when GitHub says so."""
    run = run_key(completed.issuer, completed.repository_id, completed.run_id)
    if completed.job is not None:
        parts = [_job(completed.job)]
    else:
        parts = [_attempt(completed.run_attempt, copy) for copy in range(COPIES)]
    return [Over(id=OverKey(run, part), until=now + _KEPT) for part in parts]


def checked_by(allocation: Allocation) -> list[OverKey]:
    """The rows that must not be there when the allocation is made; none where no workflow run asked for it."""
    run = allocation.run
    if run is None:
        return []
    copy = int(allocation.id[-2:], 16) % COPIES  # an id is random
    parts = [_attempt(int(run.run_attempt), copy), *([_job(run.check_run_id)] if run.check_run_id else [])]
    return [OverKey(run.key, part) for part in parts]


def _attempt(number: int, copy: int) -> str:
    return f"attempt-{number}-{copy}"


def _job(check_run_id: str) -> str:
    return f"job-{int(check_run_id)}"
