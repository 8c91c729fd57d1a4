"""Every minute (on one machine: every few seconds): repair what nobody else finished.

Every five minutes, by a schedule of its own, so that an idle run stays one read: say how things stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atmosphere import observability, wiring
from atmosphere.contract import MEASURE, Metric
from atmosphere.core.shortage import longest_minutes
from atmosphere.handlers import start
from atmosphere.handlers.announcing import became_dirty, ended, measured
from atmosphere.operations.reconcile import Repair
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.wiring import App


def handle(app: App) -> dict[str, int]:
    """One run; what it repaired, by kind. Faults fly, so that the alarm sees them."""
    snapshot = app.snapshots.load()
    repairs = _repair(app, snapshot)
    observability.count(Metric.RECONCILED)
    _watch(app, snapshot)
    return repairs


def _repair(app: App, snapshot: Snapshot, *, strays: bool = False) -> dict[str, int]:
    run = app.reconciler(snapshot.settings, ended=ended(app), became_dirty=became_dirty(app)).run(strays=strays)
    repairs = {str(kind): number for kind, number in sorted(run.counts.items())}
    if repairs or not strays:
        observability.line("reconciled", repairs=repairs)
    for kind, number in repairs.items():
        observability.count(Metric.REPAIRED, number, kind=kind)
    for entry in run.repaired:
        if entry.repair is Repair.FAILED:
            observability.line("repair failed", environment=entry.key.path, fault=entry.fault or "")
    return repairs


def _watch(app: App, snapshot: Snapshot) -> None:
    """Start scans of free environments, after all that cannot wait."""
    try:
        started = app.watcher(snapshot).run()
    except Unreachable as lost:  # the next time is soon enough
        observability.fault_line("scans of free environments not started", lost)
        return
    if started:
        observability.count(Metric.WATCHES_STARTED, started)


def measure(app: App) -> dict[str, int]:
    """Emit how each pool stands, and publish what was not published; how many pools there are. Faults propagate.

    First it repairs what strayed while the configuration became smaller (ADR 0035).
    """
    snapshot = app.snapshots.load()
    _repair(app, snapshot, strays=True)
    stand = []
    for found in app.measurer(snapshot).run():
        measured(app, found)
        stand.append(found.short)
    observability.count(Metric.EXHAUSTED_MINUTES, longest_minutes(stand, app.clock.now()))
    return {"pools": len(stand)}


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """The Lambda entry point; each of the two schedules sends an event of its own."""
    del context
    return (measure if event.get("do") == MEASURE else handle)(wiring.app())


start.ready(lambda app: (app.snapshots, app.store, app.cleaner))
