"""How what AWS charged for the environments is split among the tests that had them (ADR 0030).

    a day's cost of an environment -> whoever held it that day, by time held -> a sum for each requester or pool

Amounts are exact fractions until they are shown, so nothing is lost in between.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from atmosphere.core.model import AccountId, EnvironmentKey, PoolName, Region

T = TypeVar("T")
K = TypeVar("K")
_DAY: Final = timedelta(days=1)
_MICROSECOND: Final = timedelta(microseconds=1)
IDLE: Final = "(idle)"
"""The cost of an environment's days on which nobody held it."""
SHARED: Final = "(shared)"
"""What an account with several environments paid outside of their regions, e.g. for IAM or Route 53."""
SETTLED: Final = timedelta(days=3)
"""AWS reports a cost up to 24 hours later and refines it for days: younger days are provisional."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCost:
    """What an account paid on one day (UTC) in a region, in USD; `region` is AWS's word, also where it is none."""

    account: AccountId
    region: Region
    day: date
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An allocation of one environment, as the history has it; `ended` is None while it is active."""

    requester: str
    pool: PoolName
    started: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """From when until when an environment was somebody's: held, and then cleaned after them."""

    key: EnvironmentKey
    requester: str
    pool: PoolName
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of an environment's past.

    `decided` are the instants at which operators acted on it because it was dirty, `free_since` is None while somebody
    has it or left it behind, and a cleaning ends after `limit` at the latest.
    """

    key: EnvironmentKey
    held: Sequence[Held]
    decided: Sequence[datetime] = ()
    free_since: datetime | None = None
    limit: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The exact cost in USD, how many allocations had an environment within the span, and how long in sum."""

    cost: Fraction = Fraction(0)
    seconds: Fraction = Fraction(0)
    allocations: int = 0


def uses(past: Past, *, now: datetime) -> list[Use]:
    """Who had the environment when; cleaning counts to the one who left it, and so does being dirty.

    The history does not say when a cleaning was over. It was before the next allocation began, and no later than the
    limit after the allocation's end, or after the last act of an operator on an environment that was dirty.
    """
    held = sorted(past.held, key=lambda one: one.started)
    following = [*(one.started for one in held[1:]), None]
    return [
        Use(
            key=past.key,
            requester=one.requester,
            pool=one.pool,
            begin=one.started,
            end=max(one.started, _end(one, then, past, now)),
        )
        for one, then in zip(held, following, strict=True)
    ]


def _end(one: Held, following: datetime | None, past: Past, now: datetime) -> datetime:
    if following is None:
        return min(now, past.free_since) if past.free_since is not None else now
    if one.ended is None:
        return following
    known = max((act for act in past.decided if one.ended < act < following), default=one.ended)
    return min(following, known + past.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days (UTC); `until` is the first one that is not meant."""

    since: date
    until: date

    @property
    def begin(self) -> datetime:
        """The first instant."""
        return _midnight(self.since)

    @property
    def end(self) -> datetime:
        """The instant after the last."""
        return _midnight(self.until)

    def provisional_from(self, today: date) -> date | None:
        """The first day whose costs AWS may still change, None if there is none."""
        first = max(self.since, today - SETTLED + timedelta(days=1))
        return first if first < self.until else None


def split(
    costs: Iterable[DayCost],
    found: Sequence[Use],
    *,
    keys: Iterable[EnvironmentKey],
    span: Span,
    by: Callable[[Use], str],
) -> dict[str, Share]:
    """The share of everyone who had a part, the costliest first; together they are exactly what the costs are.

    `keys` are all environments of the accounts, also those that nobody used.
    """
    used, own = _grouped(found, lambda use: use.key), _grouped(keys, lambda key: key.account)
    parts: dict[str, Fraction] = defaultdict(Fraction)
    for cost in costs:
        key = _environment(cost, own.get(cost.account, []))
        for label, part in _parts(cost, key, used.get(key, []) if key else [], by).items():
            parts[label] += part
    shares = {label: Share(cost=cost) for label, cost in parts.items()}
    for label, uses_of in _grouped(found, by).items():
        seconds = sum((_overlap(use, span.begin, span.end) for use in uses_of), Fraction(0))
        if seconds or label in shares:
            number = sum(_overlap(use, span.begin, span.end) > 0 for use in uses_of)
            shares[label] = replace(shares.get(label, Share()), seconds=seconds, allocations=number)
    return dict(sorted(shares.items(), key=lambda entry: (-entry[1].cost, entry[0])))


def _environment(cost: DayCost, own: Sequence[EnvironmentKey]) -> EnvironmentKey | None:
    """The account's only environment whatever the region, else the region's; None: nobody's alone."""
    if len(own) == 1:
        return own[0]
    return next((key for key in own if key.region == cost.region), None)


def _parts(
    cost: DayCost, key: EnvironmentKey | None, used: Sequence[Use], by: Callable[[Use], str]
) -> dict[str, Fraction]:
    """One cost by label: in proportion to the time held on that day."""
    amount, begin = Fraction(cost.amount), _midnight(cost.day)
    if key is None:
        return {SHARED: amount}
    seconds = [(by(use), _overlap(use, begin, begin + _DAY)) for use in used]
    whole = sum((part for _, part in seconds), Fraction(0))
    if not whole:
        return {IDLE: amount}
    parts: dict[str, Fraction] = defaultdict(Fraction)
    for label, part in seconds:
        if part:
            parts[label] += amount * part / whole
    return parts


def _overlap(use: Use, begin: datetime, end: datetime) -> Fraction:
    """Seconds, exact."""
    return Fraction(max(min(use.end, end) - max(use.begin, begin), timedelta(0)) // _MICROSECOND, 1_000_000)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _grouped(items: Iterable[T], of: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = defaultdict(list)
    for item in items:
        groups[of(item)].append(item)
    return groups


def in_cents(amounts: Mapping[str, Fraction]) -> dict[str, int]:
    """The amounts in cents, which add up to the cents of their sum: the largest remainders are rounded up."""
    floors = {label: math.floor(amount * 100) for label, amount in amounts.items()}
    left = math.floor(sum(amounts.values()) * 100 + Fraction(1, 2)) - sum(floors.values())
    order = sorted(amounts, key=lambda label: (floors[label] - amounts[label] * 100, label))
    return {label: floors[label] + (label in order[:left]) for label in amounts}
