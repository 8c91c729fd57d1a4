"""Every store under the one suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.adapters.dynamodb import DynamoStore
from atmosphere.adapters.memory import MemoryStore
from tests.contract.store_contract import StoreContract
from tests.tables import create_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.ports import Store


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore(page_size=3)


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
