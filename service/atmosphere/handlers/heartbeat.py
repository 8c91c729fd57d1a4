"""POST /allocations/{id}/heartbeat. A body is allowed and must be empty or `{}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere.core.request import allocation_id
from atmosphere.handlers import shapes
from atmosphere.handlers.http import BY_TOKEN, Asked, Reply, TokenAsked, entry

if TYPE_CHECKING:
    from atmosphere.wiring import App


def handle(asked: Asked, app: App) -> Reply:
    """The allocation's owner says that it is still at work."""
    asked.request.no_body()
    heard = app.heartbeats().beat(allocation_id(asked.request.path.get("id", "")), caller=asked.caller)
    return Reply(body=shapes.heard(heard), line={"allocation": heard.allocation.id, "owner": asked.caller.owner})


def release(asked: TokenAsked, app: App) -> Reply:
    """Somebody who holds the release token says so: it keeps its one allocation alive, and does nothing else here."""
    asked.request.no_body()
    id_ = allocation_id(asked.request.path.get("id", ""))
    heard = app.heartbeats().beat_by_token(id_, token_hash=asked.token.hash)
    return Reply(body=shapes.heard(heard), line={"allocation": heard.allocation.id, "reason": BY_TOKEN})


handler = entry(handle, release=release)
