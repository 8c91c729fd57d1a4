"""Every GET: one allocation, pools, environments, history, the configuration in force."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from atmosphere.contract import progress_key
from atmosphere.core import access
from atmosphere.core.errors import InvalidRequest
from atmosphere.core.keys import environment_key, environment_path
from atmosphere.core.model import ActKind, PoolName, Status
from atmosphere.core.request import allocation_id
from atmosphere.handlers import shapes, start
from atmosphere.handlers.http import Asked, Reply, entry
from atmosphere.operations.baseline import baseline_page
from atmosphere.operations.query import Reader
from atmosphere.ports import InvalidCursor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from atmosphere.core.model import Environment, EnvironmentKey, HistoryEntry, Json
    from atmosphere.ports import Reports
    from atmosphere.wiring import App


def _reader(asked: Asked, app: App) -> Reader:
    return Reader(store=app.store, snapshot=asked.snapshot, caller=asked.caller, clock=app.clock)


def _allocation(asked: Asked, app: App) -> Reply:
    found = _reader(asked, app).allocation(allocation_id(asked.request.path.get("id", "")))
    return Reply(body=shapes.allocation(found), line={"allocation": found.id, "pool": found.pool})


def _pool(asked: Asked, app: App) -> Reply:
    return Reply(body=shapes.pool(_reader(asked, app).pool(PoolName(asked.request.path.get("pool", "")))))


def _pools(asked: Asked, app: App) -> Reply:
    return Reply(body={"pools": [shapes.pool(counts) for counts in _reader(asked, app).pools()]})


def _breaker(asked: Asked, app: App) -> Reply:
    pool = PoolName(asked.request.path.get("pool", ""))
    return Reply(body=shapes.breaker(pool, _reader(asked, app).breaker(pool)), line={"pool": pool})


def _configuration(asked: Asked, app: App) -> Reply:
    return Reply(body=shapes.configuration(_reader(asked, app).configuration()))


def _environments(asked: Asked, app: App) -> Reply:
    return Reply(body={"environments": [shapes.environment(row) for row in _reader(asked, app).environments()]})


def _key(asked: Asked) -> EnvironmentKey:
    access.operators_only(asked.snapshot.access, asked.caller)  # first: nobody else learns what there can be
    return environment_key(asked.request.path.get("account", ""), asked.request.path.get("region", ""))


def _environment(asked: Asked, app: App) -> Reply:
    key = _key(asked)
    row = _reader(asked, app).environment(key)
    report = app.reports.load(row.report) if row.report else None
    return Reply(
        body=shapes.environment(row) | {"cleanup": report, "progress": _progress(row, app)},
        line={"environment": key.path},
    )


def _progress(row: Environment, app: App) -> Json:
    if row.status is not Status.CLEANING or row.allocation is None:
        return None
    return app.reports.load(progress_key(row.key.account, row.key.region, row.allocation))


def _baseline(asked: Asked, app: App) -> Reply:
    key = _key(asked)
    if unknown := sorted(set(asked.request.query) - {"cursor"}):
        raise InvalidRequest(f"the query has names that are not known: {unknown!r}")
    found = app.baseline_keeper(asked.snapshot.access, asked.caller).show(key)
    page = baseline_page(found, asked.request.query.get("cursor"))
    return Reply(body=shapes.baseline(key, found, page), line={"environment": key.path})


_HISTORY_KEYS: Final = frozenset({"environment", "requester", "since", "until", "cursor", "leftovers"})
_AT_ONCE: Final = 8
"""Reads of S3: a page has at most 50 entries, and the client ten connections."""


def _history(asked: Asked, app: App) -> Reply:
    access.operators_only(asked.snapshot.access, asked.caller)
    query = asked.request.query
    if unknown := sorted(set(query) - _HISTORY_KEYS):
        raise InvalidRequest(f"the query has names that are not known: {unknown!r}")
    if ("environment" in query) == ("requester" in query):
        raise InvalidRequest("ask by exactly one of 'environment' (ACCOUNT/REGION) and 'requester'")
    since, until = _instant(query.get("since"), "since"), _instant(query.get("until"), "until")
    cursor = query.get("cursor")
    try:
        if "requester" in query:
            page = app.store.history_by(query["requester"], since=since, until=until, cursor=cursor)
        else:
            page = app.store.history_of(environment_path(query["environment"]), since=since, until=until, cursor=cursor)
    except InvalidCursor as broken:
        raise InvalidRequest("'cursor' is not one that this query returned: start again without it") from broken
    counts = _leftovers(page.entries, app.reports) if _with_leftovers(query) else [None] * len(page.entries)
    return Reply(body={"entries": list(map(shapes.history_entry, page.entries, counts)), "cursor": page.cursor})


def _with_leftovers(query: Mapping[str, str]) -> bool:
    if query.get("leftovers", "true") != "true":
        raise InvalidRequest("'leftovers' can only be 'true': leave it out to do without")
    return "leftovers" in query


def _leftovers(entries: Sequence[HistoryEntry], reports: Reports) -> list[Json]:
    """What cleaning counted after each allocation; None of an act, and where there are no counts."""

    def counted(entry: HistoryEntry) -> Json:
        if entry.kind is not ActKind.ALLOCATION:
            return None
        found = reports.load(progress_key(entry.key.account, entry.key.region, entry.id))
        return shapes.leftovers(found) if isinstance(found, dict) else None

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(counted, entries))


def _instant(text: str | None, name: str) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text.upper())  # RFC 3339 allows `t` and `z`
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as broken:
        raise InvalidRequest(f"{name!r} is no instant: send ISO 8601, e.g. 2026-11-22T10:00:00Z") from broken


_ANSWERS: Final[dict[str, Callable[[Asked, App], Reply]]] = {
    "GET /allocations": _history,
    "GET /allocations/{id}": _allocation,
    "GET /pools": _pools,
    "GET /pools/{pool}": _pool,
    "GET /pools/{pool}/breaker": _breaker,
    "GET /configuration": _configuration,
    "GET /environments": _environments,
    "GET /environments/{account}/{region}": _environment,
    "GET /environments/{account}/{region}/baseline": _baseline,
}


def handle(asked: Asked, app: App) -> Reply:
    """Answer the question that the route stands for."""
    return _ANSWERS[asked.request.route](asked, app)


handler = entry(handle)

start.ready(lambda app: (app.snapshots, app.store))
