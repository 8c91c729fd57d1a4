"""Today's code reads what earlier versions wrote: every row, baseline, report and configuration, and loses nothing.

One file for each version that is upgraded from, written by `record.py` with that version's code.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

import pytest

from atmosphere.adapters.items import decode, encode
from atmosphere.cleanup.model import PassState
from atmosphere.cleanup.report.markdown import markdown
from atmosphere.cleanup.state.baseline import Baseline
from atmosphere.cleanup.state.counts import Counts
from atmosphere.contract import TABLES, Table
from atmosphere.core import snapshot as snapshots
from atmosphere.core.breaker import Breaker
from atmosphere.core.changes import HistoryKey, Row
from atmosphere.core.model import Allocation, Environment, HistoryEntry, Status

VERSIONS: Final = sorted(path.stem for path in Path(__file__).parent.glob("*.json"))
each_version = pytest.mark.parametrize("version", VERSIONS)


@cache
def written(version: str) -> dict[str, Any]:
    """All that a version kept."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / f"{version}.json").read_text())
    return found


def items(version: str) -> list[tuple[Table, dict[str, Any]]]:
    """Every row that is one; used tokens of themselves and packed snapshots are only ever compared by key."""
    rows = [(Table(table), item) for table, found in written(version)["rows"].items() for item in found]
    return [(table, item) for table, item in rows if table is not Table.SNAPSHOTS and not is_token(table, item)]


def is_token(table: Table, item: dict[str, Any]) -> bool:
    return table is Table.USED_TOKENS and not item["token"]["S"].startswith("over#")


def objects(version: str, prefix: str, suffix: str) -> dict[str, str]:
    found = written(version)["objects"].items()
    chosen = {key: text for key, text in found if key.startswith(prefix) and key.endswith(suffix)}
    assert chosen
    return chosen


def target(row: Row) -> Any:
    """The key of a row, as `encode` takes it."""
    if isinstance(row, HistoryEntry):
        return HistoryKey(row.key, row.at, row.id)
    return row.key if isinstance(row, Environment | Breaker) else row.id


@each_version
def test_every_row_is_read_and_written_back_as_it_was(version: str) -> None:
    for table, item in items(version):
        row = decode(table, item)
        again = encode(row, target(row))
        lost = {name: value for name, value in item.items() if again.get(name) != value}
        assert lost == {}, table  # what is new besides may be there


@each_version
def test_every_kind_of_row_was_written(version: str) -> None:
    assert {type(decode(table, item)) for table, item in items(version)} == set(get_args(Row))


@each_version
def test_an_allocation_in_use_is_held_by_its_environment(version: str) -> None:
    rows = [decode(table, item) for table, item in items(version)]
    held = [row for row in rows if isinstance(row, Environment) and row.status is Status.IN_USE]
    allocations = {row.id: row for row in rows if isinstance(row, Allocation)}
    assert held
    for environment in held:
        assert environment.allocation is not None
        assert allocations[environment.allocation].deadline == environment.deadline


@each_version
def test_every_baseline_is_read_whole(version: str) -> None:
    for text in objects(version, "baselines/", ".json").values():
        baseline = Baseline.from_json(text)
        assert json.loads(baseline.to_json()) == json.loads(text)
        assert baseline.items
        assert baseline.complete


@each_version
def test_every_report_is_shown_and_every_count_read(version: str) -> None:
    for text in objects(version, "cleanups/", ".json").values():
        assert isinstance(json.loads(text), dict)
    for key, text in objects(version, "cleanups/", "progress.json").items():
        assert json.loads(json.dumps(Counts.from_json(json.loads(text)).to_json())) == json.loads(text), key
    for key, text in objects(version, "cleanups/", "report-1.json").items():
        assert json.loads(text)["verdict"] in markdown(json.loads(text)), key


@each_version
def test_a_cleanup_under_way_goes_on(version: str) -> None:
    state = written(version)["pass"]
    assert PassState.from_json(state).to_json() == state


@each_version
def test_the_configuration_in_force_is_read_by_its_digest(version: str) -> None:
    for key, text in objects(version, "snapshots/", ".json").items():
        assert snapshots.digest(text) == Path(key).stem
        assert snapshots.to_json(snapshots.from_json(text)) == text


@each_version
def test_no_table_is_replaced_and_none_gets_two_indexes_at_once(version: str) -> None:
    """CloudFormation replaces a table whose keys change, and creates one index in an update."""
    for table, (partition, sort, *indexes) in written(version)["tables"].items():
        keys = TABLES[Table(table)]
        assert (keys.partition, keys.sort) == (partition, sort)
        assert len({index.name for index in keys.indexes} - set(indexes)) <= 1
