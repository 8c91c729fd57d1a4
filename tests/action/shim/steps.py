"""The shims of action/ as a runner starts them, with a Python part that each test writes, and a service on loopback."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT: Final = Path(__file__).parents[3]
NODE: Final = shutil.which("node") or "node"
PATIENCE: Final = 30.0  # seconds until a condition that should hold at once is given up
UNKNOWN: Final = (404, {"code": "unknown-allocation", "message": "no such allocation"})
OK: Final[tuple[int, Any]] = (200, {})


def wait_for(condition: Callable[[], Any]) -> Any:
    """What `condition` gives as soon as it gives something."""
    give_up = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.01)
    return found


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@dataclass(slots=True)
class Step:
    """One use of the action: a copy of the shims, the runner's files, and `work` as the Python part."""

    directory: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place in (self.action / "python", self.temp):
            place.mkdir(parents=True)
        for script in (ROOT / "action").glob("*.js"):
            shutil.copy(script, self.action)
        for name in ("STATE", "ENV"):
            (self.directory / name).touch()
            self.env[f"GITHUB_{name}"] = str(self.directory / name)
        self.env |= {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(self.temp), "NOTES": str(self.directory / "notes")}
        self.env["INPUT_PYTHON"] = sys.executable

    @property
    def action(self) -> Path:
        return self.directory / "action"

    @property
    def temp(self) -> Path:
        return self.directory / "temp"

    @property
    def notes(self) -> Path:
        """What the Python part wrote to the file that NOTES names."""
        return self.directory / "notes"

    def work(self, code: str) -> None:
        """The program that stands for action/python."""
        (self.action / "python" / "__main__.py").write_text(f"import os, sys, time, json, signal\n{code}\n")

    def without_python(self) -> None:
        """Neither named nor on PATH, which holds nothing."""
        (self.directory / "empty").mkdir()
        self.env |= {"INPUT_PYTHON": "", "PATH": str(self.directory / "empty")}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [NODE, *arguments]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen(command, env=self.env, cwd=self.directory, text=True, **pipes)  # type: ignore[call-overload, no-any-return]

    def run(self, *arguments: str) -> Ended:
        with self.start(*arguments) as node:
            output, _ = node.communicate(timeout=PATIENCE * 3)
            return Ended(node.returncode, output)

    def main(self) -> Ended:
        return self.run(str(self.action / "main.js"))

    def post(self, **limits: int) -> Ended:
        """The post step, with limits of time in milliseconds in place of its own."""
        if not limits:
            return self.run(str(self.action / "post.js"))
        shim = json.dumps(str(self.action / "shim.js"))
        return self.run("-e", f"require({shim}).post({json.dumps(limits)}).then((code) => process.exit(code))")

    def written(self, name: str) -> dict[str, str]:
        """The values in one of the runner's files: GITHUB_STATE or GITHUB_ENV."""
        text = Path(self.env[name]).read_text()
        return {
            key: value for key, _, value in re.findall(r"^(\S+)<<(\S+)\n(.*?)\n\2$", text, re.MULTILINE | re.DOTALL)
        }

    def took(self, endpoint: str, *, secret: str, allocation: str, ago: float = 60) -> None:
        """As after a main step that asked `ago` seconds ago: what the runner hands to the post step."""
        self.env |= {
            "STATE_secret": secret,
            "STATE_allocation": allocation,
            "STATE_python": sys.executable,
            "STATE_endpoint": endpoint,
            "STATE_asked": str(time.time() - ago),
            "INPUT_JOB-STATUS": "success",
        }


@dataclass(frozen=True, slots=True)
class Ended:
    """How a step ended, and what it printed."""

    code: int
    output: str

    def annotations(self, level: str) -> list[str]:
        return re.findall(rf"^::{level} title=(.*)$", self.output, re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class Service:
    """A service on loopback that gives the answers it is told, the last one again and again, and keeps what it got.

    An answer is (status, body), or a number of seconds to be silent for before the connection is closed.
    """

    def __init__(self, *answers: tuple[int, Any] | float, location: str | None = None) -> None:
        self.requests: list[Request] = []
        self._answers = list(answers)
        self._location = location
        self._closing = threading.Event()
        service = self

        class Door(BaseHTTPRequestHandler):
            def do_DELETE(self) -> None:
                service._answer(self)

            do_GET = do_DELETE  # noqa: N815
            do_CONNECT = do_DELETE  # noqa: N815 - as a proxy: which host is wanted is all that counts

            def log_message(self, *_: object) -> None:
                """Tests print for themselves."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def _answer(self, door: BaseHTTPRequestHandler) -> None:
        content = door.rfile.read(int(door.headers.get("Content-Length", 0)))
        body = json.loads(content) if content else None
        self.requests.append(Request(door.command, door.path, dict(door.headers), body))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, float | int):
            self._closing.wait(answer)
            door.close_connection = True
            return
        status, value = answer
        door.send_response(status)
        if self._location:
            door.send_header("Location", self._location)
        text = value if isinstance(value, str) else json.dumps(value)
        door.send_header("Content-Length", str(len(text.encode())))
        door.end_headers()
        door.wfile.write(text.encode())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
