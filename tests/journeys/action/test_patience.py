"""Scenarios that spend their time waiting: they are played at the same time, and each test is about one of them."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.journeys.action.acting import ALWAYS, HOLD, job, step
from tests.journeys.action.forwarder import Harm
from tests.journeys.action.records import ids
from tests.journeys.action.scene import broken
from tests.journeys.api import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.journeys.action.scene import Scene

pytestmark = pytest.mark.emulator

Play: TypeAlias = "Callable[[Scene], None]"
DELAY = 20.0  # seconds
AT_ONCE = 3  # plays; one holds up to two of the pool's environments


def cancelled_20_seconds_before_the_allocate_arrives_and_no_token_to_be_had(scene: Scene) -> None:
    """The release token finds nothing at first, and is tried until the late allocate can no longer take effect."""
    scene.door.harm(Harm.HELD, "POST")
    run = scene.start(scene.lease())
    until(lambda: bool(scene.door.of("POST")), "the allocate is under way")
    scene.tokens.shut()
    run.signal()
    (asked,) = scene.door.of("POST")
    until(lambda: time.time() >= asked.at + DELAY, "the allocate has been delayed")
    assert {one.status for one in scene.door.of("DELETE")} == {404}, run.output
    assert not scene.records.exists(ids(scene.door)[0])
    scene.door.let_go()
    assert run.ended() == 1
    scene.given_back(outcome="cancelled", by="release-token", proof="release-token")


def the_service_is_down_at_the_end_and_python_is_gone(scene: Scene) -> None:
    down_at_the_end(scene, 'rm -f "$TOOLS/python3"')


def the_service_is_down_at_the_end(scene: Scene) -> None:
    down_at_the_end(scene, "true")


def down_at_the_end(scene: Scene, before: str) -> None:
    """The job stays green, unless it was asked to fail."""
    calm = job(scene.lease(), step('touch "$MARKS/calm"'), HOLD, step(before))
    strict = job(scene.lease(fail_on_release_error="true"), step('touch "$MARKS/strict"'), HOLD, step(before))
    run = scene.start_jobs({"calm": calm, "strict": strict})
    run.until_marked("calm")
    run.until_marked("strict")
    scene.door.shut()
    run.go()
    assert run.ended() == 1
    assert "calm  ] 🏁  Job succeeded" in run.output, run.output
    assert "strict] 🏁  Job failed" in run.output, run.output
    assert "Not released yet" in run.output  # act can lose a step's last lines: tests/action/shim has the annotations
    for id_ in ids(scene.door):
        scene.looked_after(id_)


def python_hangs(scene: Scene) -> None:
    scene.does(*broken(scene, "import time; time.sleep(600)"))
    scene.given_back(by="release-token", proof="release-token")
    assert "node releases the environment" in scene.output


def a_later_step_runs_out_of_time(scene: Scene) -> None:
    scene.fails(scene.lease(), {**HOLD, "timeout-minutes": 1}, ALWAYS)
    scene.given_back()  # the outcome is act's
    assert (scene.caller.marks / "always").exists()


PLAYS: dict[str, Play] = {
    play.__name__: play
    for play in (
        cancelled_20_seconds_before_the_allocate_arrives_and_no_token_to_be_had,
        the_service_is_down_at_the_end_and_python_is_gone,
    )
}
LONG: dict[str, Play] = {
    play.__name__: play for play in (the_service_is_down_at_the_end, python_hangs, a_later_step_runs_out_of_time)
}


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest,
    scenes: Callable[[Path], AbstractContextManager[Scene]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Future[None]]]:
    """Every play that is asked for, under way."""

    def perform(name: str) -> None:
        with scenes(tmp_path_factory.mktemp("play")) as scene:
            (PLAYS | LONG)[name](scene)

    ours = [it for it in request.session.items if isinstance(it, pytest.Function) and it.module is request.module]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield {name: threads.submit(perform, name) for name in (str(item.callspec.params["name"]) for item in ours)}


@pytest.mark.parametrize("name", [*PLAYS, *(pytest.param(name, marks=pytest.mark.slow) for name in LONG)])
def test_given_back_when(played: dict[str, Future[None]], name: str) -> None:
    played[name].result()
