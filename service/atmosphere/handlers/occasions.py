"""Events as values, made of what operations return and reports say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.report.next_steps import clean_again
from atmosphere.core.events import AllocationEvent, Blocker, EnvironmentEvent, EventKind, PoolEvent, event_id
from atmosphere.core.model import ActKind, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.core.breaker import Breaker
    from atmosphere.core.model import Allocation
    from atmosphere.core.shortage import Shortage
    from atmosphere.operations.measure import Measured
    from atmosphere.operations.operate import Acted

_ACTS: Final[Mapping[tuple[ActKind, Status | None], EventKind]] = {
    (ActKind.REINSTATE, Status.FREE): EventKind.REINSTATED,
    (ActKind.REINSTATE, Status.HELD): EventKind.HELD,
    (ActKind.REINSTATE, None): EventKind.DEREGISTERED,
    (ActKind.DISCARD, None): EventKind.DEREGISTERED,
    (ActKind.HOLD, Status.HELD): EventKind.HELD,
    (ActKind.RESUME, Status.CLEANING): EventKind.RESUMED,
}
"""What is published of an act, by what it made of the environment; a hold that is only noted is published later."""


def acted_on(acted: Acted) -> EnvironmentEvent | None:
    """The event of an operator's act; None if nothing is published of it, or nothing happened."""
    entry, row = acted.entry, acted.before
    kind = _ACTS.get((entry.kind, acted.after.status if acted.after else None)) if entry else None
    if entry is None or kind is None:
        return None
    return EnvironmentEvent(
        kind=kind,
        id=event_id(kind, entry.id),
        at=entry.at,
        key=row.key,
        pool=row.pool,
        allocation=row.allocation,
        attempt=row.attempt,
        reason=entry.reason,
        who=entry.who,
        report=row.report,
    )


def ending(kind: EventKind, allocation: Allocation) -> AllocationEvent:
    """An allocation that ended as its test did not intend."""
    return AllocationEvent(
        kind=kind,
        id=event_id(kind, allocation.id),
        at=allocation.ended or allocation.deadline,
        allocation=allocation.id,
        pool=allocation.pool,
        environments=tuple(item.key for item in allocation.items),
        requester=allocation.requester,
        owner=allocation.owner,
        started=allocation.started,
        deadline=allocation.deadline,
        outcome=allocation.outcome or "",
    )


def exhausted(found: Measured, short: Shortage) -> PoolEvent:
    """A pool for which callers wait, and of which nothing is free."""
    return PoolEvent(
        kind=EventKind.POOL_EXHAUSTED,
        id=event_id(EventKind.POOL_EXHAUSTED, found.pool, short.since.isoformat()),
        at=short.since,
        pool=found.pool,
        counts=found.counts,
        waiting=found.waiting,
    )


def pool_held(breaker: Breaker) -> PoolEvent:
    """A pool whose breaker opened."""
    return _of_breaker(EventKind.POOL_HELD, breaker, reason=breaker.thing)


def _of_breaker(kind: EventKind, breaker: Breaker, **said: Any) -> PoolEvent:
    if breaker.opened is None:
        raise ValueError(f"the breaker of {breaker.pool} is not open: nothing happened to the pool")
    opened = breaker.opened
    return PoolEvent(
        kind=kind,
        id=event_id(kind, breaker.pool, opened.isoformat()),
        at=said.pop("at", opened),
        pool=breaker.pool,
        environments=breaker.environments,
        **said,
    )


def pool_resumed(breaker: Breaker, **said: Any) -> PoolEvent:
    """A pool whose breaker, given as it was, an operator closed: `at`, `who` and `reason`."""
    return _of_breaker(EventKind.POOL_RESUMED, breaker, **said)


def blockers(content: Mapping[str, Any]) -> tuple[Blocker, ...]:
    """What a report says is in the way, with what to do about each."""
    found = [
        Blocker(
            resource=f"{each['type']}:{each['id']}@{each['region']}",
            error=f"{each['code']}: {each['message']}",
            what=each["next"]["what"],
            command=each["next"]["command"],
        )
        for each in content.get("blockers", ())
        if each.get("next")  # reports of older versions have none
    ]
    place = str(content.get("environment", "")).removeprefix("aws://")
    what = "allow the admin role to list or read it, then clean"
    found += [
        Blocker(resource=name, error=str(error), what=what, command=clean_again(place))
        for name, error in dict(content.get("unknown") or {}).items()
    ]
    return tuple(found)
