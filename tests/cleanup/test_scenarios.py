"""Every hard scenario is shown by tests that exist, or excepted with a reason."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.cleanup.scenarios import SCENARIOS, Scenario

ROOT = Path(__file__).parents[1]


def test_no_number_is_missing():
    assert sorted(SCENARIOS) == list(range(1, 52))


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=[f"{number}" for number in SCENARIOS])
def test_a_scenario_has_tests_or_a_reason_why_not(scenario: Scenario):
    assert bool(scenario.tests) != bool(scenario.excepted)


@pytest.mark.parametrize("node", sorted({node for each in SCENARIOS.values() for node in each.tests}))
def test_a_test_that_is_named_exists(node: str):
    file, name = node.split("::")
    tree = ast.parse((ROOT / file).read_text())
    assert name in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
