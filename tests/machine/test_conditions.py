"""Every condition of a write is in the table, and without it the test that the table names fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import pytest

from atmosphere.adapters.memory import MemoryStore
from atmosphere.core.changes import Absent, Before, Expectation, Is, Put, target_of
from atmosphere.ports import Conflict
from tests.contract.test_expectations import CASES, STORIES, Case, break_
from tests.machine.conditions import FRAGMENTS, VARIABLE, of_builders, table, told

if TYPE_CHECKING:
    from atmosphere.core.changes import Change
    from tests.contract.test_expectations import Story

ROOT: Final = Path(__file__).parents[2]
CONDITIONS: Final = [*of_builders({case: made.changes for case, made in CASES.items()}), *FRAGMENTS]
_FAILED: Final = 1


def test_the_table_lists_every_condition_of_every_write() -> None:
    assert list(table()) == CONDITIONS


def test_conditions_are_written_in_these_places_only() -> None:
    files = (ROOT / "service").rglob("*.py")
    found = {path.name for path in files if re.search(r"[\"\s]ConditionExpression\b", path.read_text(encoding="utf-8"))}
    assert found == {"expressions.py", "used_tokens.py", "snapshots.py"}
    assert set(get_args(Expectation)) == {Absent, Is, Before}, "a new kind of expectation is a term of its own"


def test_every_test_that_the_table_names_is_there() -> None:
    for test in table().values():
        path, *names = test.partition("[")[0].split("::")
        beside = (ROOT / path).parent.glob("*.py")  # a contract's tests are in a file of their own
        text = "".join(each.read_text(encoding="utf-8") for each in beside)
        assert all(name in text for name in names), test


def _place(condition: str) -> tuple[Case, int, Story]:
    """A case that has the write, the write's number in it, and what can happen meanwhile that only this forbids."""
    for name, case in CASES.items():
        for number, change in enumerate(case.changes):
            for field, story in STORIES[name].items():
                if condition == told(name, change, field) and _may_happen(case, change, story):
                    return case, number, story
    raise LookupError(f"no story is about: {condition}")


def _may_happen(case: Case, change: Change, story: Story) -> bool:
    """Whether the row that a story changes is there, or the one that it makes is that of the write."""
    meanwhile = story[1]
    if isinstance(meanwhile, dict):
        return target_of(change) in {target_of(Put(row=row)) for row in case.before}
    return target_of(change) == target_of(Put(row=meanwhile))


@pytest.mark.parametrize("condition", [name for name in table() if name not in FRAGMENTS])
def test_what_it_forbids_stops_the_write(condition: str) -> None:
    case, number, story = _place(condition)
    store = MemoryStore()
    break_(store, case, number, story)
    with pytest.raises(Conflict):
        store.commit(case.changes, token="t")


@pytest.mark.slow
@pytest.mark.parametrize("condition", CONDITIONS)
def test_without_the_condition_the_named_test_fails(condition: str) -> None:
    words = [sys.executable, "-m", "pytest", "-p", "tests.machine.conditions", "-q", "-x", "-p", "no:cacheprovider"]
    environment = {**os.environ, VARIABLE: condition}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (ROOT / "service", ROOT, ROOT / "action" / "python")))
    ran = subprocess.run([*words, table()[condition]], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert ran.returncode == _FAILED, ran.stdout.decode()[-2000:] + ran.stderr.decode()[-2000:]
