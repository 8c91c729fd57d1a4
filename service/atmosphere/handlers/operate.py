"""POST /environments/{account}/{region}/{act}, …/baseline and /pools/{pool}/resume: what an operator does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere import observability
from atmosphere.contract import Metric
from atmosphere.core import access
from atmosphere.core.baseline import amendment_request
from atmosphere.core.errors import InvalidRequest
from atmosphere.core.keys import environment_key
from atmosphere.core.model import PoolName
from atmosphere.core.request import act_request, reason_request
from atmosphere.handlers import shapes, start
from atmosphere.handlers.announcing import ended, publish
from atmosphere.handlers.http import Asked, Reply, entry
from atmosphere.handlers.occasions import acted_on, pool_resumed
from atmosphere.operations.operate import EVENTS

if TYPE_CHECKING:
    from atmosphere.core.model import EnvironmentKey
    from atmosphere.wiring import App

_ACTS: Final = {str(kind): kind for kind in EVENTS}


def handle(asked: Asked, app: App) -> Reply:
    """Do what the operator asked, on record."""
    access.operators_only(asked.snapshot.access, asked.caller)
    if asked.request.route.startswith("POST /pools/"):
        return _resume(asked, app)
    return _amend(asked, app) if asked.request.route.endswith("/baseline") else _act(asked, app)


def _key(asked: Asked) -> EnvironmentKey:
    return environment_key(asked.request.path.get("account", ""), asked.request.path.get("region", ""))


def _resume(asked: Asked, app: App) -> Reply:
    pool = PoolName(asked.request.path.get("pool", ""))
    reason = reason_request(asked.request.body())
    resumer = app.pool_resumer(asked.snapshot, asked.caller)
    found = resumer.resume(pool, reason=reason)
    observability.count(Metric.POOLS_HELD, resumer.held())
    if found is not None:
        publish(app, pool_resumed(found, at=app.clock.now(), who=asked.caller.owner, reason=reason))
    return Reply(body=shapes.breaker(pool, found), line={"pool": pool, "owner": asked.caller.owner})


def _amend(asked: Asked, app: App) -> Reply:
    key = _key(asked)
    wanted = amendment_request(asked.request.body())
    amended = app.baseline_keeper(asked.snapshot.access, asked.caller).amend(key, wanted)
    return Reply(body=shapes.amended(key, amended), line={"environment": key.path, "owner": asked.caller.owner})


def _act(asked: Asked, app: App) -> Reply:
    act = _ACTS.get(asked.request.path.get("act", ""))
    if act is None:
        raise InvalidRequest(f"there is no such act; acts are {sorted(_ACTS)!r}")
    key = _key(asked)
    reason, dry_run = act_request(asked.request.body())
    operating = app.operating(asked.snapshot.settings, ended=ended(app))
    acted = operating.act(key, act, reason=reason, caller=asked.caller, dry_run=dry_run)
    if event := acted_on(acted):
        publish(app, event)
    row = acted.after
    body = shapes.environment(row) if row else {"account": key.account, "region": key.region, "status": None}
    return Reply(body=body | {"changed": acted.changed}, line={"environment": key.path, "owner": asked.caller.owner})


handler = entry(handle)

start.ready(lambda app: (app.snapshots, app.store, app.cleaner))
