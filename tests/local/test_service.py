"""The local service as a whole: the real template, answering; and its state over a restart."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from atmosphere.config.problems import ConfigProblems
from atmosphere.contract import FunctionName, Table
from atmosphere.core.model import Status
from atmosphere.local.assembly import SynthesisFailed
from atmosphere.local.places import EXAMPLE
from atmosphere.local.service import LocalService
from atmosphere.local.state import State
from atmosphere.local.tap import SNAPSHOT_READ
from atmosphere.local.wire import Call, Fault
from tests.local.conftest import SHORT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from atmosphere.core.model import Environment

pytestmark = pytest.mark.emulator

KEYS = {
    *("endpoint", "awsEndpoint", "region", "account", "callers", "github", "functions", "tables", "stateMachine"),
    *("pools", "status", "pid"),
}


def _ask(
    description: Mapping[str, Any], caller: str | None, method: str, path: str, body: object = None
) -> tuple[int, Any]:
    data = b"" if body is None else json.dumps(body).encode()
    request = AWSRequest(method, description["endpoint"] + path, data=data, headers={"content-type": "text/plain"})
    if caller:
        keys = description["callers"][caller]
        credentials = Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"])
        SigV4Auth(credentials, "execute-api", description["region"]).add_auth(request)
    plain = urllib.request.Request(str(request.url), data or None, dict(request.headers.items()), method=method)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(plain, timeout=60) as reply:  # noqa: S310 - loopback
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def test_the_description_has_exactly_the_keys_that_clients_read(local_service: LocalService) -> None:
    description = local_service.description
    assert set(description) == KEYS
    assert description["endpoint"].startswith(description["awsEndpoint"] + "/_aws/execute-api/")
    assert not description["endpoint"].endswith("/")
    assert set(description["functions"]) == set(FunctionName)
    assert set(description["tables"]) == set(Table)
    assert description["pools"] == ["demo", "europe", "release"]
    assert description["pid"] == os.getpid()
    for keys in description["callers"].values():
        assert set(keys) == {"accessKeyId", "secretAccessKey", "sessionToken"}
    assert set(description["github"]) == {"tokenRequestUrl", "tokenRequestToken", "audience", "issuer"}


def _token(description: Mapping[str, Any], more: str = "") -> str:
    """A token, asked for as a workflow does."""
    github = description["github"]
    asked = urllib.request.Request(  # noqa: S310 - loopback
        github["tokenRequestUrl"] + more, headers={"Authorization": f"Bearer {github['tokenRequestToken']}"}
    )
    with urllib.request.urlopen(asked, timeout=10) as reply:  # noqa: S310 - loopback
        value: str = json.load(reply)["value"]
    return value


def _status(description: Mapping[str, Any], token: str) -> int:
    asked = urllib.request.Request(  # noqa: S310 - loopback
        description["endpoint"] + "/github/pools/demo", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=60) as reply:  # noqa: S310 - loopback
            return int(reply.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_a_token_as_it_comes_is_one_that_the_example_lets_in(local_service: LocalService) -> None:
    description = local_service.description
    audience = description["github"]["audience"]
    assert _status(description, _token(description)) == 200
    assert _status(description, _token(description, f"&audience={audience}")) == 200
    assert _status(description, _token(description, "&audience=https://elsewhere.example.com")) == 401
    assert _status(description, _token(description, "&repository_id=1")) == 403


def test_every_example_environment_is_free_when_it_is_ready(rows_when_ready: Sequence[Environment]) -> None:
    found = {row.registered.key.path: (row.status, row.dirty_reason) for row in rows_when_ready}
    places = ("222222222222/us-east-1", "333333333333/us-east-1", "444444444444/us-east-1", "555555555555/eu-west-1")
    assert found == dict.fromkeys(places, (Status.FREE, None))


def test_the_example_callers_are_who_the_access_rules_say(local_service: LocalService) -> None:
    description = local_service.description
    asked = {name: _ask(description, name, "GET", "/pools/demo")[0] for name in ("runner", "stranger", None)}
    assert asked == {"runner": 200, "stranger": 403, None: 403}
    assert _ask(description, "operator", "GET", "/environments")[0] == 200
    assert _ask(description, "runner", "GET", "/environments")[0] == 403


def test_an_example_caller_may_do_nothing_but_call_apis(local_service: LocalService) -> None:
    keys = local_service.description["callers"]["runner"]
    client = boto3.client(
        "s3",
        endpoint_url=local_service.emulator.endpoint,
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        aws_session_token=keys["sessionToken"],
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        client.list_buckets()


def test_the_credentials_of_an_allocation_open_the_environments_account(local_service: LocalService) -> None:
    description = local_service.description
    status, reply = _ask(description, "runner", "POST", "/allocations", {"pool": "release", "requester": "me"})
    assert status == 200, reply
    keys = reply["credentials"]
    client = boto3.client(
        "sts",
        endpoint_url=description["awsEndpoint"],
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        aws_session_token=keys["sessionToken"],
    )
    assert client.get_caller_identity()["Account"] == "444444444444"
    assert _ask(description, "runner", "DELETE", f"/allocations/{reply['id']}", {"outcome": "success"}) == (200, {})


def test_a_bucket_that_demands_tls_takes_what_comes_through_the_printed_address(local_service: LocalService) -> None:
    policy = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::demands-tls/*"}
    policy["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}  # type: ignore[assignment]
    description = local_service.description
    status, reply = _ask(description, "runner", "POST", "/allocations", {"pool": "europe", "requester": "me"})
    assert status == 200, reply
    storage = boto3.client(
        "s3",
        endpoint_url=description["awsEndpoint"],
        aws_access_key_id=reply["credentials"]["accessKeyId"],
        aws_secret_access_key=reply["credentials"]["secretAccessKey"],
        aws_session_token=reply["credentials"]["sessionToken"],
    )
    storage.create_bucket(Bucket="demands-tls")
    storage.put_bucket_policy(Bucket="demands-tls", Policy=json.dumps({"Version": "2012-10-17", "Statement": [policy]}))
    storage.put_object(Bucket="demands-tls", Key="taken", Body=b"")
    assert _ask(description, "runner", "DELETE", f"/allocations/{reply['id']}", {"outcome": "success"}) == (200, {})


def test_the_tap_counts_the_calls_of_a_function_and_makes_them_fail(local_service: LocalService) -> None:
    tap = local_service.tap
    description = local_service.description
    _ask(description, "runner", "GET", "/allocations/1aa3f3c4-8f2f-4f9b-9d0e-2f8f2f6b2a10")  # warm
    tap.reset()
    _ask(description, "runner", "GET", "/allocations/1aa3f3c4-8f2f-4f9b-9d0e-2f8f2f6b2a10")
    ours = {
        call: count
        for call, count in tap.calls().items()
        if call.function == "query" and call.operation != SNAPSHOT_READ
    }
    assert ours == {Call("dynamodb:GetItem", "query"): 1}
    for _ in range(3):  # as often as the SDK tries
        tap.inject(Fault(operation="dynamodb:GetItem", function="query", code="InternalServerError", status=500))
    status, reply = _ask(description, "runner", "GET", "/allocations/1aa3f3c4-8f2f-4f9b-9d0e-2f8f2f6b2a10")
    assert (status, reply["code"]) == (503, "unavailable")
    assert tap.pending() == ()


@pytest.mark.slow
def test_state_survives_a_restart_and_takes_a_changed_setting(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with LocalService(EXAMPLE, settings=SHORT, state=state, ticker=60) as first:
        endpoint = first.description["endpoint"].rpartition("/_aws/")[2]
        issuer = first.description["github"]["issuer"]
        reply = _ask(first.description, "runner", "POST", "/allocations", {"pool": "europe", "requester": "me"})[1]
    with LocalService(EXAMPLE, settings={**SHORT, "session_seconds": "900"}, state=state, ticker=60) as second:
        assert second.description["endpoint"].rpartition("/_aws/")[2] == endpoint
        assert second.description["github"]["issuer"] == issuer
        assert _status(second.description, _token(second.description)) == 200
        status, found = _ask(second.description, "runner", "GET", f"/allocations/{reply['id']}")
        assert (status, found["expiresAt"]) == (200, reply["expiresAt"])
        assert (
            _ask(second.description, "runner", "DELETE", f"/allocations/{reply['id']}", {"outcome": "success"})[0]
            == 200
        )


def test_a_synthesis_that_fails_costs_no_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JSII_NODE", "no-such-node")
    before = State(tmp_path)
    before.open()
    before.saved.mkdir()
    before.close(whole=True)
    with pytest.raises(SynthesisFailed):
        LocalService(EXAMPLE, settings={"session_seconds": "1234"}, state=tmp_path).start()
    assert before.open() is False
    before.close()


def test_a_bad_configuration_starts_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    service = LocalService(tmp_path / "nowhere")
    with pytest.raises(ConfigProblems):
        service.start()
    assert not service.emulator.alive
    assert not service.emulator.directory.exists()
