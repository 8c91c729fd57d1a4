"""A loopback server that speaks the wire contract by script: real HTTP, and a clock that only the client moves."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import Credentials

from atmosphere.client.client import AtmosphereClient

if TYPE_CHECKING:
    from collections.abc import Iterator

LOST = object()
"""In a script: take the request, then close the connection without a reply."""


@dataclass(frozen=True, slots=True)
class Arrived:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


class Service:
    """Answers from a script, in order; the last answer repeats. A function in it is called with what arrived."""

    def __init__(self) -> None:
        self.script: list[Any] = [Answer()]
        self.arrived: list[Arrived] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body go in two parts: each reply would take 40 ms

            def _serve(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.arrived.append(
                    Arrived(self.command, self.path, headers, json.loads(content) if content else None)
                )
                service.answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 the base class looks for these names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/_aws/execute-api/abc123/v1"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if callable(answer):
            answer = answer(self.arrived[-1])
        if answer is LOST:
            handler.close_connection = True
            return
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        handler.send_response(answer.status)
        for name, value in {"Content-Length": str(len(content)), **answer.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class SteppedPace:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.stop()


@pytest.fixture
def pace() -> SteppedPace:
    return SteppedPace()


@pytest.fixture
def client(service: Service, pace: SteppedPace) -> AtmosphereClient:
    return AtmosphereClient(service.endpoint, credentials=Credentials("111111111111", "test", "token"), pace=pace)


ID = "0b8ab9c5-6d5b-4f0b-9a52-2f6a4f1f3f10"


def entry(name: str = "default", account: str = "222222222222", *, keys: bool = True) -> dict[str, Any]:
    credentials = {
        "accessKeyId": "an id",
        "secretAccessKey": "a secret",
        "sessionToken": "a token",
        "expiration": "2026-11-22T11:00:00Z",
    }
    return {
        "name": name,
        "role": "admin",
        "environment": {
            "account": account,
            "region": "us-east-1",
            "pool": "demo",
            "adminRoleArn": f"arn:aws:iam::{account}:role/AtmosphereAdmin",
            "capabilities": {"bedrock": True},
        },
        **({"credentials": credentials} if keys else {}),
    }


def granted(*entries: dict[str, Any]) -> Answer:
    listed = list(entries) or [entry()]
    return Answer(
        body={
            "id": ID,
            "environment": listed[0]["environment"],
            "credentials": listed[0]["credentials"],
            "constraints": [],
            "expiresAt": "2026-11-22T13:00:00Z",
            "environments": listed,
        }
    )


def refused(status: int, code: str, *, after: int | None = None, **more: Any) -> Answer:
    headers = {} if after is None else {"Retry-After": str(after)}
    body = {"message": f"no: {code}", "code": code, **more}
    return Answer(status, body if after is None else {**body, "retryAfterSeconds": after}, headers)
