"""A deployment that moves an environment while it is in use: its test misses nothing, and the plan said so."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from atmosphere.local.service import LocalService
from tests.journeys.api import Api, until
from tests.journeys.conftest import EXAMPLE, SHORT
from tests.journeys.planning import planned
from tests.quick import FEW_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.emulator

ACCOUNT, REGION, POOL = "555555555555", "eu-west-1", "europe"


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    with LocalService(EXAMPLE, settings=SHORT | FEW_TYPES, ticker=1.0) as running:
        yield running


@pytest.fixture
def ready(service: LocalService, tmp_path: Path) -> Path:
    path = tmp_path / "ready.json"
    path.write_text(json.dumps(service.description))
    return path


def moved(directory: Path) -> Path:
    config = directory / "moved"
    shutil.copytree(EXAMPLE, config)
    environments = (config / "environments.yaml").read_text()
    head, entry = environments.rsplit("  - account:", 1)
    (config / "environments.yaml").write_text(f"{head}  - account:{entry.replace('pool: europe', 'pool: release')}")
    access = (config / "access.yaml").read_text()
    (config / "access.yaml").write_text(access.replace("release, europe]", "release]"))
    return config


def test_an_environment_that_moves_while_it_is_in_use_is_in_its_new_pool_when_it_is_clean(
    service: LocalService, tmp_path: Path, ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    description = service.description
    runner = Api(description["endpoint"], description["callers"]["runner"])
    operator = Api(description["endpoint"], description["callers"]["operator"])
    one = f"/environments/{ACCOUNT}/{REGION}"
    runner.until_free(POOL)
    answer = runner.ask("POST", "/allocations", {"pool": POOL, "requester": "moving journey"})
    assert answer.status == 200, answer.text
    granted = answer.body
    config = moved(tmp_path)

    code, plan = planned(ready, config, capsys)
    service.deploy(config)

    assert code == 4
    (step,) = [each for each in plan["steps"] if each["subject"] == f"aws://{ACCOUNT}/{REGION}"]
    assert step["details"] == ["pool: europe -> release"]
    assert step["now"]["held_by"].startswith("moving journey (arn:aws:sts::")
    _, after = planned(ready, config, capsys)
    assert {each["subject"] for each in after["steps"]} == {"settings"}  # this run's own are shorter
    row = operator.ask("GET", one).body
    assert (row["status"], row["registration"], row["pool"]) == ("in-use", "registered", POOL)
    assert runner.ask("POST", f"/allocations/{granted['id']}/credentials").status == 200
    assert runner.ask("DELETE", f"/allocations/{granted['id']}", {"outcome": "success"}).status == 200
    until(lambda: operator.ask("GET", one).body["status"] == "free", "the environment is free")
    assert operator.ask("GET", one).body["pool"] == "release"
    service.deploy(EXAMPLE)
    until(lambda: operator.ask("GET", one).body["pool"] == POOL, "the environment is back in its pool")
