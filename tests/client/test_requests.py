"""Every request is signed, repeated while that can help, and read strictly."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import CredentialRetrievalError

from atmosphere.client.client import AtmosphereClient
from atmosphere.client.connect import from_chain, from_ready_file
from atmosphere.client.errors import NotConnected, ServiceError
from atmosphere.client.transport import region_of
from tests.client.conftest import ID, LOST, Answer, entry, granted, refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.conftest import Service, SteppedPace

PREFIX = "/_aws/execute-api/abc123/v1"


@pytest.mark.parametrize("answer", [refused(500, "internal"), refused(503, "unavailable"), refused(429, "slow"), LOST])
def test_what_may_pass_is_repeated_until_it_does(service: Service, client: AtmosphereClient, answer: object) -> None:
    service.script = [answer, answer, Answer(body={"pools": []})]

    assert client.pools() == ()
    assert len(service.arrived) == 3


def test_a_gateway_page_that_is_not_json_is_repeated_like_any_5xx(service: Service, client: AtmosphereClient) -> None:
    service.script = [Answer(502, b"<html>bad gateway</html>"), Answer(504, b""), Answer(body={"pools": []})]

    assert client.pools() == ()


def test_repeating_ends_with_its_budget(service: Service, client: AtmosphereClient, pace: SteppedPace) -> None:
    service.script = [refused(503, "unavailable")]

    with pytest.raises(ServiceError) as failure:
        client.pools()

    assert failure.value.status == 503
    assert failure.value.unknown_outcome
    assert 0 < sum(pace.slept) <= 30
    assert max(pace.slept) <= 8


def test_the_service_says_when_to_repeat(service: Service, client: AtmosphereClient, pace: SteppedPace) -> None:
    service.script = [refused(503, "unavailable", after=12), Answer(body={"pools": []})]

    client.pools()

    assert pace.slept == [12]


def test_a_service_that_is_not_there_is_told_plainly(pace: SteppedPace) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        client = AtmosphereClient(
            f"http://127.0.0.1:{nobody.getsockname()[1]}", credentials=Credentials("1", "2"), pace=pace
        )
        with pytest.raises(ServiceError) as failure:
            client.pools()

    assert (failure.value.status, failure.value.code) == (0, "unreachable")
    assert "check the address" in failure.value.message


@pytest.mark.parametrize(
    "answer",
    [Answer(200, b"<html>"), Answer(200, b""), Answer(200, b"[]"), Answer(200, {"pools": [{}]}), Answer(200, {})],
)
def test_a_reply_that_is_not_the_contract_is_an_error_of_its_own(
    service: Service, client: AtmosphereClient, answer: Answer
) -> None:
    service.script = [answer]

    with pytest.raises(ServiceError) as failure:
        client.pools()

    assert failure.value.code == "unreadable-reply"
    assert len(service.arrived) == 1


@pytest.mark.parametrize("body", [{"Message": "Missing Authentication Token"}, {"message": "Forbidden"}])
def test_the_gateway_s_own_refusals_are_read(service: Service, client: AtmosphereClient, body: dict[str, str]) -> None:
    service.script = [Answer(403, body)]

    with pytest.raises(ServiceError) as failure:
        client.pools()

    assert failure.value.message in body.values()


def test_each_repeat_is_signed_with_the_credentials_of_that_moment(service: Service, pace: SteppedPace) -> None:
    class Renewed(Credentials):
        renewals = 0

        def get_frozen_credentials(self):
            self.renewals += 1
            return Credentials(f"{self.renewals:012d}", "test").get_frozen_credentials()

    service.script = [refused(503, "unavailable"), Answer(body={"pools": []})]

    AtmosphereClient(service.endpoint, credentials=Renewed("1", "2"), pace=pace).pools()

    signed = [arrived.headers["authorization"].split("Credential=")[1][:12] for arrived in service.arrived]
    assert signed == ["000000000001", "000000000002"]


def test_a_signature_covers_the_path_query_and_body_as_they_are_sent(
    service: Service, client: AtmosphereClient
) -> None:
    service.script = [Answer(body={"entries": [], "cursor": None})]
    list(client.history(requester="me & you/1+1 é"))

    (arrived,) = service.arrived
    request = AWSRequest(
        "GET", service.endpoint.split("/_aws")[0] + arrived.path, headers={"X-Amz-Date": arrived.headers["x-amz-date"]}
    )
    request.context["timestamp"] = arrived.headers["x-amz-date"]
    request.headers["X-Amz-Security-Token"] = "token"
    for name in ("Content-Type", "Accept"):
        request.headers[name] = arrived.headers[name.lower()]
    signer = SigV4Auth(
        Credentials("111111111111", "test", "token").get_frozen_credentials(), "execute-api", "us-east-1"
    )
    text = signer.string_to_sign(request, signer.canonical_request(request))
    assert signer.signature(text, request) in arrived.headers["authorization"]
    assert "requester=me%20%26%20you%2F1%2B1%20%C3%A9" in arrived.path


def test_each_question_goes_to_its_route(service: Service, client: AtmosphereClient) -> None:
    state = {"account": "222222222222", "region": "us-east-1", "status": "dirty", "dirtyReason": "a bucket stayed"}
    service.script = [
        Answer(body={"pool": "a/b", "counts": {"free": 1}}),
        Answer(body={"environments": [state]}),
        Answer(body={**state, "cleanup": {"verdict": "dirty"}}),
        Answer(body=state),
        granted(),
    ]

    pool = client.pool("a/b")
    listed = client.environments()
    one = client.environment("222222222222", "us-east-1")
    done = client.operate("222222222222", "us-east-1", "reinstate", reason="looked at it")
    fresh = client.credentials(ID)

    assert [(arrived.method, arrived.path.removeprefix(PREFIX)) for arrived in service.arrived] == [
        ("GET", "/pools/a%2Fb"),
        ("GET", "/environments"),
        ("GET", "/environments/222222222222/us-east-1"),
        ("POST", "/environments/222222222222/us-east-1/reinstate"),
        ("POST", f"/allocations/{ID}/credentials"),
    ]
    assert service.arrived[3].body == {"reason": "looked at it"}
    assert pool.counts == {"free": 1}
    assert listed[0].dirty_reason == done.dirty_reason == "a bucket stayed"
    assert one.cleanup == {"verdict": "dirty"}
    assert fresh.environment.credentials is not None


def test_an_allocation_is_read_without_credentials(service: Service, client: AtmosphereClient) -> None:
    service.script = [
        Answer(
            body={
                "id": ID,
                "status": "ended",
                "pool": "demo",
                "requester": "me",
                "startedAt": "2026-11-22T10:00:00Z",
                "expiresAt": "2026-11-22T13:00:00Z",
                "endedAt": "2026-11-22T11:00:00Z",
                "outcome": "timeout",
                "endedBy": "timeout",
                "environments": [entry(keys=False)],
            }
        )
    ]

    found = client.get(ID)

    assert (found.status, found.ended_by, found.ended_at) == (
        "ended",
        "timeout",
        datetime(2026, 11, 22, 11, tzinfo=UTC),
    )
    assert found.environments[0].credentials is None


def test_a_history_is_read_page_after_page(service: Service, client: AtmosphereClient) -> None:
    def line(number: int) -> dict[str, object]:
        return {
            "account": "222222222222",
            "region": "us-east-1",
            "at": "2026-11-22T10:00:00Z",
            "id": str(number),
            "kind": "allocation",
            "pool": "demo",
            "who": "iam:111111111111:role/runner",
            "requester": "me",
        }

    service.script = [
        Answer(body={"entries": [line(3), line(2)], "cursor": "next page"}),
        Answer(body={"entries": [line(1)], "cursor": None}),
    ]

    found = client.history(environment="222222222222/us-east-1", since=datetime(2026, 11, 1, tzinfo=UTC))

    assert [entry.id for entry in found] == ["3", "2", "1"]
    first, second = [arrived.path.partition("?")[2] for arrived in service.arrived]
    assert first == "environment=222222222222%2Fus-east-1&since=2026-11-01T00%3A00%3A00%2B00%3A00"
    assert second == f"{first}&cursor=next%20page"


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("https://abc.execute-api.eu-west-1.amazonaws.com/v1", "eu-west-1"),
        ("https://abc.execute-api.cn-north-1.amazonaws.com.cn/v1", "cn-north-1"),
        ("https://atmosphere.example.com", "us-east-1"),
        ("http://127.0.0.1:4566/_aws/execute-api/abc/v1", "us-east-1"),
    ],
)
def test_the_region_to_sign_for_comes_from_an_aws_host(endpoint: str, region: str) -> None:
    assert region_of(endpoint) == region


def test_a_ready_file_gives_endpoint_and_caller(service: Service, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text(
        f'{{"endpoint": "{service.endpoint}", "callers": '
        '{"operator": {"accessKeyId": "an id", "secretAccessKey": "a secret", "sessionToken": "a token"}}}'
    )
    service.script = [Answer(body={"pools": []})]

    from_ready_file(ready, "operator").pools()

    assert "Credential=an id/" in service.arrived[0].headers["authorization"]


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"callers": {}}', '{"callers": {"runner": {}}}'])
def test_a_useless_ready_file_is_told_plainly(tmp_path: Path, content: str | None) -> None:
    ready = tmp_path / "ready.json"
    if content is not None:
        ready.write_text(content)

    with pytest.raises(NotConnected, match=r"ready\.json"):
        from_ready_file(ready, "runner")


def test_no_credentials_are_told_plainly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(NotConnected, match="no AWS credentials"):
        from_chain("http://127.0.0.1:1")


def test_an_unknown_profile_is_told_plainly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(NotConnected, match="nobody"):
        from_chain("http://127.0.0.1:1", profile="nobody")


def test_an_address_where_nothing_ever_answered_is_given_up_after_a_stated_short_while(pace: SteppedPace) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        client = AtmosphereClient(
            f"http://127.0.0.1:{bound.getsockname()[1]}", credentials=Credentials("1", "2"), pace=pace
        )
        with pytest.raises(ServiceError, match="refuses connections") as failure:
            client.allocate("demo", requester="me", wait_seconds=1800)

    assert 0 < sum(pace.slept) <= 10
    assert not failure.value.unknown_outcome


def test_an_unknown_host_is_named_as_such(pace: SteppedPace, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    client = AtmosphereClient("https://typo.example.com/v1", credentials=Credentials("1", "2"), pace=pace)

    with pytest.raises(ServiceError, match=r"typo\.example\.com has an unknown host name: check the address"):
        client.pools()

    assert sum(pace.slept) <= 10


def test_a_service_that_answered_before_is_waited_for_longer(
    service: Service, client: AtmosphereClient, pace: SteppedPace
) -> None:
    service.script = [Answer(body={"pools": []}), LOST]
    client.pools()

    with pytest.raises(ServiceError):
        client.pools()

    assert sum(pace.slept) > 10


def test_a_refusal_after_a_lost_request_may_still_have_taken_something(
    service: Service, client: AtmosphereClient
) -> None:
    service.script = [LOST, refused(423, "pool-busy", after=1), refused(403, "forbidden")]

    with pytest.raises(ServiceError) as failure:
        client.allocate("demo", requester="me", wait_seconds=60)

    assert failure.value.status == 403
    assert failure.value.unknown_outcome


def test_credentials_that_cannot_be_renewed_are_no_traceback(service: Service, pace: SteppedPace) -> None:
    class Expired(Credentials):
        def get_frozen_credentials(self):
            raise CredentialRetrievalError(provider="sso", error_msg="the session has expired")

    with pytest.raises(NotConnected, match=r"cannot be renewed: .*the session has expired"):
        AtmosphereClient(service.endpoint, credentials=Expired("1", "2"), pace=pace).pools()
