"""Judges a race: what callers were told, and every change of every table in its order, against the promises.

Each function names what is broken, and nothing where nothing is. The order of changes comes from the tables' streams,
so nothing here rests on a condition that the service wrote.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from atmosphere.core.model import (
    ActKind,
    Allocation,
    AllocationId,
    AllocationStatus,
    EndedBy,
    Environment,
    EnvironmentKey,
    HistoryEntry,
    RuleName,
    Status,
)
from bench.race.seen import ACTS, ALLOCATES, INTERNAL, OK, RELEASES, UNAVAILABLE, Kind, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from bench.race.seen import Answered

NOTHING: Final = "nothing was taken"
MAY_BE: Final = "may have"
_TIMED: Final = (Status.IN_USE, Status.CLEANING)
_RESTING: Final = (Status.FREE, Status.DIRTY, Status.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All of a race. `limits` are the quotas, `grace` is what stands for the 120 s of P2, `ended` when it was settled.

    What was there before has the number 0 among `written`. `calls` are the AWS calls of each request of a
    function, where they were counted.
    """

    answered: Sequence[Answered]
    written: Sequence[Written]
    limits: Mapping[RuleName, int]
    grace: timedelta
    ended: datetime
    kills: int = 0
    calls: Mapping[str, Sequence[int]] = field(default_factory=dict)
    bounds: Mapping[str, int] = field(default_factory=dict)


def double_allocations(record: Record) -> list[str]:
    """P1, by the allocations, by the rows of environments, and by what callers were told."""
    return [
        *_held_twice(record.written),
        *_taken_from_others(record.written),
        *_told_twice(record.answered),
    ]


def _held_twice(written: Iterable[Written]) -> Iterable[str]:
    holders: dict[EnvironmentKey, AllocationId] = {}
    for change in written:
        allocation = change.after
        if not isinstance(allocation, Allocation):
            continue
        for item in allocation.items:
            if allocation.status is AllocationStatus.ENDED:
                if holders.get(item.key) == allocation.id:
                    del holders[item.key]
                continue
            holder = holders.setdefault(item.key, allocation.id)
            if holder != allocation.id:
                yield f"{item.key} is held by {holder} and by {allocation.id}"


def _taken_from_others(written: Iterable[Written]) -> Iterable[str]:
    for change in written:
        before, after = change.before, change.after
        if not isinstance(before, Environment) or not isinstance(after, Environment):
            continue
        if after.status is not Status.IN_USE or after.allocation == before.allocation:
            continue
        if before.status is not Status.FREE:
            yield f"{after.key} was taken by {after.allocation} while it was {before.status} for {before.allocation}"


def _told_twice(answered: Sequence[Answered]) -> Iterable[str]:
    """Intervals in which a caller could be sure of an environment, by replies alone."""
    ends, evictions = _ends(answered), [answer for answer in answered if answer.kind is Kind.EVICT]
    sure: dict[str, list[tuple[datetime, datetime, str]]] = defaultdict(list)
    for first in _first_grants(answered).values():
        for environment in first.environments:
            evicted = [one.sent for one in evictions if environment in one.environments and one.got >= first.got]
            until = [first.deadline, ends.get(first.allocation), *evicted]
            end = min(at for at in until if at is not None)
            if first.got < end:
                sure[environment].append((first.got, end, first.allocation))
    for environment, intervals in sure.items():
        for (_, end, one), (start, _, other) in pairwise(sorted(intervals)):
            if start < end:
                yield f"{environment} was given to {other} while {one} could be sure of it"


def _first_grants(answered: Sequence[Answered]) -> dict[str, Answered]:
    first: dict[str, Answered] = {}
    for answer in sorted(answered, key=lambda one: one.got):
        if answer.kind in ALLOCATES and answer.status == OK:
            first.setdefault(answer.allocation, answer)
    return first


def _ends(answered: Iterable[Answered]) -> dict[str, datetime]:
    """The earliest instant at which each allocation may have been ended by its owner's request or its silence."""
    ends: dict[str, datetime] = {}
    for answer in answered:
        at = answer.sent if answer.kind in RELEASES else None
        if answer.kind in ALLOCATES and answer.heartbeat is not None:
            at = answer.sent + timedelta(seconds=answer.heartbeat)
        if at is not None:
            ends[answer.allocation] = min(at, ends.get(answer.allocation, at))
    return ends


def leaks(record: Record) -> list[str]:
    """P2: what is in use or being cleaned has a deadline, and is neither soon after it."""
    found: list[str] = []
    rows = _histories(record.written)
    for key, changes in rows.items():
        ends = [change.at for change in changes[1:]] + [record.ended]
        for change, end in zip(changes, ends, strict=True):
            row = change.after
            if isinstance(row, Environment) and row.status in _TIMED:
                found += _overdue(key, row, end, record.grace)
    return list(dict.fromkeys(found))


def _histories(written: Iterable[Written]) -> dict[EnvironmentKey, list[Written]]:
    rows: dict[EnvironmentKey, list[Written]] = defaultdict(list)
    for change in written:
        row = change.after or change.before
        if isinstance(row, Environment):
            rows[row.key].append(change)
    return rows


def _overdue(key: EnvironmentKey, row: Environment, end: datetime, grace: timedelta) -> Iterable[str]:
    if row.deadline is None:
        yield f"{key} is {row.status} for {row.allocation} without a deadline"
    elif end > row.deadline + grace:
        late = (end - row.deadline).total_seconds()
        yield f"{key} is {row.status} for {row.allocation} {late:.0f} s after its deadline"


def unsettled(record: Record) -> list[str]:
    """What is not at rest at the end: neither free, nor held, nor dirty for a reason; or an allocation still active."""
    found = []
    for key, changes in _histories(record.written).items():
        row = changes[-1].after
        if not isinstance(row, Environment):
            continue
        if row.status not in _RESTING:
            found.append(f"{key} is still {row.status} for {row.allocation}")
        if row.status is Status.DIRTY and not row.dirty_reason:
            found.append(f"{key} is dirty without a reason")
    active = [one for one in _last_allocations(record.written).values() if one.status is AllocationStatus.ACTIVE]
    return found + [f"the allocation {one.id} is still active" for one in active]


def _last_allocations(written: Iterable[Written]) -> dict[AllocationId, Allocation]:
    return {change.after.id: change.after for change in written if isinstance(change.after, Allocation)}


def internals(record: Record) -> list[str]:
    """`internal` that the service said, and what the gateway said more often than workers were killed."""
    found = [
        f"{answer.kind} of {answer.allocation or answer.environments} got internal"
        for answer in record.answered
        if answer.code == INTERNAL and not answer.interrupted
    ]
    silent = sum(answer.interrupted and not answer.timed_out for answer in record.answered)
    if silent > record.kills:
        found.append(f"{silent} requests got no reply from a function, but only {record.kills} workers were killed")
    return found


def over_quota(record: Record) -> list[str]:
    """More environments held at once by a rule than its limit allows."""
    found: list[str] = []
    held: Counter[RuleName] = Counter()
    active: set[AllocationId] = set()
    for change in record.written:
        allocation = change.after
        if not isinstance(allocation, Allocation) or allocation.is_tombstone:
            continue
        is_active = allocation.status is AllocationStatus.ACTIVE
        if is_active is (allocation.id in active):
            continue
        (active.add if is_active else active.remove)(allocation.id)
        held[allocation.rule] += len(allocation.items) * (1 if is_active else -1)
        limit = record.limits.get(allocation.rule)
        if is_active and limit is not None and held[allocation.rule] > limit:
            found.append(f"{allocation.rule} holds {held[allocation.rule]} with {allocation.id}; its limit is {limit}")
    return found


def incomplete(record: Record) -> list[str]:
    """Allocations and acts that the history does not tell as they were."""
    entries = {
        (entry.key, entry.id): entry for change in record.written if isinstance(entry := change.after, HistoryEntry)
    }
    found: list[str] = []
    made = {change.after.id for change in record.written if change.number and isinstance(change.after, Allocation)}
    for allocation in _last_allocations(record.written).values():
        for item in allocation.items if allocation.id in made else ():
            entry = entries.get((item.key, str(allocation.id)))
            found += _untold(allocation, item.key, entry)
    return [*found, *_acts_untold(record.answered, entries.values())]


def _untold(allocation: Allocation, key: EnvironmentKey, entry: HistoryEntry | None) -> Iterable[str]:
    if entry is None:
        yield f"the history of {key} has no entry of {allocation.id}"
        return
    told = (entry.kind, entry.at, entry.who, entry.ended, entry.outcome, entry.ended_by)
    was = (
        ActKind.ALLOCATION,
        allocation.started,
        allocation.owner,
        allocation.ended,
        allocation.outcome,
        allocation.ended_by,
    )
    if told != was:
        yield f"the history of {key} says {told} of {allocation.id}, which is {was}"


def _acts_untold(answered: Iterable[Answered], entries: Iterable[HistoryEntry]) -> Iterable[str]:
    told = Counter((entry.key.path, entry.reason) for entry in entries if entry.reason)
    for answer in answered:
        if answer.kind not in ACTS or answer.status != OK:
            continue
        count = told[answer.environments[0], answer.reason]
        if count != answer.changed:
            yield f"{answer.kind} of {answer.environments[0]} ({answer.reason}) is in its history {count} times"


def broken_words(record: Record) -> list[str]:
    """What callers were told and was not so: grants, ends, and 503s that say that nothing was taken."""
    rows = {str(id_): row for id_, row in _last_allocations(record.written).items()}
    found: list[str] = [*_taken_all_the_same(record), *_done_all_the_same(record)]
    for answer in record.answered:
        row = rows.get(answer.allocation)
        if answer.kind in ALLOCATES and answer.status == OK:
            given = tuple(item.key.path for item in row.items) if row else ()
            if given != answer.environments:
                found.append(f"{answer.allocation} was given {answer.environments}, and holds {given}")
        if answer.kind in RELEASES and answer.status == OK and (row is None or row.status is AllocationStatus.ACTIVE):
            found.append(f"the release of {answer.allocation} was confirmed, and it is not ended")
    return found


def _taken_all_the_same(record: Record) -> Iterable[str]:
    """503s without a "may have": what they asked for was made meanwhile, or is there although nothing was taken."""
    lives = _lives(record.written)
    asked: dict[str, list[Answered]] = defaultdict(list)
    for answer in record.answered:
        if answer.kind in ALLOCATES:
            asked[answer.requester].append(answer)
    for requester, answers in asked.items():
        made, ended = lives.get(requester, (None, None))
        for answer in answers:
            if made is None or answer.status != UNAVAILABLE or MAY_BE in answer.message:
                continue
            alone = not any(_overlap(answer, other) for other in answers if other is not answer)
            taken = alone and answer.sent <= made <= answer.got
            is_there = NOTHING in answer.message and made <= answer.got and (ended is None or ended > answer.got)
            if taken or is_there:
                yield f"{answer.kind} by {requester!r} got 503, {answer.message!r}, and has an allocation"


def _done_all_the_same(record: Record) -> Iterable[str]:
    """Releases and acts that got a 503 without a "may have", and were done by just that request."""
    ends = {str(row.id): change.at for change in record.written if (row := _ending(change))}
    reasons = {entry.reason for change in record.written if isinstance(entry := change.after, HistoryEntry)}
    refused = [one for one in record.answered if one.status == UNAVAILABLE and MAY_BE not in one.message]
    for answer in refused:
        if answer.kind in ACTS and answer.reason in reasons:
            yield f"{answer.kind} of {answer.environments[0]} got 503, {answer.message!r}, and was done"
        ended = ends.get(answer.allocation) if answer.kind in RELEASES else None
        if ended is not None and answer.sent <= ended <= answer.got and not _is_shared(answer, record.answered):
            yield f"{answer.kind} of {answer.allocation} got 503, {answer.message!r}, and was done"


def _ending(change: Written) -> Allocation | None:
    before, after = change.before, change.after
    if not isinstance(after, Allocation) or not isinstance(before, Allocation):
        return None
    ends = before.status is AllocationStatus.ACTIVE and after.status is AllocationStatus.ENDED
    return after if ends and after.ended_by is EndedBy.OWNER else None


def _is_shared(answer: Answered, answered: Iterable[Answered]) -> bool:
    """Whether somebody else asked for the same end at the same time."""
    return any(
        other.kind in RELEASES and other is not answer and other.allocation == answer.allocation
        for other in answered
        if _overlap(answer, other)
    )


def _overlap(one: Answered, other: Answered) -> bool:
    return one.sent <= other.got and other.sent <= one.got


def _lives(written: Iterable[Written]) -> dict[str, tuple[datetime, datetime | None]]:
    """When the allocation of each requester was made, and when it was ended."""
    lives: dict[str, tuple[datetime, datetime | None]] = {}
    for change in written:
        row = change.after
        if isinstance(row, Allocation) and not row.is_tombstone:
            made = lives.get(row.requester, (change.at, None))[0]
            lives[row.requester] = (made, change.at if row.status is AllocationStatus.ENDED else None)
    return lives


def orphans(record: Record) -> list[str]:
    """Allocations that ended at their deadline although the service had an answer for everyone who asked for them.

    A caller without a key knows its allocation only by the reply. So each allocation is named by a reply, by a 503, or
    somebody's request got none.
    """
    named = {answer.allocation for answer in record.answered}
    asked = {answer.requester for answer in record.answered if answer.kind in ALLOCATES}  # others may use the service
    told = " ".join(answer.message for answer in record.answered if answer.status == UNAVAILABLE)
    silent = sum(
        answer.interrupted and answer.kind in ALLOCATES and not answer.allocation for answer in record.answered
    )
    lost = [
        str(id_)
        for id_, row in _last_allocations(record.written).items()
        if row.items and row.requester in asked and str(id_) not in named and str(id_) not in told
    ]
    return [f"nobody was told of {id_}" for id_ in lost] if len(lost) > silent else []


def unbounded(record: Record) -> list[str]:
    """Requests that cost more AWS calls than their function's bound."""
    return [
        f"a request of {function} made {most} AWS calls; its bound is {record.bounds[function]}"
        for function, counts in record.calls.items()
        if function in record.bounds and (most := max(counts, default=0)) > record.bounds[function]
    ]


PROPERTIES: Final[Mapping[str, Callable[[Record], list[str]]]] = {
    "no double allocation": double_allocations,
    "no leak": leaks,
    "everything at rest": unsettled,
    "no `internal`": internals,
    "quotas kept": over_quota,
    "history complete": incomplete,
    "replies true": broken_words,
    "nothing taken without a reply": orphans,
    "calls bounded": unbounded,
}


def verdicts(record: Record) -> dict[str, list[str]]:
    """What is broken, by property."""
    return {name: judge(record) for name, judge in PROPERTIES.items()}
