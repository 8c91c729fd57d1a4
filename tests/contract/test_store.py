"""Every store under the one suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.adapters.dynamodb import DynamoStore
from atmosphere.adapters.memory import MemoryStore
from atmosphere.adapters.partitions import READ_ALL_FROM, SPREAD_FROM, WAKE, WAKE_SHARDS
from atmosphere.contract import Table
from atmosphere.core.changes import Put, beat
from atmosphere.core.model import Status
from tests.builders import NOW, a_key, after, an_environment
from tests.contract.store_contract import StoreContract
from tests.tables import create_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.ports import Store


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore(page_size=3)


CLEANING = [
    an_environment(a_key(number), status=Status.CLEANING, wake_at=after(seconds=number)) for number in range(30)
]


class Sizes:
    """Stores on the same tables, each under a configuration of another size."""

    def __init__(self, client: Any) -> None:
        self._client, self._tables = client, create_tables(client)

    def of(self, environments: int) -> DynamoStore:
        return DynamoStore(self._client, self._tables, page_size=3, environments=lambda: environments)

    def shards(self) -> set[str]:
        items = self._client.scan(TableName=self._tables[Table.ENVIRONMENTS])["Items"]
        return {item["wake_shard"]["S"] for item in items}


@pytest.fixture
def sizes(moto_client: Callable[[str], Any]) -> Sizes:
    return Sizes(moto_client("dynamodb"))


class TestPartitionsOfWhatIsDue:
    """Small configurations have one; what was written under one size is found under every other."""

    def test_a_large_configuration_fills_all_and_gives_the_earliest_of_all(self, sizes: Sizes) -> None:
        large = sizes.of(SPREAD_FROM)
        large.commit([Put(row=row) for row in CLEANING], token="a")
        assert sizes.shards() == set(WAKE_SHARDS)
        assert large.waking(after(hours=1), 100) == CLEANING
        assert large.waking(after(hours=1), 7) == CLEANING[:7]
        assert large.waking(after(seconds=4), 100) == CLEANING[:5]

    def test_a_small_one_has_a_single_one(self, sizes: Sizes) -> None:
        sizes.of(SPREAD_FROM - 1).commit([Put(row=row) for row in CLEANING], token="a")
        assert sizes.shards() == {WAKE}

    @pytest.mark.parametrize("size", [0, READ_ALL_FROM, SPREAD_FROM])
    def test_rows_from_before_there_were_several_are_found(self, sizes: Sizes, size: int) -> None:
        sizes.of(0).commit([Put(row=row) for row in CLEANING], token="a")
        assert sizes.of(size).waking(after(hours=1), 100) == CLEANING
        assert sizes.of(size).waking(after(hours=1), 100, strays=True) == []

    def test_a_configuration_that_became_smaller_reads_all_until_it_is_small(self, sizes: Sizes) -> None:
        sizes.of(SPREAD_FROM).commit([Put(row=row) for row in CLEANING], token="a")
        assert sizes.of(READ_ALL_FROM).waking(after(hours=1), 100) == CLEANING

    def test_of_one_that_became_small_at_once_strays_are_all_that_is_not_found(self, sizes: Sizes) -> None:
        sizes.of(SPREAD_FROM).commit([Put(row=row) for row in CLEANING], token="a")
        small = sizes.of(READ_ALL_FROM - 1)
        found, strays = small.waking(after(hours=1), 100), small.waking(after(hours=1), 100, strays=True)
        assert found
        assert strays
        assert sorted([*found, *strays], key=lambda row: row.key) == CLEANING

    @pytest.mark.parametrize(
        ("before", "now", "shards"), [(SPREAD_FROM, 1, {WAKE}), (1, SPREAD_FROM, set(WAKE_SHARDS))]
    )
    def test_the_next_write_takes_a_row_where_its_configuration_wants_it(
        self, sizes: Sizes, before: int, now: int, shards: set[str]
    ) -> None:
        sizes.of(before).commit([Put(row=row) for row in CLEANING], token="a")
        for number, row in enumerate(CLEANING):
            sizes.of(now).commit([beat(row, now=NOW)], token=f"beat {number}")
        assert sizes.shards() == shards


class TestDynamoStoreOnMoto(StoreContract):
    keeps_tokens = False

    @pytest.fixture
    def store(self, moto_client: Callable[[str], Any]) -> Store:
        client = moto_client("dynamodb")
        return DynamoStore(client, create_tables(client), page_size=3)


@pytest.mark.emulator
class TestDynamoStoreOnTheEmulator(StoreContract):
    @pytest.fixture
    def store(self, emulator_client: Callable[[str], Any]) -> Store:
        client = emulator_client("dynamodb")
        return DynamoStore(client, create_tables(client), page_size=3)
