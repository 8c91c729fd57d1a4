"""The store on DynamoDB: one transaction for every commit, reads by key and by index, never a scan."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, cast

from atmosphere.adapters import partitions, queries
from atmosphere.adapters.cursors import Position, span
from atmosphere.adapters.items import SLOTS, decode, environment_key, key_item
from atmosphere.adapters.transactions import transact
from atmosphere.contract import Table
from atmosphere.core.breaker import PoolKey
from atmosphere.core.changes import target_of
from atmosphere.core.model import EnvironmentKey, Mark, Status
from atmosphere.core.shortage import ShortageKey
from atmosphere.faults import reaching
from atmosphere.ports import Page, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryOutputTypeDef

    from atmosphere.adapters.queries import Query
    from atmosphere.core.breaker import Breaker
    from atmosphere.core.changes import Change, Target
    from atmosphere.core.github import RunKey
    from atmosphere.core.model import (
        AccountId,
        Allocation,
        AllocationId,
        Environment,
        HistoryEntry,
        PoolName,
    )
    from atmosphere.core.queue import Waiter
    from atmosphere.core.quota import Slot
    from atmosphere.core.shortage import Shortage

_BATCH: Final = 100  # DynamoDB's limit on keys of one BatchGetItem
_BATCH_TRIES: Final = 6
_FIRST_PAUSE: Final = 0.05  # seconds, doubled each time


class DynamoStore:
    """`ports.Store` on the tables of `contract.TABLES`, deployed as `tables`. Safe to share between threads.

    `commits` is the client for writing, if it has other time limits than the one for reading. `environments` says how
    many the configuration has; it may raise `Unreachable`, and is asked only when a row of an environment is written
    or `waking` reads.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        tables: Mapping[Table, str],
        *,
        commits: DynamoDBClient | None = None,
        environments: Callable[[], int] = lambda: 0,
        page_size: int = 100,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._commits = commits or client
        self._tables = tables
        self._environments = environments
        self._page_size = page_size
        self._pause = pause

    def commit(self, changes: Sequence[Change], *, token: str) -> None:
        """See `transactions.transact`."""
        touched = any(isinstance(target_of(change), EnvironmentKey) for change in changes)
        environments = self._environments() if touched else 0
        transact(self._commits, self._tables, changes, token, environments=environments)

    def free(self, pool: PoolName) -> Iterator[Sequence[Environment]]:
        """Each page is read when it is asked for."""
        return self.holding(pool, Status.FREE)

    def holding(self, pool: PoolName, status: Status) -> Iterator[Sequence[Environment]]:
        """Each page is read when it is asked for."""
        for page in self._pages(queries.with_status(pool, status, limit=self._page_size)):
            if page["Items"]:
                yield [_environment(item) for item in page["Items"]]

    def any_with(self, pool: PoolName, status: Status) -> bool:
        """Reads one row at most."""
        query = queries.with_status(pool, status, limit=1, select="COUNT")
        return self._query(query.request(self._tables))["Count"] > 0

    def counts(self, pool: PoolName) -> Mapping[Status, int]:
        """Reads the statuses only: one query a megabyte of rows (about 1000)."""
        found = Counter(
            Status(item["status"]["S"]) for page in self._pages(queries.statuses(pool)) for item in page["Items"]
        )
        return {status: found[status] for status in Status}

    def environment(self, key: EnvironmentKey) -> Environment | None:
        """A consistent read."""
        return cast("Environment | None", self._row(Table.ENVIRONMENTS, key))

    def environments(self) -> Sequence[Environment]:
        """The keys may be a moment old, the rows are not. A row that went away between the two reads is left out."""
        keys = {
            environment_key(item)
            for mark in Mark
            for page in self._pages(queries.marked(mark))
            for item in page["Items"]
        }
        ordered = sorted(keys)
        batches = (ordered[start : start + _BATCH] for start in range(0, len(ordered), _BATCH))
        rows = [_environment(item) for batch in batches for item in self._batch(batch)]
        return sorted(rows, key=lambda row: row.key)

    def of_account(self, account: AccountId) -> Sequence[Environment]:
        """One query, consistent."""
        return [_environment(item) for page in self._pages(queries.of_account(account)) for item in page["Items"]]

    def waking(self, until: datetime, limit: int, *, strays: bool = False) -> Sequence[Environment]:
        """One query for each partition, and further ones until there are `limit` rows."""
        shards = (partitions.strays if strays else partitions.wake_shards)(environments=self._environments())
        rows = [row for shard in shards for row in self._waking(shard, until, limit)]
        return sorted(rows, key=lambda row: (row.wake_at is not None, row.wake_at))[:limit]

    def _waking(self, shard: str, until: datetime, limit: int) -> Sequence[Environment]:
        rows: list[Environment] = []
        for page in self._pages(queries.waking(shard, until, limit)):
            rows += [_environment(item) for item in page["Items"]]
            if len(rows) >= limit:
                break
        return rows[:limit]

    def allocation(self, allocation: AllocationId) -> Allocation | None:
        """A consistent read."""
        return cast("Allocation | None", self._row(Table.ALLOCATIONS, allocation))

    def waiters(self, pool: PoolName) -> Sequence[Waiter]:
        """One query, consistent: the bounds of a queue keep it below a megabyte."""
        pages = self._pages(queries.waiting(pool))
        return [cast("Waiter", decode(Table.WAITERS, item)) for page in pages for item in page["Items"]]

    def slots(self) -> Sequence[Slot]:
        """One query, consistent."""
        pages = self._pages(queries.waiting(SLOTS))
        return [cast("Slot", decode(Table.WAITERS, item)) for page in pages for item in page["Items"]]

    def breaker(self, pool: PoolName) -> Breaker | None:
        """A consistent read."""
        return cast("Breaker | None", self._row(Table.POOLS, PoolKey(pool)))

    def shortage(self, pool: PoolName) -> Shortage | None:
        """A consistent read."""
        return cast("Shortage | None", self._row(Table.POOLS, ShortageKey(pool)))

    def active_of_run(self, run: RunKey) -> Sequence[Allocation]:
        """By its index."""
        pages = self._pages(queries.active_of_run(run))
        return [cast("Allocation", decode(Table.ALLOCATIONS, item)) for page in pages for item in page["Items"]]

    def history_of(
        self, key: EnvironmentKey, *, since: datetime | None, until: datetime | None, cursor: str | None
    ) -> Page:
        """A consistent read."""
        wanted = span(since, until, cursor, key=key)
        return Page(()) if wanted.is_empty else self._page(queries.history_of(key, wanted))

    def history_by(self, requester: str, *, since: datetime | None, until: datetime | None, cursor: str | None) -> Page:
        """By the requester's hash."""
        wanted = span(since, until, cursor)
        return Page(()) if wanted.is_empty else self._page(queries.history_by(requester, wanted))

    def _page(self, query: Query) -> Page:
        found = self._query(query.request(self._tables))
        entries = tuple(cast("HistoryEntry", decode(Table.HISTORY, item)) for item in found["Items"])
        last = found.get("LastEvaluatedKey")
        return Page(entries, Position(last["start_id"]["S"], last["path"]["S"]).cursor() if last else None)

    def _row(self, table: Table, target: Target) -> object:
        with reaching("GetItem"):
            found = self._client.get_item(TableName=self._tables[table], Key=key_item(target), ConsistentRead=True)
        return decode(table, found["Item"]) if "Item" in found else None

    def _query(self, request: dict[str, Any]) -> QueryOutputTypeDef:
        with reaching("Query"):
            return self._client.query(**request)

    def _pages(self, query: Query) -> Iterator[QueryOutputTypeDef]:
        request = query.request(self._tables)
        while True:
            page = self._query(request)
            yield page
            if not (last := page.get("LastEvaluatedKey")):
                return
            request = request | {"ExclusiveStartKey": last}

    def _batch(self, keys: Sequence[EnvironmentKey]) -> Iterator[Mapping[str, Any]]:
        """All of at most 100 rows; what DynamoDB leaves unprocessed is asked for again after a growing pause."""
        table = self._tables[Table.ENVIRONMENTS]
        wanted: Any = {table: {"Keys": [key_item(key) for key in keys], "ConsistentRead": True}}
        for turn in range(_BATCH_TRIES):
            with reaching("BatchGetItem"):
                found = self._client.batch_get_item(RequestItems=wanted)
            yield from found["Responses"].get(table, [])
            wanted = found.get("UnprocessedKeys")
            if not wanted:
                return
            self._pause(_FIRST_PAUSE * 2**turn)
        raise Unreachable("BatchGetItem left rows unprocessed time after time: the table is throttled; repeat it later")


def _environment(item: Mapping[str, Any]) -> Environment:
    return cast("Environment", decode(Table.ENVIRONMENTS, item))
