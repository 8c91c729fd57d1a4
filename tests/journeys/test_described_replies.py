"""Every route, asked through the whole service, replies what docs/api/openapi.yaml says it replies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from tests.docs.json_schema import Validator
from tests.journeys.api import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.local.service import LocalService
    from tests.replies import Reply

pytestmark = pytest.mark.emulator

DOCUMENT: Final[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "docs" / "api" / "openapi.yaml").read_text()
)
VALIDATOR: Final = Validator(DOCUMENT)
POOL: Final = "europe"
HERE: Final = "/environments/555555555555/eu-west-1"
GONE: Final = "00000000-0000-4000-8000-000000000000"


def conforms(answer: Reply, operation: str, path: str) -> None:
    """The body is of the kind that the operation has for this status."""
    described = DOCUMENT["paths"][path][operation]["responses"][str(answer.status)]
    if "$ref" in described:
        described = VALIDATOR.look_up(described["$ref"])
    schema = described["content"]["application/json"]["schema"]
    assert list(VALIDATOR.complaints(answer.body, schema)) == []
    assert answer.headers["cache-control"] == "no-store"


@pytest.fixture(scope="module")
def runner(local_service: LocalService) -> Api:
    return Api(local_service.description["endpoint"], local_service.description["callers"]["runner"])


@pytest.fixture(scope="module")
def operator(local_service: LocalService) -> Api:
    return Api(local_service.description["endpoint"], local_service.description["callers"]["operator"])


@pytest.fixture(scope="module")
def allocated(runner: Api) -> Iterator[Reply]:
    runner.until_free(POOL)
    answer = runner.ask("POST", "/allocations", {"pool": POOL, "requester": "described replies"})
    yield answer
    runner.ask("DELETE", f"/allocations/{answer.body['id']}", {"outcome": "success"})


def test_allocate(runner: Api, allocated: Reply) -> None:
    assert allocated.status == 200
    conforms(allocated, "post", "/allocations")
    dry = runner.ask("POST", "/allocations", {"pool": POOL, "requester": "r", "dryRun": True})
    assert (dry.status, dry.body) == (200, {"wouldAllocate": False, "position": 1})
    conforms(dry, "post", "/allocations")


def test_one_allocation_is_its_owners_and_operators(runner: Api, operator: Api, allocated: Reply) -> None:
    for caller in (runner, operator):
        answer = caller.ask("GET", f"/allocations/{allocated.body['id']}")
        assert answer.status == 200
        conforms(answer, "get", "/allocations/{id}")


def test_refresh(runner: Api, operator: Api, allocated: Reply) -> None:
    own = runner.ask("POST", f"/allocations/{allocated.body['id']}/credentials")
    other = operator.ask("POST", f"/allocations/{allocated.body['id']}/credentials", {})
    assert (own.status, other.status) == (200, 404)
    for answer in (own, other):
        conforms(answer, "post", "/allocations/{id}/credentials")


def test_pools(runner: Api, operator: Api) -> None:
    for caller in (runner, operator):
        conforms(caller.ask("GET", "/pools"), "get", "/pools")
        conforms(caller.ask("GET", f"/pools/{POOL}"), "get", "/pools/{pool}")
    conforms(runner.ask("GET", "/pools/nowhere"), "get", "/pools/{pool}")


def test_a_breaker_is_operators_only(runner: Api, operator: Api) -> None:
    breaker, resume = f"/pools/{POOL}/breaker", f"/pools/{POOL}/resume"
    reason = {"reason": "a journey"}
    for caller, status in ((runner, 403), (operator, 200)):
        answers = (caller.ask("GET", breaker), caller.ask("POST", resume, reason))
        assert [answer.status for answer in answers] == [status, status]
        conforms(answers[0], "get", "/pools/{pool}/breaker")
        conforms(answers[1], "post", "/pools/{pool}/resume")
    conforms(operator.ask("POST", resume, {}), "post", "/pools/{pool}/resume")


def test_environments_are_operators_only(runner: Api, operator: Api) -> None:
    assert [operator.ask("GET", path).status for path in ("/environments", HERE)] == [200, 200]
    assert [runner.ask("GET", path).status for path in ("/environments", HERE)] == [403, 403]
    for caller in (runner, operator):
        conforms(caller.ask("GET", "/configuration"), "get", "/configuration")
        conforms(caller.ask("GET", "/environments"), "get", "/environments")
        conforms(caller.ask("GET", HERE), "get", "/environments/{account}/{region}")
    conforms(operator.ask("GET", f"{HERE}-5"), "get", "/environments/{account}/{region}")


def test_history(operator: Api, allocated: Reply) -> None:
    by_environment = operator.ask("GET", "/allocations?environment=555555555555%2Feu-west-1")
    by_requester = operator.ask("GET", "/allocations?requester=described%20replies&since=2020-01-01T00%3A00%3A00Z")
    for answer in (by_environment, by_requester, operator.ask("GET", "/allocations")):
        conforms(answer, "get", "/allocations")
    for answer in (by_environment, by_requester):
        assert answer.status == 200
        assert allocated.body["id"] in {entry["id"] for entry in answer.body["entries"]}


def test_acts(runner: Api, operator: Api, allocated: Reply) -> None:
    path = "/environments/{account}/{region}/{act}"
    statuses = {}
    for act in ("hold", "resume", "clean", "reinstate", "discard", "recapture", "paint"):
        answer = operator.ask("POST", f"{HERE}/{act}", {"reason": "a journey"})
        conforms(answer, "post", path)
        statuses[act] = answer.status
    refused = dict.fromkeys(("clean", "reinstate", "discard", "recapture"), 409)
    assert statuses == {"hold": 200, "resume": 200, **refused, "paint": 400}
    for answer in (runner.ask("POST", f"{HERE}/hold", {"reason": "r"}), operator.ask("POST", f"{HERE}/hold", {})):
        conforms(answer, "post", path)


def test_deallocate_and_the_report_of_the_cleanup(runner: Api, operator: Api) -> None:
    runner.until_free("release")
    taken = runner.ask("POST", "/allocations", {"pool": "release", "requester": "described replies"}).body
    for id_, status in ((taken["id"], 200), (taken["id"], 200), (GONE, 404)):
        answer = runner.ask("DELETE", f"/allocations/{id_}", {"outcome": "success"})
        assert answer.status == status
        conforms(answer, "delete", "/allocations/{id}")
    ended = runner.ask("POST", f"/allocations/{taken['id']}/credentials")
    assert (ended.status, ended.body["code"]) == (409, "already-ended")
    conforms(ended, "post", "/allocations/{id}/credentials")
    runner.until_free("release")
    cleaned = operator.ask("GET", "/environments/444444444444/us-east-1")
    conforms(cleaned, "get", "/environments/{account}/{region}")
    assert cleaned.body["status"] == "free"
    assert cleaned.body["cleanup"], cleaned.text


def test_a_baseline_is_shown_amended_and_recaptured(runner: Api, operator: Api) -> None:
    runner.until_free("release")
    there = "/environments/444444444444/us-east-1"
    path = "/environments/{account}/{region}/baseline"
    shown = operator.ask("GET", f"{there}/baseline")
    conforms(shown, "get", path)
    assert "AWS::IAM::Role:AtmosphereAdmin@global" in {entry["item"] for entry in shown.body["items"]}
    act = {"act": "adopt", "items": ["AWS::IAM::Role:AtmosphereAdmin@global"], "reason": "a journey"}
    for body, status in ((act, 200), (act, 200), ({**act, "act": "keep"}, 400)):
        answer = operator.ask("POST", f"{there}/baseline", body)
        conforms(answer, "post", path)
        assert answer.status == status
    assert [runner.ask("GET", f"{there}/baseline").status, runner.ask("POST", f"{there}/baseline", act).status] == [
        403,
        403,
    ]
    assert operator.ask("POST", f"{there}/recapture", {"reason": "a journey"}).status == 200
    runner.until_free("release")
    after = operator.ask("GET", f"{there}/baseline").body
    assert after["version"] == shown.body["version"] + 2
    assert not any(entry["adopting"] for entry in after["items"])
