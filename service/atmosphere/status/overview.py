"""What the page shows, decided from what the service said: values only, no HTML and no request."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from atmosphere.core.breaker import POOL_HELD
from atmosphere.status.asking import DAY, place_of
from atmosphere.status.timeline import Day, day_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from atmosphere.client.leftovers import LeftBehind
    from atmosphere.client.results import EnvironmentState, HistoryLine, Pool
    from atmosphere.status.asking import Asked

MOST_OUTCOMES: Final = 20
MOST_TYPES: Final = 3  # of a requester's leftovers
MOST_BLOCKERS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """What could not be deleted, the error, and the command that deals with it."""

    what: str
    error: str
    step: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirty:
    """A dirty environment: why, what to run next, and the blockers of its last report; `more` of them are left out."""

    environment: EnvironmentState
    commands: tuple[str, ...]
    blockers: tuple[Blocker, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leavings:
    """What the tests of a requester left behind within the day, over `cleanings`; the types with the most first."""

    requester: str
    cleanings: int
    removed: int
    left: int
    types: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything on the page. `days` has a day for each environment for which one was asked, by `ACCOUNT/REGION`."""

    begin: datetime
    at: datetime
    pools: Sequence[Pool]
    environments: Sequence[EnvironmentState]
    days: Mapping[str, Day]
    dirty: Sequence[Dirty]
    leavings: Sequence[Leavings]
    outcomes: Sequence[HistoryLine]

    @property
    def counts(self) -> Counter[str]:
        """How many environments have each status."""
        return Counter(str(each.status) for each in self.environments)

    @property
    def waiting(self) -> int:
        """How many callers are in a queue now."""
        return sum(pool.waiting or 0 for pool in self.pools)


def overview(asked: Asked) -> Overview:
    """What to show of what was asked."""
    begin = asked.at - DAY
    named = [(place_of(each), each) for each in asked.environments]
    days = {
        place: day_of(each, asked.days[place], begin=begin, end=asked.at)
        for place, each in named
        if place in asked.days
    }
    return Overview(
        begin=begin,
        at=asked.at,
        pools=asked.pools,
        environments=asked.environments,
        days=days,
        dirty=[_dirty(asked.reports.get(place, each)) for place, each in named if each.status == "dirty"],
        leavings=_leavings(asked, begin),
        outcomes=_outcomes(asked, begin),
    )


def _dirty(environment: EnvironmentState) -> Dirty:
    place = place_of(environment)
    commands = [f"atmosphere environment show {place}", f"atmosphere cleanup run {place} --reason WHY"]
    if environment.dirty_reason == POOL_HELD and environment.pool:
        commands[1:] = [f"atmosphere pool show {environment.pool}"]
    blockers = [_blocker(each) for each in (environment.cleanup or {}).get("blockers", ())]
    return Dirty(
        environment=environment,
        commands=tuple(commands),
        blockers=tuple(blockers[:MOST_BLOCKERS]),
        more=len(blockers[MOST_BLOCKERS:]),
    )


def _blocker(found: Mapping[str, Any]) -> Blocker:
    step = found.get("next") or {}
    return Blocker(
        what=f"{found.get('type')}:{found.get('id')}@{found.get('region')}",
        error=f"{found.get('code')}: {found.get('message')}",
        step=str(step.get("what") or ""),
        command=str(step.get("command") or ""),
    )


def _leavings(asked: Asked, begin: datetime) -> list[Leavings]:
    by_requester: dict[str, list[LeftBehind]] = {}
    for recent in asked.days.values():
        for each in recent.left_behind:
            if each.counted and each.at >= begin and (each.removed or each.left):
                by_requester.setdefault(each.requester, []).append(each)
    found = [_leaving(requester, each) for requester, each in by_requester.items()]
    return sorted(found, key=lambda one: (-one.left, -one.removed, one.requester))


def _leaving(requester: str, cleanings: Sequence[LeftBehind]) -> Leavings:
    removed, left = Counter[str](), Counter[str]()
    for each in cleanings:
        removed.update(each.removed)
        left.update(each.left)
    return Leavings(
        requester=requester,
        cleanings=len(cleanings),
        removed=removed.total(),
        left=left.total(),
        types=tuple((removed + left).most_common(MOST_TYPES)),
    )


def _outcomes(asked: Asked, begin: datetime) -> list[HistoryLine]:
    ended = sorted(_ended(asked, begin), key=lambda each: each[0], reverse=True)
    return [line for _, line in ended[:MOST_OUTCOMES]]


def _ended(asked: Asked, begin: datetime) -> Iterator[tuple[datetime, HistoryLine]]:
    for recent in asked.days.values():
        for line in recent.lines:
            if line.kind == "allocation" and line.ended_at is not None and line.ended_at >= begin:
                yield line.ended_at, line
