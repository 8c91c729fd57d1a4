"""A function's store knows the size of the configuration in force; the one that publishes it does not need to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.adapters.partitions import (
    READ_ALL_FROM,
    SPREAD_FROM,
    WAKE,
    WAKE_SHARDS,
    strays,
    wake_shard,
    wake_shards,
)
from atmosphere.contract import TABLE_VARIABLES, Env, Table
from atmosphere.core.changes import Put
from atmosphere.core.model import Status
from atmosphere.local.emulator import REGION
from atmosphere.ports import Unreachable
from atmosphere.wiring import App
from tests.builders import NOW, a_key, a_registration, a_snapshot, an_environment
from tests.tables import create_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.core.snapshot import Snapshot

ROWS = [an_environment(a_key(number), status=Status.CLEANING, wake_at=NOW) for number in range(30)]


@dataclass
class Deployed:
    """A configuration that can be read, or not."""

    snapshot: Snapshot | None

    def load(self) -> Snapshot:
        if self.snapshot is None:
            raise Unreachable("there is no snapshot")
        return self.snapshot


def a_configuration_of(environments: int) -> Snapshot:
    return a_snapshot(*(a_registration(a_key(number)) for number in range(environments)))


@pytest.fixture
def function(moto_client: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., App]:
    client = moto_client("dynamodb")
    names = create_tables(client)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)

    def made(snapshot: Snapshot | None, **further: str) -> App:
        app = App({variable: names[table] for table, variable in TABLE_VARIABLES.items()} | further)
        app.snapshots = Deployed(snapshot)
        return app

    made.client, made.table = client, names[Table.ENVIRONMENTS]  # type: ignore[attr-defined]
    return made


def written(function: Any) -> set[str]:
    return {item["wake_shard"]["S"] for item in function.client.scan(TableName=function.table)["Items"]}


@pytest.mark.parametrize(("environments", "shards"), [(SPREAD_FROM - 1, {WAKE}), (SPREAD_FROM, set(WAKE_SHARDS))])
def test_rows_are_spread_as_the_configuration_is_large(function: Any, environments: int, shards: set[str]) -> None:
    app = function(a_configuration_of(environments), **{Env.SNAPSHOT: "deployed"})
    app.store.commit([Put(row=row) for row in ROWS], token="a")
    assert written(function) == shards
    assert len(app.store.waking(NOW, 100)) == len(ROWS)


def test_a_configuration_that_cannot_be_read_writes_nothing(function: Any) -> None:
    app = function(None, **{Env.SNAPSHOT: "deployed"})
    with pytest.raises(Unreachable):
        app.store.commit([Put(row=ROWS[0])], token="a")
    assert written(function) == set()


def test_the_publisher_writes_where_every_size_reads(function: Any) -> None:
    function(None).store.commit([Put(row=row) for row in ROWS], token="a")
    assert written(function) == {WAKE}


def test_all_are_read_before_the_first_row_is_written_there() -> None:
    assert READ_ALL_FROM < SPREAD_FROM
    for environments in (0, READ_ALL_FROM - 1, READ_ALL_FROM, SPREAD_FROM - 1, SPREAD_FROM, 50_000):
        read = wake_shards(environments=environments)
        assert wake_shard("222222222222", "eu-west-1", environments=environments) in read
        assert sorted((*read, *strays(environments=environments))) == sorted(WAKE_SHARDS)


def test_the_partition_of_an_environment_never_changes_while_the_configuration_is_large() -> None:
    """Rows that were written before an upgrade are where the hash says: these must stay as they are."""
    found = [wake_shard(f"{number:012}", "us-east-1", environments=SPREAD_FROM) for number in range(4)]
    assert found == [wake_shard(f"{number:012}", "us-east-1", environments=50_000) for number in range(4)]
    assert found == ["wake#1", "wake#2", "wake#3", "wake#7"]
