"""The service's own API as its canary asks it: unsigned, under its own role, or as a stranger."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from atmosphere.adapters.own_api import SignedApi
from atmosphere.core.model import AllocationId
from atmosphere.ports import Ask, Signer, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.core.model import Json

STRANGER = "arn:aws:iam::888888888888:role/Stranger"


class Sts:
    """Gives a session of the role, or refuses."""

    class meta:  # noqa: N801 botocore's name
        region_name = "eu-west-1"

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.taken: list[str] = []

    def assume_role(self, *, RoleArn: str, RoleSessionName: str, DurationSeconds: int) -> dict[str, Any]:  # noqa: N803
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole")
        self.taken.append(RoleArn)
        return {"Credentials": {"AccessKeyId": "STRANGER", "SecretAccessKey": "s", "SessionToken": "token-of-stranger"}}


class _Server(HTTPServer):
    seen: list[tuple[str, str, dict[str, str], bytes]]
    status = 200


class _Answers(BaseHTTPRequestHandler):
    server: _Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    made = _Server(("127.0.0.1", 0), _Answers)
    made.seen = []
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def api(server: _Server, *, sts: Sts | None = None, own: bool = True) -> SignedApi:
    keys = Credentials("ITSELF", "s", "token-of-itself") if own else None
    endpoint = f"http://127.0.0.1:{server.server_port}/v1"
    asked: Any = sts or Sts()
    return SignedApi(endpoint, stranger=STRANGER, sts=asked, own=keys)


def test_nobody_signs_nothing(server: _Server) -> None:
    server.status = 403
    assert api(server).status(Ask(method="GET", path="/pools", signer=Signer.NOBODY)) == 403
    ((method, path, headers, _),) = server.seen
    assert (method, path) == ("GET", "/v1/pools")
    assert "authorization" not in headers


def test_a_signed_request_is_for_execute_api_in_the_region_of_the_service(server: _Server) -> None:
    key = AllocationId("5f0c7a52-8f3b-4f0e-9f43-0a6a1a3f9b1e")
    body: dict[str, Json] = {"pool": "canary", "durationSeconds": 900}
    assert api(server).status(Ask(method="POST", path="/allocations", signer=Signer.ITSELF, body=body, key=key)) == 200
    ((_, _, headers, sent),) = server.seen
    assert re.search(r"Credential=ITSELF/\d{8}/eu-west-1/execute-api/", headers["authorization"])
    assert headers["idempotency-key"] == key
    assert json.loads(sent) == body


def test_a_stranger_takes_its_role_first(server: _Server) -> None:
    sts = Sts()
    api(server, sts=sts).status(Ask(method="GET", path="/pools", signer=Signer.STRANGER))
    ((_, _, headers, _),) = server.seen
    assert sts.taken == [STRANGER]
    assert headers["x-amz-security-token"] == "token-of-stranger"


def test_a_role_that_cannot_be_taken_is_no_answer_and_sends_nothing(server: _Server) -> None:
    with pytest.raises(Unreachable, match="AccessDenied"):
        api(server, sts=Sts(refuses=True)).status(Ask(method="GET", path="/pools", signer=Signer.STRANGER))
    assert server.seen == []


def test_without_credentials_of_its_own_nothing_is_sent(server: _Server) -> None:
    with pytest.raises(Unreachable):
        api(server, own=False).status(Ask(method="GET", path="/pools", signer=Signer.ITSELF))
    assert server.seen == []


def test_a_closed_port_is_no_answer(server: _Server) -> None:
    asked = api(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(Unreachable):
        asked.status(Ask(method="GET", path="/pools", signer=Signer.NOBODY))
