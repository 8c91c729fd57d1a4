"""`atmosphere local up`: ready, stopped, killed, and told wrong."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.quick import FEW_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = Path(sys.executable).parent / "atmosphere"
SETTINGS = {"verify_gap_seconds": "0", "clock_skew_seconds": "0", "ticker": "1", **FEW_TYPES}
SHORT = [word for name, value in SETTINGS.items() for word in ("--setting", f"{name}={value}")]


@contextmanager
def _up(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The command as a process, once it has printed its description."""
    words = [str(PROGRAM), "local", "up", "--json", *SHORT, *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            yield process, json.loads(line)
        finally:
            process.kill()
            process.communicate()


def _answers(description: dict[str, Any]) -> bool:
    host = description["awsEndpoint"].removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.client.OK
    except (ConnectionError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _eventually(condition: Callable[[], bool], tries: int = 400) -> bool:
    """Whether it comes true; each look waits for the event itself, an answer on a port."""
    return any(condition() for _ in range(tries))


@pytest.mark.emulator
def test_it_says_what_runs_and_a_termination_stops_all_of_it(tmp_path: Path) -> None:
    ready = tmp_path / "run" / "ready.json"
    with _up("--ready-file", str(ready)) as (process, description):
        assert json.loads(ready.read_text()) == description
        assert ready.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in ready.parent.iterdir()] == ["ready.json"]
        assert description["pid"] == process.pid
        assert _answers(description)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert not _answers(description)
        assert not ready.exists()


@pytest.mark.slow
@pytest.mark.emulator
def test_after_a_kill_nothing_runs_on_and_the_next_start_is_clean_and_says_so(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    with _up(*state) as (process, description):
        process.kill()
        process.wait()
        assert _eventually(lambda: not _answers(description))
    with _up(*state) as (process, _):
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "starting without state" in errors
    with _up(*state) as (process, _):
        process.send_signal(signal.SIGINT)
        assert "starting without state" not in process.communicate(timeout=60)[1]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--setting", "ticker"], "is not NAME=VALUE"),
        (["--setting", "ticker=fast"], "ticker is a number"),
        (["--setting", "ticker=0"], "ticker is a number"),
        (["--setting", "ticker=nan"], "ticker is a number"),
        (["--port", "0"], "--port"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_wrong_usage_ends_with_2(options: list[str], text: str) -> None:
    done = subprocess.run([PROGRAM, "local", "up", *options], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert text in done.stderr


def test_a_bad_configuration_ends_with_1_and_names_the_file(tmp_path: Path) -> None:
    words = [str(PROGRAM), "local", "up", "--config", str(tmp_path), "--setting", "no_such_seconds=1"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    for part in ("environments.yaml", "access.yaml", "settings.yaml", "no_such_seconds"):
        assert part in done.stderr


@pytest.mark.emulator
def test_a_port_that_is_taken_ends_with_1_and_says_so(emulator: Any) -> None:
    words = [str(PROGRAM), "local", "up", "--port", str(emulator.port)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "in use" in done.stderr
