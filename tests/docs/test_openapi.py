"""docs/api/openapi.yaml and the code say the same: routes, refusals, and the shape of every request and reply."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from atmosphere.client.baselines import BaselineItem, BaselineState
from atmosphere.client.results import AllocationState, EnvironmentState, HistoryLine, Run, camel
from atmosphere.contract import BY_RELEASE_TOKEN, GITHUB_ROOT, RELEASE_SCHEME, ROOTS, ROUTES, Tree
from atmosphere.core import strict_json
from atmosphere.core.baseline import amendment_request
from atmosphere.core.credentials import SessionCredentials
from atmosphere.core.errors import AlreadyEnded, Code, InvalidRequest, Refused
from atmosphere.core.github import GITHUB_COM, RepositoryId, RunId, RunIdentity
from atmosphere.core.model import ActKind, AllocationStatus, EndedBy, Status
from atmosphere.core.request import act_request, allocate_request, outcome_request, reason_request
from atmosphere.handlers import operate, query, shapes
from atmosphere.handlers.http import INTERNAL, STATUS, refused
from atmosphere.operations.baseline import NOTHING, Amended, BaselinePage
from atmosphere.operations.heartbeat import Heard
from atmosphere.operations.query import PoolCounts
from atmosphere.operations.sessions import Granted
from infra.replies import REPLIES
from tests.builders import NOW, POOL, a_history_entry, a_key, a_registration, an_allocation, an_environment, an_item
from tests.docs.json_schema import WORDS, Validator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import DataclassInstance

FILE: Final = Path(__file__).parents[2] / "docs" / "api" / "openapi.yaml"
DOCUMENT: Final[dict[str, Any]] = yaml.safe_load(FILE.read_text())
VALIDATOR: Final = Validator(DOCUMENT)
WEBHOOK: Final = "POST /github/webhook"
METHODS: Final = {"get", "post", "put", "patch", "delete", "head", "options"}


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][name]
    return found


def complaints(value: object, name: str) -> list[str]:
    """What is wrong with `value` as a component schema, after a trip through JSON."""
    return list(VALIDATOR.complaints(json.loads(json.dumps(value)), schema(name)))


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield f"{method.upper()} {path}", operation


# --- routes -------------------------------------------------------------------------------------------------------


def test_every_route_is_described_and_every_description_is_a_route() -> None:
    routed = {f"{route.method} {ROOTS[route.tree]}{route.path}" for route in ROUTES}
    assert {line for line, _ in operations()} == routed


def test_the_acts_are_those_of_the_code() -> None:
    path = DOCUMENT["paths"]["/environments/{account}/{region}/{act}"]
    (act,) = [parameter for parameter in path["parameters"] if parameter.get("name") == "act"]
    assert set(act["schema"]["enum"]) == set(operate._ACTS)


def test_the_questions_of_history_are_those_of_the_code() -> None:
    parameters = DOCUMENT["paths"]["/allocations"]["get"]["parameters"]
    assert {parameter["name"] for parameter in parameters} == query._HISTORY_KEYS


@pytest.mark.parametrize(
    ("line", "operation"), list(operations()), ids=lambda part: part if isinstance(part, str) else ""
)
def test_every_operation_tells_success_and_the_refusals_that_any_request_can_meet(
    line: str, operation: dict[str, Any]
) -> None:
    assert {"200", "403", "429", "500", "503"} <= set(operation["responses"])
    assert ("401" in operation["responses"]) == (" /github/" in line)  # the other tree's gateway knows no 401
    if line == WEBHOOK:  # GitHub's own body, of which nothing is wrong but its size
        assert {"413"} == set(operation["responses"]) & {"400", "413"}
        assert set(operation["requestBody"]["content"]) == {"application/json", "application/x-www-form-urlencoded"}
    elif "requestBody" in operation:
        assert {"400", "413"} <= set(operation["responses"])
        assert set(operation["requestBody"]["content"]) == {"application/json", "text/plain"}


@pytest.mark.parametrize(
    ("line", "operation"), list(operations()), ids=lambda part: part if isinstance(part, str) else ""
)
def test_a_status_refers_to_the_refusals_of_that_status(line: str, operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        if status != "200":
            codes = codes_of(response["$ref"].rpartition("/")[2])
            assert {STATUS.get(Code(code)) for code in codes if code in set(Code)} <= {int(status)}


def proofs(operation: dict[str, Any]) -> set[str]:
    """The security schemes of which each alone lets a request in."""
    return {name for alternative in operation.get("security", DOCUMENT["security"]) for name in alternative}


def test_each_tree_asks_for_its_own_proof_and_a_release_token_opens_its_routes() -> None:
    for line, operation in operations():
        tree = "webhook" if line == WEBHOOK else "github" if " /github/" in line else "sigv4"
        assert proofs(operation) - {"release"} == {tree}
    assert {line for line, operation in operations() if "release" in proofs(operation)} == {
        f"{method} {GITHUB_ROOT}{path}" for method, path in BY_RELEASE_TOKEN
    }


def test_both_trees_answer_alike() -> None:
    described = dict(operations())
    for route in ROUTES:
        if route.tree is Tree.GITHUB:
            here, there = (described[f"{route.method} {root}{route.path}"] for root in ("/github", ""))
            assert set(here["responses"]) - {"401"} == set(there["responses"])
            assert here["responses"]["200"]["content"] == there["responses"]["200"]["content"]
            assert here.get("requestBody") == there.get("requestBody")


def test_the_release_scheme_is_that_of_the_code() -> None:
    assert DOCUMENT["components"]["securitySchemes"]["release"]["bearerFormat"] == f"{RELEASE_SCHEME}SECRET"


# --- refusals -----------------------------------------------------------------------------------------------------


def codes_of(response: str) -> set[str]:
    content = DOCUMENT["components"]["responses"][response]["content"]["application/json"]
    return set(content["schema"]["allOf"][1]["properties"]["code"]["enum"])


def test_the_codes_are_those_of_the_service_and_of_the_gateway() -> None:
    gateway = {reply.code for reply in REPLIES.values()}
    assert set(schema("Code")["enum"]) == {str(code) for code in Code} | {INTERNAL} | gateway


def test_every_code_is_explained() -> None:
    explained = schema("Code")["description"]
    assert [code for code in schema("Code")["enum"] if f"`{code}`" not in explained] == []


@pytest.mark.parametrize("code", Code)
def test_every_refusal_has_one_response_and_keeps_to_it(code: Code) -> None:
    responses = [name for name in DOCUMENT["components"]["responses"] if code in codes_of(name)]
    assert len(responses) == 1


def kinds(kind: type[Refused] = Refused) -> Iterator[type[Refused]]:
    for derived in kind.__subclasses__():
        if derived.__module__ == Refused.__module__:  # what operations refine ends at the authorizer, not on the wire
            yield derived
        yield from kinds(derived)


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("retry_after", [None, timedelta(seconds=4.2)])
def test_a_refusal_on_the_wire_is_as_described(kind: type[Refused], retry_after: timedelta | None) -> None:
    assert complaints(refused(kind(retry_after=retry_after)).body, "Refusal") == []


def test_a_refusal_that_names_an_outcome_is_as_described() -> None:
    body = refused(AlreadyEnded(outcome="lost")).body
    assert (complaints(body, "Refusal"), body["outcome"]) == ([], "lost")
    assert "'lost'" in body["message"]
    assert "outcome" not in refused(AlreadyEnded()).body


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_what_the_gateway_answers_is_as_described(reply: Any) -> None:
    assert complaints(json.loads(reply.body), "Refusal") == []


# --- replies ------------------------------------------------------------------------------------------------------

KEYS: Final = SessionCredentials(
    access_key_id="key", secret_access_key="secret", session_token="token", expiration=NOW + timedelta(hours=1)
)
MINUTE: Final = timedelta(minutes=1)
TWO: Final = an_allocation(
    heartbeat=MINUTE,
    items=(
        an_item(a_key(1), name="a"),
        an_item(a_key(2), name="b", registered=a_registration(a_key(2), capabilities={"quota": {"vpcs": 20}})),
    ),
)
ENDED: Final = an_allocation(
    status=AllocationStatus.ENDED,
    ended=NOW + timedelta(minutes=5),
    outcome="success",
    ended_by=EndedBy.OWNER,
    heartbeat=MINUTE,
)
RUN: Final = RunIdentity(
    issuer=GITHUB_COM,
    repository_id=RepositoryId("701234567"),
    repository="example-org/example-repo",
    run_id=RunId("9000000001"),
    run_attempt="2",
    check_run_id="31000000001",
    event="push",
    ref="refs/heads/main",
    workflow="example-org/example-repo/.github/workflows/test.yml@refs/heads/main",
    actor="somebody",
)
SHORT_RUN: Final = replace(RUN, check_run_id=None, ref="", workflow="", actor="")
CONSTRAINTS: Final = [{"type": "region", "value": ["us-east-1"]}]


def granted(environments: int) -> dict[str, Any]:
    allocation = an_allocation(heartbeat=MINUTE) if environments == 1 else TWO
    return shapes.granted(Granted(allocation=allocation, sessions=[KEYS] * environments)) | {"constraints": CONSTRAINTS}


A_BASELINE_ITEM: Final[dict[str, Any]] = {
    "item": "AWS::S3::Bucket:a@us-east-1",
    "fingerprint": None,
    "adopting": True,
    "contents": {"empty": True},
}

REPLIED: Final[dict[str, tuple[str, Any]]] = {
    "allocate one": ("Granted", granted(1)),
    "allocate two": ("Granted", granted(2)),
    "dry run": ("DryRun", {"wouldAllocate": True, "position": 1}),
    "refresh": ("Refreshed", shapes.refreshed(Granted(allocation=TWO, sessions=[KEYS, KEYS]))),
    "heartbeat": ("Heard", shapes.heard(Heard(allocation=TWO, next_by=NOW))),
    "active allocation": ("Allocation", shapes.allocation(TWO)),
    "allocation of a run": ("Allocation", shapes.allocation(replace(TWO, run=RUN))),
    "allocation of a run that says little": ("Allocation", shapes.allocation(replace(TWO, run=SHORT_RUN))),
    "ended allocation": ("Allocation", shapes.allocation(ENDED)),
    "pool": ("Pool", shapes.pool(PoolCounts(POOL, dict.fromkeys(Status, 3), 2))),
    **{
        f"{status} environment": ("Environment", shapes.environment(an_environment(status=status))) for status in Status
    },
    "environment with a report": (
        "EnvironmentWithReport",
        shapes.environment(an_environment(report="cleanups/x")) | {"cleanup": {"verdict": "clean"}, "progress": None},
    ),
    "environment without a report": (
        "EnvironmentWithReport",
        shapes.environment(an_environment()) | {"cleanup": None, "progress": None},
    ),
    "no baseline": ("Baseline", shapes.baseline(a_key(), NOTHING, BaselinePage([], None))),
    "page of a baseline": ("Baseline", shapes.baseline(a_key(), NOTHING, BaselinePage([A_BASELINE_ITEM], "1.1"))),
    "amended baseline": (
        "BaselineAmended",
        shapes.amended(a_key(), Amended(NOTHING, ("AWS::S3::Bucket:b@eu-west-1",))),
    ),
    **{
        f"history of {kind}": ("HistoryEntry", shapes.history_entry(a_history_entry(kind=kind, reason="so")))
        for kind in ActKind
    },
    "allocation that left something": (
        "HistoryEntry",
        shapes.history_entry(
            a_history_entry(),
            shapes.leftovers({"removed": {"AWS::S3::Bucket": 2}, "left": {}, "unknown": 1, "phase": "clear"}),
        ),
    ),
    "history of an ended allocation": (
        "HistoryEntry",
        shapes.history_entry(a_history_entry(ended=NOW, outcome="timeout", ended_by=EndedBy.TIMEOUT)),
    ),
}


@pytest.mark.parametrize(("name", "reply"), REPLIED.values(), ids=REPLIED.keys())
def test_a_reply_is_as_described(name: str, reply: Any) -> None:
    assert complaints(reply, name) == []


@pytest.mark.parametrize(("name", "reply"), REPLIED.values(), ids=REPLIED.keys())
def test_a_reply_has_every_key_that_is_described(name: str, reply: Any) -> None:
    assert set(schema(name)["properties"]) == set(reply)


@pytest.mark.parametrize("name", ["Granted", "Allocation"])
def test_an_allocation_without_heartbeats_says_nothing_of_them(name: str) -> None:
    silent = replace(TWO, heartbeat=None)
    replies = {
        "Granted": shapes.granted(Granted(allocation=silent, sessions=[KEYS, KEYS])) | {"constraints": []},
        "Allocation": shapes.allocation(silent),
    }
    assert complaints(replies[name], name) == []
    assert "heartbeatSeconds" not in replies[name]


def test_every_status_has_a_reply_of_the_right_shape_and_no_other() -> None:
    assert set(schema("Status")["enum"]) == {str(status) for status in Status}
    assert set(schema("Pool")["properties"]["counts"]["properties"]) == {str(status) for status in Status}
    assert set(schema("HistoryEntry")["properties"]["kind"]["enum"]) == {str(kind) for kind in ActKind}
    assert set(schema("EndedBy")["enum"]) == {str(by) for by in EndedBy} | {None}


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(lambda reply: reply | {"colour": "red"}, id="unknown key"),
        pytest.param(lambda reply: {name: reply[name] for name in reply if name != "id"}, id="missing key"),
        pytest.param(lambda reply: reply | {"expiresAt": "tomorrow"}, id="no instant"),
        pytest.param(lambda reply: reply | {"environments": []}, id="nothing"),
    ],
)
def test_the_validator_sees_what_is_wrong(spoilt: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    assert complaints(spoilt(granted(1)), "Granted")


# --- requests -----------------------------------------------------------------------------------------------------


def _uncapitalised(name: str) -> str:
    return name[:1].lower() + name[1:]


PARSERS: Final[dict[str, Callable[[dict[str, Any]], object]]] = {
    "allocate": allocate_request,
    "deallocate": outcome_request,
    "operate": act_request,
    "resumePool": reason_request,
    "amendBaseline": amendment_request,
}
EXAMPLES: Final = {
    f"{operation['operationId']} {name}": (
        _uncapitalised(operation["operationId"].removeprefix("github")),
        example["value"],
    )
    for _, operation in operations()
    for name, example in operation.get("requestBody", {})
    .get("content", {})
    .get("application/json", {})
    .get("examples", {})
    .items()
}


@pytest.mark.parametrize(("operation", "example"), EXAMPLES.values(), ids=EXAMPLES.keys())
def test_every_example_is_valid_and_understood(operation: str, example: dict[str, Any]) -> None:
    assert complaints(example, f"{operation[0].upper()}{operation[1:]}Request") == []
    PARSERS[operation](strict_json.parse_object(json.dumps(example).encode()))


ASK: Final[dict[str, Any]] = {"pool": "demo", "requester": "r"}
ONE: Final = {"name": "a"}
GOOD: Final[dict[str, dict[str, Any]]] = {
    "least": ASK,
    "no constraints": ASK | {"constraints": []},
    "account": ASK | {"constraints": [{"type": "account", "value": ["222222222222"]}]},
    "capability by name": ASK | {"constraints": [{"type": "capability", "value": "bedrock"}]},
    "role": ASK | {"role": "reader"},
    "ten": ASK | {"environments": [{"name": f"n{index}"} for index in range(10)], "accounts": "any"},
    "nulls": ASK | {"durationSeconds": None, "sessionPolicy": None, "releaseTokenHash": None},
    "policy as text": ASK | {"sessionPolicy": '{"Version": "2012-10-17", "Statement": {"Effect": "Deny"}}'},
    "policy as object": ASK | {"sessionPolicy": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny"}]}},
    "longest": ASK | {"durationSeconds": 10800, "requester": "r" * 1024},
    "shortest": ASK | {"durationSeconds": 900},
    "heartbeats": ASK | {"heartbeatSeconds": 60},
    "rare heartbeats": ASK | {"heartbeatSeconds": 3600},
    "no heartbeats": ASK | {"heartbeatSeconds": None},
    "hash": ASK | {"releaseTokenHash": "0a" * 32},
    "whole number with a point": ASK | {"durationSeconds": 900.0},
    "one statement": ASK | {"sessionPolicy": {"Statement": {"Effect": "Deny"}}},
    "two statements": ASK | {"sessionPolicy": {"Statement": [{"Effect": "Deny"}, {"Effect": "Allow"}]}},
    "sovereign region": ASK | {"constraints": [{"type": "region", "value": ["eusc-de-east-1"]}]},
}
BAD: Final[dict[str, dict[str, Any]]] = {
    "no pool": {"requester": "r"},
    "no requester": {"pool": "demo"},
    "empty requester": ASK | {"requester": ""},
    "line break": ASK | {"requester": "a\nb"},
    "long requester": ASK | {"requester": "r" * 1025},
    "odd pool": ASK | {"pool": "../demo"},
    "unknown key": ASK | {"colour": "red"},
    "unknown constraint": ASK | {"constraints": [{"type": "colour", "value": "red"}]},
    "constraint without value": ASK | {"constraints": [{"type": "region"}]},
    "region as text": ASK | {"constraints": [{"type": "region", "value": "us-east-1"}]},
    "no regions": ASK | {"constraints": [{"type": "region", "value": []}]},
    "short account": ASK | {"constraints": [{"type": "account", "value": ["2"]}]},
    "two capabilities": ASK | {"constraints": [{"type": "capability", "value": {"a": 1, "b": 2}}]},
    "21 constraints": ASK | {"constraints": [{"type": "capability", "value": "a"}] * 21},
    "no environments": ASK | {"environments": []},
    "eleven": ASK | {"environments": [{"name": f"n{index}"} for index in range(11)]},
    "nameless": ASK | {"environments": [{"role": "admin"}]},
    "two ways": ASK | {"environments": [ONE], "constraints": []},
    "role twice": ASK | {"environments": [ONE], "role": "admin"},
    "accounts alone": ASK | {"accounts": "any"},
    "other accounts": ASK | {"environments": [ONE], "accounts": "same"},
    "too short": ASK | {"durationSeconds": 899},
    "too long": ASK | {"durationSeconds": 10801},
    "too many heartbeats": ASK | {"heartbeatSeconds": 59},
    "too few heartbeats": ASK | {"heartbeatSeconds": 3601},
    "heartbeats as text": ASK | {"heartbeatSeconds": "60"},
    "half a second": ASK | {"durationSeconds": 900.5},
    "duration as text": ASK | {"durationSeconds": "900"},
    "policy without statement": ASK | {"sessionPolicy": {}},
    "no statements": ASK | {"sessionPolicy": {"Statement": []}},
    "statement as text": ASK | {"sessionPolicy": {"Statement": "Allow"}},
    "statements as texts": ASK | {"sessionPolicy": {"Statement": ["Allow"]}},
    "policy as list": ASK | {"sessionPolicy": []},
    "upper-case hash": ASK | {"releaseTokenHash": "0A" * 32},
    "dry run as text": ASK | {"dryRun": "true"},
}


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD.keys())
def test_file_and_code_accept_the_same(body: dict[str, Any]) -> None:
    assert complaints(body, "AllocateRequest") == []
    allocate_request(body)


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_file_and_code_refuse_the_same(body: dict[str, Any]) -> None:
    assert complaints(body, "AllocateRequest")
    with pytest.raises(InvalidRequest):
        allocate_request(body)


# --- the Python client --------------------------------------------------------------------------------------------

CLIENT: Final[dict[str, tuple[type[DataclassInstance], set[str]]]] = {
    "EnvironmentWithReport": (EnvironmentState, set()),
    "HistoryEntry": (HistoryLine, {"leftovers"}),  # `client.leftovers` reads it
    "Allocation": (AllocationState, set()),
    "Run": (Run, set()),
    "Baseline": (BaselineState, {"cursor"}),
    "BaselineAmended": (BaselineState, set()),
    "BaselineItem": (BaselineItem, set()),
}


@pytest.mark.parametrize("name", CLIENT)
def test_the_client_leaves_out_nothing_that_the_api_tells(name: str) -> None:
    kind, without = CLIENT[name]
    assert set(schema(name)["properties"]) - without <= {camel(each.name) for each in fields(kind)}


# --- the file itself ----------------------------------------------------------------------------------------------


def nodes(value: object) -> Iterator[dict[str, Any]]:
    """Every schema below `value`, which is one."""
    if not isinstance(value, dict):
        return
    yield value
    for name, part in value.items():
        if name == "properties":
            for inner in part.values():
                yield from nodes(inner)
        elif name in {"items", "not", "additionalProperties"}:
            yield from nodes(part)
        elif name in {"allOf", "anyOf", "oneOf"}:
            for inner in part:
                yield from nodes(inner)


def test_every_word_of_the_schemas_is_one_that_is_checked() -> None:
    used = {word for part in DOCUMENT["components"]["schemas"].values() for node in nodes(part) for word in node}
    assert used <= WORDS


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(DOCUMENT)):
        assert VALIDATOR.look_up(reference)


def test_an_environment_with_a_report_is_an_environment_and_a_report() -> None:
    plain, full = schema("Environment"), schema("EnvironmentWithReport")
    assert {name: part for name, part in full["properties"].items() if name not in {"cleanup", "progress"}} == plain[
        "properties"
    ]
    assert full["required"] == [*plain["required"], "cleanup", "progress"]


def test_an_act_that_makes_an_environment_disappear_is_described() -> None:
    gone = {"account": a_key().account, "region": a_key().region, "status": None, "changed": True}
    assert complaints(gone, "EnvironmentGone") == []
    assert complaints(shapes.environment(an_environment()), "EnvironmentGone")


def test_an_environment_after_an_act_is_an_environment_that_says_whether_it_changed() -> None:
    plain, full = schema("Environment"), schema("EnvironmentAfterAct")
    assert {name: part for name, part in full["properties"].items() if name != "changed"} == plain["properties"]
    assert full["required"] == [*plain["required"], "changed"]
