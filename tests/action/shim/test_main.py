"""The main step: what is safe before anything is asked for, which Python, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from tests.action.shim.steps import alive, wait_for

if TYPE_CHECKING:
    from tests.action.shim.steps import Step

# What action/python does about its standard input: node's end of it closes when node is gone.
WATCH = "import threading; threading.Thread(target=lambda: (os.read(0, 1), os._exit(130)), daemon=True).start()"
NOTE_PID = """
notes = os.environ['NOTES']
open(notes + '.new', 'w').write(str(os.getpid()))
os.rename(notes + '.new', notes)"""


def named(step: Step, name: str, script: str) -> Path:
    """A program in a directory that comes first on PATH."""
    place = step.directory / "first"
    place.mkdir(exist_ok=True)
    program = place / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    step.env |= {"INPUT_PYTHON": "", "PATH": f"{place}{os.pathsep}{os.environ['PATH']}"}
    return program


def test_secret_id_and_python_are_in_the_state_before_python_starts(step: Step) -> None:
    step.work("open(os.environ['NOTES'], 'w').write(open(os.environ['GITHUB_STATE']).read())")
    assert step.main().code == 0
    step.env["GITHUB_STATE"] = str(step.notes)
    state = step.written("GITHUB_STATE")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", state["secret"])
    assert UUID(state["allocation"]).version == 4
    assert Path(state["python"]).samefile(sys.executable)


def test_the_secret_is_masked_first_and_shown_nowhere_else(step: Step) -> None:
    step.work("print('python speaks')")
    ended = step.main()
    secret = step.written("GITHUB_STATE")["secret"]
    assert ended.output.splitlines() == [f"::add-mask::{secret}", "python speaks"]


def test_two_steps_have_two_secrets_and_ids(step: Step) -> None:
    step.work("")
    step.main()
    first = step.written("GITHUB_STATE")
    Path(step.env["GITHUB_STATE"]).write_text("")
    step.main()
    second = step.written("GITHUB_STATE")
    assert first["secret"] != second["secret"]
    assert first["allocation"] != second["allocation"]


def test_python_gets_secret_id_and_its_own_path_and_the_inputs(step: Step) -> None:
    step.env |= {"INPUT_WAIT-TIMEOUT": "30m", "ATMOSPHERE_ACTION_SECRET": "the job's", "atmosphere_action_x": "too"}
    step.work("json.dump(dict(os.environ), open(os.environ['NOTES'], 'w'))")
    step.main()
    state, seen = step.written("GITHUB_STATE"), json.loads(step.notes.read_text())
    assert seen["ATMOSPHERE_ACTION_SECRET"] == state["secret"]
    assert seen["ATMOSPHERE_ACTION_ALLOCATION"] == state["allocation"]
    assert seen["ATMOSPHERE_ACTION_PYTHON"] == state["python"]
    assert seen["INPUT_WAIT-TIMEOUT"] == "30m"
    assert "atmosphere_action_x" not in seen


def test_the_job_cannot_put_code_of_its_own_into_python(step: Step) -> None:
    (step.directory / "json.py").write_text("raise SystemExit('hijacked')")
    step.env |= {"PYTHONPATH": str(step.directory), "PYTHONHOME": "/nowhere", "LD_PRELOAD": "/nowhere.so"}
    step.work("print(sys.flags.isolated, [name for name in os.environ if name.startswith(('PYTHON', 'LD_'))])")
    ended = step.main()
    assert (ended.code, ended.output.splitlines()[-1]) == (0, "1 []")


def test_pythons_exit_code_is_the_steps(step: Step) -> None:
    step.work("sys.exit(7)")
    assert step.main().code == 7


def test_a_python_that_is_killed_fails_the_step(step: Step) -> None:
    step.work("os.kill(os.getpid(), signal.SIGKILL)")
    assert step.main().code == 128 + signal.SIGKILL


def test_the_machines_owner_can_name_a_python(step: Step) -> None:
    step.without_python()
    step.env["ATMOSPHERE_PYTHON"] = sys.executable
    step.work("print('found')")
    assert "found" in step.main().output


def test_a_relative_path_is_meant_from_where_the_step_runs(step: Step) -> None:
    step.without_python()
    (step.directory / "mine").symlink_to(sys.executable)
    step.env["INPUT_PYTHON"] = "./mine"
    step.work("print('found')")
    assert "found" in step.main().output


@pytest.mark.parametrize(
    "script",
    [
        "echo 'Python was not found; run without arguments to install from the Store' >&2; exit 49",
        "echo",  # too old: says so by an empty line
        "echo python3",  # no path
        "kill -9 $$",
    ],
)
def test_what_is_called_python3_and_is_none_is_passed_over(step: Step, script: str) -> None:
    named(step, "python3", script)
    named(step, "python", f'exec "{sys.executable}" "$@"')
    step.work("print('found')")
    assert "found" in step.main().output


def test_without_python_the_step_says_what_to_do_and_asks_for_nothing(step: Step) -> None:
    step.without_python()
    ended = step.main()
    (error,) = ended.annotations("error")
    assert ended.code == 1
    assert "python3, python" in error
    assert "actions/setup-python" in error
    assert set(step.written("GITHUB_STATE")) == {"secret", "allocation"}
    step.env |= {f"STATE_{name}": value for name, value in step.written("GITHUB_STATE").items()}
    assert step.post() == type(ended)(0, "")


def test_a_python_that_is_named_and_does_not_work_is_not_replaced_by_another(step: Step) -> None:
    step.env["INPUT_PYTHON"] = "/nowhere/python3"
    ended = step.main()
    assert ended.code == 1
    assert "/nowhere/python3" in ended.annotations("error")[0]


def test_outside_a_workflow_the_step_says_that_it_is(step: Step) -> None:
    del step.env["GITHUB_STATE"]
    ended = step.main()
    assert ended.code == 1
    assert "GITHUB_STATE is not set" in ended.annotations("error")[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cancel_reaches_python_and_both_are_gone(step: Step, number: signal.Signals) -> None:
    step.work(f"{WATCH}{NOTE_PID}\nsignal.signal({number:d}, lambda *_: os._exit(100 + {number:d}))\nsignal.pause()")
    with step.start(str(step.action / "main.js")) as node:
        wait_for(step.notes.exists)
        wait_for(lambda: caught(int(step.notes.read_text()), number))
        node.send_signal(number)
        assert node.wait(timeout=5) == 100 + number
    assert not alive(int(step.notes.read_text()))


def caught(pid: int, number: int) -> bool:
    """Whether the process has a handler for this signal."""
    (mask,) = re.findall(r"^SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return bool(int(mask, 16) & 1 << (number - 1))


def test_python_does_not_outlive_a_node_that_is_killed(step: Step) -> None:
    step.work(f"{WATCH}{NOTE_PID}\nsignal.pause()")
    with step.start(str(step.action / "main.js")) as node:
        wait_for(step.notes.exists)
        node.kill()
        wait_for(lambda: not alive(int(step.notes.read_text())))
