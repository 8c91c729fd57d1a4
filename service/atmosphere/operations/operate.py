"""What an operator does to an environment, by a table of acts; with a reason, and on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atmosphere.core import changes, lifecycle
from atmosphere.core.errors import Conflicting, UnknownEnvironment
from atmosphere.core.lifecycle import Event, Kind
from atmosphere.core.model import ActKind, Environment, EnvironmentKey, HistoryEntry, Status
from atmosphere.operations.rounds import Rounds
from atmosphere.ports import CleanupOrder, Unreachable

if TYPE_CHECKING:
    from datetime import timedelta

    from atmosphere.core.access import VerifiedCaller
    from atmosphere.ports import Cleaner, Clock, Ids, Store

EVENTS: Final[dict[ActKind, Event]] = {
    ActKind.CLEAN: Event.CLEAN,
    ActKind.REINSTATE: Event.REINSTATE,
    ActKind.DISCARD: Event.DISCARD,
    ActKind.HOLD: Event.HOLD,
    ActKind.RESUME: Event.RESUME,
    ActKind.RECAPTURE: Event.RECAPTURE,
}
_ROUNDS: Final = Rounds(limit=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operating:
    """The verbs with their collaborators."""

    store: Store
    cleaner: Cleaner
    clock: Clock
    ids: Ids
    cleanup_limit: timedelta

    def act(self, key: EnvironmentKey, act: ActKind, *, reason: str, caller: VerifiedCaller) -> Environment | None:
        """Do it and record it; the row afterwards, None if it is gone. Raises `UnknownEnvironment`, `Conflicting`."""
        what = f"{key} changed {_ROUNDS.limit} times meanwhile: try again"
        _ROUNDS.run(
            lambda _: self._commit(self._row(key), act, reason=reason, caller=caller),
            clock=self.clock,
            ids=self.ids,
            exhausted=lambda: Unreachable(what),
        )
        after = self.store.environment(key)
        self._start_cleaning(after)
        return after

    def _row(self, key: EnvironmentKey) -> Environment:
        row = self.store.environment(key)
        if row is None:
            raise UnknownEnvironment
        return row

    def _commit(self, row: Environment, act: ActKind, *, reason: str, caller: VerifiedCaller) -> None:
        event = EVENTS[act]
        if lifecycle.decide(row, event).kind is Kind.REFUSED:
            raise Conflicting(f"{act} is not possible while {row.key} is {row.status} ({row.mark})")
        now = self.clock.now()
        limit = row.registered.limit_or(self.cleanup_limit)
        change = changes.operate(row, event, fence=self.ids.new(), now=now, limit=limit)
        if change is None:
            return
        entry = HistoryEntry(
            key=row.key,
            at=now,
            id=self.ids.new(),
            kind=act,
            pool=row.pool,
            who=caller.owner,
            reason=reason,
            asked_by=caller.asked_by,
        )
        self.store.commit([change, changes.Put(row=entry)], token=self.ids.new())

    def _start_cleaning(self, row: Environment | None) -> None:
        if row is None or row.status is not Status.CLEANING or row.allocation is None:
            return
        try:
            self.cleaner.start(CleanupOrder(row.allocation, row.key, row.attempt))
        except Unreachable:
            return  # silent from the start: the reconciler starts the next attempt
