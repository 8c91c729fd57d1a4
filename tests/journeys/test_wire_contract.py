"""Requests as the newer published client sends them, and what every reply must be for it, through the whole service.

The newer client adds `constraints` and sends all bodies as text/plain; 0.0.1, which test_npm_client.py drives, cannot.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.journeys.api import Api

if TYPE_CHECKING:
    from atmosphere.local.service import LocalService

pytestmark = pytest.mark.emulator

POOL = "europe"  # one environment, in eu-west-1
REGIONS = [{"type": "region", "value": ["eu-west-1", "us-east-1"]}]
ELSEWHERE = [{"type": "region", "value": ["ap-south-1"]}]


@pytest.fixture(scope="module")
def runner(local_service: LocalService) -> Api:
    service = local_service.description
    return Api(service["endpoint"], service["callers"]["runner"])


@pytest.fixture(scope="module")
def nobody(local_service: LocalService) -> Api:
    return Api(local_service.description["endpoint"], None)


def wanted(**others: object) -> dict[str, Any]:
    return {"pool": POOL, "requester": "wire journey"} | others


@pytest.mark.parametrize("constraints", [None, [], REGIONS], ids=["absent", "empty", "regions"])
def test_constraints_of_the_newer_client_are_understood(runner: Api, constraints: list[Any] | None) -> None:
    runner.until_free(POOL)
    request = wanted() if constraints is None else wanted(constraints=constraints)
    with runner.allocation(**request) as granted:
        assert granted["environment"]["region"] == "eu-west-1"
        assert granted["environment"]["account"] == "555555555555"
        assert granted["constraints"] == (constraints or [])
        assert {"accessKeyId", "secretAccessKey", "sessionToken"} <= set(granted["credentials"])


def test_a_full_pool_is_423_with_when_to_ask_again(runner: Api) -> None:
    runner.until_free(POOL)
    with runner.allocation(**wanted()):
        busy = runner.ask("POST", "/allocations", wanted())
    assert (busy.status, busy.body["code"]) == (423, "pool-busy")
    assert busy.headers["retry-after"] == str(busy.body["retryAfterSeconds"])
    assert 1 <= busy.body["retryAfterSeconds"] <= 60


def test_the_same_key_gets_the_same_allocation(runner: Api) -> None:
    runner.until_free(POOL)
    key = str(uuid.uuid4())
    first = runner.ask("POST", "/allocations", wanted(), headers={"Idempotency-Key": key})
    again = runner.ask("POST", "/allocations", wanted(), headers={"Idempotency-Key": key})
    changed = runner.ask("POST", "/allocations", wanted(constraints=REGIONS), headers={"Idempotency-Key": key})
    for _ in range(2):
        ended = runner.ask("DELETE", f"/allocations/{key}", {"outcome": "success"})
        assert (ended.status, ended.body) == (200, {})
    assert (first.status, again.status, changed.status) == (200, 200, 422)
    assert first.body["id"] == again.body["id"] == key
    assert first.body["environment"] == again.body["environment"]


REFUSALS = {
    "a region that no environment of the pool has": (wanted(constraints=ELSEWHERE), 400, "unsatisfiable"),
    "an unknown type of constraint": (wanted(constraints=[{"type": "colour", "value": 1}]), 400, "invalid-request"),
    "an unknown pool": (wanted(pool="nowhere"), 403, "forbidden"),
    "no pool": ({"requester": "r"}, 400, "invalid-request"),
    "an unknown key": (wanted(colour="red"), 400, "invalid-request"),
    "broken JSON": (b"{", 400, "invalid-request"),
    "null": (b"null", 400, "invalid-request"),
    "no body": (b"", 400, "invalid-request"),
    "not UTF-8": (b'{"pool":"\xff"}', 400, "invalid-request"),
    "17 KiB": (wanted(requester="r" * 17 * 1024), 413, "too-large"),
}


@pytest.mark.parametrize(("body", "status", "code"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_can_never_succeed_is_refused_at_once_and_in_json(
    runner: Api, body: object, status: int, code: str
) -> None:
    refused = runner.ask("POST", "/allocations", body)
    assert (refused.status, refused.body["code"]) == (status, code)
    assert refused.body["message"]
    assert refused.headers["content-type"] == "application/json"
    assert refused.headers["cache-control"] == "no-store"


ODD = {
    "unsigned acquire": ("POST", "/allocations"),
    "unsigned release": ("DELETE", "/allocations/some-id"),
    "unknown path": ("GET", "/nothing-here"),
    "wrong method": ("PUT", "/allocations"),
}


@pytest.mark.parametrize(("method", "path"), ODD.values(), ids=ODD.keys())
def test_what_the_gateway_refuses_is_json_that_the_client_can_read(nobody: Api, method: str, path: str) -> None:
    refused = nobody.ask(method, path, {"outcome": "success"})
    assert (refused.status, refused.body["code"]) == (403, "forbidden")
    assert refused.body["message"]
    assert refused.headers["cache-control"] == "no-store"


def test_unknown_and_malformed_ids_get_one_and_the_same_answer(runner: Api) -> None:
    answers = [
        runner.ask("DELETE", f"/allocations/{id_}", {"outcome": "success"})
        for id_ in (str(uuid.uuid4()), "not-a-uuid", "0")
    ]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
