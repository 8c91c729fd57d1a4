"""The embedded AWS: one child process on loopback, in an environment of its own, with IAM enforced.

Nothing of the caller's environment reaches it (its workers would inherit keys and endpoints), and it is started in a
process group of its own so that nothing of it survives, not even a `kill -9` of whoever started it. Any 12-digit access
key is the root of that account.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atmosphere.local.places import EMULATOR, SET_UP

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM: Final = EMULATOR / "bin" / "python"
_SUPPLEMENT: Final = Path(__file__).with_name("supplement.py")
_NODE_PACKAGES: Final = EMULATOR / "node_modules"  # what functions in Node find on AWS
HUB_ACCOUNT: Final = "111111111111"
REGION: Final = "us-east-1"
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback needs no proxy
_PORTS: Final = range(20_000, 30_000)  # below what Linux, macOS and Windows hand out for connections
_START_LIMIT: Final = 60.0  # seconds
_STOP_GRACE: Final = 20.0  # seconds; saving takes some; a stack stuck on a custom resource would never end by itself

# Waits for its standard input to end, which happens when its parent is gone, however it went.
_WATCH: Final = 'read -r _; kill -s KILL -- "-$1" 2>/dev/null; rm -rf -- "$2"'


class EmulatorFailed(RuntimeError):
    """The embedded AWS did not start; the text ends with its own last words."""


def free_port() -> int:
    """A loopback port that nobody uses at this moment, from a range that no system hands out by itself meanwhile."""
    return next(port for port in iter(lambda: random.choice(_PORTS), None) if is_free(port))  # noqa: S311 - no secret


def is_free(port: int) -> bool:
    """Whether it can be listened on; otherwise somebody else would answer in the child's place."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Emulator:
    """Starts and stops the child. With `state` it begins with what is there, and `saves` it there at a clean stop."""

    def __init__(
        self, directory: Path, *, port: int | None = None, state: Path | None = None, saves: bool = True
    ) -> None:
        self.directory = directory
        self.port = port or free_port()
        self.state = state
        self.saves = saves and state is not None
        self._child: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """What `AWS_ENDPOINT_URL` would be for a direct call."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the child prints."""
        return self.directory / "emulator.log"

    def start(self, *, lambda_endpoint: str | None = None, extra: Mapping[str, str] | None = None) -> None:
        """Start and wait until it answers; its Lambdas reach AWS through `lambda_endpoint` (the wire tap)."""
        if not PROGRAM.exists():
            raise EmulatorFailed(f"{PROGRAM} does not exist: run {SET_UP} first")
        if not is_free(self.port):
            raise EmulatorFailed(f"port {self.port} is in use: stop the process that uses it, or choose another port")
        scratch = self.directory / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [str(PROGRAM), "-P", str(_SUPPLEMENT)],
                cwd=self.directory,
                env=self._environment(scratch, lambda_endpoint, extra or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._watch = subprocess.Popen(
            ["sh", "-c", _WATCH, "watch", str(self._child.pid), str(scratch if self.saves else self.directory)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._await_health()

    def _environment(self, scratch: Path, lambda_endpoint: str | None, extra: Mapping[str, str]) -> dict[str, str]:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "LANG": "C.UTF-8",
            "NODE_PATH": str(_NODE_PACKAGES),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "AUTH": "true",
            "MINISTACK_ACCOUNT_ID": HUB_ACCOUNT,
            "AWS_ENDPOINT_URL": lambda_endpoint or self.endpoint,
            **extra,
        }
        if self.state is not None:
            self.state.mkdir(parents=True, exist_ok=True)
            environment |= {"PERSIST_STATE": "1", "S3_PERSIST": "1"}
        home = self.state or scratch
        return {**environment, "STATE_DIR": str(home / "services"), "S3_DATA_DIR": str(home / "objects")}

    def _await_health(self) -> None:
        deadline = time.monotonic() + _START_LIMIT
        while time.monotonic() < deadline:
            if self._child is None or self._child.poll() is not None:
                break
            try:
                with _DIRECT.open(f"{self.endpoint}/_ministack/health", timeout=2):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        self.stop()
        raise EmulatorFailed(f"the embedded AWS did not start: {self.last_words()}")

    @property
    def alive(self) -> bool:
        """Whether the child runs."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        """The child's process; the workers of its Lambdas are its children. Raises `EmulatorFailed` without one."""
        if self._child is None:
            raise EmulatorFailed("the embedded AWS does not run: start it first")
        return self._child.pid

    def last_words(self) -> str:
        """The end of what the child printed."""
        return self.log.read_text(errors="replace")[-2000:]

    def reset(self) -> None:
        """Forget everything (about 80 ms)."""
        self._post("/_ministack/reset", {})

    def configure(self, **settings: object) -> None:
        """Change a setting while it runs, e.g. `**{"stepfunctions._SFN_WAIT_SCALE": 0.01}`."""
        self._post("/_ministack/config", settings)

    def _post(self, path: str, body: Mapping[str, object]) -> None:
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            f"{self.endpoint}{path}",
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json"},
            method="POST",
        )
        with _DIRECT.open(request, timeout=30):
            pass

    def stop(self) -> bool:
        """End the child, within a grace time if it saves its state, and its group. Safe to repeat.

        True if it ended by itself within the grace time, so that what it saved is whole.
        """
        child, self._child = self._child, None
        if child is None:
            return False
        ended = self.saves and _end(child)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # its Lambda workers, and itself if it did not end
        child.wait()
        if self._watch is not None:
            self._watch.kill()
            self._watch.communicate()
        shutil.rmtree(self.directory / "tmp", ignore_errors=True)
        return ended


def _end(child: subprocess.Popen[bytes]) -> bool:
    """Ask a running child to end; whether it did so, and in good order."""
    if child.poll() is not None:
        return False
    child.send_signal(signal.SIGTERM)
    try:
        return child.wait(_STOP_GRACE) == 0
    except subprocess.TimeoutExpired:
        return False
