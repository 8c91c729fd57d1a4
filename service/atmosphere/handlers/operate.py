"""POST /environments/{account}/{region}/{act}: clean, reinstate, discard, hold, resume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.core import access
from atmosphere.core.errors import InvalidRequest
from atmosphere.core.model import AccountId, EnvironmentKey, Region
from atmosphere.core.request import reason_request
from atmosphere.handlers import shapes
from atmosphere.handlers.http import Asked, Reply, entry
from atmosphere.operations.operate import EVENTS

if TYPE_CHECKING:
    from atmosphere.wiring import App

_ACTS: Final = {str(kind): kind for kind in EVENTS}


def handle(asked: Asked, app: App) -> Reply:
    """Do what the operator asked, on record."""
    access.operators_only(asked.snapshot.access, asked.caller)
    path = asked.request.path
    act = _ACTS.get(path.get("act", ""))
    if act is None:
        raise InvalidRequest(f"there is no such act; acts are {sorted(_ACTS)!r}")
    key = EnvironmentKey(AccountId(path.get("account", "")), Region(path.get("region", "")))
    reason = reason_request(asked.request.body())
    row = app.operating(asked.snapshot.settings).act(key, act, reason=reason, caller=asked.caller)
    body = shapes.environment(row) if row else {"account": key.account, "region": key.region, "status": None}
    return Reply(body=body, line={"environment": key.path, "owner": asked.caller.owner})


handler = entry(handle)
