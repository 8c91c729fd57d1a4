"""The client asks under one id until it is answered, waits its turn, and gives back whatever happens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from atmosphere.client.asking import Waiting, Wanted
from atmosphere.client.errors import ServiceError
from tests.client.conftest import ID, LOST, Answer, entry, granted, refused

if TYPE_CHECKING:
    from atmosphere.client.client import AtmosphereClient
    from tests.client.conftest import Service, SteppedPace


def test_what_is_asked_arrives_as_the_contract_says(service: Service, client: AtmosphereClient) -> None:
    service.script = [granted()]

    client.allocate(
        "demo",
        requester="build 7",
        constraints=[{"type": "region", "value": ["us-east-1"]}],
        role="reader",
        duration_seconds=900,
    )

    (asked,) = service.arrived
    assert (asked.method, asked.path) == ("POST", "/_aws/execute-api/abc123/v1/allocations")
    assert asked.body == {
        "pool": "demo",
        "requester": "build 7",
        "constraints": [{"type": "region", "value": ["us-east-1"]}],
        "role": "reader",
        "durationSeconds": 900,
    }
    assert asked.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=111111111111/")
    assert "/us-east-1/execute-api/aws4_request" in asked.headers["authorization"]
    assert asked.headers["x-amz-security-token"] == "token"


def test_several_environments_are_asked_for_at_once(service: Service, client: AtmosphereClient) -> None:
    service.script = [granted(entry("a"), entry("b", "333333333333"))]

    grant = client.allocate(
        "demo", requester="me", environments=[Wanted(name="a"), Wanted(name="b", role="reader")], accounts="distinct"
    )

    assert service.arrived[0].body == {
        "pool": "demo",
        "requester": "me",
        "environments": [{"name": "a", "constraints": []}, {"name": "b", "constraints": [], "role": "reader"}],
        "accounts": "distinct",
    }
    assert grant.named("b").account == "333333333333"
    with pytest.raises(KeyError):
        grant.named("c")


def test_the_grant_has_typed_values_and_hides_its_secrets(service: Service, client: AtmosphereClient) -> None:
    service.script = [granted()]

    grant = client.allocate("demo", requester="me")

    assert grant.id == ID
    assert grant.expires_at == datetime(2026, 11, 22, 13, tzinfo=UTC)
    assert grant.environment.capabilities == {"bedrock": True}
    assert grant.environment.credentials is not None
    assert grant.environment.credentials.secret_access_key == "a secret"
    assert "a secret" not in repr(grant)
    assert "a token" not in repr(grant)


def test_a_busy_pool_is_waited_for_as_long_as_the_service_says_and_under_one_id(
    service: Service, client: AtmosphereClient, pace: SteppedPace
) -> None:
    service.script = [
        refused(423, "pool-busy", after=7, position=2, waiting=5),
        refused(423, "all-dirty", after=3),
        granted(),
    ]
    told: list[Waiting] = []

    grant = client.allocate("demo", requester="me", on_wait=told.append)

    assert grant.id == ID
    assert pace.slept == [7, 3]
    keys = {arrived.headers["idempotency-key"] for arrived in service.arrived}
    assert len(keys) == 1
    assert UUID(keys.pop()).version == 4
    assert [(w.code, w.position, w.waiting, w.waited, w.next_try) for w in told] == [
        ("pool-busy", 2, 5, 0, 7),
        ("all-dirty", None, None, 7, 3),
    ]


def test_waiting_ends_after_one_last_try_at_its_limit(
    service: Service, client: AtmosphereClient, pace: SteppedPace
) -> None:
    service.script = [refused(423, "pool-busy", after=8)]

    with pytest.raises(ServiceError) as gave_up:
        client.allocate("demo", requester="me", wait_seconds=20)

    assert (gave_up.value.status, gave_up.value.code, gave_up.value.retry_after) == (423, "pool-busy", 8)
    assert pace.slept == [8, 8, 4]


def test_without_waiting_a_busy_pool_is_an_error_at_once(
    service: Service, client: AtmosphereClient, pace: SteppedPace
) -> None:
    service.script = [refused(423, "quota-reached", after=8)]

    with pytest.raises(ServiceError, match=r"no: quota-reached \(quota-reached, HTTP 423\)"):
        client.allocate("demo", requester="me", wait_seconds=0)

    assert pace.slept == []


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422])
def test_a_refusal_that_cannot_pass_is_not_repeated(service: Service, client: AtmosphereClient, status: int) -> None:
    service.script = [refused(status, "some-code")]

    with pytest.raises(ServiceError) as refusal:
        client.allocate("demo", requester="me")

    assert (refusal.value.status, refusal.value.code) == (status, "some-code")
    assert not refusal.value.unknown_outcome
    assert len(service.arrived) == 1


def test_a_lost_reply_is_asked_for_again_under_the_same_id(service: Service, client: AtmosphereClient) -> None:
    service.script = [LOST, LOST, granted()]

    grant = client.allocate("demo", requester="me")

    assert grant.id == ID
    assert len(service.arrived) == 3
    assert len({arrived.headers["idempotency-key"] for arrived in service.arrived}) == 1


def test_the_key_of_the_caller_is_used(service: Service, client: AtmosphereClient) -> None:
    service.script = [granted()]

    client.allocate("demo", requester="me", key=ID)

    assert service.arrived[0].headers["idempotency-key"] == ID


def test_the_block_gives_back_after_success(service: Service, client: AtmosphereClient) -> None:
    service.script = [granted(), Answer()]

    with client.allocation("demo", requester="me") as grant:
        assert grant.environment.account == "222222222222"

    last = service.arrived[-1]
    assert (last.method, last.path.rsplit("/", 1)[1], last.body) == ("DELETE", ID, {"outcome": "success"})


def test_the_block_gives_back_after_a_failure_and_lets_it_through(service: Service, client: AtmosphereClient) -> None:
    service.script = [granted(), Answer()]

    with pytest.raises(ZeroDivisionError), client.allocation("demo", requester="me"):
        _ = 1 / 0

    assert service.arrived[-1].method == "DELETE"
    assert service.arrived[-1].body == {"outcome": "failed: ZeroDivisionError"}


def test_the_block_tells_when_giving_back_failed_too_but_the_first_failure_stays(
    service: Service, client: AtmosphereClient
) -> None:
    service.script = [granted(), refused(403, "forbidden")]

    with pytest.raises(ZeroDivisionError) as failure, client.allocation("demo", requester="me"):
        _ = 1 / 0

    assert any("was not deallocated either" in note for note in failure.value.__notes__)


def test_the_block_ends_an_allocate_whose_outcome_is_unknown(service: Service, client: AtmosphereClient) -> None:
    service.script = [Answer(200, b"<html>"), Answer()]

    with pytest.raises(ServiceError), client.allocation("demo", requester="me"):
        pytest.fail("nothing was allocated")

    asked, ended = service.arrived
    assert ended.method == "DELETE"
    assert ended.path.endswith(asked.headers["idempotency-key"])


def test_the_block_ends_the_wait_of_a_caller_that_is_interrupted(service: Service, client: AtmosphereClient) -> None:
    service.script = [refused(423, "pool-busy", after=1), Answer()]

    def interrupt(_: Waiting) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), client.allocation("demo", requester="me", on_wait=interrupt):
        pytest.fail("nothing was allocated")

    assert [arrived.method for arrived in service.arrived] == ["POST", "DELETE"]


def test_the_block_leaves_a_plain_refusal_alone(service: Service, client: AtmosphereClient) -> None:
    service.script = [refused(403, "forbidden")]

    with pytest.raises(ServiceError), client.allocation("demo", requester="me"):
        pytest.fail("nothing was allocated")

    assert [arrived.method for arrived in service.arrived] == ["POST"]


def test_an_outcome_is_cut_between_characters_at_100_bytes(service: Service, client: AtmosphereClient) -> None:
    client.deallocate(ID, outcome="x" * 99 + "é" * 5)

    assert service.arrived[0].body == {"outcome": "x" * 99}
