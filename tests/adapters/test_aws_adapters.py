"""STS, Step Functions, EventBridge and S3 when they fail, and the clients that Lambdas get."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from atmosphere.adapters import clients
from atmosphere.adapters.eventbridge import EventBridgeEvents
from atmosphere.adapters.s3 import S3Objects
from atmosphere.adapters.stepfunctions import StepFunctionsCleaner
from atmosphere.adapters.sts import StsCredentials
from atmosphere.ports import InvalidPolicy, Unreachable
from tests.adapters.wire import CLOSED, LOST, NO_CONNECTION, Answer, failure
from tests.contract.outside_contract import DIRTY, ORDER, REQUEST

SESSION = b"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey><SessionToken>c</SessionToken>
<Expiration>2026-11-22T13:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
FAULTS = [LOST, CLOSED, NO_CONNECTION]


def _minted() -> Answer:
    return Answer(body=SESSION)


def _form(body: Any) -> dict[str, list[str]]:
    return parse_qs(body if isinstance(body, str) else body.decode())


def _sts_failure(code: str, status: int = 400) -> Answer:
    text = f"<ErrorResponse><Error><Code>{code}</Code><Message>payload</Message></Error></ErrorResponse>"
    return Answer(status, text.encode())


def _name(fault: object) -> str:
    return str(getattr(fault, "status", type(fault).__name__))


@pytest.mark.parametrize("code", ["MalformedPolicyDocument", "PackedPolicyTooLarge"])
def test_a_policy_that_sts_refuses_is_the_callers_mistake(wired: Any, code: str) -> None:
    client, _ = wired("sts", _sts_failure(code))
    with pytest.raises(InvalidPolicy, match=code) as raised:
        StsCredentials(client).mint([replace(REQUEST, session_policy="{}")])
    assert "payload" not in str(raised.value)


@pytest.mark.parametrize("fault", [*FAULTS, _sts_failure("AccessDenied", 403), _sts_failure("Throttling")], ids=_name)
def test_any_other_refusal_is_unreachable(wired: Any, fault: object) -> None:
    client, _ = wired("sts", fault)
    with pytest.raises(Unreachable) as raised:
        StsCredentials(client).mint([REQUEST])
    assert "payload" not in str(raised.value)


def test_a_refused_policy_is_told_before_another_failure(wired: Any) -> None:
    client, _ = wired("sts", NO_CONNECTION, _sts_failure("MalformedPolicyDocument"))
    with pytest.raises(InvalidPolicy):
        StsCredentials(client).mint([REQUEST, REQUEST])


def test_what_is_not_asked_for_is_not_sent(wired: Any) -> None:
    client, wire = wired("sts", _minted())
    StsCredentials(client).mint([replace(REQUEST, external_id="")])
    sent = _form(wire.sent[0])
    assert sent["RoleSessionName"] == [REQUEST.session_name]
    assert sent["DurationSeconds"] == ["3600"]
    assert not {"ExternalId", "Policy"} & set(sent)


def test_several_sessions_are_minted_at_the_same_time(wired: Any) -> None:
    client, wire = wired("sts", *[_minted()] * 3)
    meeting = threading.Barrier(3, timeout=20)  # opens only when three requests are under way

    def meet(**_: object) -> None:
        meeting.wait()

    client.meta.events.register_first("before-send", meet)
    assert len(StsCredentials(client).mint([REQUEST] * 3)) == 3
    assert len(wire.sent) == 3


@pytest.mark.parametrize("fault", [*FAULTS, failure("AccessDeniedException"), failure("Internal", 500)], ids=_name)
def test_a_cleanup_that_cannot_be_started_is_unreachable(wired: Any, fault: object) -> None:
    client, _ = wired("stepfunctions", fault)
    with pytest.raises(Unreachable):
        StepFunctionsCleaner(client, "arn:aws:states:us-east-1:111111111111:stateMachine:cleanup").start(ORDER)


@pytest.mark.parametrize("fault", [*FAULTS, failure("AccessDeniedException"), failure("Internal", 500)], ids=_name)
def test_an_event_that_cannot_be_published_is_unreachable(wired: Any, fault: object) -> None:
    client, _ = wired("events", fault)
    with pytest.raises(Unreachable) as raised:
        EventBridgeEvents(client).publish(DIRTY)
    assert "payload" not in str(raised.value)


@pytest.mark.parametrize(("named", "source"), [((), "atmosphere"), (("blue",), "blue")])
def test_an_event_has_its_service_as_source(wired: Any, named: tuple[str, ...], source: str) -> None:
    client, wire = wired("events", Answer(body={"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}))
    EventBridgeEvents(client, *named).publish(DIRTY)
    assert [entry["Source"] for entry in wire.sent[0]["Entries"]] == [source]


def test_an_event_that_is_refused_within_a_reply_of_200_is_unreachable(wired: Any) -> None:
    refused = {"ErrorCode": "ThrottlingException", "ErrorMessage": "payload that nobody may log"}
    client, _ = wired("events", Answer(body={"FailedEntryCount": 1, "Entries": [refused]}))
    with pytest.raises(Unreachable, match="ThrottlingException") as raised:
        EventBridgeEvents(client).publish(DIRTY)
    assert "payload" not in str(raised.value)


@pytest.mark.parametrize("fault", [*FAULTS, failure("AccessDenied", 403), failure("SlowDown", 503)], ids=_name)
@pytest.mark.parametrize(
    "act",
    [
        lambda objects: objects.get("k"),
        lambda objects: objects.put("k", b"v"),
        lambda objects: objects.swap("k", b"v", None),
    ],
    ids=["get", "put", "put if absent"],
)
def test_an_object_that_cannot_be_reached_is_unreachable(wired: Any, act: Any, fault: object) -> None:
    client, _ = wired("s3", fault)
    with pytest.raises(Unreachable):
        act(S3Objects(client, "bucket"))


def test_clients_of_lambdas_give_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for make in (clients.dynamodb, clients.events, clients.s3, clients.stepfunctions, clients.sts):
        client: Any = make()
        config: Any = client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (2, 5)
        assert config.retries == {"total_max_attempts": 3, "mode": "standard"}
        assert client.meta.endpoint_url == "http://127.0.0.1:9"
