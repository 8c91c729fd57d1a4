"""POST /allocations/{id}/credentials. A body is allowed and must be empty or `{}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere.core.request import allocation_id
from atmosphere.handlers import shapes
from atmosphere.handlers.http import Asked, Reply, entry

if TYPE_CHECKING:
    from atmosphere.wiring import App


def handle(asked: Asked, app: App) -> Reply:
    """Fresh credentials for every environment of the allocation."""
    asked.request.no_body()
    id_ = allocation_id(asked.request.path.get("id", ""))
    grant = app.refresher().refresh(id_, caller=asked.caller, settings=asked.snapshot.settings)
    line = {"allocation": grant.allocation.id, "owner": asked.caller.owner}
    return Reply(body=shapes.refreshed(grant), line={"allocation": line["allocation"], "owner": line["owner"]})


handler = entry(handle)
