"""Thirty-two callers, ten free environments: ten winners, each with one of its own, and nothing torn (P1)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.adapters.dynamodb import DynamoStore
from atmosphere.adapters.memory import FakeClock, MemoryCredentials, MemoryStore
from atmosphere.adapters.system import SystemClock, SystemIds
from atmosphere.core import changes
from atmosphere.core.access import VerifiedCaller
from atmosphere.core.changes import Put
from atmosphere.core.errors import PoolBusy
from atmosphere.core.model import Status
from atmosphere.core.request import allocate_request
from atmosphere.operations.allocate import Allocator
from atmosphere.operations.sessions import Granted
from atmosphere.ports import Conflict
from tests.builders import HUB, OWNER, POOL, a_key, a_registration, a_snapshot, an_allocation, an_environment, an_id
from tests.tables import create_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.core.model import Allocation, Environment
    from atmosphere.ports import Store

CALLERS: Final = 32
FREE: Final = 10
ROUNDS: Final = 5
KEYS: Final = [a_key(number) for number in range(1, FREE + 1)]


def _all_at_once(act: Callable[[int], Allocation | None]) -> list[Allocation]:
    """What the winners got; a failure of any caller flies."""
    barrier = threading.Barrier(CALLERS)

    def run(number: int) -> Allocation | None:
        barrier.wait(timeout=30)
        return act(number)

    with ThreadPoolExecutor(max_workers=CALLERS) as callers:
        return [won for won in callers.map(run, range(CALLERS)) if won is not None]


def _free_all(store: Store) -> None:
    store.commit([Put(row=an_environment(key), expects=()) for key in KEYS], token=SystemIds().new())


def _nothing_torn(store: Store, winners: list[Allocation]) -> None:
    rows = store.environments()
    assert [row.key for row in rows] == KEYS
    assert {row.status for row in rows} == {Status.IN_USE}
    assert {(row.key, row.allocation) for row in rows} == {(item.key, won.id) for won in winners for item in won.items}
    for won in winners:
        assert store.allocation(won.id) == won
        for item in won.items:
            page = store.history_of(item.key, since=won.started, until=None, cursor=None)
            assert won.id in {entry.id for entry in page.entries}


class RaceContract:
    """Subclasses give `store`."""

    @pytest.mark.parametrize("round_", range(ROUNDS))
    def test_ten_of_thirty_two_takes_win(self, store: Store, round_: int) -> None:
        _free_all(store)
        free = [row for page in store.free(POOL) for row in page]

        def take(number: int) -> Allocation | None:
            # Every caller tries the rows in the same order from another start, so that each row is fought for.
            for attempt in range(FREE):
                row = free[(number + attempt) % FREE]
                identity = an_id(round_ * 10_000 + number * 100 + attempt)
                allocation = an_allocation(row.key, id=identity)
                try:
                    store.commit(changes.start(allocation, {row.key: row}), token=identity)
                except Conflict:
                    continue
                return allocation
            return None

        winners = _all_at_once(take)
        assert len(winners) == FREE
        _nothing_torn(store, winners)

    @pytest.mark.parametrize("round_", range(ROUNDS))
    def test_takes_of_three_each_are_whole_or_nothing(self, store: Store, round_: int) -> None:
        _free_all(store)
        rows = {row.key: row for page in store.free(POOL) for row in page}

        def take(number: int) -> Allocation | None:
            chosen = [KEYS[(number + step) % FREE] for step in range(3)]
            allocation = an_allocation(*chosen, id=an_id(round_ * 100 + number))
            try:
                store.commit(changes.start(allocation, rows), token=allocation.id)
            except Conflict:
                return None
            return allocation

        winners = _all_at_once(take)
        taken = {row.key: row.allocation for row in store.environments() if row.status is Status.IN_USE}
        assert taken == {item.key: won.id for won in winners for item in won.items}
        assert len(taken) == 3 * len(winners)
        losers = {an_id(round_ * 100 + number) for number in range(CALLERS)} - {won.id for won in winners}
        assert winners
        assert [store.allocation(identity) for identity in losers] == [None] * len(losers)

    @pytest.mark.parametrize("round_", range(ROUNDS))
    def test_ten_of_thirty_two_allocates_win(self, store: Store, round_: int) -> None:
        _free_all(store)
        refused: list[Environment] = []
        allocator = Allocator(
            store=store,
            credentials=MemoryCredentials(FakeClock()),
            clock=SystemClock(),
            ids=SystemIds(),
            role_refused=refused.append,
        )
        request = allocate_request({"pool": POOL, "requester": "race"})
        snapshot = a_snapshot(*(a_registration(key) for key in KEYS))
        caller = VerifiedCaller(account=HUB, owner=OWNER, role="runner")

        def allocate(number: int) -> Allocation | None:
            try:
                granted = allocator.allocate(request, caller=caller, key=None, snapshot=snapshot)
            except PoolBusy:
                return None
            assert isinstance(granted, Granted)
            return granted.allocation

        winners = _all_at_once(allocate)
        assert len(winners) == FREE
        _nothing_torn(store, winners)


class TestMemoryStore(RaceContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()


@pytest.mark.emulator
class TestDynamoStoreOnTheEmulator(RaceContract):
    @pytest.fixture
    def store(self, emulator_client: Callable[[str], Any]) -> Store:
        client = emulator_client("dynamodb")
        return DynamoStore(client, create_tables(client))
