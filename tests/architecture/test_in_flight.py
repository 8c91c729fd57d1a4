"""How long an allocate may be on its way: the action cannot import the contract, so it is held to it here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from atmosphere.contract import ALLOCATE_IN_FLIGHT, FUNCTIONS, FunctionName
from atmosphere_action import release

ROOT: Final = Path(__file__).parents[2]
GATEWAY: Final = 29  # seconds, AWS's limit for an integration
DOCUMENTS: Final = ("docs/access.md", "docs/api/openapi.yaml")


def test_no_allocate_lives_longer() -> None:
    (function,) = [each for each in FUNCTIONS if each.name is FunctionName.ALLOCATE]
    assert max(GATEWAY, function.timeout) < ALLOCATE_IN_FLIGHT


def test_the_actions_python_waits_as_long() -> None:
    assert release._IN_FLIGHT == ALLOCATE_IN_FLIGHT


def test_the_actions_node_waits_as_long() -> None:
    (milliseconds,) = re.findall(r"\binFlightMs: ([0-9_]+),", (ROOT / "action/release.js").read_text())
    assert int(milliseconds) == ALLOCATE_IN_FLIGHT * 1000


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_clients_are_advised_is_as_long(name: str) -> None:
    assert re.findall(r"until (\d+) s after the last", (ROOT / name).read_text()) == [str(ALLOCATE_IN_FLIGHT)]
