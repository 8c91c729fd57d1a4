"""A job without a runner: its variables and files, and the action's Python run in it as the shims run it."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere_action.pace import Pace
from tests.client.conftest import Answer, Service, entry, granted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.client.conftest import Arrived

    Answering = Answer | Callable[[Arrived], object] | object

WORK: Final = Path(__file__).parents[2] / "action" / "python"
ISOLATED: Final = ("-I", "-B", "-X", "utf8")


class Stepped(Pace):
    """Time that passes only by sleeping; what is random is in the middle."""

    def __init__(self, date: float = 1_800_000_000.0) -> None:
        self.time = date
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def date(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def between(self, low: float, high: float) -> float:
        return (low + high) / 2


class Runner(Service):
    """The runner's side of the network: gives tokens, each a different one."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[str] = []
        self.script = [self._token]

    def _token(self, _: Arrived) -> Answer:
        self.tokens.append(f"head.{secrets.token_hex(40)}.signature")
        return Answer(body={"value": self.tokens[-1]})


@dataclass
class Issued:
    """Credentials like a service's, made for one test."""

    keys: dict[str, dict[str, str]] = field(default_factory=dict)

    def entry(self, name: str = "default", account: str = "222222222222") -> dict[str, Any]:
        made = {
            "accessKeyId": "ID" + secrets.token_hex(9).upper(),
            "secretAccessKey": secrets.token_urlsafe(30),
            "sessionToken": secrets.token_urlsafe(150),
            "expiration": "2099-11-22T11:00:00Z",
        }
        self.keys[name] = made
        return {**entry(name, account), "credentials": made}

    def granting(self, *entries: dict[str, Any]) -> Callable[[Arrived], Answer]:
        """Answers an allocate or a refresh with the id that it was asked with."""
        listed = entries or (self.entry(),)

        def answer(arrived: Arrived) -> Answer:
            id_ = arrived.headers.get("idempotency-key") or arrived.path.split("/")[-2]
            return Answer(body={**granted(*listed).body, "id": id_})

        return answer

    @property
    def secrets(self) -> list[str]:
        return [value for made in self.keys.values() for name, value in made.items() if name != "expiration"]


@dataclass(frozen=True)
class Ran:
    """How a step went."""

    code: int
    lines: list[str]
    errors: str

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def annotations(self, kind: str) -> list[str]:
        return [line for line in self.lines if line.startswith(f"::{kind} ")]

    def shown(self) -> list[str]:
        """What stays readable in the log: lines with every value replaced that was masked before them."""
        masked: list[str] = []
        seen = []
        for line in self.lines:
            if line.startswith("::add-mask::"):
                masked.append(line.removeprefix("::add-mask::"))
                continue
            for value in masked:
                line = line.replace(value, "***")  # noqa: PLW2901 the line as it is shown
            seen.append(line)
        return seen


class Job:
    """One step of a job. `inputs` and `environ` may be changed before it runs."""

    def __init__(self, place: Path, endpoint: str) -> None:
        self.place = place
        self.secret = urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
        self.allocation = str(uuid.uuid4())
        self.inputs = {"endpoint": endpoint, "pool": "demo", "job-status": "success"}
        self.environ: dict[str, str] = {"PATH": os.environ["PATH"], "HOME": str(place / "home")}
        for name in ("home", "temp"):
            (place / name).mkdir(exist_ok=True)
        for name in ("STATE", "ENV", "OUTPUT", "STEP_SUMMARY"):
            (place / name).touch()
            self.environ[f"GITHUB_{name}"] = str(place / name)
        self.environ |= {
            "RUNNER_TEMP": str(place / "temp"),
            "GITHUB_REPOSITORY": "example-org/example-repo",
            "GITHUB_WORKFLOW": "tests",
            "GITHUB_RUN_ID": "17",
            "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_JOB": "integration",
        }

    def with_tokens(self, runner: Runner) -> None:
        self.environ |= {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{runner.endpoint}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": secrets.token_hex(20),
        }

    def values(self, name: str) -> dict[str, str]:
        """What a file of the runner holds; the last value of a name wins."""
        lines = (self.place / name).read_text(encoding="utf-8").splitlines()
        found = {}
        while lines:
            key, _, delimiter = lines.pop(0).partition("<<")
            end = lines.index(delimiter)
            found[key] = "\n".join(lines[:end])
            del lines[: end + 1]
        return found

    def _environ(self, **more: str) -> dict[str, str]:
        own = {
            "ATMOSPHERE_ACTION_SECRET": self.secret,
            "ATMOSPHERE_ACTION_ALLOCATION": self.allocation,
            "ATMOSPHERE_ACTION_PYTHON": sys.executable,
        }
        inputs = {f"INPUT_{name.upper()}": value for name, value in self.inputs.items()}
        return {**self.environ, **inputs, **own, **more}

    def start(self, command: str, python: str = sys.executable, **more: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [python, *ISOLATED, str(WORK), command],
            env=self._environ(**more),
            cwd=self.place,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def read_with(self, steps: Sequence[Answering], seen: list[dict[str, str]]) -> list[Answering]:
        """The steps, each keeping first what the runner's state holds when its request arrives."""

        def looking(step: Answering) -> Answering:
            def answer(arrived: Arrived) -> object:
                seen.append(self.values("STATE"))
                return step(arrived) if callable(step) else step

            return answer

        return [looking(step) for step in steps]

    def finish(self, child: subprocess.Popen[bytes]) -> Ran:
        """Wait for the end, with the child's standard input held open as the shim does."""
        stopper = threading.Timer(60, child.kill)
        stopper.start()
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        output, errors = child.stdout.read(), child.stderr.read()
        code = child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            pipe.close()
        stopper.cancel()
        assert code != -signal.SIGKILL, output
        return Ran(code, output.decode().splitlines(), errors.decode())

    def main(self, python: str = sys.executable) -> Ran:
        return self.finish(self.start("main", python))

    def post(self, **more: str) -> Ran:
        state = {f"STATE_{name}": value for name, value in self.values("STATE").items()}
        return self.finish(self.start("post", **{**state, **more}))


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.stop()


@pytest.fixture
def runner() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.stop()


@pytest.fixture
def issued() -> Issued:
    return Issued()


@pytest.fixture
def job(tmp_path: Path, service: Service, runner: Runner) -> Job:
    """A job that may ask for GitHub tokens."""
    job = Job(tmp_path, service.endpoint)
    job.with_tokens(runner)
    return job
