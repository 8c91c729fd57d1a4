"""The order of all changes, from the streams of the embedded AWS, whose numbers run through all tables."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from atmosphere.adapters.items import decode
from atmosphere.contract import Table
from bench.race.seen import Written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.core.changes import Row
    from atmosphere.local.service import LocalService

_JUDGED: Final = (Table.ENVIRONMENTS, Table.ALLOCATIONS, Table.HISTORY)
_MILLISECONDS: Final = 20  # digits of a sequence number that are its time; the rest counts
_IMAGES: Final = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


class Streams:
    """What the tables go through from `watching` on."""

    def __init__(self, service: LocalService) -> None:
        self._tables = service.hub.client("dynamodb")
        untyped: Any = service.hub.client
        self._streams: Any = untyped("dynamodbstreams")
        self._names: Mapping[str, str] = service.description["tables"]
        self._store = service.store()
        self._before: list[Written] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """The streams are on within the block."""
        self._switch(_IMAGES)
        self._before = list(self._there())
        try:
            yield
        finally:
            self._switch({"StreamEnabled": False})

    def _switch(self, how: Mapping[str, Any]) -> None:
        for table in _JUDGED:
            untyped: Any = self._tables.update_table
            untyped(TableName=self._names[table], StreamSpecification=how)

    def _there(self) -> Iterator[Written]:
        now = datetime.now(UTC)
        for row in self._store.environments():
            yield Written(0, now, None, row)
            if row.allocation and row.deadline and (held := self._store.allocation(row.allocation)):
                yield Written(0, now, None, held)

    def written(self) -> list[Written]:
        """Every change so far, after what was there before."""
        found = [change for table in _JUDGED for change in self._of(table)]
        return self._before + sorted(found, key=lambda change: change.number)

    def _of(self, table: Table) -> Iterator[Written]:
        arn = self._tables.describe_table(TableName=self._names[table])["Table"]["LatestStreamArn"]
        for shard in self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            at = self._streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while at:
                page = self._streams.get_records(ShardIterator=at, Limit=1000)
                yield from (_change(table, record["dynamodb"]) for record in page["Records"])
                at = page.get("NextShardIterator") if page["Records"] else None


def _change(table: Table, record: Mapping[str, Any]) -> Written:
    number = record["SequenceNumber"]
    at = datetime.fromtimestamp(int(number[:_MILLISECONDS]) / 1000, UTC)
    before, after = record.get("OldImage"), record.get("NewImage")
    return Written(int(number[_MILLISECONDS:]), at, _row(table, before), _row(table, after))


def _row(table: Table, image: Mapping[str, Any] | None) -> Row | None:
    return decode(table, image) if image else None
