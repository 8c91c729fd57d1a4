"""Publishes what happened, after the commit: as events for programs, and what needs an operator to the people on duty.

Nothing depends on whether it arrives. What could not be published is logged and counted; of what the rows still show
(a dirty environment, a held pool, an exhausted one) the reconciler publishes it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atmosphere import observability
from atmosphere.cleanup.report.markdown import markdown
from atmosphere.contract import Metric
from atmosphere.core.events import (
    ENDINGS,
    NOTICED,
    EnvironmentEvent,
    EventKind,
    PoolEvent,
    dirty_id,
    event_id,
)
from atmosphere.handlers.occasions import blockers, ending, exhausted, pool_held
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.core.breaker import Breaker
    from atmosphere.core.events import Event
    from atmosphere.core.model import Allocation, AllocationId, Environment
    from atmosphere.operations.measure import Measured
    from atmosphere.ports import Reports
    from atmosphere.wiring import App


def publish(app: App, event: Event) -> bool:
    """Publish it, and send it to whoever is on duty if an operator has to act; whether all of that was accepted."""
    try:
        app.events.publish(event)
        if event.kind in NOTICED:
            app.notices.send(event)
    except Unreachable as lost:
        observability.fault_line("event not published", lost, **_about(event))
        observability.count(Metric.EVENT_NOT_PUBLISHED, kind=str(event.kind))
        return False
    return True


def _about(event: Event) -> observability.Line:
    found: observability.Line = {"event": str(event.kind), "pool": event.pool}
    if isinstance(event, PoolEvent):
        return found
    found |= {"allocation": event.allocation or ""}
    return found | {"environment": event.key.path} if isinstance(event, EnvironmentEvent) else found


def ended(app: App) -> Callable[[Allocation], None]:
    """What is counted and published of each allocation that ended, whoever ended it."""

    def report(allocation: Allocation) -> None:
        if allocation.ended is None or allocation.ended_by is None:
            return
        observability.seconds(
            Metric.HOLD, (allocation.ended - allocation.started).total_seconds(), pool=allocation.pool
        )
        observability.count(Metric.ENDED, pool=allocation.pool, by=str(allocation.ended_by))
        if kind := ENDINGS.get(allocation.ended_by):
            publish(app, ending(kind, allocation))

    return report


def became_dirty(app: App) -> Callable[[Environment], None]:
    """What is counted and published of each environment that the reconciler made dirty."""

    def report(row: Environment) -> None:
        observability.count(Metric.BECAME_DIRTY)
        dirty(app, row)

    return report


def gone(app: App) -> Callable[[Environment], None]:
    """What is published of each environment that a deployment removed while it was free."""

    def report(row: Environment) -> None:
        now, kind = app.clock.now(), EventKind.DEREGISTERED
        since = row.freed_at or row.since  # of this registration: another one has another instant
        id_ = event_id(kind, row.key.path, since.isoformat())
        publish(app, EnvironmentEvent(kind=kind, id=id_, at=now, key=row.key, pool=row.pool, report=row.report))

    return report


def dirty(app: App, row: Environment) -> None:
    """Publish that a row is dirty, and note on the row that this was done."""
    content = read_report(app.reports, row.report)
    event = EnvironmentEvent(
        kind=EventKind.DIRTY,
        id=dirty_id(row),
        at=row.since,
        key=row.key,
        pool=row.pool,
        allocation=row.allocation,
        attempt=row.attempt,
        reason=row.dirty_reason,
        requester=_requester(app, row.allocation),
        retry_at=row.wake_at,
        report=row.report,
        blockers=blockers(content),
        markdown=markdown(content) if content else "",
    )
    if publish(app, event):
        _note(lambda: app.announcer().told(row, event.id))


def held(app: App, breaker: Breaker) -> None:
    """Publish that a pool is held, and note on its breaker that this was done."""
    if publish(app, pool_held(breaker)):
        _note(lambda: app.announcer().hold_told(breaker))


def _note(note: Callable[[], None]) -> None:
    """What was not noted is published again, which does no harm."""
    try:
        note()
    except Unreachable as lost:
        observability.fault_line("what was published was not noted", lost)


def _requester(app: App, id_: AllocationId | None) -> str:
    """An event goes without its requester rather than not at all."""
    try:
        found = app.store.allocation(id_) if id_ else None
    except Unreachable as unread:
        observability.fault_line("event without requester", unread)
        return ""
    return found.requester if found else ""


def measured(app: App, found: Measured) -> None:
    """Emit a pool's gauges, and publish what was not published of it."""
    for status, number in found.counts.items():
        observability.count(Metric.ENVIRONMENTS, number, pool=found.pool, status=str(status))
    observability.count(Metric.WAITING, found.waiting, pool=found.pool)
    for row in found.untold:
        dirty(app, row)
    if found.held:
        held(app, found.held)
    short = found.short
    if short is None or short.told:
        return
    event = exhausted(found, short)
    if publish(app, event):
        _note(lambda: app.announcer().short_told(short))


def read_report(reports: Reports, key: str | None) -> dict[str, Any]:
    """What a cleanup reported; an event goes without it, and names its key, rather than not at all."""
    try:
        content = reports.load(key) if key else None
    except Unreachable as unread:
        observability.fault_line("event without report", unread)
        return {}
    return content if isinstance(content, dict) else {}
