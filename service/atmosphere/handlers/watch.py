"""A scan of a free environment, by the function that cleans: what the organization added becomes part of the baseline.

    in:  {"watch", "account", "region", "freedAt"}
    out: the same, with `next` ("done")

What could not be scanned is not tried again before the next time: nothing depends on it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from atmosphere import observability
from atmosphere.cleanup.model import Assignment
from atmosphere.cleanup.state.baseline import Revision
from atmosphere.cleanup.watching import adopt, watch
from atmosphere.contract import Metric
from atmosphere.core.model import AccountId, AllocationId, EnvironmentKey, Region
from atmosphere.operations.watch import WATCH
from atmosphere.ports import Unreachable, WatchOrder
from atmosphere.wiring import PASS_BUDGET

if TYPE_CHECKING:
    from atmosphere.cleanup.watching import Watched
    from atmosphere.core.model import Environment
    from atmosphere.core.settings import Settings
    from atmosphere.operations.watch import Watching
    from atmosphere.wiring import App

_TOLD = 900  # characters of the things that a record names; the versions of the baseline hold them all


def handle(event: dict[str, Any], app: App, *, service_account: AccountId) -> dict[str, Any]:
    """Scan once."""
    order = WatchOrder(
        AllocationId(event["watch"]),
        EnvironmentKey(AccountId(event["account"]), Region(event["region"])),
        datetime.fromisoformat(event["freedAt"]),
    )
    try:
        _scan(order, app, service_account)
    except Unreachable as lost:
        observability.fault_line("free environment not scanned", lost, environment=order.key.path)
        observability.count(Metric.FREE_NOT_SCANNED)
    return {**event, "next": "done", "waitSeconds": 1}


def _scan(order: WatchOrder, app: App, service_account: AccountId) -> None:
    watching = app.watching(order)
    row = watching.load()
    if row is None:
        observability.line("scan of a free environment superseded", environment=order.key.path)
        return
    todo = _assignment(row, order, app, service_account)
    watched = watch(
        todo, since=order.freed_at, aws=app.plan_accounts, store=app.texts, clock=app.clock, budget=PASS_BUDGET
    )
    if watched.items and not _adopt(watching, row, watched, todo, app):
        observability.line("scan of a free environment discarded", environment=order.key.path)
        return
    observability.line(
        "free environment scanned",
        environment=order.key.path,
        pool=row.pool,
        adopted=len(watched.items),
        left=len(watched.others),
    )
    observability.count(Metric.ADOPTED_WHILE_FREE, len(watched.items), pool=row.pool)
    observability.count(Metric.NEW_WHILE_FREE, len(watched.others), pool=row.pool)


def _assignment(row: Environment, order: WatchOrder, app: App, service_account: AccountId) -> Assignment:
    settings: Settings = app.snapshots.load().settings
    return Assignment(
        allocation=order.id,
        key=order.key,
        attempt=0,
        registration=row.registered,
        roles_used=(),
        started=order.freed_at,
        deadline=app.clock.now() + PASS_BUDGET,
        capture_only=False,
        sweep_globals=True,
        settings=settings,
        service_account=service_account,
    )


def _adopt(watching: Watching, row: Environment, watched: Watched, todo: Assignment, app: App) -> bool:
    """The record first, with the proof that nobody had the environment meanwhile; then the baseline."""
    named = ", ".join(item.address for item in sorted(watched.items))
    told = named if len(named) <= _TOLD else f"{named[:_TOLD]}…"
    if not watching.confirm(row, adopted=f"new while the environment was free ({told})"):
        return False
    revision = Revision(at=app.clock.now(), by=WATCH, why="adopt: new while it was free")
    adopt(app.texts, todo, watched, revision)
    return True
