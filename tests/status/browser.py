"""A real browser without a window: Debian's chromium, driven by its chromedriver through the WebDriver protocol."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from atmosphere.local.emulator import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MISSING: Final = "needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver)"
_PATIENCE: Final = 60.0  # seconds
_ARGUMENTS: Final = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")


def is_here() -> bool:
    """Whether this machine has both programs."""
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


class Browser:
    """One window. What goes wrong in the protocol is an `HTTPError`."""

    def __init__(self, driver: str) -> None:
        self._session = f"{driver}/session"
        options = {"args": [*_ARGUMENTS], "binary": shutil.which("chromium")}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        made = _send("POST", self._session, {"capabilities": {"alwaysMatch": wanted}})
        self._session += f"/{made['sessionId']}"

    def open(self, file: Path) -> None:
        """Show a file."""
        _send("POST", f"{self._session}/url", {"url": file.as_uri()})

    def look(self, scheme: str, width: int, height: int) -> None:
        """As a reader with a light or dark system and a window of this size."""
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.cdp("Emulation.setDeviceMetricsOverride", **size)

    def cdp(self, command: str, **given: Any) -> Any:
        """A command of Chrome's own protocol."""
        return _send("POST", f"{self._session}/goog/cdp/execute", {"cmd": command, "params": given})

    def run(self, script: str) -> Any:
        """What a function body returns in the page."""
        return _send("POST", f"{self._session}/execute/sync", {"script": script, "args": []})

    def log(self) -> list[str]:
        """What the console has said since the last call."""
        return [entry["message"] for entry in _send("POST", f"{self._session}/se/log", {"type": "browser"})]

    def close(self) -> None:
        """Close the window."""
        _send("DELETE", self._session)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser for a block; nothing of it is left afterwards."""
    port = free_port()
    with tempfile.TemporaryFile() as said:
        driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=said, stderr=said)
        try:
            _await(f"http://127.0.0.1:{port}/status", driver)
            window = Browser(f"http://127.0.0.1:{port}")
            try:
                yield window
            finally:
                window.close()
        finally:
            driver.terminate()
            driver.wait()


def _await(address: str, driver: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and driver.poll() is None:
        try:
            if _send("GET", address)["ready"]:
                return
        except OSError:
            continue  # it does not listen yet
    raise RuntimeError("chromedriver does not answer")


def _send(method: str, address: str, body: dict[str, Any] | None = None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, content, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=_PATIENCE) as reply:  # noqa: S310 - loopback
        return json.load(reply)["value"]
