"""Every condition of every write, each of which can be taken out; and the table of what notices (`conditions.md`).

A condition is named by the builder in `core/changes` that makes it, what is written, and what is expected of the row.
As a plugin of pytest (`-p tests.machine.conditions`) this takes out the one that the variable names.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from atmosphere.adapters import expressions, snapshots, used_tokens
from atmosphere.core import changes
from atmosphere.core.breaker import PoolKey
from atmosphere.core.changes import Absent, Before, ConditionCheck, HistoryKey, Is, target_of
from atmosphere.core.model import EnvironmentKey
from atmosphere.core.over import OverKey
from atmosphere.core.queue import WaiterKey
from atmosphere.core.quota import SlotKey
from atmosphere.core.shortage import ShortageKey
from atmosphere.core.tombstone import TombstoneSlotKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from atmosphere.core.changes import Change, Expectation

VARIABLE: Final = "ATMOSPHERE_WITHOUT_CONDITION"
TABLE: Final = Path(__file__).parent / "conditions.md"


def name_of(builder: str, change: Change, expected: Expectation) -> str:
    """As the table has it, such as `let_go: Update of environment expects status`."""
    of = "absence" if isinstance(expected, Absent) else expected.field
    return f"{builder}: {type(change).__name__} of {_ROWS[type(target_of(change))]} expects {of}"


_ROWS: Final = {
    EnvironmentKey: "environment",
    str: "allocation",
    HistoryKey: "history",
    WaiterKey: "waiter",
    SlotKey: "slot",
    PoolKey: "breaker",
    OverKey: "run that is over",
    ShortageKey: "shortage",
    TombstoneSlotKey: "tombstone's slot",
}


def told(case: str, change: Change, field: str) -> str:
    """The name of the condition that a story is about: by the field that it changes, or the row that it makes."""
    of = field if field[0].islower() and " " not in field else "absence"
    builder = case.partition(":")[0]
    return f"{builder}: {type(change).__name__} of {_ROWS[type(target_of(change))]} expects {of}"


def of_builders(cases: Mapping[str, Sequence[Change]]) -> Iterator[str]:
    """The conditions of the writes of each builder (named before the colon), each once."""
    seen: set[str] = set()
    for case, made in cases.items():
        builder = case.partition(":")[0]
        for change in made:
            if isinstance(target_of(change), SlotKey) and builder in {"start", "counted"}:
                continue  # made by `hold_slots`
            names = [name_of(builder, change, expected) for expected in change.expects]
            yield from (name for name in names if name not in seen)
            seen.update(names)


def without(name: str) -> None:
    """Take a condition out of every write from now on."""
    if name in FRAGMENTS:
        FRAGMENTS[name]()
        return
    builder = name.partition(":")[0]
    sound = getattr(changes, builder)

    @wraps(sound)
    def careless(*parts: Any, **named: Any) -> Any:
        made = sound(*parts, **named)
        if isinstance(made, list):
            return [each for each in (_stripped(name, builder, change) for change in made) if each is not None]
        return None if made is None else _stripped(name, builder, made)

    setattr(changes, builder, careless)


def _stripped(name: str, builder: str, change: Change) -> Change | None:
    """The change without it; None for a check that checks nothing any more."""
    kept = tuple(expected for expected in change.expects if name_of(builder, change, expected) != name)
    if kept == change.expects:
        return change
    return None if isinstance(change, ConditionCheck) and not kept else replace(change, expects=kept)


# --- the fragments of the adapter, which stand for conditions of all builders -----------------------------------------


def _careless(strip: Callable[[str], str], expected: Callable[..., list[str]] = expressions._expected) -> None:
    """Let the adapter write conditions of what `strip` leaves of each, and of these expectations."""
    condition = expressions._condition
    expressions._expected = expected

    def made(change: Change, table: Any, key_name: str, expression: Any) -> str:
        left = strip(condition(change, table, key_name, expression))
        expression.names = {name: of for name, of in expression.names.items() if name in left}
        if left or not isinstance(change, ConditionCheck):
            return left
        key = expression.name(key_name)  # AWS takes no check without a condition
        return f"attribute_exists({key}) OR attribute_not_exists({key})"

    expressions._condition = made


def _no_rows_needed() -> None:
    def strip(condition: str) -> str:
        return " AND ".join(term for term in condition.split(" AND ") if not term.startswith("attribute_exists("))

    _careless(strip)


def _blind_to(kind: type, *, none: bool | None = None) -> Callable[[], None]:
    def take_out() -> None:
        expected = expressions._expected

        def careless(expects: Sequence[Expectation], *parts: Any) -> list[str]:
            return expected([each for each in expects if not _is(each, kind, none)], *parts)

        _careless(lambda condition: condition, careless)

    return take_out


def _is(expected: Expectation, kind: type, none: bool | None) -> bool:  # noqa: FBT001
    return isinstance(expected, kind) and (none is None or (getattr(expected, "value", None) is None) is none)


class _Careless:
    """A client that writes items over whatever is there."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def put_item(self, **asked: Any) -> Any:
        return self._client.put_item(TableName=asked["TableName"], Item=asked["Item"])


def _written_over(adapter: type, method: str) -> Callable[[], None]:
    def take_out() -> None:
        sound = getattr(adapter, method)

        def careless(self: Any, *parts: Any, **named: Any) -> Any:
            client, self._client = self._client, _Careless(self._client)
            try:
                return sound(self, *parts, **named)
            finally:
                self._client = client

        setattr(adapter, method, careless)

    return take_out


FRAGMENTS: Final[dict[str, Callable[[], None]]] = {
    "DynamoDB: the row is there": _no_rows_needed,
    "DynamoDB: no row is there": _blind_to(Absent),
    "DynamoDB: a field is as read": _blind_to(Is, none=False),
    "DynamoDB: a field is not set": _blind_to(Is, none=True),
    "DynamoDB: a field is earlier": _blind_to(Before),
    "DynamoDB: a token was not used": _written_over(used_tokens.DynamoUsedTokens, "burn"),
    "DynamoDB: a configuration was not stored": _written_over(snapshots.DynamoSnapshots, "put"),
}
"""What the adapters put into ConditionExpression."""


def table() -> dict[str, str]:
    """The test that fails without it, by condition."""
    rows = [line.strip("|").split("|") for line in TABLE.read_text(encoding="utf-8").splitlines() if "::" in line]
    return {condition.strip(): test.strip().strip("`") for condition, test in rows}


def write(tests: Mapping[str, str]) -> None:
    """Write the table."""
    rows = "".join(f"| {condition} | `{test}` |\n" for condition, test in tests.items())
    TABLE.write_text(_HEAD + rows, encoding="utf-8")


_HEAD: Final = """# What each condition of a write is for

The test fails if the condition is taken out (`make conditions` does that for each).
A condition is named by the function of `core/changes` that makes the write, by what is written, and by what it expects.
Those of `DynamoDB` are the terms of which the adapter makes every ConditionExpression.

| condition | the test that fails without it |
| --- | --- |
"""


def pytest_configure() -> None:
    """As a plugin."""
    if name := os.environ.get(VARIABLE):
        without(name)
