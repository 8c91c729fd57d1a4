"""What the service costs on AWS: counted calls (bench/calls.json) times prices. `python -m bench.prices` prints it.

docs/costs.md holds the tables that this writes; tests/docs/test_costs.py computes them again. Free tiers are left out.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from atmosphere.contract import FUNCTIONS, TABLES, FunctionName, Table
from bench.price_list import PRICES
from infra.constructs.cleanup import definition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

from datetime import timedelta

ROOT: Final = Path(__file__).parent.parent
CALLS: Final = ROOT / "bench" / "calls.json"
RUNBOOK: Final = ROOT / "docs" / "operations.md"


Amounts = dict[str, Decimal]

# What cannot be counted on the wire. Durations and sizes are upper estimates, not measured on AWS.
API_SECONDS: Final = Decimal("0.25")
RECONCILER_SECONDS: Final = Decimal("0.25")
PASS_SECONDS: Final = Decimal(30)
LOG_KB: Final = Decimal(2)
"""Of one invocation, with the gateway's access log and the metrics in it."""
READ_UNITS: Final = 2
"""Of a read: up to 8 KB, consistent."""
ALLOCATION_KB: Final = 2
PASSES: Final = 2
"""Of a cleanup that finds nothing more after its first pass."""
ASKS_AN_HOUR: Final = 120
"""One in 30 s, which is what `Retry-After` comes to for those far back in line."""
MINUTES: Final = 730 * 60
MEASUREMENTS: Final = MINUTES // 5
POOLS: Final = 4
"""Of the configuration that is counted with: the example's three, and one more."""
METRICS_OF_A_POOL: Final = 6
"""`Environments` in five statuses, and `Waiting`."""
METRICS_ELSE: Final = 2

WRITES: Final[dict[str, tuple[Table, ...]]] = {
    "allocate": (Table.ENVIRONMENTS, Table.ALLOCATIONS, Table.HISTORY, Table.WAITERS),
    "deallocate": (Table.ENVIRONMENTS, Table.ALLOCATIONS, Table.HISTORY, Table.WAITERS),
    "ask": (Table.WAITERS,),
    "cleanup": (Table.ENVIRONMENTS,),
}
"""The rows that each transaction of an act writes, under a quota; tests compare them with what is committed."""


def calls() -> dict[str, dict[str, int]]:
    """What was counted: AWS calls by operation, for each act."""
    found: dict[str, dict[str, int]] = json.loads(CALLS.read_text())
    return found


def transitions(passes: int = PASSES) -> int:
    """The states that an execution enters, by the deployed definition, when the last of so many passes is done."""
    machine = definition("pass", timedelta(hours=1))
    state, entered, left = machine["StartAt"], 0, passes
    while True:
        entered += 1
        about: dict[str, Any] = machine["States"][state]
        left -= about["Type"] == "Task"
        if about["Type"] == "Succeed":
            return entered
        state = about["Choices"][0]["Next"] if about["Type"] == "Choice" and not left else _next(about)


def _next(state: Mapping[str, Any]) -> str:
    return str(state.get("Next") or state["Default"])


def alarms() -> int:
    """As many as the runbook has sections for; a test compares those with the template."""
    headings = re.findall(r"^## (atmosphere-.*)$", RUNBOOK.read_text(), re.MULTILINE)
    return sum(len(heading.split(", ")) for heading in headings)


def write_units(table: Table) -> int:
    """Of a row in a transaction: two for each KB, and two for each index where its key changes."""
    size = ALLOCATION_KB if table is Table.ALLOCATIONS else 1
    return 2 * size + 2 * len(TABLES[table].indexes)


def priced(act: str) -> Amounts:
    """The units of an act's calls."""
    amounts: Counter[str] = Counter()
    for operation, number in calls()[act].items():
        match operation:
            case "dynamodb:TransactWriteItems":
                amounts["write"] += number * sum(map(write_units, WRITES[act]))
            case "dynamodb:Query" | "dynamodb:GetItem" | "dynamodb:BatchGetItem":
                amounts["read"] += number * READ_UNITS
            case "s3:GetObject" | "s3:HeadObject":
                amounts["get"] += number
            case "s3:PutObject" | "s3:ListObjectsV2":
                amounts["put"] += number
            case "events:PutEvents":
                amounts["event"] += number
            case "sns:Publish":
                amounts["notice"] += number
            case _:
                raise KeyError(f"{operation} has no price: add it to bench/prices.py")
    return {name: Decimal(number) for name, number in amounts.items()}


def invoked(function: FunctionName, seconds: Decimal, times: int = 1) -> Amounts:
    """The units of so many invocations with their logs."""
    memory = next(Decimal(each.memory) / 1024 for each in FUNCTIONS if each.name is function)
    number = Decimal(times)
    return {"invocation": number, "compute": number * seconds * memory, "log": number * LOG_KB / 1024**2}


def added(*several: Amounts) -> Amounts:
    """All of them."""
    whole: Amounts = {}
    for amounts in several:
        for name, number in amounts.items():
            whole[name] = whole.get(name, Decimal(0)) + number
    return whole


def times(amounts: Amounts, number: int) -> Amounts:
    """So often."""
    return {name: each * number for name, each in amounts.items()}


def requested(act: str, function: FunctionName) -> Amounts:
    """A request to the API that a function answers."""
    return added({"api": Decimal(1)}, invoked(function, API_SECONDS), priced(act))


def acts() -> dict[str, Amounts]:
    """The units of everything that docs/costs.md has a row for."""
    cleanup = added(
        {"transition": Decimal(transitions())}, invoked(FunctionName.CLEANUP, PASS_SECONDS, PASSES), priced("cleanup")
    )
    allocation = added(
        requested("allocate", FunctionName.ALLOCATE),
        requested("refresh", FunctionName.REFRESH),
        requested("deallocate", FunctionName.DEALLOCATE),
    )
    return {
        "an allocation of one environment: allocate, one refresh, deallocate": allocation,
        f"its cleanup, in {PASSES} passes": cleanup,
        "a caller that waits for an hour": times(requested("ask", FunctionName.ALLOCATE), ASKS_AN_HOUR),
        "an idle month": idle_month(),
    }


def idle_month() -> Amounts:
    """What is paid for although nobody asks."""
    standing = {
        "alarm": alarms(),
        "metric": POOLS * METRICS_OF_A_POOL + METRICS_ELSE,
        "dashboard": 1,
        "key": 1,
        "secret": 1,
    }
    return added(
        {name: Decimal(number) for name, number in standing.items()},
        invoked(FunctionName.RECONCILE, RECONCILER_SECONDS, MINUTES + MEASUREMENTS),
        times(priced("minute"), MINUTES),
        times(priced("measure"), MEASUREMENTS),
    )


def cost(amounts: Amounts) -> Decimal:
    """In USD."""
    return sum((PRICES[name].of(number) for name, number in amounts.items()), Decimal(0))


def _plain(number: Decimal) -> str:
    text = f"{number.quantize(Decimal('0.0001'), ROUND_HALF_UP):f}"
    return text.rstrip("0").rstrip(".") or "0"


def _dollars(amount: Decimal) -> str:
    places = "0.01" if amount >= 1 else "0.000001"
    return f"{amount.quantize(Decimal(places), ROUND_HALF_UP):f}"


def _table(columns: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def table_of_costs() -> str:
    """The first table of docs/costs.md: what each act costs, and its costliest parts."""
    rows = ((act, _dollars(cost(amounts)), _largest(amounts)) for act, amounts in acts().items())
    return _table(("what", "USD", "most of it"), rows)


def _largest(amounts: Amounts) -> str:
    parts = sorted(amounts, key=lambda name: -PRICES[name].of(amounts[name]))[:3]
    return "; ".join(f"{PRICES[name].unit}: {_plain(amounts[name])}" for name in parts)


def table_of_prices() -> str:
    """The second: the prices."""
    rows = ((each.unit, f"{each.usd:f}", f"{each.per:,}".replace(",", " "), each.link) for each in PRICES.values())
    return _table(("unit", "USD", "for", "source"), rows)


def table_of_calls() -> str:
    """The third: what was counted."""
    rows = (
        (act, ", ".join(f"{number} {name.partition(':')[2]}" for name, number in found.items()))
        for act, found in calls().items()
    )
    return _table(("act", "calls that are paid for by the call"), rows)


if __name__ == "__main__":
    sys.stdout.write(f"{table_of_costs()}\n{table_of_prices()}\n{table_of_calls()}")
