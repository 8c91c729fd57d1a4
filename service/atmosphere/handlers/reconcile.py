"""Every minute (on one machine: every few seconds): repair what nobody else finished, and say how things stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atmosphere import observability, wiring
from atmosphere.contract import BECAME_DIRTY
from atmosphere.handlers import start
from atmosphere.operations.reconcile import BECOMES_DIRTY, Repair
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.wiring import App


def handle(app: App) -> dict[str, int]:
    """One run; what it repaired, by kind. Faults fly, so that the alarm sees them."""
    snapshot = app.snapshots.load()
    run = app.reconciler(snapshot.settings).run()
    repairs = {str(kind): number for kind, number in sorted(run.counts.items())}
    observability.line("reconciled", repairs=repairs)
    observability.count("Reconciled")
    for kind, number in repairs.items():
        observability.count("Repaired", number, kind=kind)
    if dirty := sum(run.counts[kind] for kind in BECOMES_DIRTY):
        observability.count(BECAME_DIRTY, dirty)
    for entry in run.repaired:
        if entry.repair is Repair.FAILED:
            observability.line("repair failed", environment=entry.key.path, fault=entry.fault or "")
    _watch(app, snapshot)
    return repairs


def _watch(app: App, snapshot: Snapshot) -> None:
    """Start scans of free environments, after all that cannot wait."""
    try:
        started = app.watcher(snapshot).run()
    except Unreachable as lost:  # the next time is soon enough
        observability.fault_line("scans of free environments not started", lost)
        return
    if started:
        observability.count("WatchesStarted", started)


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """The Lambda entry point; the event says nothing."""
    del event, context
    return handle(wiring.app())


start.ready(lambda app: (app.snapshots, app.store, app.cleaner))
