"""Every condition of a write is in the table, and without it the test that the table names fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.contract.test_expectations import CASES
from tests.machine.conditions import FRAGMENTS, VARIABLE, of_builders, table

ROOT: Final = Path(__file__).parents[2]
CONDITIONS: Final = [*of_builders({case: made.changes for case, made in CASES.items()}), *FRAGMENTS]
_FAILED: Final = 1


def test_the_table_lists_every_condition_of_every_write() -> None:
    assert list(table()) == CONDITIONS


def test_every_test_that_the_table_names_is_there() -> None:
    for test in table().values():
        path, *names = test.split("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        assert all(name.partition("[")[0] in text for name in names), test


@pytest.mark.slow
@pytest.mark.parametrize("condition", CONDITIONS)
def test_without_the_condition_the_named_test_fails(condition: str) -> None:
    words = [sys.executable, "-m", "pytest", "-p", "tests.machine.conditions", "-q", "-x", "-p", "no:cacheprovider"]
    environment = {**os.environ, VARIABLE: condition}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (ROOT / "service", ROOT, ROOT / "action" / "python")))
    ran = subprocess.run([*words, table()[condition]], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert ran.returncode == _FAILED, ran.stdout.decode()[-2000:] + ran.stderr.decode()[-2000:]
