"""The pytest plugin, in real sessions of pytest and xdist against a service that keeps its allocations."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.lending import Lending
from tests.client.conftest import Answer, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.mark import ParameterSet

    from tests.client.conftest import Arrived

SHARED = ("-n", "2", "--atmosphere-environments", "shared")
SERVICE = Path(__file__).parents[2] / "service"
USES = """
def test_{name}(atmosphere_environment):
    assert atmosphere_environment.environment.account == "222222222222"
    {body}
"""


def slow(*values: object) -> ParameterSet:
    return pytest.param(*values, marks=pytest.mark.slow)


@dataclass
class Session:
    """A directory with tests, in which pytest runs as a user would start it."""

    place: Path
    environ: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def tests(self, **bodies: str) -> None:
        text = "import os, pathlib, signal, subprocess, sys, time\n"
        text += "".join(USES.format(name=name, body=body.replace("\n", "\n    ")) for name, body in bodies.items())
        (self.place / "test_it.py").write_text(text)

    def ini(self, *lines: str) -> None:
        (self.place / "pytest.ini").write_text("\n".join(("[pytest]", *lines)))

    def start(self, *options: str) -> subprocess.Popen[str]:
        plugins = ("-p", "atmosphere.client.pytest_plugin", "-p", "xdist", "-p", "no:cacheprovider")
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *plugins, "--rootdir", str(self.place), *options],
            cwd=self.place,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, *options: str) -> tuple[int, str]:
        process = self.start(*options)
        shown, _ = process.communicate(timeout=90)
        return process.returncode, shown


@pytest.fixture
def lending() -> Iterator[Lending]:
    service = Lending()
    yield service
    service.stop()


@pytest.fixture
def session(tmp_path: Path, lending: Lending) -> Iterator[Session]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_", "ATMO"))}
    environ |= {
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "AWS_ACCESS_KEY_ID": "OWNER",
        "AWS_SECRET_ACCESS_KEY": "x",
        "ATMOSPHERE_ENDPOINT": lending.endpoint,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join([str(SERVICE), *sys.path]),
    }
    place = tmp_path / "session"
    place.mkdir()
    found = Session(place, environ)
    found.ini("atmosphere_pool = demo")
    yield found
    for process in found.started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("atmosphere-")] == []


def test_the_tests_of_a_session_share_an_environment_and_its_result_is_the_outcome(
    session: Session, lending: Lending
) -> None:
    session.tests(one="", two="")
    code, shown = session.run()
    assert code == 0, shown
    assert lending.held == set()
    assert list(lending.outcomes.values()) == ["success"]
    assert lending.asked[0]["heartbeatSeconds"] == 180


@pytest.mark.parametrize("options", [(), ("-x",), slow(("-n", "2")), ("-n", "2", "-x")])
def test_a_failed_test_is_a_failed_outcome(session: Session, lending: Lending, options: tuple[str, ...]) -> None:
    session.tests(one="", two="assert False", three="")
    code, shown = session.run(*options)
    assert code in {1, 2}, shown
    assert lending.held == set()
    assert "failed: tests failed" in lending.outcomes.values()


def test_nothing_is_asked_or_loaded_where_the_fixture_is_not_used(session: Session, lending: Lending) -> None:
    code = (
        "import sys\ndef test_it():\n    assert not [n for n in sys.modules if n.startswith(('boto', 'atmosphere.cl'))"
    )
    code += " and n != 'atmosphere.client' and n != 'atmosphere.client.pytest_plugin']\n"
    (session.place / "test_it.py").write_text(code)
    assert session.run()[0] == 0
    assert session.run("-n", "2")[0] == 0
    assert lending.arrived == []


def test_each_worker_has_an_environment_of_its_own(session: Session, lending: Lending) -> None:
    wait = "(pathlib.Path(__file__).parent / os.environ['PYTEST_XDIST_WORKER']).touch()\n"
    wait += "while len(list(pathlib.Path(__file__).parent.glob('gw*'))) < 2: time.sleep(0.01)"
    session.tests(one=wait, two=wait)
    code, shown = session.run("-n", "2")
    assert code == 0, shown
    assert list(lending.outcomes.values()) == ["success", "success"]


def test_workers_can_share_one(session: Session, lending: Lending) -> None:
    session.tests(**{f"test{index}": "" for index in range(6)})
    (session.place / "conftest.py").write_text(
        "import os\n"
        "def pytest_unconfigure():\n"
        "    open(f'over-{os.environ.get(\"PYTEST_XDIST_WORKER\", \"controller\")}', 'w').close()\n"
    )
    over: list[int] = []
    lending.on_end = lambda _: over.append(len(list(session.place.glob("over-gw*"))))

    code, shown = session.run(*SHARED)

    assert code == 0, shown
    assert list(lending.outcomes.values()) == ["success"]
    assert len({str(asked) for asked in lending.asked}) == 1, "one request, however many ask"
    assert over == [2], "it is given back once, after all workers"


@pytest.mark.parametrize("mode", ["worker", slow("shared")])
def test_a_worker_that_crashes_leaks_nothing(session: Session, lending: Lending, mode: str) -> None:
    session.tests(one="", two="os.kill(os.getpid(), signal.SIGKILL)", three="")
    code, shown = session.run("-n", "2", "--atmosphere-environments", mode)
    assert code == 1, shown
    assert lending.held == set()
    assert ("failed: the worker crashed" in lending.outcomes.values()) == (mode == "worker")


@pytest.mark.parametrize(
    ("number", "options"),
    [
        (signal.SIGINT, ()),
        (signal.SIGTERM, ()),
        slow(signal.SIGINT, ("-n", "2")),
        (signal.SIGTERM, ("-n", "2")),
        (signal.SIGHUP, ()),
        slow(signal.SIGHUP, ("-n", "2")),
        slow(signal.SIGINT, SHARED),
        slow(signal.SIGTERM, SHARED),
    ],
)
def test_an_interrupted_session_gives_everything_back(
    session: Session, lending: Lending, number: signal.Signals, options: tuple[str, ...]
) -> None:
    session.tests(one="(pathlib.Path(__file__).parent / 'ready').touch()\nfor _ in range(2000): time.sleep(0.05)")
    process = session.start(*options)
    until_there(session.place / "ready", process)
    process.send_signal(number)
    shown, _ = process.communicate(timeout=60)
    assert process.returncode != 0, shown
    assert lending.held == set()
    assert len(lending.outcomes) == 1


def until_there(path: Path, process: subprocess.Popen[str]) -> None:
    give_up = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_an_interrupted_wait_is_undone(session: Session, lending: Lending) -> None:
    session.tests(one="")
    ready = session.place / "ready"

    def busy(_: Arrived) -> Answer:
        ready.touch()
        return refused(423, "pool-busy", after=60, position=1)

    lending.first = [busy]
    process = session.start()
    until_there(ready, process)
    process.send_signal(signal.SIGINT)
    shown, _ = process.communicate(timeout=60)
    assert process.returncode == 2, shown
    assert lending.held == set()


def test_heartbeats_are_sent_and_a_lost_environment_fails_the_next_tests(session: Session, lending: Lending) -> None:
    lending.heartbeat = 0.03
    ready = session.place / "ready"
    lending.on_beat = lambda id_: lending.lose(id_) if ready.exists() else None
    session.tests(
        one="(pathlib.Path(__file__).parent / 'ready').touch()\n"
        "while atmosphere_environment.ended is None: time.sleep(0.01)",
        two="raise SystemExit('not reached')",
    )
    code, shown = session.run("-p", "no:randomly")
    assert code == 1
    assert "the environment's allocation has ended" in shown
    assert "not reached" not in shown
    assert list(lending.outcomes.values()) == ["lost"]


def test_a_killed_session_sends_no_more_heartbeats_from_its_workers_either(session: Session, lending: Lending) -> None:
    lending.heartbeat = 0.03
    pids = session.place / "pids"
    session.tests(one="pathlib.Path('pids').write_text(f'{os.getpid()} ')\nwhile True: time.sleep(0.05)")
    process = session.start("-n", "1")
    until_there(pids, process)
    process.kill()
    process.wait(30)
    until_gone(int(pids.read_text()))
    for left in session.place.parent.glob("atmosphere-*"):
        shutil.rmtree(left)  # no one was there to do it


def until_gone(pid: int) -> None:
    give_up = time.monotonic() + 60
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < give_up, "the worker still runs"
        time.sleep(0.05)


def test_options_and_ini_lines_say_what_is_asked_for(session: Session, lending: Lending) -> None:
    session.ini(
        "atmosphere_pool = ini",
        "atmosphere_duration = 45m",
        "atmosphere_requester = nightly",
        "atmosphere_constraints =",
        "    region=eu-west-1",
        "    capability=bedrock",
    )
    session.tests(one="")
    code, shown = session.run("--atmosphere-pool", "demo", "--atmosphere-role", "reader")
    assert code == 0, shown
    asked = lending.asked[0]
    assert (asked["pool"], asked["durationSeconds"], asked["requester"], asked["role"]) == (
        "demo",
        2700,
        "nightly",
        "reader",
    )
    assert asked["constraints"] == [
        {"type": "region", "value": ["eu-west-1"]},
        {"type": "capability", "value": "bedrock"},
    ]


def test_a_wait_shows_the_position(session: Session, lending: Lending) -> None:
    lending.first = [refused(423, "pool-busy", after=0, position=3)]
    session.tests(one="")
    code, shown = session.run()
    assert code == 0, shown
    assert "atmosphere: pool-busy, position 3" in shown


@pytest.mark.parametrize(
    ("options", "first", "says"),
    [
        (("--atmosphere-pool", ""), [], "no pool is named: give --atmosphere-pool"),
        (("--atmosphere-duration", "soon"), [], "is not a time"),
        (("--atmosphere-endpoint", "nowhere"), [], "is not an address"),
        (("--atmosphere-wait", "0"), [refused(423, "pool-busy", after=1)], "pool-busy"),
        ((), [Answer(403, {"message": "no rule", "code": "forbidden"})] * 2, "no rule"),
    ],
)
def test_a_session_without_an_environment_says_why_in_each_test(
    session: Session, lending: Lending, options: tuple[str, ...], first: list[Answer], says: str
) -> None:
    lending.first = list(first)
    session.tests(one="", two="")
    code, shown = session.run(*options)
    assert code == 1
    assert says in shown
    assert "Traceback" not in shown
    assert lending.held == set()


@pytest.mark.parametrize(
    ("body", "options", "code"), [("assert 0", (), 1), ("assert 0", ("-x",), 1), ("raise KeyboardInterrupt", (), 2)]
)
def test_another_fixture_s_end_still_has_the_environment(
    session: Session, lending: Lending, body: str, options: tuple[str, ...], code: int
) -> None:
    """After Ctrl-C fixtures end only with the session."""
    (session.place / "conftest.py").write_text(
        "import pytest\n"
        "@pytest.fixture(scope='session')\n"
        "def stack(atmosphere_environment):\n"
        "    yield atmosphere_environment.id\n"
        "    open('torn-down', 'w').close()\n"
    )
    (session.place / "test_it.py").write_text(
        f"def test_one(stack): {body}\ndef test_two(stack): pass\ndef test_three(): pass\n"
    )
    torn_down: list[bool] = []
    lending.on_end = lambda _: torn_down.append((session.place / "torn-down").exists())

    assert session.run(*options, "-p", "no:randomly")[0] == code

    assert torn_down == [True]
