"""How journeys speak to the API: signed requests of their own, and the published npm client in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT: Final = Path(__file__).parents[2]
INSTALLED: Final = ROOT / ".cache" / "npm"
DRIVE: Final = Path(__file__).parent / "npm" / "drive.mjs"
TEXT: Final = "text/plain;charset=UTF-8"  # what the published client sends
PATIENCE: Final = 120.0  # seconds that a cleaning may take here
_BETWEEN: Final = 0.2


@dataclass(frozen=True, slots=True)
class Api:
    """The API as one caller sees it; without keys, unsigned."""

    endpoint: str
    keys: Mapping[str, str] | None = field(repr=False)

    def ask(self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None) -> Reply:
        """Send one request, signed as the published client signs (service execute-api, region us-east-1)."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        url = self.endpoint + path
        signed = dict(headers or {})
        if self.keys is not None:
            request = AWSRequest(method=method, url=url, data=content, headers=signed)
            SigV4Auth(_credentials(self.keys), "execute-api", "us-east-1").add_auth(request)
            signed = dict(request.headers.items())
        return send(method, url, content, {**signed, "content-type": TEXT})

    @contextmanager
    def allocation(self, **request: object) -> Iterator[dict[str, Any]]:
        """An allocation for the length of a block."""
        answer = self.ask("POST", "/allocations", request)
        assert answer.status == 200, answer.text
        try:
            yield answer.body
        finally:
            self.ask("DELETE", f"/allocations/{answer.body['id']}", {"outcome": "success"})

    def until_free(self, pool: str) -> None:
        """Return when nothing of the pool is in use or being cleaned."""

        def settled() -> bool:
            counts = self.ask("GET", f"/pools/{pool}").body["counts"]
            assert counts["dirty"] == 0, counts
            return bool(counts["in-use"] == counts["cleaning"] == 0)

        until(settled, f"pool {pool} is free")


def until(condition: Callable[[], bool], what: str) -> None:
    """Return when the condition holds; fail after `PATIENCE`."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"waited {PATIENCE:.0f} s in vain until {what}"
        time.sleep(_BETWEEN)


def _credentials(keys: Mapping[str, str]) -> Credentials:
    return Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys.get("sessionToken"))


def send(method: str, url: str, content: bytes, headers: Mapping[str, str]) -> Reply:
    """Send one request as it is."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, content, dict(headers))
        reply = connection.getresponse()
        text = reply.read().decode()
        return Reply(reply.status, {name.lower(): value for name, value in reply.getheaders()}, text)
    finally:
        connection.close()


def drive(endpoint: str, keys: Mapping[str, str], steps: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
    """What came of each step that the published npm client was asked to take (npm/drive.mjs)."""
    node = shutil.which("node")
    assert node, "node is not on the PATH: install Node 20 or newer"
    assert (INSTALLED / ".ready").exists(), "the npm client is not installed: run `make setup`"
    session = {"AWS_SESSION_TOKEN": keys["sessionToken"]} if keys.get("sessionToken") else {}
    run = subprocess.run(
        [node, str(DRIVE), str(INSTALLED), endpoint],
        input=json.dumps(steps),
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
        env={
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": keys["accessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["secretAccessKey"],
            **session,
        },
    )
    assert run.returncode == 0, run.stderr
    results: list[dict[str, Any]] = json.loads(run.stdout)
    return results
