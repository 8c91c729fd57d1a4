"""`atmosphere run` on the whole local service: nothing is left in use, whoever is killed, and whatever is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import pytest

from tests.journeys.action.forwarder import Forwarder
from tests.journeys.api import Api, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atmosphere.local.service import LocalService

pytestmark = pytest.mark.emulator

POOL: Final = "workflows"
PROGRAM: Final = """
import sys
from atmosphere.cli.main import main
from atmosphere.cli.run import run
from atmosphere.client.client import AtmosphereClient
for option in run.params:
    if option.name == "heartbeat":
        option.type._least = 0  # the service of the journeys takes heartbeats of seconds
AtmosphereClient.__init__.__kwdefaults__["retry_seconds"] = 2.0
sys.exit(main())
"""
OFTEN: Final = ("--heartbeat", "4s")  # lost after 12 s: the first beat may meet a cold function on a busy machine
WAITS: Final = """
import os, pathlib, time
{first}
pathlib.Path('ready').write_text(os.environ['ATMOSPHERE_ALLOCATION'])
while not pathlib.Path('go').exists(): time.sleep(0.05)
"""


@dataclass
class Runs:
    """Starts `atmosphere run` as the local run's caller `runner`."""

    place: Path
    forwarder: Forwarder
    keys: dict[str, str]
    api: Api
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *command: str, options: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ATMOSPHERE_"))},
            "AWS_ACCESS_KEY_ID": self.keys["accessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self.keys["secretAccessKey"],
            "XDG_STATE_HOME": str(self.place / "state"),
            "ATMOSPHERE_ENDPOINT": self.forwarder.url,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        if self.keys.get("sessionToken"):
            environ["AWS_SESSION_TOKEN"] = self.keys["sessionToken"]
        words = ["run", "--pool", POOL, "--requester", "a runner", *options, "--", *command]
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words],
            cwd=self.place,
            env=environ,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def waiting(self, first: str = "", options: tuple[str, ...] = ()) -> tuple[subprocess.Popen[str], str]:
        """A run whose command waits, and its allocation."""
        process = self.start(sys.executable, "-c", WAITS.format(first=first), options=options)
        ready = self.place / "ready"
        until(lambda: process.poll() is not None or (ready.exists() and bool(ready.read_text())), "the command runs")
        assert process.poll() is None, process.communicate()[1]
        return process, ready.read_text()

    @property
    def beats(self) -> int:
        return sum(one.status == HTTPStatus.OK for one in self.forwarder.of("POST") if one.path.endswith("/heartbeat"))

    def ended(self, allocation: str) -> str:
        found = self.api.ask("GET", f"/allocations/{allocation}").body
        return str(found.get("outcome")) if found["status"] == "ended" else ""


@pytest.fixture
def runs(local_service: LocalService, tmp_path: Path) -> Iterator[Runs]:
    described = local_service.description
    api = Api(described["endpoint"], described["callers"]["runner"])
    api.until_free(POOL)
    with Forwarder(described["endpoint"]) as forwarder:
        found = Runs(tmp_path, forwarder, described["callers"]["runner"], api)
        yield found
        for process in found.started:
            with suppress(ProcessLookupError):  # also the command of a run that was killed
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
            assert process.stderr is not None
            process.stderr.close()
    api.until_free(POOL)


def test_the_command_has_the_environment_and_the_outcome_is_its_own(runs: Runs) -> None:
    process = runs.start("sh", "-c", 'echo "$ATMOSPHERE_ALLOCATION" > ready; exit 6')
    assert process.wait(60) == 6, process.communicate()[1]
    assert runs.ended((runs.place / "ready").read_text().strip()) == "failed: exit code 6"


@pytest.mark.parametrize(
    ("number", "code", "outcome"),
    [(signal.SIGINT, 130, "failed: SIGINT"), (signal.SIGTERM, 143, "failed: SIGTERM")],
)
def test_a_signal_ends_the_command_and_releases(runs: Runs, number: signal.Signals, code: int, outcome: str) -> None:
    default = f"import signal; signal.signal({int(number)}, signal.SIG_DFL)"
    process, allocation = runs.waiting(default)
    process.send_signal(number)
    assert process.wait(60) == code
    assert runs.ended(allocation) == outcome


def test_a_killed_command_is_released(runs: Runs) -> None:
    process, allocation = runs.waiting("pathlib.Path('pid').write_text(str(os.getpid()))")
    os.kill(int((runs.place / "pid").read_text()), signal.SIGKILL)
    assert process.wait(60) == 137
    assert runs.ended(allocation) == "failed: SIGKILL"


def test_a_killed_run_is_back_within_its_heartbeat(runs: Runs) -> None:
    process, allocation = runs.waiting(options=OFTEN)
    assert runs.api.ask("GET", f"/allocations/{allocation}").body["heartbeatSeconds"] == 12
    until(lambda: runs.beats > 3, "it lived longer than its heartbeat time")
    process.kill()
    process.wait(30)
    killed = time.monotonic()
    until(lambda: runs.ended(allocation) != "", "the allocation is lost")
    assert runs.ended(allocation) == "lost"
    assert time.monotonic() - killed < 40, "twelve seconds, a tick of the reconciler, and slow machines"


def test_a_lost_service_leaves_the_command_its_exit_code_and_heartbeats_end_the_allocation(runs: Runs) -> None:
    process, allocation = runs.waiting(options=OFTEN)
    runs.forwarder.shut()
    (runs.place / "go").touch()
    assert process.wait(60) == 0
    assert f"allocation {allocation} may still be in use" in " ".join(process.communicate()[1].split())
    until(lambda: runs.ended(allocation) != "", "the allocation is lost")
    assert runs.ended(allocation) == "lost"


def test_a_command_whose_allocation_an_operator_s_release_ended_is_stopped(runs: Runs) -> None:
    process, allocation = runs.waiting(options=OFTEN)
    assert runs.api.ask("DELETE", f"/allocations/{allocation}", {"outcome": "called off"}).status == 200
    assert process.wait(60) == 124
    assert "the allocation is over (outcome 'called off')" in " ".join(process.communicate()[1].split())
