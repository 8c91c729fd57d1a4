"""The breaker of a pool: after the same thing made too many environments dirty, cleanups of the pool delete nothing.

An organization changes all its accounts at once. What it adds looks like a leftover, and a cleaner that goes on tries
to delete it everywhere. So the write that makes an environment dirty also counts what it is dirty for. The breaker
opens when, within an hour, the same thing was the cause in more environments than the configuration allows. Only an
operator closes it.

A test can only make its own environments dirty. So one owner never opens the breaker, and where several access rules
name the pool, neither does one rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from atmosphere.core.model import Allocation, EnvironmentKey, PoolName

WINDOW: Final = timedelta(hours=1)
OWNERS: Final = 2
RULES: Final = 2
MOST_CASES: Final = 64
"""More than the setting may ask for; with `MOST_NAMES` of a case it bounds the row to about 30 KB."""
MOST_NAMES: Final = 20
POOL_HELD: Final = "pool-held"
"""The dirty reason of an environment whose cleanup would have deleted something while the breaker was open."""
_DIGITS: Final = 16
_INSTANCE: Final = re.compile(r"(?<=-)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-zA-Z])")
"""What CloudFormation appends to the name of a StackSet, another one in each account."""


@dataclass(frozen=True, slots=True)
class PoolKey:
    """The key of a pool's breaker."""

    pool: PoolName


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An environment that became dirty, and for what. `owner` and `things` are digests; `rule` let the owner in."""

    key: EnvironmentKey
    at: datetime
    owner: str
    rule: str
    things: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """One row for each pool. `revision` is its fence. `opened` and `thing` are set while it is open.

    `told` once that it is open was published.
    """

    pool: PoolName
    revision: int = 0
    cases: tuple[Case, ...] = ()
    opened: datetime | None = None
    thing: str | None = None
    told: bool = False

    @property
    def key(self) -> PoolKey:
        """Its key in the store."""
        return PoolKey(self.pool)

    @property
    def environments(self) -> tuple[EnvironmentKey, ...]:
        """The environments that were dirty for what opened it."""
        if self.thing is None:
            return ()
        return tuple(case.key for case in self.cases if _digest(self.thing) in case.things)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why an environment is about to become dirty.

    `things` are addresses (`TYPE:ID@REGION`) of what keeps it from being clean; empty if that says nothing about the
    pool. `most` is how many environments may be dirty for the same thing. `rules` is how many access rules name the
    pool.
    """

    things: tuple[str, ...] = ()
    allocation: Allocation | None = None
    most: int
    rules: int


def folded(address: str, key: EnvironmentKey) -> str:
    """An address without what differs between accounts: `{account}`, `{region}` and `{instance}` of a StackSet.

    The first two are what `baseline adopt --pool` replaces.
    """
    text = address.replace(key.account, "{account}").replace(key.region, "{region}")
    return _INSTANCE.sub("{instance}", text)


def counted(breaker: Breaker, key: EnvironmentKey, cause: Cause, *, now: datetime) -> Breaker:
    """The breaker after an environment became dirty; open from now on if it is one too many."""
    recent = [case for case in breaker.cases if now - case.at < WINDOW and case.key != key]
    names = _names(cause.things, key, known={thing for case in recent for thing in case.things})
    case = Case(key=key, at=now, owner=_owner(cause), rule=_rule(cause), things=tuple(map(_digest, names)))
    after = replace(breaker, revision=breaker.revision + 1, cases=(*recent, case)[-MOST_CASES:])
    if after.opened is not None:
        return after
    return next((replace(after, opened=now, thing=name) for name in names if _opens(after, name, cause)), after)


def closed(breaker: Breaker) -> Breaker:
    """The breaker after an operator closed it: nothing that was counted before counts again."""
    return Breaker(pool=breaker.pool, revision=breaker.revision + 1)


def published(breaker: Breaker) -> Breaker:
    """The breaker after it was published that it is open."""
    return replace(breaker, revision=breaker.revision + 1, told=True)


def _names(things: Iterable[str], key: EnvironmentKey, known: set[str]) -> list[str]:
    """What is counted of one environment: first what others were dirty for, so that a test cannot push it out."""
    names = {folded(thing, key) for thing in things}
    return sorted(names, key=lambda name: (_digest(name) not in known, name))[:MOST_NAMES]


def _opens(breaker: Breaker, name: str, cause: Cause) -> bool:
    cases = [case for case in breaker.cases if _digest(name) in case.things]
    owners, rules = {case.owner for case in cases}, {case.rule for case in cases}
    return len(cases) > cause.most and len(owners) >= OWNERS and len(rules) >= min(RULES, cause.rules)


def _owner(cause: Cause) -> str:
    return _digest(cause.allocation.owner) if cause.allocation else ""


def _rule(cause: Cause) -> str:
    return cause.allocation.rule if cause.allocation else ""


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_DIGITS]
