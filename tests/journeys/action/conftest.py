"""The fixture `scene`: everything one scenario needs, and a check that it said what came of it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.journeys.action.acting import ACT, Caller
from tests.journeys.action.forwarder import Forwarder
from tests.journeys.action.records import Records
from tests.journeys.action.scene import NARROW, POOL, Scene
from tests.journeys.action.staging import stage
from tests.journeys.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from atmosphere.local.service import LocalService

PROBE: Final = Path(__file__).with_name("probe.py")


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The action as act can run it."""
    assert ACT.exists(), "act is not installed: run `make setup`"
    return stage(tmp_path_factory.mktemp("action"))


@pytest.fixture(scope="module")
def runner(local_service: LocalService) -> Iterator[Api]:
    """The example's AWS caller; in the end, everything that was given back has become clean."""
    api = Api(local_service.description["endpoint"], local_service.description["callers"]["runner"])
    yield api
    api.until_free(POOL)


@pytest.fixture(scope="module")
def scenes(local_service: LocalService, runner: Api, staged: Path) -> Callable[[Path], AbstractContextManager[Scene]]:
    """Makes scenarios, each in a directory of its own: another workflow run, repository and machine."""
    told = local_service.description
    probe = {"PROBE": f"{sys.executable} {PROBE} {told['awsEndpoint']}"}
    records = Records(Api(told["endpoint"], told["callers"]["operator"]))

    @contextmanager
    def opened(directory: Path) -> Iterator[Scene]:
        caller = Caller(directory, staged, probe)
        caller.prepare()
        with Forwarder(told["endpoint"]) as door, Forwarder(told["github"]["tokenRequestUrl"]) as tokens:
            scene = Scene(caller=caller, door=door, tokens=tokens, told=told, records=records, runner=runner)
            try:
                yield scene
            finally:
                scene.close()

    return opened


@pytest.fixture
def scene(scenes: Callable[[Path], AbstractContextManager[Scene]], tmp_path: Path) -> Iterator[Scene]:
    """A scenario, which says what came of it."""
    with scenes(tmp_path) as scene:
        yield scene
        assert scene.run is None or scene.judged, f"the scenario has to say what came of it:\n{scene.output}"


@pytest.fixture
def narrow(runner: Api) -> Iterator[str]:
    """The only environment of a pool is somebody else's; the id of the allocation."""
    runner.until_free(NARROW)
    answer = runner.ask("POST", "/allocations", {"pool": NARROW, "requester": "somebody else"})
    assert answer.status == 200, answer.text
    yield answer.body["id"]
    runner.ask("DELETE", f"/allocations/{answer.body['id']}", {"outcome": "success"})
    runner.until_free(NARROW)
