"""POST /allocations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere import observability
from atmosphere.contract import Metric
from atmosphere.core.errors import Refused
from atmosphere.core.request import allocate_request, idempotency_key
from atmosphere.handlers import shapes, start
from atmosphere.handlers.http import Asked, Reply, entry
from atmosphere.operations.allocate import DryRun

if TYPE_CHECKING:
    from atmosphere.core.model import PoolName
    from atmosphere.wiring import App

_ALLOCATED: Final = "allocated"
_REPEATED: Final = "repeated"
"""The key's allocation existed, and was returned again."""


def handle(asked: Asked, app: App) -> Reply:
    """Allocate, or say what allocating would come to."""
    request = allocate_request(asked.request.body(), min_heartbeat=asked.snapshot.settings.min_heartbeat)
    key = idempotency_key(asked.request.headers.get("idempotency-key"))
    allocator = app.allocator(role_refused=observability.role_refused)
    try:
        result = allocator.allocate(request, caller=asked.caller, key=key, snapshot=asked.snapshot)
    except Refused as refusal:
        _count(asked, request.pool, refusal.code)
        raise
    if isinstance(result, DryRun):
        return Reply(
            body={"wouldAllocate": result.would_allocate, "position": result.position}, line={"pool": request.pool}
        )
    _count(asked, request.pool, _REPEATED if result.waited is None else _ALLOCATED)
    if result.waited is not None:
        observability.seconds(Metric.WAIT, result.waited.total_seconds(), pool=request.pool)
    return Reply(
        body=shapes.granted(result) | {"constraints": list(request.constraints)},
        line={"pool": request.pool, "allocation": result.allocation.id, "owner": asked.caller.owner},
    )


def _count(asked: Asked, pool: PoolName, code: str) -> None:
    """By pool only where there is one: callers choose the name."""
    if pool in asked.snapshot.pools:
        observability.count(Metric.ALLOCATIONS, pool=pool, code=code)


handler = entry(handle)

start.ready(lambda app: (app.snapshots, app.store, app.credentials))
