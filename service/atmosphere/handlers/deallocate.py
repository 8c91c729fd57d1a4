"""DELETE /allocations/{id}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere.core.request import allocation_id, outcome_request
from atmosphere.handlers import start
from atmosphere.handlers.announcing import ended
from atmosphere.handlers.http import BY_TOKEN, Asked, Reply, TokenAsked, entry

if TYPE_CHECKING:
    from atmosphere.wiring import App


def handle(asked: Asked, app: App) -> Reply:
    """End the allocation; again and again if asked."""
    outcome = outcome_request(asked.request.body())
    found = app.deallocator(asked.snapshot.settings, ended=ended(app)).deallocate(
        allocation_id(asked.request.path.get("id", "")),
        outcome=outcome,
        caller=asked.caller,
        rules=asked.snapshot.access,
    )
    return Reply(body={}, line={"pool": found.pool, "allocation": found.id, "owner": asked.caller.owner})


def release(asked: TokenAsked, app: App) -> Reply:
    """End the allocation that the release token belongs to, and do nothing else."""
    outcome = outcome_request(asked.request.body())
    found = app.deallocator(asked.snapshot.settings, ended=ended(app)).release(
        allocation_id(asked.request.path.get("id", "")), token_hash=asked.token.hash, outcome=outcome
    )
    return Reply(body={}, line={"pool": found.pool, "allocation": found.id, "reason": BY_TOKEN})


handler = entry(handle, release=release)

start.ready(lambda app: (app.snapshots, app.store, app.cleaner))
