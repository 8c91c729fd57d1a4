"""The simulation of docs/scaling.md counts with what the real operations write."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.adapters.items import encode, table_of
from atmosphere.contract import BY_MARK, TABLES, Table
from atmosphere.core.changes import target_of
from atmosphere.core.errors import AllDirty, PoolBusy
from bench import scaling
from bench.indexes import COUNTED, IN_TABLE, Act, units
from tests.builders import POOL
from tests.operations.world import RUN, World, a_world

DOCUMENT = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text()

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.core.changes import Change, Target


class Metered:
    """Counts what a world's commits cost each index, and the rows of environments that they write."""

    def __init__(self, world: World) -> None:
        self.units: Counter[str] = Counter()
        self.rows = 0
        self._rows: dict[Target, Any] = world.rows._rows
        commit = world.rows.commit

        def metered(changes: Sequence[Change], *, token: str) -> None:
            targets = {target_of(change) for change in changes}
            before = {target: self._item(target) for target in targets}
            commit(changes, token=token)
            for target in targets:
                self._count(table_of(target), before[target], self._item(target))

        world.rows.commit = metered  # type: ignore[method-assign]

    def _item(self, target: Target) -> dict[str, Any] | None:
        row = self._rows.get(target)
        return None if row is None else encode(row, target)

    def _count(self, table: Table, before: Any, after: Any) -> None:
        keys = TABLES[table]
        self.units.update({index.name: units(before, after, index, keys) for index in keys.indexes})
        self.rows += table is Table.ENVIRONMENTS and before != after

    def taken(self) -> tuple[dict[str, int], int]:
        """What was counted since the last time."""
        found = {name: number for name, number in self.units.items() if number}, self.rows
        self.units, self.rows = Counter(), 0
        return found


def test_the_writes_of_each_act_are_those_that_the_operations_make() -> None:
    world = a_world(1)
    metered = Metered(world)
    counted = {}
    allocation = world.allocate(caller=RUN, heartbeatSeconds=60)
    counted[Act.ALLOCATE] = metered.taken()
    with pytest.raises(PoolBusy):
        world.ask()
    counted[Act.ASK] = metered.taken()
    world.clock.advance(timedelta(seconds=20))
    world.heartbeats.beat(allocation.id, caller=RUN)
    counted[Act.HEARTBEAT] = metered.taken()
    world.deallocate(allocation.id, caller=RUN)
    counted[Act.DEALLOCATE] = metered.taken()
    cleaning = world.cleaning(world.cleanups.started[0])
    world.clock.advance(timedelta(seconds=15))
    cleaning.beat()
    counted[Act.BEAT] = metered.taken()
    cleaning.free(report=None)
    counted[Act.FREE] = metered.taken()
    assert counted == {act: (COUNTED[act], IN_TABLE[act]) for act in counted}
    assert set(counted) == set(COUNTED)


def test_an_index_is_written_when_what_it_holds_changes_and_twice_when_its_key_does() -> None:
    table = TABLES[Table.ENVIRONMENTS]
    row = {"account": "1", "region": "r", "mark": "registered", "path": "1/r", "status": "free"}
    assert units(None, row, BY_MARK, table) == 1
    assert units(row, row | {"status": "dirty"}, BY_MARK, table) == 0
    assert units(row, row | {"mark": "deregistering"}, BY_MARK, table) == 2
    assert units(row, {name: row[name] for name in row if name != "mark"}, BY_MARK, table) == 1


@pytest.mark.parametrize("mix", scaling.MIXES, ids=lambda mix: mix.name)
def test_a_table_of_the_document_is_what_the_simulation_prints(mix: scaling.Mix) -> None:
    assert f"\n\n{scaling.table(mix)}" in DOCUMENT, "run `python -m bench.scaling`, and put its tables there"


def test_the_document_says_how_long_an_outage_keeps_the_reconciler_busy() -> None:
    assert f"\n\n{scaling.table_of_outages()}" in DOCUMENT


def test_the_document_says_what_each_act_writes() -> None:
    words = {
        "allocate": Act.ALLOCATE,
        "heartbeat of an allocation": Act.HEARTBEAT,
        "deallocate": Act.DEALLOCATE,
        "heartbeat of a cleanup": Act.BEAT,
        "becomes free": Act.FREE,
    }
    for said, act in words.items():
        assert f"| {said} | {COUNTED[act]['by_status']} | {COUNTED[act]['by_wake']} |\n" in DOCUMENT


def test_the_index_of_what_is_due_has_several_partitions_because_one_would_not_do() -> None:
    """If this fails, one partition would do: see docs/adr/0035-partitions-of-what-is-due.md."""
    most = scaling.simulate(max(scaling.SIZES), scaling.WORST)
    assert scaling.undivided(most).share > 1
    assert scaling.uses(most)[0].share < 0.5


def test_a_row_of_the_line_is_no_larger_than_the_simulation_takes_it_for() -> None:
    world = a_world(1, taken=1)
    with pytest.raises(AllDirty):
        world.ask(caller=RUN, constraints=[{"type": "region", "value": ["eu-west-1", "us-east-1"]}])
    [row] = world.rows.waiters(POOL)
    assert sum(len(name) + len(str(next(iter(value.values())))) for name, value in encode(row, row.id).items()) <= (
        scaling.WAITER_BYTES
    )


def test_scripts_get_the_same_figures() -> None:
    found = json.loads(scaling.as_json())
    usual = {use.what: [use.mean, use.peak, use.share] for use in scaling.uses(scaling.simulate(400, scaling.USUAL))}
    assert found["usual"]["400"] == usual
    assert set(found) == {"usual", "worst"}
    assert list(found["worst"]) == [str(size) for size in scaling.SIZES]
