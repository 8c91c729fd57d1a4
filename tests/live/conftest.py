"""Nothing here runs by itself: each test asks for `live`, which skips it unless somebody asked for the suite.

The run is kept in pytest's own store, so that the summary at the end knows it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from tests.live.account import Live, opened
from tests.live.budget import Budget, cost_of
from tests.live.optin import NotAsked
from tests.live.removal import remove_all
from tests.live.summary import summary

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Run:
    """One run of the suite."""

    live: Live
    budget: Budget
    left: list[str]


_RUN: Final = pytest.StashKey[Run]()


@pytest.fixture(autouse=True)
def _no_keys_from_outside() -> None:
    """Here the keys from outside are the point: they replace the fixture that hides them from all other tests."""


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Iterator[Run | NotAsked]:
    """Everything that the tests created is deleted after the last of them, and no listing has it."""
    live = opened(os.environ)
    if isinstance(live, NotAsked):
        yield live
        return
    started = Run(live, Budget(live.asked.budget), [])
    request.config.stash[_RUN] = started
    yield started
    started.left += remove_all(live.ledger, live.place)
    assert started.left == [], "not everything is gone: run `python -m tests.live.leave` until nothing is left"


@pytest.fixture
def live(run: Run | NotAsked, request: pytest.FixtureRequest) -> Live:
    """The account and the service, after the cost of the test was reserved."""
    if isinstance(run, NotAsked):
        pytest.skip(run.why)
    for mark in request.node.iter_markers("only_on_aws"):
        if run.live.embedded:
            pytest.skip(f"only an account shows it: {mark.args[0]}")
    test = request.node.originalname
    cost = cost_of(test)
    if not run.budget.reserve(test, cost):
        pytest.skip(f"over the budget: it costs {cost:.6f} USD and {run.budget.limit - run.budget.spent:.6f} are left")
    return run.live


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Costs, figures and what is left."""
    run = config.stash.get(_RUN, None)
    if run is not None:
        terminalreporter.section("live suite")
        for line in summary(run.budget, run.live.figures, run.left, run.live.ledger.path):
            terminalreporter.write_line(line)
