"""The queue of a pool for one request: who is before it, what its rule leaves it, and its own place in line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from atmosphere.core import changes, queue, quota
from atmosphere.core.errors import AllDirty, Conflicting, KeyReused, Place
from atmosphere.core.queue import Waiter
from atmosphere.core.request import asked_party
from atmosphere.ports import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from atmosphere.core.errors import Refused
    from atmosphere.core.matching import Party
    from atmosphere.core.quota import Slot
    from atmosphere.operations.unmet import Asking
    from atmosphere.ports import Clock, Ids, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The queue as read for one request: `own` is its row, `ahead` are those before it, `room` what its rule leaves."""

    waiters: Sequence[Waiter]
    own: Waiter | None
    ahead: Sequence[Waiter]
    parties: Mapping[str, Party]
    slots: Sequence[Slot]
    room: int | None

    def holds_back(self, wanted: int) -> bool:
        """Whether the caller's rule does not let it have so many."""
        return self.room is not None and wanted > self.room


class TakenMeanwhile(Exception):
    """The request's key has made an allocation since it was read."""


def read_line(asking: Asking, store: Store, now: datetime) -> Line:
    """One read, and one more where a rule in the line has a limit. Raises `Conflicting` and `KeyReused`.

    Those two are for a key that waits already, for another caller or another request.
    """
    waiters = store.waiters(asking.request.pool)
    own = next((waiter for waiter in waiters if waiter.id == asking.waiter), None)
    if own is not None and not own.is_gone(now):
        _is_the_same(own, asking)
    placed = own if own is not None and not own.is_gone(now) else None
    line = queue.earlier(waiters, placed, now)
    parties = {waiter.asked_for: asked_party(waiter.asked_for) for waiter in line}
    limits = {rule.name: rule.max_active for rule in asking.snapshot.access.rules}
    limited = any(limits.get(name) is not None for name in (asking.rule.name, *(waiter.rule for waiter in line)))
    slots = store.slots() if limited else ()
    ahead, left = queue.with_quota(line, parties, quota.room(limits, slots, now))
    return Line(waiters=waiters, own=own, ahead=ahead, parties=parties, slots=slots, room=left.get(asking.rule.name, 0))


def _is_the_same(own: Waiter, asking: Asking) -> None:
    if own.owner != asking.caller.owner:
        raise Conflicting("this id belongs to another caller: use a new UUID")
    if own.asked_hash != asking.request.asked_hash:
        raise KeyReused


def rank_of(asking: Asking, line: Line) -> int:
    """How many of those before it want something that this request could get."""
    return queue.rank(line.ahead, line.parties, asking.party, asking.snapshot.pool(asking.request.pool))


def place_of(line: Line, rank: int, now: datetime) -> Place:
    """Where the caller stands now."""
    others = sum(waiter.present_until > now and waiter is not line.own for waiter in line.waiters)
    return Place(position=rank + 1, waiting=others + 1, estimate=queue.estimate(line.waiters, rank + 1, now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Queueing:
    """Writes callers into the queue."""

    store: Store
    clock: Clock
    ids: Ids

    def join(self, asking: Asking, line: Line, refusal: Refused, *, would_keep: bool) -> bool:
        """Put the caller in line, or write that it asked again: the last act before its 423, in one transaction.

        False if the queue is as long as it may be. Raises `TakenMeanwhile`.
        """
        now = self.clock.now()
        if line.own is None and not queue.has_room(line.waiters, asking.rule.name, now):
            return False
        key = asking.key
        waiter = _waiter(asking, line, now=now, present=_present(asking, refusal), would_keep=would_keep)
        swept = queue.to_sweep(line.waiters, now) if line.own is None else []
        try:
            self.store.commit(changes.wait(waiter, line.own, key=key, swept=swept), token=self.ids.new())
        except Conflict as met:
            if key is not None and met.actual.get(1) is not None:
                raise TakenMeanwhile from None
            self._once_more(asking, waiter)
        return True

    def _once_more(self, asking: Asking, waiter: Waiter) -> None:
        """The same caller wrote its row at the same moment, or one that was swept came back: keep the place it has."""
        found = [row for row in self.store.waiters(asking.request.pool) if row.id == waiter.id]
        own = found[0] if found else None
        mine = replace(waiter, arrival=own.arrival, keeping_since=own.keeping_since) if own else waiter
        try:
            self.store.commit(changes.wait(mine, own, key=asking.key), token=self.ids.new())
        except Conflict as met:
            if asking.key is not None and met.actual.get(1) is not None:
                raise TakenMeanwhile from None


def _present(asking: Asking, refusal: Refused) -> timedelta:
    """How long later callers leave to this one what it could use; a group that nothing can complete keeps nothing."""
    if asking.party.is_group and isinstance(refusal, AllDirty):
        return timedelta()
    if asking.key is None or asking.party.is_group or refusal.retry_after is None:
        return queue.PRESENT
    return refusal.retry_after + queue.GRACE


def _waiter(asking: Asking, line: Line, *, now: datetime, present: timedelta, would_keep: bool) -> Waiter:
    last = queue.arrival_after(line.waiters, now)
    if line.own is not None and not line.own.is_gone(now):
        return queue.asked_again(line.own, now=now, last=last, present_until=now + present, would_keep=would_keep)
    return Waiter(
        id=asking.waiter,
        owner=asking.caller.owner,
        rule=asking.rule.name,
        asked_hash=asking.request.asked_hash,
        asked_for=asking.request.asked_for,
        arrival=last,
        last_ask=now,
        present_until=now + present,
        first_rank=sum(waiter.present_until > now for waiter in line.waiters),
        keeping_since=now if would_keep else None,
    )
