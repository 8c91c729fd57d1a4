"""A look from anywhere: what a cleanup would find and do in an environment now, found out without changing anything.

It is the engine's own pass in plan mode. Twice nothing can change: the guard refuses every call that is not known to
only look, and what the pass writes down stays in this process's memory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.engine import PLANNED, run_pass
from atmosphere.cleanup.model import PassState, Verdict
from atmosphere.cleanup.state.store import MemoryTexts
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atmosphere.cleanup.aws.accounts import Accounts
    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.state.store import TextStore
    from atmosphere.ports import Clock

BUDGET: Final = timedelta(minutes=15)


class Answer(StrEnum):
    """What a look came to."""

    CLEAN = "clean"
    """A cleanup would find nothing to do."""
    LEFTOVERS = "leftovers"
    """It would find something left over, or something of the baseline amiss."""
    UNKNOWN = "unknown"
    """Something could not be looked at; there may be leftovers besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a look came to. `report` is as in docs/cleanup.md; `mutations` were let through, which is always 0."""

    answer: Answer
    report: Mapping[str, Any]
    mutations: int


class ReadThroughTexts:
    """Reads what another `TextStore` has, and writes to memory only."""

    def __init__(self, behind: TextStore) -> None:
        self._behind = behind
        self._mine = MemoryTexts()

    def get(self, name: str) -> str | None:
        """See `TextStore`."""
        mine = self._mine.get(name)
        return self._behind.get(name) if mine is None else mine

    def put(self, name: str, text: str) -> None:
        """Remembered, written nowhere."""
        self._mine.put(name, text)

    def amend(self, name: str, change: Callable[[str | None], str]) -> str:
        """Remembered, written nowhere."""
        after = change(self.get(name))
        self._mine.put(name, after)
        return after


def survey(
    assignment: Assignment, *, aws: Accounts, store: TextStore, clock: Clock, beat: Callable[[], None] = lambda: None
) -> Survey:
    """One look. `beat` is called now and then while it lasts. Raises `Unreachable` when nothing came of it."""
    if not aws.plan:
        raise ValueError("these accounts could be changed: a survey takes `Accounts.to_look_at()`")
    mine = ReadThroughTexts(store)
    result = run_pass(assignment, PassState(), aws=aws, store=mine, clock=clock, beat=beat, budget=BUDGET)
    if result.verdict is Verdict.AGAIN or result.report_key is None:
        raise Unreachable(
            "AWS did not answer: are there credentials that may assume the admin role, and read the bucket?"
        )
    report: dict[str, Any] = json.loads(mine.get(result.report_key) or "{}")
    return Survey(answer=_answer(report), report=report, mutations=result.state.mutations)


def _answer(report: Mapping[str, Any]) -> Answer:
    if report["unknown"] or (report["verdict"] != Verdict.CLEAN and report["reason"] != PLANNED):
        return Answer.UNKNOWN
    return Answer.CLEAN if report["verdict"] == Verdict.CLEAN else Answer.LEFTOVERS
