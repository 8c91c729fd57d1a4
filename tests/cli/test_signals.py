"""Signals at random moments of `allocate` and `run` leave nothing in use that no one knows of."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.lending import Lending

MOMENTS: Final = pytest.mark.parametrize("times", [24, pytest.param(200, marks=pytest.mark.slow)])
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
ALLOCATE: Final = ["allocate", "--pool", "demo", "--requester", "me", "--json"]
RUN: Final = ["run", "--pool", "demo", "--requester", "me"]


@dataclass(slots=True)
class Forking:
    """Starts `allocate` at once, because everything is loaded already."""

    process: subprocess.Popen[str]
    words: list[str]
    output: Path

    def run(self, number: signal.Signals | None, after: float) -> tuple[int, str]:
        """The exit code and the output of one run, which gets a signal after some seconds."""
        self.output.write_text("")
        self._ask({"words": self.words, "output": str(self.output)})
        pid = int(self._answer())
        if number is not None:
            time.sleep(after)
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return int(self._answer()), self.output.read_text()

    def _ask(self, line: dict[str, object]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@pytest.fixture
def forking(lending: Lending, tmp_path: Path) -> Iterator[Forking]:
    environ = {
        **os.environ,
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": "OWNER",
        "AWS_SECRET_ACCESS_KEY": "x",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("forking.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    )
    yield Forking(process, [*ALLOCATE, "--endpoint", lending.endpoint], tmp_path / "output")
    assert process.stdin is not None
    process.stdin.close()
    process.wait(30)
    assert process.stdout is not None
    process.stdout.close()


def undisturbed(forking: Forking, lending: Lending) -> float:
    """How many seconds a run takes."""
    started = time.monotonic()
    code, output = forking.run(None, 0)
    lasts = time.monotonic() - started
    assert (code, {json.loads(output)["id"]}) == (0, lending.held)
    lending.held.clear()
    return lasts


@MOMENTS
def test_a_signal_at_any_moment_leaves_nothing_in_use_or_an_output_that_names_it(
    forking: Forking, lending: Lending, tmp_path: Path, times: int
) -> None:
    lasts = min(undisturbed(forking, lending) for _ in range(3))
    moments = random.Random(7)  # noqa: S311 moments
    codes: dict[int, int] = {}

    for index in range(times):
        code, output = forking.run(SIGNALS[index % 2], moments.uniform(0, lasts))

        known = {json.loads(output)["id"]} if code == 0 else set()
        assert lending.held == known, (index, code, output)
        codes[code] = codes.get(code, 0) + 1
        lending.held.clear()

    assert set(codes) <= {0, 130, 143, -signal.SIGINT, -signal.SIGTERM}, codes
    assert codes.get(130, 0) + codes.get(143, 0) >= times / 24, codes
    kept = [path.name for path in (tmp_path / "state" / "atmosphere").iterdir()]
    assert len(kept) == codes.get(0, 0) + 3, "private files of what was released are gone"


@MOMENTS
def test_a_signal_at_any_moment_of_a_run_ends_the_command_and_leaves_nothing_in_use(
    forking: Forking, lending: Lending, tmp_path: Path, times: int
) -> None:
    forking.words = [*RUN, "--endpoint", lending.endpoint, "--", "sleep", "0.05"]
    started = time.monotonic()
    assert forking.run(None, 0)[0] == 0
    lasts = time.monotonic() - started
    moments = random.Random(8)  # noqa: S311 moments
    codes: dict[int, int] = {}

    for index in range(times // 2):
        code, _ = forking.run(SIGNALS[index % 2], moments.uniform(0, lasts))

        assert lending.held == set(), (index, code)
        codes[code] = codes.get(code, 0) + 1

    assert set(codes) <= {0, 130, 143, -signal.SIGINT, -signal.SIGTERM}, codes
    assert codes.get(130, 0) + codes.get(143, 0) >= times / 24, codes
    assert list((tmp_path / "state" / "atmosphere").iterdir()) == []
