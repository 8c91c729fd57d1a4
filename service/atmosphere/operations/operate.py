"""What an operator does to an environment, by a table of acts; with a reason, and on record.

A dry run decides the same, and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from atmosphere.core import changes, lifecycle
from atmosphere.core.errors import Conflicting, UnknownEnvironment
from atmosphere.core.lifecycle import Event, Kind
from atmosphere.core.model import ActKind, AllocationStatus, EndedBy, Environment, EnvironmentKey, HistoryEntry, Status
from atmosphere.operations.rounds import Rounds
from atmosphere.ports import CleanupOrder, Conflict, OutcomeUnknown, Unreachable

if TYPE_CHECKING:
    from datetime import timedelta

    from atmosphere.core.access import VerifiedCaller
    from atmosphere.operations.deallocate import Deallocator
    from atmosphere.ports import Cleaner, Clock, Ids, Store

EVENTS: Final[dict[ActKind, Event]] = {
    ActKind.CLEAN: Event.CLEAN,
    ActKind.REINSTATE: Event.REINSTATE,
    ActKind.DISCARD: Event.DISCARD,
    ActKind.HOLD: Event.HOLD,
    ActKind.RESUME: Event.RESUME,
    ActKind.RECAPTURE: Event.RECAPTURE,
    ActKind.RELEASE: Event.RELEASE,
}
RELEASED_OUTCOME: Final = "released"
_ROUNDS: Final = Rounds(limit=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    """What an operator asks for: the kind, why, who, and whether only to say what would happen."""

    kind: ActKind
    reason: str
    caller: VerifiedCaller
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """An environment before and after an act, None once it is gone; `entry` is its record, None if nothing changed.

    Of a dry run, `after` is what the row would be, and there is no record.
    """

    before: Environment
    after: Environment | None
    changed: bool
    entry: HistoryEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operating:
    """The verbs with their collaborators."""

    store: Store
    cleaner: Cleaner
    clock: Clock
    ids: Ids
    cleanup_limit: timedelta
    deallocator: Deallocator

    def act(
        self, key: EnvironmentKey, kind: ActKind, *, reason: str, caller: VerifiedCaller, dry_run: bool = False
    ) -> Acted:
        """Do it and record it, or only say what it would do. Raises `UnknownEnvironment`, `Conflicting`."""
        act = _Act(kind=kind, reason=reason, caller=caller, dry_run=dry_run)
        what = f"{key} changed {_ROUNDS.limit} times meanwhile: try again"
        acted = _ROUNDS.run(
            lambda _: self._once(self._row(key), act),
            clock=self.clock,
            ids=self.ids,
            exhausted=lambda: Unreachable(what),
        )
        if act.dry_run:
            return acted
        after = self._acted_on(key)
        self._start_cleaning(after)
        return replace(acted, after=after)

    def _acted_on(self, key: EnvironmentKey) -> Environment | None:
        try:
            return self.store.environment(key)
        except Unreachable as down:
            raise OutcomeUnknown(f"the act on {key} was done, but its row could not be read: look") from down

    def _row(self, key: EnvironmentKey) -> Environment:
        row = self.store.environment(key)
        if row is None:
            raise UnknownEnvironment
        return row

    def _once(self, row: Environment, act: _Act) -> Acted:
        """One round; raises `Conflict` when the row changed meanwhile."""
        event = EVENTS[act.kind]
        if lifecycle.decide(row, event).kind is Kind.REFUSED:
            raise Conflicting(f"{act.kind} is not possible while {row.key} is {row.status} ({row.mark})")
        now, limit = self.clock.now(), row.registered.limit_or(self.cleanup_limit)
        change = changes.operate(row, event, fence=self.ids.new(), now=now, limit=limit)
        if change is None:
            return Acted(before=row, after=row, changed=False)
        after = changes.applied(row, change) if isinstance(change, changes.Update) else None
        acted = Acted(before=row, after=after if isinstance(after, Environment) else None, changed=True)
        if act.kind is ActKind.RELEASE:
            return self._release(row, act, acted)
        if act.dry_run:
            return acted
        entry = self._entry(row.key, row, act)
        self.store.commit([change, changes.Put(row=entry)], token=self.ids.new())
        return replace(acted, entry=entry)

    def _release(self, row: Environment, act: _Act, acted: Acted) -> Acted:
        """End the allocation that holds it, with all of its environments, in whose histories the act is recorded."""
        allocation = self.store.allocation(row.allocation) if row.allocation else None
        if allocation is None or allocation.status is not AllocationStatus.ACTIVE:
            raise Conflicting(f"{row.key} is in use without an active allocation: the service takes it back by itself")
        if act.dry_run:
            return acted
        entries = {item.key: self._entry(item.key, row, act) for item in allocation.items}
        record = [changes.Put(row=entry) for entry in entries.values()]
        if not self.deallocator.end(allocation, outcome=RELEASED_OUTCOME, by=EndedBy.OPERATOR, record=record):
            raise Conflict({})  # it ended just now: decide again
        return replace(acted, entry=entries[row.key])

    def _entry(self, key: EnvironmentKey, row: Environment, act: _Act) -> HistoryEntry:
        return HistoryEntry(
            key=key,
            at=self.clock.now(),
            id=self.ids.new(),
            kind=act.kind,
            pool=row.pool,
            who=act.caller.owner,
            reason=act.reason,
            asked_by=act.caller.asked_by,
        )

    def _start_cleaning(self, row: Environment | None) -> None:
        if row is None or row.status is not Status.CLEANING or row.allocation is None:
            return
        try:
            self.cleaner.start(CleanupOrder(row.allocation, row.key, row.attempt))
        except Unreachable:
            return  # silent from the start: the reconciler starts the next attempt
