"""docs/costs.md is what the counted calls, the deployed state machine and the prices come to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.adapters.partitions import WAKE_SHARDS
from atmosphere.contract import Table
from atmosphere.core.changes import ConditionCheck, target_of
from atmosphere.core.errors import PoolBusy
from atmosphere.core.model import EnvironmentKey
from atmosphere.core.queue import WaiterKey
from atmosphere.core.quota import SlotKey
from bench import price_list, prices
from tests.operations.world import World, a_world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.core.changes import Change

DOCUMENT = (Path(__file__).parents[2] / "docs" / "costs.md").read_text()


@pytest.mark.parametrize("table", [prices.table_of_costs, prices.table_of_prices, prices.table_of_calls])
def test_a_table_is_what_is_computed(table: Any) -> None:
    assert f"\n\n{table()}" in DOCUMENT, "run `python -m bench.prices` and put its tables into docs/costs.md"


@pytest.mark.parametrize(
    "said",
    [
        f"Prices of {price_list.REGION} in USD, noted {price_list.DATE}",
        f"in {prices.PASSES} passes enters {prices.transitions()} states; each further pass adds 3",
        f"counted for {prices.POOLS} pools",
        f"| duration of a cleanup's pass | {prices.PASS_SECONDS} s;",
        f"| duration of an API function | {prices.API_SECONDS} s |",
        f"| duration of the reconciler | {prices.RECONCILER_SECONDS} s |",
        f"| logs of an invocation | {prices.LOG_KB} KB |",
    ],
)
def test_an_assumption_is_the_one_that_is_computed_with(said: str) -> None:
    assert said in DOCUMENT


def test_an_execution_of_two_passes_enters_six_states() -> None:
    """Pass, Decide, Pause, Pass, Decide, Done."""
    assert (prices.transitions(1), prices.transitions(2), prices.transitions(3)) == (3, 6, 9)


def test_every_counted_call_has_a_price() -> None:
    assert set(prices.calls()) == {"allocate", "refresh", "deallocate", "ask", "minute", "measure", "cleanup"}
    for act in prices.calls():
        assert set(prices.priced(act)) <= set(price_list.PRICES)


def test_the_measuring_was_counted_with_as_many_pools_as_are_said() -> None:
    strays = len(WAKE_SHARDS) - 1
    assert sum(prices.calls()["measure"].values()) == 3 * prices.POOLS + strays


def table_of(change: Change) -> Table:
    target = target_of(change)
    if isinstance(target, EnvironmentKey):
        return Table.ENVIRONMENTS
    if isinstance(target, WaiterKey | SlotKey):
        return Table.WAITERS
    return Table.ALLOCATIONS if isinstance(target, str) else Table.HISTORY


class Recorded:
    """What a world commits from here on, as the tables that each transaction writes."""

    def __init__(self, world: World) -> None:
        self.transactions: list[tuple[Table, ...]] = []
        commit = world.rows.commit

        def recorded(changes: Sequence[Change], *, token: str) -> None:
            commit(changes, token=token)
            written = [table_of(change) for change in changes if not isinstance(change, ConditionCheck)]
            self.transactions.append(tuple(sorted(written)))

        world.rows.commit = recorded  # type: ignore[method-assign]


def test_the_rows_of_a_transaction_are_those_that_the_operations_write() -> None:
    world = a_world(1, max_active=2)
    recorded = Recorded(world)
    allocation = world.allocate()
    with pytest.raises(PoolBusy):
        world.ask()
    world.deallocate(allocation.id)
    world.cleaning(world.cleanups.started[0]).beat()
    world.cleaning(world.cleanups.started[0]).free(report=None)
    expected = [prices.WRITES[act] for act in ("allocate", "ask", "deallocate", "cleanup", "cleanup")]
    assert recorded.transactions == [tuple(sorted(tables)) for tables in expected]
