"""The order in which callers get a pool's environments: who waits, who is passed over, what is kept for whom.

A caller that gets 423 becomes a waiter. While it is present, whoever comes later takes only what the waiter could not
use. Pure rules on what was read; times are the caller's (design 5, ADR 0020).

    present       65 s after an unkeyed ask; with a key until its Retry-After and 15 s more
    its place     until 10 minutes after its last ask
    a group       keeps a part of what it wants for 30 minutes, one group of a pool at a time
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from atmosphere.core import selection
from atmosphere.core.matching import Matching, Party
from atmosphere.core.snapshot import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from atmosphere.core.model import Environment, OwnerKey, PoolName, Registration, RuleName

PLACE: Final = timedelta(minutes=10)
PRESENT: Final = timedelta(seconds=65)
GRACE: Final = timedelta(seconds=15)
KEPT_FOR_A_GROUP: Final = timedelta(minutes=30)
MAX_KEPT: Final = 60  # condition checks of one transaction, beside what it writes
MAX_OF_RULE: Final = 50
MAX_OF_POOL: Final = 300
MAX_RETRY: Final = 30.0  # seconds
_FIRST_RETRY: Final = 2.0  # seconds, of whoever is next
_SWEPT: Final = 3  # dead rows that a new waiter deletes
_GAINED: Final = 5  # positions before anything is estimated
_LEAST, _MOST = 0.6, 2.0
"""An estimate is given as this range of itself: what 80 % of the waits were in simulations (ADR 0020)."""
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class WaiterKey:
    """A waiter's row: a pool, and an Idempotency-Key or the hash of what tells callers without one apart."""

    pool: PoolName
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """A caller in a pool's queue. `asked_for` is what it wants, as canonical JSON; `first_rank` what it began with."""

    id: WaiterKey
    owner: OwnerKey
    rule: RuleName
    asked_hash: str
    asked_for: str
    arrival: datetime
    last_ask: datetime
    present_until: datetime
    first_rank: int
    keeping_since: datetime | None = None

    @property
    def order(self) -> tuple[datetime, str]:
        """Its place in line."""
        return self.arrival, self.id.key

    def is_gone(self, now: datetime) -> bool:
        """Whether it has lost its place."""
        return self.last_ask + PLACE <= now

    def may_keep(self, now: datetime) -> bool:
        """Of a group: whether a part may still be kept for it."""
        return self.keeping_since is None or now < self.keeping_since + KEPT_FOR_A_GROUP


def unkeyed(owner: OwnerKey, session: str, requester: str, asked_hash: str) -> str:
    """The key of a caller without an Idempotency-Key: sessions of one role are told apart by their access key's id."""
    return "~" + sha256(canonical([owner, session, requester, asked_hash]).encode()).hexdigest()


def earlier(waiters: Iterable[Waiter], own: Waiter | None, now: datetime) -> list[Waiter]:
    """The present waiters before this caller, in order; all of them where it has no place yet."""
    present = (waiter for waiter in waiters if waiter.present_until > now and (own is None or waiter.id != own.id))
    return sorted((waiter for waiter in present if own is None or waiter.order < own.order), key=lambda one: one.order)


def with_quota(
    line: Sequence[Waiter], parties: Mapping[str, Party], room: Mapping[RuleName, int | None]
) -> tuple[list[Waiter], dict[RuleName, int | None]]:
    """The waiters whose rule still lets them take what they want, in order, and the room that they leave.

    `room` is how many environments each rule may still hold, None for any number; a rule that is not there lets nobody
    in any more. A group that lacks room keeps what there is, or later ones of its rule would keep it waiting for ever.
    """
    left, passed = dict(room), []
    for waiter in line:
        free, wanted = left.get(waiter.rule, 0), len(parties[waiter.asked_for].requested)
        if free is None:
            passed.append(waiter)
        elif wanted <= free:
            left[waiter.rule] = free - wanted
            passed.append(waiter)
        elif wanted > 1:
            left[waiter.rule] = 0
    return passed, left


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What comes of the line: the caller's environments if there are enough, and what is kept for those before it."""

    taken: Sequence[Environment] | None
    kept: Sequence[Environment]
    would_keep: bool = False
    """The caller is a group that gets no more than a part, which others must leave to it now."""


def walk(
    rows: Sequence[Environment],
    line: Sequence[Waiter],
    parties: Mapping[str, Party],
    caller: Party,
    *,
    now: datetime,
    attempt: int,
    below: Callable[[int], int],
) -> Walk:
    """Serve the line in order from the rows read so far, then the caller from what is left.

    What is kept is drawn at random, so that callers who ask at the same moment check different rows; the caller takes
    the longest free. `below(n)` draws from 0..n-1.
    """
    kept_order = selection.trial_order(rows, attempt=1, below=below) if line else []
    own_order = selection.trial_order(rows, attempt=attempt, below=below)
    matching, incomplete = Matching(), False
    for waiter in line:
        party = parties[waiter.asked_for]
        if matching.add(party, kept_order) is not None or not party.is_group or incomplete:
            continue
        incomplete = True
        if waiter.may_keep(now):
            matching.add(party, kept_order, partly=True)
    own = matching.add(caller, own_order)
    if own is not None:
        return Walk(taken=matching.of(own), kept=matching.of_others(own))
    kept = matching.of_others(None)
    would_keep = caller.is_group and not incomplete and matching.add(caller, own_order, partly=True) is not None
    return Walk(taken=None, kept=kept, would_keep=would_keep)


def rank(
    line: Sequence[Waiter], parties: Mapping[str, Party], caller: Party, registered: Iterable[Registration]
) -> int:
    """How many of the line want something that this caller could get, too."""
    shared = [entry for entry in registered if any(selection.matches(entry, wanted) for wanted in caller.requested)]
    meets: dict[str, bool] = {}
    for waiter in line:
        if waiter.asked_for not in meets:
            wants = parties[waiter.asked_for].requested
            meets[waiter.asked_for] = any(selection.matches(entry, wanted) for entry in shared for wanted in wants)
    return sum(meets[waiter.asked_for] for waiter in line)


def retry_after(ahead: int, below: Callable[[int], int]) -> timedelta:
    """When to ask again: sooner the nearer the turn, give or take 20 %, so that callers do not come together."""
    return timedelta(seconds=min(MAX_RETRY, _FIRST_RETRY + ahead) * (0.8 + below(41) / 100))


def estimate(waiters: Iterable[Waiter], position: int, now: datetime) -> tuple[int, int] | None:
    """How many seconds this position may take, from how fast those who wait now have moved up; None if too few did."""
    line = sorted((waiter for waiter in waiters if waiter.present_until > now), key=lambda one: one.order)
    gained, elapsed = 0, 0.0
    for place, waiter in enumerate(line):
        if waiter.first_rank > place:
            gained += waiter.first_rank - place
            elapsed += (now - waiter.arrival).total_seconds()
    if gained < _GAINED:
        return None
    seconds = position * elapsed / gained
    return round(seconds * _LEAST), round(seconds * _MOST)


def has_room(waiters: Iterable[Waiter], rule: RuleName, now: datetime) -> bool:
    """Whether one more may wait: a bound for what every poll reads."""
    living = [waiter for waiter in waiters if not waiter.is_gone(now)]
    return len(living) < MAX_OF_POOL and sum(waiter.rule == rule for waiter in living) < MAX_OF_RULE


def to_sweep(waiters: Iterable[Waiter], now: datetime) -> list[Waiter]:
    """Rows of waiters that lost their place, for a new one to delete; DynamoDB's own expiry takes days."""
    return sorted((waiter for waiter in waiters if waiter.is_gone(now)), key=lambda one: one.last_ask)[:_SWEPT]


def asked_again(own: Waiter, *, now: datetime, last: datetime, present_until: datetime, would_keep: bool) -> Waiter:
    """The waiter after another ask. A group that kept its part for too long goes to the end of the line, `last`."""
    if not own.may_keep(now):
        return replace(own, last_ask=now, present_until=present_until, arrival=last, keeping_since=None)
    since = (own.keeping_since or now) if would_keep else own.keeping_since
    return replace(own, last_ask=now, present_until=present_until, keeping_since=since)


def arrival_after(waiters: Iterable[Waiter], now: datetime) -> datetime:
    """The place of a new waiter: behind all that were read, whatever their clocks said."""
    return max([now, *(waiter.arrival + _MICROSECOND for waiter in waiters)])
