"""The half of the tests that runs on the embedded AWS misses none: files are read for it by what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.distribution import MARKED

TESTS: Final = Path(__file__).parents[1]


def test_only_a_file_of_tests_says_that_it_runs_on_the_embedded_aws() -> None:
    saying = {path for path in TESTS.rglob("*.py") if MARKED in path.read_text()}
    assert {path.name for path in saying if not path.name.startswith("test_")} == set()
    assert len(saying) > 40
