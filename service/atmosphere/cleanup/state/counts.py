"""How a cleanup stands: what it found and removed so far, counted by type, for whoever waits and for its report.

    <cleanup prefix>/progress.json   one for each cleanup, over all of its attempts: counts, and what it waits for

Each look is compared with the one before it, whichever pass made that: so two passes at the same time count nothing
twice, and what is made anew while it is deleted is not counted as gone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from atmosphere import contract
from atmosphere.cleanup.model import Phase
from atmosphere.cleanup.state.troubles import dump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from atmosphere.cleanup.model import Assignment, PassState
    from atmosphere.cleanup.state.store import TextStore

WRITE_EVERY: Final = timedelta(seconds=5)


class Standing(StrEnum):
    """Where a cleanup stands, as people are told."""

    REVOKE = "revoke"
    CLEAR = "clear"
    VERIFY = "verify"
    """Nothing is left; a second look will tell whether it stays so."""


def standing(state: PassState) -> Standing:
    """Where a cleanup in this state stands."""
    if state.phase is Phase.REVOKE:
        return Standing.REVOKE
    return Standing.CLEAR if state.clean_at is None else Standing.VERIFY


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Counts by type: `left` there now, `removed` since the start, `blocked` what of `left` met an error last.

    `unknown` listings failed in the last look, `deferred` resources may remain. `spent` are seconds by phase, waits
    between passes included. `at` is when it was last written, `started` when first.
    """

    started: datetime
    at: datetime
    attempt: int
    number: int = 0
    phase: Standing = Standing.REVOKE
    left: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    blocked: Mapping[str, int] = field(default_factory=dict)
    unknown: int = 0
    deferred: int = 0
    spent: Mapping[str, float] = field(default_factory=dict)
    waiting: Sequence[Mapping[str, str]] = ()
    """What AWS is at work on, and since when."""

    @property
    def found(self) -> dict[str, int]:
        """What the test left behind, by type: what is gone by now and what is still there."""
        return {
            name: self.removed.get(name, 0) + self.left.get(name, 0) for name in sorted({*self.removed, *self.left})
        }

    def later(self, state: PassState, attempt: int, now: datetime) -> Counts:
        """The same a while later; the time in between is the phase's that it was in."""
        passed = max((now - self.at).total_seconds(), 0)
        spent = {**self.spent, str(self.phase): round(self.spent.get(self.phase, 0) + passed, 3)}
        at = max(now, self.at)
        return replace(self, at=at, attempt=attempt, number=state.number, phase=standing(state), spent=spent)

    def seen(self, sight: ScanCounts) -> Counts:
        """The same after a look."""
        removed = dict(self.removed)
        for name, before in self.left.items():
            if gone := max(before - sight.left.get(name, 0), 0):
                removed[name] = removed.get(name, 0) + gone
        return replace(
            self,
            left=sight.left,
            removed=removed,
            blocked=sight.blocked,
            unknown=sight.unknown,
            deferred=sight.deferred,
        )

    def to_json(self) -> dict[str, Any]:
        """As the API shows it (docs/api, Progress)."""
        return {
            "startedAt": self.started.isoformat(),
            "at": self.at.isoformat(),
            "attempt": self.attempt,
            "pass": self.number,
            "phase": str(self.phase),
            "left": dict(self.left),
            "removed": dict(self.removed),
            "blocked": dict(self.blocked),
            "unknown": self.unknown,
            "deferred": self.deferred,
            "seconds": dict(self.spent),
            "waitingFor": [dict(each) for each in self.waiting],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Counts:
        """The inverse of `to_json`."""
        return cls(
            started=datetime.fromisoformat(value["startedAt"]),
            at=datetime.fromisoformat(value["at"]),
            attempt=value["attempt"],
            number=value["pass"],
            phase=Standing(value["phase"]),
            left=value["left"],
            removed=value["removed"],
            blocked=value["blocked"],
            unknown=value["unknown"],
            deferred=value["deferred"],
            spent=value["seconds"],
            waiting=tuple(value.get("waitingFor", ())),  # an older version did not say
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCounts:
    """What one look came to, in counts."""

    left: Mapping[str, int]
    blocked: Mapping[str, int]
    unknown: int
    deferred: int


class CountsRepository:
    """The counts of one cleanup, in a `TextStore`. They are written every `WRITE_EVERY` and with each phase."""

    def __init__(self, store: TextStore, assignment: Assignment, now: Callable[[], datetime]) -> None:
        self._store = store
        self._name = contract.progress_key(assignment.key.account, assignment.key.region, assignment.allocation)
        self._attempt = assignment.attempt
        self._now = now
        self.waiting: Sequence[Mapping[str, str]] | None = None
        """What is waited for now; None before that was asked in this pass, which leaves what was written before."""
        self._scans: list[ScanCounts] = []
        self._written: Counts | None = None

    def add(self, state: PassState, counts: ScanCounts) -> None:
        """Another look. Raises `Unreachable`."""
        self._scans.append(counts)
        last = self._written
        if last is None or last.phase is not standing(state) or self._now() - last.at >= WRITE_EVERY:
            self.write(state)

    def write(self, state: PassState) -> Counts:
        """Write down what was seen so far; returns all that is known. Raises `Unreachable`."""
        now, sights = self._now(), tuple(self._scans)
        text = self._store.amend(self._name, lambda before: self._after(before, state, sights, now))
        self._scans, self._written = [], Counts.from_json(json.loads(text))
        return self._written

    def _after(self, before: str | None, state: PassState, sights: Iterable[ScanCounts], now: datetime) -> str:
        counts = Counts.from_json(json.loads(before)) if before else Counts(started=now, at=now, attempt=self._attempt)
        counts = counts.later(state, self._attempt, now)
        for sight in sights:
            counts = counts.seen(sight)
        if self.waiting is not None:
            counts = replace(counts, waiting=self.waiting)
        return dump(counts.to_json())
