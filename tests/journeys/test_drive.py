"""The driver of the npm client, against a stand-in: what it reports of the client is what the client did."""

from __future__ import annotations

import json
import secrets
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.journeys.api import drive

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = secrets.token_hex(20)
GRANT = {
    "id": "8d4bd1ce-7d09-4e52-9ae1-5f8d20d3c70e",
    "environment": {"account": "222222222222", "region": "us-east-1"},
    "credentials": {"accessKeyId": "given", "secretAccessKey": SECRET, "sessionToken": SECRET},
}


class StandIn(ThreadingHTTPServer):
    """Answers with what was put in line, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: deque[tuple[int, object]] = deque()
        self.asked: list[tuple[str, object, str]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: StandIn

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.append(
            (f"{self.command} {self.path}", json.loads(body), self.headers["authorization"].split("/", 1)[1])
        )
        status, reply = self.server.replies.popleft()
        text = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_DELETE = answer  # noqa: N815 -- the base class looks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        pass


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


KEYS = {"accessKeyId": "asks", "secretAccessKey": secrets.token_hex(20), "sessionToken": secrets.token_hex(20)}


def test_reports_retries_and_what_was_given_without_the_keys(stand_in: StandIn) -> None:
    stand_in.replies.extend([(423, {"message": "busy"}), (200, GRANT), (200, {})])
    acquired, released = drive(
        stand_in.endpoint,
        KEYS,
        [{"do": "acquire", "pool": "p", "requester": "r"}, {"do": "release", "outcome": "success"}],
    )
    assert (acquired["ok"], acquired["retries"], acquired["id"]) == (True, 1, GRANT["id"])
    assert acquired["keys"] == ["accessKeyId", "secretAccessKey", "sessionToken"]
    assert SECRET not in json.dumps(acquired)
    assert released == {"ok": True, "reply": {}, "retries": 0}
    assert [(line, body) for line, body, _ in stand_in.asked] == [
        ("POST /v1/allocations", {"pool": "p", "requester": "r"}),
        ("POST /v1/allocations", {"pool": "p", "requester": "r"}),
        (f"DELETE /v1/allocations/{GRANT['id']}", {"outcome": "success"}),
    ]
    assert all("/us-east-1/" in scope for *_, scope in stand_in.asked)


def test_reports_a_refusal_with_its_status_and_text(stand_in: StandIn) -> None:
    stand_in.replies.append((403, {"message": "not you"}))
    (refused,) = drive(stand_in.endpoint, KEYS, [{"do": "acquire", "pool": "p", "requester": "r"}])
    assert refused == {"ok": False, "statusCode": 403, "error": "403 (Forbidden): not you", "retries": 0}
