"""A file with hundreds of problems lists many of them and says that there are more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere.config.load import check
from atmosphere.config.parse import MAX_ERRORS
from atmosphere.config.yamlfile import MAX_FAULTS

if TYPE_CHECKING:
    from tests.config.conftest import Configuration


def test_more_wrong_shapes_than_are_shown_are_counted(configuration: Configuration) -> None:
    configuration.append("environments.yaml", "  - nonsense\n" * (MAX_ERRORS + 50))
    problems = check(configuration.directory).problems
    assert any("50 further problems are not shown" in problem.what for problem in problems)
    assert len([problem for problem in problems if problem.path.startswith("environments[")]) == MAX_ERRORS


def test_reading_that_stops_early_says_so(configuration: Configuration) -> None:
    configuration.append("environments.yaml", "  - &a 1\n" * (MAX_FAULTS + 50))
    problems = check(configuration.directory).problems
    assert any(f"reading stopped here, after {MAX_FAULTS} problems" in problem.what for problem in problems)
