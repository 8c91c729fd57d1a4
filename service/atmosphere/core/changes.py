"""Every write there is, as a value: what it expects to find, and what it sets; `lifecycle` decides each status.

A store applies a list of changes together or not at all, and only if every expectation holds (`ports.Store.commit`).
The expectations are the fences: whatever is late, repeated or lost its race finds one of them broken and has no effect.

    take       free, registered as read, not deregistering, freed when it was read as freed
    everything else that concerns a tenant     the tenant's allocation id
    everything that a cleanup says             ... and its attempt number
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from atmosphere.core import heartbeat, lifecycle
from atmosphere.core.breaker import Breaker, PoolKey
from atmosphere.core.lifecycle import Event, Kind
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
from atmosphere.core.queue import Waiter, WaiterKey
from atmosphere.core.quota import Slot, SlotKey, slots_of
from atmosphere.core.snapshot import says_the_same

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

HEARTBEAT: Final = timedelta(seconds=90)  # a cleanup silent for longer is taken to be dead
MAX_BLOCKED: Final = 3  # cleanups that found something undeletable before the environment is dirty
MAX_RECHECKS: Final = 12  # cleanings of a dirty environment that begin by themselves before it waits for a person


@dataclass(frozen=True, slots=True)
class Absent:
    """No row of this key exists."""


@dataclass(frozen=True, slots=True)
class Is:
    """The row exists and its field has this value; None means that it has none."""

    field: str
    value: object


@dataclass(frozen=True, slots=True)
class Before:
    """The field has an earlier instant than this one, or none."""

    field: str
    value: datetime


Expectation: TypeAlias = Absent | Is | Before


@dataclass(frozen=True, slots=True, order=True)
class HistoryKey:
    """An environment's history is sorted by start, then id."""

    key: EnvironmentKey
    at: datetime
    id: str


Row: TypeAlias = Environment | Allocation | HistoryEntry | Waiter | Slot | Breaker
Target: TypeAlias = EnvironmentKey | AllocationId | HistoryKey | WaiterKey | SlotKey | PoolKey


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionCheck:
    """Write nothing, but let the others be written only if the expectations hold."""

    target: Target
    expects: tuple[Expectation, ...]


Change: TypeAlias = Put | Update | Delete | ConditionCheck


def target_of(change: Change) -> Target:
    """The key of the row that a change writes."""
    if not isinstance(change, Put):
        return change.target
    row = change.row
    if isinstance(row, Environment | Breaker):
        return row.key
    if isinstance(row, Allocation | Waiter | Slot):
        return row.id
    return HistoryKey(row.key, row.at, row.id)


class ImpossibleError(Exception):
    """The table has no write for this event: a fault of the program."""


def _status(found: lifecycle.Found, event: Event) -> dict[str, Any]:
    """The status that a write sets, as the table decides; nothing where the status stays."""
    decision = lifecycle.decide(found, event)
    if decision.kind is Kind.MOVE:
        return {"status": decision.to}
    if decision.kind is Kind.MARK:
        return {}
    status = found.status if isinstance(found, Environment) else found
    raise ImpossibleError(f"'{event}' is {decision.kind} in status {status}: nothing is written, report this as a bug")


def _cleaning(found: lifecycle.Found, event: Event, *, attempt: int, now: datetime, limit: timedelta) -> dict[str, Any]:
    """What every write sets that starts a cleaning."""
    sets = _status(found, event) | {"since": now, "attempt": attempt, "blocked": 0}
    return sets | {"deadline": now + limit, "wake_at": now + min(HEARTBEAT, limit)}


def _dirty(environment: Environment, event: Event, *, reason: str, now: datetime) -> dict[str, Any]:
    """What every write sets that makes an environment dirty: it waits for a person, without a deadline."""
    return _status(environment, event) | {"since": now, "dirty_reason": reason, "deadline": None, "wake_at": None}


# --- an allocation's life -----------------------------------------------------------------------------------------


def start(
    allocation: Allocation,
    rows: Mapping[EnvironmentKey, Environment],
    *,
    kept: Iterable[Environment] = (),
    waiter: Waiter | None = None,
    forgotten: Iterable[Slot] = (),
) -> list[Change]:
    """Everything that makes `allocation` exist: its row, a history row and a take for each environment.

    `kept` are environments that earlier waiters could use: they must be free still, or somebody came between the
    reading and this. `waiter` is the row of this caller in the queue, which it leaves. `forgotten` are slots without
    meaning that may be in the way of the allocation's own.
    """
    changes: list[Change] = [Put(row=allocation)]
    for item in allocation.items:
        changes += [_take(rows[item.key], allocation), Put(row=_opening(item.key, allocation))]
    changes += [ConditionCheck(target=row.key, expects=_free_as_read(row)) for row in kept]
    changes += hold_slots(allocation, forgotten)
    if waiter is not None:
        changes.append(Delete(target=waiter.id, expects=()))
    return changes


def hold_slots(allocation: Allocation, forgotten: Iterable[Slot] = ()) -> list[Change]:
    """Put the allocation's slots, each where there is none, or one that is without meaning."""
    before = {slot.id: slot for slot in forgotten}
    return [
        Put(row=slot, expects=(Is("allocation", before[slot.id].allocation) if slot.id in before else Absent(),))
        for slot in slots_of(allocation)
    ]


def counted(allocation: Allocation, numbers: tuple[int, ...]) -> list[Change]:
    """Give slots to an active allocation that has none: it is older than its rule's limit."""
    update = Update(
        target=allocation.id,
        expects=(Is("status", AllocationStatus.ACTIVE), Is("slots", None)),
        sets={"slots": numbers},
    )
    return [update, *hold_slots(replace(allocation, slots=numbers))]


def _free_as_read(environment: Environment) -> tuple[Expectation, ...]:
    return (
        Is("status", Status.FREE),
        Is("freed_at", environment.freed_at),
        Is("mark", Mark.REGISTERED),
        Is("registered", environment.registered),
    )


def _take(environment: Environment, allocation: Allocation) -> Update:
    return Update(
        target=environment.key,
        expects=_free_as_read(environment),
        sets={
            **_status(environment, Event.TAKE),
            "allocation": allocation.id,
            "deadline": allocation.deadline,
            "wake_at": heartbeat.first_by(environment.key, allocation),
            "spared": False,
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


def wait(
    waiter: Waiter, own: Waiter | None, *, key: AllocationId | None = None, swept: Iterable[Waiter] = ()
) -> list[Change]:
    """Put a caller in line, or write that it asked again; `own` is its row as read.

    With a `key` the request must not have been granted meanwhile. `swept` are rows of waiters that lost their place.
    """
    expects: tuple[Expectation, ...] = (Is("last_ask", own.last_ask),) if own else (Absent(),)
    changes: list[Change] = [Put(row=waiter, expects=expects)]
    if key is not None:
        changes.append(ConditionCheck(target=key, expects=(Absent(),)))
    changes += [Delete(target=row.id, expects=(Is("last_ask", row.last_ask),)) for row in swept]
    return changes


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
            target=HistoryKey(item.key, allocation.started, allocation.id),
            expects=(Is("ended", None),),
            sets=ending,
        )
        for item in allocation.items
    ]
    changes += [Delete(target=slot.id, expects=(Is("allocation", allocation.id),)) for slot in slots_of(allocation)]
    return changes


def heard(allocation: Allocation, *, now: datetime) -> Update:
    """A heartbeat came. Expects none that came later, so that one that is late takes nothing back."""
    key, wake_at = allocation.items[0].key, heartbeat.next_by(allocation, now)
    return Update(
        target=key,
        expects=(*_held(allocation.id), Before("wake_at", wake_at)),
        sets={"wake_at": wake_at, "spared": False},
    )


def spare(environment: Environment, allocation: Allocation, *, now: datetime) -> Update:
    """Wait for one more heartbeat, because the reconciler was late. Expects the row as read: a heartbeat wins."""
    return Update(
        target=environment.key,
        expects=(*_held(allocation.id), Is("wake_at", environment.wake_at)),
        sets={"wake_at": heartbeat.next_by(allocation, now), "spared": True},
    )


def _held(allocation: AllocationId) -> tuple[Expectation, ...]:
    return (Is("status", Status.IN_USE), Is("allocation", allocation))


def let_go(
    key: EnvironmentKey, allocation: AllocationId, *, now: datetime, limit: timedelta, silent: datetime | None = None
) -> Update:
    """Hand an environment from its tenant to its first cleanup; the last report was of the one before.

    `silent` is the instant by which a heartbeat was due, if it is let go because none came: one that comes wins.
    """
    return Update(
        target=key,
        expects=(*_held(allocation), *([] if silent is None else [Is("wake_at", silent)])),
        sets={**_cleaning(Status.IN_USE, Event.LET_GO, attempt=1, now=now, limit=limit), "report": None},
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
    if lifecycle.decide(environment, event).kind is Kind.GONE:
        return Delete(target=environment.key, expects=expects)
    sets = {**_NOBODYS, **_status(environment, event), "since": now, "hold": False, "report": report}
    sets |= {"freed_at": now if sets["status"] is Status.FREE else None}
    if environment.next_registered is not None:
        sets |= {"registered": environment.next_registered, "next_registered": None}
    return Update(target=environment.key, expects=expects, sets=sets)


_NOBODYS: Final[dict[str, object]] = {
    "allocation": None,
    "capture": False,
    **dict.fromkeys(("attempt", "blocked", "rechecks"), 0),
    "deadline": None,
    "wake_at": None,
    "dirty_reason": None,
}


def found_dirty(
    environment: Environment, *, now: datetime, reason: str, report: str | None, retry_at: datetime | None = None
) -> Update:
    """Give up: dirty until a person acts, or until `retry_at`, when AWS allows what it refused."""
    wake_at = retry_at if environment.rechecks < MAX_RECHECKS else None
    sets = _dirty(environment, Event.FOUND_DIRTY, reason=reason, now=now) | {"wake_at": wake_at, "report": report}
    return Update(target=environment.key, expects=_of_this_cleanup(environment), sets=sets)


def breaker(before: Breaker | None, after: Breaker) -> Put:
    """What is counted of a pool. Expects the row as it was read: whoever counts at the same time reads again."""
    return Put(row=after, expects=(Absent(),) if before is None else (Is("revision", before.revision),))


def blocked(environment: Environment, *, now: datetime, pause: timedelta, report: str | None) -> Update:
    """This attempt met something it could not delete: rest `pause`, then the reconciler starts another.

    The attempt is over with this write, so that it has no say any more if it speaks again.
    """
    return Update(
        target=environment.key,
        expects=_of_this_cleanup(environment),
        sets={
            **_status(environment, Event.RETRY),
            "attempt": environment.attempt + 1,
            "wake_at": _wake(environment, now, pause),
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
        sets={
            **_status(environment, Event.RETRY),
            "attempt": environment.attempt + 1,
            "wake_at": _wake(environment, now),
        },
    )


def orphaned(environment: Environment, *, now: datetime) -> Update:
    """In use for an allocation that has no record: nobody knows which credentials to revoke, so a person must look."""
    return Update(
        target=environment.key,
        expects=(Is("status", Status.IN_USE), Is("allocation", environment.allocation)),
        sets=_dirty(environment, Event.ORPHANED, reason="allocation-missing", now=now),
    )


def watched(environment: Environment, *, now: datetime) -> Update:
    """A scan of a free environment begins, or is over: until now nobody had it since it was read as free."""
    return Update(
        target=environment.key,
        expects=(
            Is("status", Status.FREE),
            Is("freed_at", environment.freed_at),
            Is("watched_at", environment.watched_at),
        ),
        sets={**_status(environment, Event.WATCH), "watched_at": now},
    )


# --- registration -------------------------------------------------------------------------------------------------


def born(registration: Registration, *, fence: AllocationId, now: datetime, limit: timedelta) -> Put:
    """Register a new environment: it starts with a capture-only cleanup, fenced by an id that no allocation has."""
    return Put(
        row=Environment(
            registered=registration,
            capture=True,
            allocation=fence,
            **_cleaning(None, Event.REGISTER, attempt=1, now=now, limit=limit),
        )
    )


def reregister(environment: Environment, registration: Registration, *, now: datetime) -> Update:
    """Apply a configuration to a row that exists: at once where nobody holds it, else when it is next free."""
    expects = (Is("status", environment.status), Is("allocation", environment.allocation), *_marks_as_read(environment))
    sets = {**_status(environment, Event.REGISTER), "mark": Mark.REGISTERED}
    if environment.status is Status.FREE:
        # a new `freed_at` breaks every take that read the old registration
        sets |= {"registered": registration, "next_registered": None, "freed_at": now}
    else:
        sets |= {"next_registered": None if says_the_same(registration, environment.registered) else registration}
    return Update(target=environment.key, expects=expects, sets=sets)


def deregister(environment: Environment) -> Change:
    """The configuration no longer names it: gone if free, else nothing is allocated from now on and it drains."""
    if lifecycle.decide(environment, Event.DEREGISTER).kind is Kind.GONE:
        return Delete(
            target=environment.key,
            expects=(Is("status", Status.FREE), Is("freed_at", environment.freed_at)),
        )
    return Update(
        target=environment.key,
        expects=(Is("status", environment.status), Is("allocation", environment.allocation)),
        sets={**_status(environment, Event.DEREGISTER), "mark": Mark.DEREGISTERING, "next_registered": None},
    )


# --- operators ----------------------------------------------------------------------------------------------------


def operate(
    environment: Environment, event: Event, *, fence: AllocationId, now: datetime, limit: timedelta
) -> Change | None:
    """An operator's act on an environment, or a recheck; None if it changes nothing. The caller rules out refusals."""
    decision = lifecycle.decide(environment, event)
    expects = (
        Is("status", environment.status),
        Is("allocation", environment.allocation),
        Is("attempt", environment.attempt),
        *_marks_as_read(environment),
    )
    if decision.kind is Kind.NOTHING:
        return None
    if event is Event.REINSTATE:
        return _become_free(environment, expects, now=now, report=environment.report, event=event)
    if decision.kind is Kind.GONE:
        return Delete(target=environment.key, expects=expects)
    if decision.kind is Kind.MARK:
        return Update(target=environment.key, expects=expects, sets={"hold": event is Event.HOLD})
    if event is Event.HOLD:
        held = {**_status(environment, event), "since": now, "freed_at": None, "wake_at": None, "hold": False}
        return Update(target=environment.key, expects=expects, sets=held)
    sets = _cleaning(environment, event, attempt=environment.attempt + 1, now=now, limit=limit)
    rechecks = environment.rechecks + 1 if event is Event.RECHECK else 0
    sets |= {"allocation": environment.allocation or fence, "dirty_reason": None, "rechecks": rechecks}
    if environment.next_registered is not None:
        sets |= {"registered": environment.registered.cleaned_like(environment.next_registered)}
    if event is Event.RECAPTURE:  # what was held stays so
        sets |= {"capture": True, "freed_at": None, "hold": environment.hold or environment.status is Status.HELD}
    return Update(target=environment.key, expects=expects, sets=sets)


def applied(row: Row, change: Update) -> Row:
    """The row after an update, for stores that keep rows as values."""
    return replace(row, **change.sets)  # type: ignore[arg-type]
