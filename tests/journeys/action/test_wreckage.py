"""What a job may do to its machine, and the environment is still given back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.journeys.action.acting import step
from tests.journeys.action.scene import broken
from tests.journeys.action.staging import NESTED

if TYPE_CHECKING:
    from tests.journeys.action.scene import Scene

pytestmark = pytest.mark.emulator

CHECKOUT = {"uses": "actions/checkout@v4"}
WIPE = step("find . -mindepth 1 -delete")
POISON = step(
    """
    mkdir -p "$HOME/poison" && echo 'raise SystemExit(7)' > "$HOME/poison/json.py"
    {
      echo "PYTHONHOME=$HOME/poison"
      echo "PYTHONPATH=$HOME/poison"
      echo "PYTHONSTARTUP=$HOME/poison/json.py"
      echo "STATE_secret=spoofed"
      echo "STATE_allocation=spoofed"
      echo "STATE_endpoint=http://127.0.0.1:9"
      echo "ATMOSPHERE_ACTION_SECRET=spoofed"
      echo "INPUT_ENDPOINT=http://127.0.0.1:9"
      echo "https_proxy=http://127.0.0.1:9"
    } >> "$GITHUB_ENV"
    """
)
BROKEN_FIRST = step(
    """
    mkdir -p "$HOME/first" && printf '#!/bin/sh\\nexit 7\\n' | tee "$HOME/first/python3" > "$HOME/first/python"
    chmod +x "$HOME"/first/* && echo "$HOME/first" >> "$GITHUB_PATH"
    """
)


NO_PATH = step('echo "PATH=/nowhere" >> "$GITHUB_ENV"')


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([WIPE], id="the workspace is wiped"),
        pytest.param([CHECKOUT, WIPE], id="the workspace is filled and wiped"),
        pytest.param([CHECKOUT], id="checkout after allocate"),
        pytest.param([step('rm -rf "$RUNNER_TEMP"/*')], id="the runner's temporary files are removed"),
    ],
)
def test_python_gives_back_although(scene: Scene, steps: list[dict[str, object]]) -> None:
    output = scene.does(scene.lease(), *steps)
    scene.given_back(proof="token")
    assert "node releases the environment" not in output


@pytest.mark.parametrize("spoilt", [POISON, BROKEN_FIRST, NO_PATH], ids=["variables", "a broken Python", "no path"])
def test_python_gives_back_with_a_spoilt_environment(scene: Scene, spoilt: dict[str, object]) -> None:
    """With the nested action: what later steps set does not reach the post steps inside a composite in act."""
    output = scene.does({**scene.lease(), "uses": NESTED}, spoilt)
    scene.given_back(proof="token")
    assert "node releases the environment" not in output


def test_node_gives_back_when_python_is_gone(scene: Scene) -> None:
    output = scene.does(scene.lease(), step('rm "$TOOLS/python3"'))
    scene.given_back(by="release-token", proof="release-token")
    assert "node releases the environment" in output


def test_node_gives_back_when_python_crashes(scene: Scene) -> None:
    scene.does(*broken(scene, "raise SystemExit(7)"))
    scene.given_back(by="release-token", proof="release-token")
    assert "node releases the environment" in scene.output


def test_without_python_nothing_is_asked_for(scene: Scene) -> None:
    (scene.caller.tools / "python3").unlink()
    output = scene.fails(scene.lease(), step("echo never"))
    scene.never_asked()
    assert not scene.door.exchanges
    assert "::error title=Python is missing::" in output


def test_without_a_workspace_no_step_can_start_and_the_deadline_is_left(scene: Scene) -> None:
    """Of runner and act alike; docs/action.md says so."""
    run = scene.start(scene.lease(), step('rm -r "$GITHUB_WORKSPACE"'))
    run.ended()
    assert not scene.door.of("DELETE")
    scene.looked_after(scene.taken())
