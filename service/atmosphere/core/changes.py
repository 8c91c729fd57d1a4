"""Every write there is, as a value: what it expects to find, and what it sets.

A store applies a list of changes together or not at all, and only if every expectation holds (`ports.Store.commit`).
The expectations are the fences: whatever is late, repeated or lost its race finds one of them broken and has no effect.

    take       free, registered as read, not deregistering, freed when it was read as freed
    everything else that concerns a tenant     the tenant's allocation id
    everything that a cleanup says             ... and its attempt number
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from atmosphere.core import lifecycle
from atmosphere.core.lifecycle import Event
from atmosphere.core.model import (
    ActKind,
    Allocation,
    AllocationId,
    AllocationStatus,
    EndedBy,
    Environment,
    EnvironmentKey,
    HistoryEntry,
    Mark,
    Registration,
    Status,
)
from atmosphere.core.snapshot import says_the_same

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

HEARTBEAT: Final = timedelta(seconds=90)  # a cleanup silent for longer is taken to be dead
MAX_BLOCKED: Final = 3  # cleanups that found something undeletable before the environment is dirty


@dataclass(frozen=True, slots=True)
class Absent:
    """No row of this key exists."""


@dataclass(frozen=True, slots=True)
class Is:
    """The row exists and its field has this value; None means that it has none."""

    field: str
    value: object


Expectation: TypeAlias = Absent | Is


@dataclass(frozen=True, slots=True, order=True)
class HistoryKey:
    """An environment's history is sorted by start, then id."""

    key: EnvironmentKey
    at: datetime
    id: str


Row: TypeAlias = Environment | Allocation | HistoryEntry
Target: TypeAlias = EnvironmentKey | AllocationId | HistoryKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Write a whole row."""

    row: Row
    expects: tuple[Expectation, ...] = (Absent(),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Set fields of a row; a field set to None is removed."""

    target: Target
    expects: tuple[Expectation, ...]
    sets: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Remove a row."""

    target: Target
    expects: tuple[Expectation, ...]


Change: TypeAlias = Put | Update | Delete


def target_of(change: Change) -> Target:
    """The key of the row that a change writes."""
    if not isinstance(change, Put):
        return change.target
    row = change.row
    if isinstance(row, Environment):
        return row.key
    if isinstance(row, Allocation):
        return row.id
    return HistoryKey(row.key, row.at, row.id)


# --- an allocation's life -----------------------------------------------------------------------------------------


def start(allocation: Allocation, rows: Mapping[EnvironmentKey, Environment]) -> list[Change]:
    """Everything that makes `allocation` exist: its row, a history row and a take for each environment."""
    changes: list[Change] = [Put(row=allocation)]
    for lot in allocation.lots:
        changes += [_take(rows[lot.key], allocation), Put(row=_opening(lot.key, allocation))]
    return changes


def _take(environment: Environment, allocation: Allocation) -> Update:
    return Update(
        target=environment.key,
        expects=(
            Is("status", Status.FREE),
            Is("freed_at", environment.freed_at),
            Is("mark", Mark.REGISTERED),
            Is("registered", environment.registered),
        ),
        sets={
            "status": Status.IN_USE,
            "allocation": allocation.id,
            "deadline": allocation.deadline,
            "wake_at": allocation.deadline,
            "since": allocation.started,
            "freed_at": None,
            "attempt": 0,
            "blocked": 0,
        },
    )


def _opening(key: EnvironmentKey, allocation: Allocation) -> HistoryEntry:
    return HistoryEntry(
        key=key,
        at=allocation.started,
        id=allocation.id,
        kind=ActKind.ALLOCATION,
        pool=allocation.pool,
        who=allocation.owner,
        requester=allocation.requester,
        asked_by=allocation.asked_by,
    )


def end(allocation: Allocation, *, now: datetime, outcome: str, by: EndedBy) -> list[Change]:
    """End an active allocation, in its own row and in its environments' histories."""
    ending = {"ended": now, "outcome": outcome, "ended_by": by}
    changes: list[Change] = [
        Update(
            target=allocation.id,
            expects=(Is("status", AllocationStatus.ACTIVE),),
            sets={"status": AllocationStatus.ENDED, **ending},
        )
    ]
    changes += [
        Update(
            target=HistoryKey(lot.key, allocation.started, allocation.id),
            expects=(Is("ended", None),),
            sets=ending,
        )
        for lot in allocation.lots
    ]
    return changes


def let_go(key: EnvironmentKey, allocation: AllocationId, *, now: datetime, limit: timedelta) -> Update:
    """Hand an environment from its tenant to its first cleanup; the last report was of the one before."""
    return Update(
        target=key,
        expects=(Is("status", Status.IN_USE), Is("allocation", allocation)),
        sets={
            "status": Status.CLEANING,
            "since": now,
            "deadline": now + limit,
            "wake_at": now + min(HEARTBEAT, limit),
            "attempt": 1,
            "blocked": 0,
            "report": None,
        },
    )


# --- what a cleanup says ------------------------------------------------------------------------------------------


def _of_this_cleanup(environment: Environment) -> tuple[Expectation, ...]:
    return (
        Is("status", Status.CLEANING),
        Is("allocation", environment.allocation),
        Is("attempt", environment.attempt),
    )


def _wake(environment: Environment, now: datetime, after: timedelta = HEARTBEAT) -> datetime:
    wake_at = now + after
    return min(wake_at, environment.deadline) if environment.deadline else wake_at


def beat(environment: Environment, *, now: datetime) -> Update:
    """A cleanup is alive."""
    return Update(
        target=environment.key,
        expects=_of_this_cleanup(environment),
        sets={"wake_at": _wake(environment, now)},
    )


def found_clean(environment: Environment, *, now: datetime, report: str | None) -> Change:
    """Become what a clean environment becomes: free, held, or gone. Expects the marks that were read."""
    expects = (*_of_this_cleanup(environment), *_marks_as_read(environment))
    return _become_free(environment, expects, now=now, report=report, event=Event.FOUND_CLEAN)


def _marks_as_read(environment: Environment) -> tuple[Expectation, ...]:
    return (
        Is("mark", environment.mark),
        Is("hold", environment.hold),
        Is("next_registered", environment.next_registered),
    )


def _become_free(
    environment: Environment, expects: tuple[Expectation, ...], *, now: datetime, report: str | None, event: Event
) -> Change:
    decision = lifecycle.decide(environment, event)
    if decision.kind is lifecycle.Kind.GONE:
        return Delete(target=environment.key, expects=expects)
    sets: dict[str, object] = {**_NOBODYS, "status": decision.to, "since": now, "hold": False, "report": report}
    sets |= {"freed_at": now if decision.to is Status.FREE else None}
    if environment.next_registered is not None:
        sets |= {"registered": environment.next_registered, "next_registered": None}
    return Update(target=environment.key, expects=expects, sets=sets)


_NOBODYS: Final[dict[str, object]] = {
    "allocation": None,
    "capture": False,
    "attempt": 0,
    "blocked": 0,
    "deadline": None,
    "wake_at": None,
    "dirty_reason": None,
}


def found_dirty(environment: Environment, *, now: datetime, reason: str, report: str | None) -> Update:
    """Give up: dirty until a person acts."""
    return Update(
        target=environment.key,
        expects=_of_this_cleanup(environment),
        sets={
            "status": Status.DIRTY,
            "since": now,
            "dirty_reason": reason,
            "report": report,
            "deadline": None,
            "wake_at": None,
        },
    )


def blocked(environment: Environment, *, now: datetime, pause: timedelta, report: str | None) -> Update:
    """This attempt met something it could not delete: rest `pause`, then the reconciler starts another.

    The attempt is over with this write, so that it has no say any more if it speaks again.
    """
    return Update(
        target=environment.key,
        expects=_of_this_cleanup(environment),
        sets={
            "wake_at": _wake(environment, now, pause),
            "attempt": environment.attempt + 1,
            "blocked": environment.blocked + 1,
            "report": report,
        },
    )


# --- repairs ------------------------------------------------------------------------------------------------------


def next_attempt(environment: Environment, *, now: datetime) -> Update:
    """Replace a cleanup that fell silent. Expects the heartbeat as read, so that one that speaks again wins."""
    return Update(
        target=environment.key,
        expects=(*_of_this_cleanup(environment), Is("wake_at", environment.wake_at)),
        sets={"attempt": environment.attempt + 1, "wake_at": _wake(environment, now)},
    )


def orphaned(environment: Environment, *, now: datetime) -> Update:
    """In use for an allocation that has no record: nobody knows which credentials to revoke, so a person must look."""
    return Update(
        target=environment.key,
        expects=(Is("status", Status.IN_USE), Is("allocation", environment.allocation)),
        sets={
            "status": Status.DIRTY,
            "since": now,
            "dirty_reason": "allocation-missing",
            "deadline": None,
            "wake_at": None,
        },
    )


# --- registration -------------------------------------------------------------------------------------------------


def born(registration: Registration, *, fence: AllocationId, now: datetime, limit: timedelta) -> Put:
    """Register a new environment: it starts with a capture-only cleanup, fenced by an id that no allocation has."""
    return Put(
        row=Environment(
            registered=registration,
            status=Status.CLEANING,
            since=now,
            capture=True,
            allocation=fence,
            attempt=1,
            deadline=now + limit,
            wake_at=now + min(HEARTBEAT, limit),
        )
    )


def reregister(environment: Environment, registration: Registration, *, now: datetime) -> Update:
    """Apply a configuration to a row that exists: at once where nobody holds it, else when it is next free."""
    expects = (Is("status", environment.status), Is("allocation", environment.allocation), *_marks_as_read(environment))
    sets: dict[str, object] = {"mark": Mark.REGISTERED}
    if environment.status is Status.FREE:
        # a new `freed_at` breaks every take that read the old registration
        sets |= {"registered": registration, "next_registered": None, "freed_at": now}
    else:
        sets |= {"next_registered": None if says_the_same(registration, environment.registered) else registration}
    return Update(target=environment.key, expects=expects, sets=sets)


def deregister(environment: Environment) -> Change:
    """The configuration no longer names it: gone if free, else nothing is allocated from now on and it drains."""
    if lifecycle.decide(environment, Event.DEREGISTER).kind is lifecycle.Kind.GONE:
        return Delete(
            target=environment.key,
            expects=(Is("status", Status.FREE), Is("freed_at", environment.freed_at)),
        )
    return Update(
        target=environment.key,
        expects=(Is("status", environment.status), Is("allocation", environment.allocation)),
        sets={"mark": Mark.DEREGISTERING, "next_registered": None},
    )


# --- operators ----------------------------------------------------------------------------------------------------


def operate(
    environment: Environment, event: Event, *, fence: AllocationId, now: datetime, limit: timedelta
) -> Change | None:
    """An operator's act on an environment, or None where it changes nothing. The caller has ruled out refusals."""
    decision = lifecycle.decide(environment, event)
    expects = (
        Is("status", environment.status),
        Is("allocation", environment.allocation),
        Is("attempt", environment.attempt),
        *_marks_as_read(environment),
    )
    if decision.kind is lifecycle.Kind.NOTHING:
        return None
    if event is Event.REINSTATE:
        return _become_free(environment, expects, now=now, report=environment.report, event=event)
    if decision.kind is lifecycle.Kind.GONE:
        return Delete(target=environment.key, expects=expects)
    if decision.kind is lifecycle.Kind.MARK:
        return Update(target=environment.key, expects=expects, sets={"hold": event is Event.HOLD})
    if decision.to is Status.HELD:
        held: dict[str, object] = {"status": Status.HELD, "since": now, "freed_at": None, "hold": False}
        return Update(target=environment.key, expects=expects, sets=held)
    sets = _clean_again(environment, fence=fence, now=now, limit=limit)
    if event is Event.RECAPTURE:  # what was held stays so
        sets |= {"capture": True, "freed_at": None, "hold": environment.hold or environment.status is Status.HELD}
    return Update(target=environment.key, expects=expects, sets=sets)


def _clean_again(
    environment: Environment, *, fence: AllocationId, now: datetime, limit: timedelta
) -> dict[str, object]:
    return {
        "status": Status.CLEANING,
        "since": now,
        "allocation": environment.allocation or fence,
        "attempt": environment.attempt + 1,
        "blocked": 0,
        "deadline": now + limit,
        "wake_at": now + min(HEARTBEAT, limit),
        "dirty_reason": None,
    }


def applied(row: Row, change: Update) -> Row:
    """The row after an update, for stores that keep rows as values."""
    return replace(row, **change.sets)  # type: ignore[arg-type]
