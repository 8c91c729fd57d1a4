"""DELETE /allocations/{id}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere import observability
from atmosphere.core.request import allocation_id, outcome_request
from atmosphere.handlers.http import BY_TOKEN, Asked, Reply, TokenAsked, entry

if TYPE_CHECKING:
    from atmosphere.wiring import App


def handle(asked: Asked, app: App) -> Reply:
    """End the allocation; again and again if asked."""
    outcome = outcome_request(asked.request.body())
    ended = app.deallocator(asked.snapshot.settings).deallocate(
        allocation_id(asked.request.path.get("id", "")),
        outcome=outcome,
        caller=asked.caller,
        rules=asked.snapshot.access,
    )
    observability.count("Deallocated", pool=ended.pool)
    return Reply(body={}, line={"pool": ended.pool, "allocation": ended.id, "owner": asked.caller.owner})


def release(asked: TokenAsked, app: App) -> Reply:
    """End the allocation that the release token belongs to, and do nothing else."""
    outcome = outcome_request(asked.request.body())
    ended = app.deallocator(asked.snapshot.settings).release(
        allocation_id(asked.request.path.get("id", "")), token_hash=asked.token.hash, outcome=outcome
    )
    observability.count("Deallocated", pool=ended.pool)
    return Reply(body={}, line={"pool": ended.pool, "allocation": ended.id, "reason": BY_TOKEN})


handler = entry(handle, release=release)
