"""One local service for all journeys: the example configuration with two pools of the tests, and times of a second."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from atmosphere.core.changes import Delete
from atmosphere.core.model import PoolName
from atmosphere.local.service import LocalService
from bench.counting import add_pool
from tests.journeys.action.scene import add_pool as add_workflows
from tests.quick import FEW_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT = {
    "min_heartbeat_seconds": "1",
    "verify_gap_seconds": "1",
    "clock_skew_seconds": "1",
    "attempt_pause_seconds": "1",
}
EXAMPLE = Path(__file__).parents[2] / "config"


def example(directory: Path) -> Path:
    """The example configuration and the pools `bench` and `workflows`, in a directory of its own."""
    config = directory / "config"
    shutil.copytree(EXAMPLE, config)
    add_pool(config)
    add_workflows(config)
    return config


@pytest.fixture(scope="session")
def local_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    """The whole service on this machine."""
    config = example(tmp_path_factory.mktemp("journeys"))
    with LocalService(config, settings=SHORT | FEW_TYPES, ticker=1.0) as service:
        yield service


@pytest.fixture(autouse=True)
def nobody_in_line(request: pytest.FixtureRequest) -> Iterator[None]:
    """The tests share one service: who waited in one of them is not before the next one's callers."""
    yield
    if "local_service" not in request.fixturenames:
        return
    empty_lines(request.getfixturevalue("local_service"))


def empty_lines(service: LocalService) -> None:
    """Nobody waits for any pool."""
    store = service.store()
    for pool in service.description["pools"]:
        rows = [Delete(target=row.id, expects=()) for row in store.waiters(PoolName(pool))]
        for start in range(0, len(rows), 100):
            store.commit(rows[start : start + 100], token=str(uuid4()))
