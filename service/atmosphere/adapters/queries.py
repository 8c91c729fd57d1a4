"""Queries by key as values. There is no scan to be had here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from atmosphere.adapters.codecs import instant_text
from atmosphere.adapters.cursors import PAGE
from atmosphere.adapters.items import requester_hash, status_at
from atmosphere.contract import BY_MARK, BY_REQUESTER, BY_RUN, BY_STATUS, BY_WAKE, Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from atmosphere.adapters.cursors import Span
    from atmosphere.adapters.items import Item
    from atmosphere.contract import Index
    from atmosphere.core.github import RunKey
    from atmosphere.core.model import AccountId, EnvironmentKey, Mark, PoolName, Status

_NAME: Final = re.compile(r"#(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A key condition with `#names` and `:values` (all text), and how to read: order, page, what of it."""

    table: Table
    where: str
    values: Mapping[str, str]
    index: Index | None = None
    forward: bool = True
    consistent: bool = False
    limit: int | None = None
    projection: str | None = None
    select: str | None = None
    start: Item | None = None

    def request(self, tables: Mapping[Table, str]) -> dict[str, Any]:
        """The parameters of DynamoDB's Query."""
        full = {
            "TableName": tables[self.table],
            "IndexName": self.index.name if self.index else None,
            "KeyConditionExpression": self.where,
            "ProjectionExpression": self.projection,
            "ExpressionAttributeNames": {f"#{n}": n for n in _NAME.findall(f"{self.where} {self.projection or ''}")},
            "ExpressionAttributeValues": {f":{name}": {"S": value} for name, value in self.values.items()},
            "ScanIndexForward": self.forward,
            "ConsistentRead": self.consistent or None,
            "Limit": self.limit,
            "Select": self.select,
            "ExclusiveStartKey": self.start,
        }
        return {parameter: value for parameter, value in full.items() if value is not None}


def with_status(pool: PoolName, status: Status, *, limit: int, select: str | None = None) -> Query:
    """A pool's rows in one status; the free ones longest free first."""
    return Query(
        table=Table.ENVIRONMENTS,
        index=BY_STATUS,
        where="#pool = :pool AND begins_with(#status_at, :status)",
        values={"pool": pool, "status": status_at(status)},
        limit=limit,
        select=select,
    )


def statuses(pool: PoolName) -> Query:
    """The status of every row of a pool, and nothing else of it."""
    return Query(
        table=Table.ENVIRONMENTS,
        index=BY_STATUS,
        where="#pool = :pool",
        values={"pool": pool},
        projection="#status",
    )


def marked(mark: Mark) -> Query:
    """The keys of the rows with this mark."""
    return Query(table=Table.ENVIRONMENTS, index=BY_MARK, where="#mark = :mark", values={"mark": mark})


def of_account(account: AccountId) -> Query:
    """The rows of an account."""
    return Query(table=Table.ENVIRONMENTS, where="#account = :account", values={"account": account}, consistent=True)


def waking(shard: str, until: datetime, limit: int) -> Query:
    """Rows of one partition to look at, earliest first."""
    return Query(
        table=Table.ENVIRONMENTS,
        index=BY_WAKE,
        where="#wake_shard = :shard AND #wake_at <= :until",
        values={"shard": shard, "until": instant_text(until)},
        limit=limit,
    )


def active_of_run(run: RunKey) -> Query:
    """The active allocations of a run, oldest first."""
    return Query(table=Table.ALLOCATIONS, index=BY_RUN, where="#active_run = :run", values={"run": run})


def waiting(pool: PoolName) -> Query:
    """The queue of a pool."""
    return Query(table=Table.WAITERS, where="#pool = :pool", values={"pool": pool}, consistent=True)


def history_of(key: EnvironmentKey, wanted: Span) -> Query:
    """An environment's history, newest first."""
    return Query(
        table=Table.HISTORY,
        where="#path = :path AND #start_id BETWEEN :first AND :last",
        values={"path": key.path, "first": wanted.first, "last": wanted.last},
        consistent=True,
        forward=False,
        limit=PAGE,
        start=_start(wanted),
    )


def history_by(requester: str, wanted: Span) -> Query:
    """A requester's history, newest first."""
    digest = requester_hash(requester)
    return Query(
        table=Table.HISTORY,
        index=BY_REQUESTER,
        where="#requester_hash = :hash AND #start_id BETWEEN :first AND :last",
        values={"hash": digest, "first": wanted.first, "last": wanted.last},
        forward=False,
        limit=PAGE,
        start=_start(wanted, requester_hash=digest),
    )


def _start(wanted: Span, **further: str) -> Item | None:
    if wanted.after is None:
        return None
    keys = {"path": wanted.after.path, "start_id": wanted.after.start_id, **further}
    return {name: {"S": value} for name, value in keys.items()}
