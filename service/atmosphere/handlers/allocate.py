"""POST /allocations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere import observability
from atmosphere.core.request import allocate_request, idempotency_key
from atmosphere.handlers import shapes
from atmosphere.handlers.http import Asked, Reply, entry
from atmosphere.operations.allocate import DryRun

if TYPE_CHECKING:
    from atmosphere.wiring import App


def handle(asked: Asked, app: App) -> Reply:
    """Allocate, or say what allocating would come to."""
    request = allocate_request(asked.request.body(), min_heartbeat=asked.snapshot.settings.min_heartbeat)
    key = idempotency_key(asked.request.headers.get("idempotency-key"))
    allocator = app.allocator(role_refused=observability.role_refused)
    result = allocator.allocate(request, caller=asked.caller, key=key, snapshot=asked.snapshot)
    if isinstance(result, DryRun):
        return Reply(
            body={"wouldAllocate": result.would_allocate, "position": result.position}, line={"pool": request.pool}
        )
    observability.count("Allocated", pool=request.pool)
    return Reply(
        body=shapes.granted(result) | {"constraints": list(request.constraints)},
        line={"pool": request.pool, "allocation": result.allocation.id, "owner": asked.caller.owner},
    )


handler = entry(handle)
