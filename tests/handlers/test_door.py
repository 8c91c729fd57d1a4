"""The door of the API: who gets in, what a body may be, and that every reply is JSON and tells nothing."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere import wiring
from atmosphere.adapters.memory import MemorySnapshot
from atmosphere.contract import FUNCTIONS, ROUTES
from atmosphere.core.access import AccessRules
from atmosphere.core.errors import Code
from atmosphere.handlers import query
from atmosphere.handlers.http import STATUS, respond
from tests.builders import HUB
from tests.handlers.events import API_ACCOUNT, CANARIES, REQUEST_ID, an_event, an_identity, in_base64
from tests.operations.line import Fault, Trap

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.handlers.conftest import Answer, Api

ASK: Final = {"pool": "canary", "requester": "run 1"}
UNKNOWN: Final = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"


def _is_plain(answer: Answer) -> None:
    """P7: what every reply has in common."""
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Request-Id" in answer.headers
    assert answer.raw.isascii()
    if answer.status != 200:
        assert set(answer.body) <= {"message", "code", "retryAfterSeconds"}
        assert answer.body["message"]
        assert answer.code == "internal" or STATUS[Code(str(answer.code))] == answer.status
    if answer.status in {423, 503}:
        assert int(answer.headers["Retry-After"]) == answer.body["retryAfterSeconds"] >= 1


# --- identity ---


@pytest.mark.parametrize(
    "identity",
    [
        {},
        an_identity(userArn=None, accountId=None),
        an_identity(userArn=None),
        an_identity(accountId=None),
        an_identity(accountId=111111111111),
        an_identity(userArn=["arn"]),
        an_identity(account=API_ACCOUNT),
        an_identity(account="222222222222"),
        an_identity(accountId=API_ACCOUNT),
        an_identity(userArn=f"arn:aws:sts::{API_ACCOUNT}:assumed-role/runner/s1"),
        an_identity(userArn="arn:aws:sts::111111111111:federated-user/jane"),
        an_identity(userArn="anonymous"),
    ],
)
def test_who_is_not_plainly_a_known_caller_is_forbidden(api: Api, identity: dict[str, Any]) -> None:
    """`requestContext.accountId`, the API's own, never counts."""
    answer = api.ask("POST /allocations", body=ASK, identity=identity)
    _is_plain(answer)
    assert (answer.status, answer.code) == (403, "forbidden")


@pytest.mark.parametrize(
    "context",
    [
        {},
        None,
        {"accountId": HUB},
        {"identity": None},
        {"identity": an_identity(), "authorizer": {"auth": "github", "owner": "iam:x"}},
        {"authorizer": {"principalId": "x"}},
    ],
)
def test_an_event_that_no_signed_request_makes_is_forbidden(api: Api, context: Any) -> None:
    """A call from inside that is faked to look like the API's, or one that both trees claim."""
    answer = api.send(an_event("POST /allocations", body=ASK) | {"requestContext": context})
    _is_plain(answer)
    assert answer.status == 403


@pytest.mark.parametrize("event", [{}, {"source": "aws.events", "detail": {}}, {"Records": []}, {"body": "{}"}])
def test_an_event_of_another_kind_is_forbidden(api: Api, event: dict[str, Any]) -> None:
    answer = api.send(event)
    _is_plain(answer)
    assert answer.status == 403


def test_what_a_caller_says_of_itself_does_not_count(api: Api) -> None:
    headers = {"x-account-id": HUB, "X-Forwarded-User": "operator", "x-amzn-iam-user": "operator"}
    denied = api.ask("GET /environments", headers=headers)
    assert (denied.status, denied.code) == (403, "forbidden")
    granted = api.ask("POST /allocations", body=ASK, headers=headers)
    assert api.world.recorded(granted.body["id"]).owner == f"iam:{HUB}:role/runner"


def test_forbidden_looks_the_same_for_a_stranger_a_forbidden_pool_and_an_unknown_one(api: Api) -> None:
    answers = [
        api.ask("POST /allocations", body=ASK, identity=an_identity(account="222222222222")),
        api.ask("POST /allocations", body=ASK | {"pool": "no-such-pool"}),
        api.ask("GET /pools/{pool}", path={"pool": "no-such-pool"}),
        api.ask("GET /environments"),
    ]
    assert {(answer.status, answer.raw) for answer in answers} == {(403, answers[0].raw)}


# --- bodies ---


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "null",
        "[]",
        '"x"',
        "{",
        '{"pool": "canary", "pool": "canary", "requester": "x"}',
        '{"pool": "canary", "requester": "x", "durationSeconds": NaN}',
        '{"pool": "canary", "requester": "x", "constraints": [{"type": "capability", "value": {"a": 1e999}}]}',
        '{"pool": "canary", "requester": "\\ud800"}',
        '{"pool": "canary", "requester": "\ud800"}',
        '{"a": ' + "[" * 1000 + "]" * 1000 + "}",
        '{"pool": "canary", "requester": "' + "]" * 7000 + '", "x": ' + "[" * 1500 + "]" * 1500 + "}",
    ],
)
def test_a_body_that_is_no_plain_object_is_refused(api: Api, body: str | None) -> None:
    answer = api.ask("POST /allocations", body=body)
    _is_plain(answer)
    assert (answer.status, answer.code) == (400, "invalid-request")


@pytest.mark.parametrize("as_sent", [lambda event: event, in_base64])
def test_a_body_over_sixteen_kibibytes_is_too_large(api: Api, as_sent: Callable[[Any], Any]) -> None:
    fits = ASK | {"sessionPolicy": " " * 15000 + "{}"}
    assert api.send(as_sent(an_event("POST /allocations", body=fits))).status == 400
    answer = api.send(as_sent(an_event("POST /allocations", body=ASK | {"requester": "x" * 16384})))
    _is_plain(answer)
    assert (answer.status, answer.code) == (413, "too-large")


def test_a_body_in_base64_is_read(api: Api) -> None:
    assert api.send(in_base64(an_event("POST /allocations", body=ASK))).status == 200


@pytest.mark.parametrize(
    "body", ["not base64!", "====", base64.b64encode(json.dumps(ASK).encode("utf-16")).decode(), "e30=\n\n!"]
)
def test_a_body_that_is_called_base64_and_is_none_is_refused(api: Api, body: str) -> None:
    answer = api.send(an_event("POST /allocations", body=body) | {"isBase64Encoded": True})
    _is_plain(answer)
    assert (answer.status, answer.code) == (400, "invalid-request")


def test_header_names_are_looked_up_in_any_spelling(api: Api) -> None:
    spellings = ("Idempotency-Key", "idempotency-key", "IDEMPOTENCY-KEY")
    answers = [api.ask("POST /allocations", body=ASK, headers={name: UNKNOWN}) for name in spellings]
    assert {answer.body["id"] for answer in answers} == {UNKNOWN}


@pytest.mark.parametrize("headers", [None, {}])
def test_a_request_without_headers_is_one_without_a_key(api: Api, headers: Any) -> None:
    assert api.send(an_event("POST /allocations", body=ASK) | {"headers": headers}).status == 200


# --- faults ---


def test_a_fault_is_a_plain_500_that_tells_nothing(api: Api, printed: Callable[[], str]) -> None:
    def broken() -> None:
        raise RuntimeError(f"{CANARIES[0]} leaked")

    api.world.line.lay(Trap(1, meanwhile=broken))
    answer = api.ask("POST /allocations", body=ASK)
    _is_plain(answer)
    assert (answer.status, answer.code) == (500, "internal")
    assert CANARIES[0] not in answer.raw
    text = printed()
    assert "RuntimeError" in text
    assert CANARIES[0] not in text


def _named(route: Any) -> str:
    return f"{route.method} {route.path}"


ANSWERED_BY_THE_SNAPSHOT: Final = {"/configuration"}


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if route.tree == "iam" and route.path not in ANSWERED_BY_THE_SNAPSHOT],
    ids=_named,
)
def test_a_dependency_that_does_not_answer_is_503_on_every_route(api: Api, route: Any) -> None:
    body: Any = {"POST": ASK, "DELETE": {"outcome": "x"}}.get(route.method)
    body = (
        None
        if route.path.endswith(("credentials", "heartbeat"))
        else {"reason": "x"}
        if route.path.endswith(("{act}", "resume"))
        else body
    )
    if route.path.endswith("/baseline") and route.method == "POST":
        body = {"act": "drop", "items": ["AWS::S3::Bucket:a@eu-west-1"], "reason": "x"}
    path = {"id": UNKNOWN, "pool": "canary", "account": "222222222222", "region": "eu-west-1", "act": "hold"}
    query = {"requester": "x"} if (route.method, route.path) == ("GET", "/allocations") else None
    api.world.line.lay(Trap(1, Fault.DOWN))
    identity = an_identity("operator")
    answer = api.ask(f"{route.method} {route.path}", body=body, path=path, query=query, identity=identity)
    _is_plain(answer)
    assert (answer.status, answer.code) == (503, "unavailable")


@pytest.mark.parametrize(("fault", "told"), [(Fault.REPLY_LOST, True), (Fault.DOWN, False)])
def test_a_503_says_so_where_what_was_asked_may_have_been_done(api: Api, fault: Fault, *, told: bool) -> None:
    key = next(iter(api.world.rows.environments())).key
    api.world.line.lay(Trap(2, fault))
    answer = api.ask(
        "POST /environments/{account}/{region}/{act}",
        body={"reason": "x"},
        path={"account": key.account, "region": key.region, "act": "hold"},
        identity=an_identity("operator"),
    )
    _is_plain(answer)
    assert (answer.status, answer.code) == (503, "unavailable")
    assert ("may have been done" in answer.body["message"]) is told


@pytest.mark.parametrize("route", ["POST /allocations", "GET /pools", "GET /configuration", "DELETE /allocations/{id}"])
def test_without_a_configuration_nobody_gets_in(api: Api, route: str) -> None:
    """P8: unreadable is refused, as a fault of ours."""
    api.app.snapshots = MemorySnapshot(None)
    answer = api.ask(route, body=ASK, path={"id": UNKNOWN})
    _is_plain(answer)
    assert (answer.status, answer.code) == (503, "unavailable")


def test_an_empty_configuration_lets_nobody_in(api: Api) -> None:
    api.app.snapshots = MemorySnapshot(replace(api.world.snapshot, access=AccessRules()))
    for role in ("runner", "operator"):
        assert api.ask("GET /pools", identity=an_identity(role)).status == 403


def test_every_reply_names_the_request(api: Api) -> None:
    for answer in (api.ask("GET /pools"), api.ask("POST /allocations", body="{")):
        assert answer.headers["X-Request-Id"] == REQUEST_ID


def test_the_entry_points_are_where_the_template_expects_them() -> None:
    """The handler of each function of the contract exists and is callable."""
    for function in FUNCTIONS:
        module, _, name = function.handler.rpartition(".")
        assert callable(getattr(import_module(module), name))


# --- nothing secret is kept ---


def test_no_credential_and_no_token_is_ever_printed(api: Api, printed: Callable[[], str]) -> None:
    """P6, over a whole life and every kind of refusal: neither what came in nor what went out."""
    token = "a1" * 32
    allocated = api.ask("POST /allocations", body=ASK | {"releaseTokenHash": token, "sessionPolicy": None})
    id_ = allocated.body["id"]
    api.ask("POST /allocations/{id}/credentials", path={"id": id_})
    api.ask("GET /allocations/{id}", path={"id": id_})
    api.ask("POST /allocations", body=ASK | {"pool": "closed"})
    api.ask("POST /allocations", body="{" + CANARIES[0])
    api.ask("POST /allocations", body=ASK, headers={"idempotency-key": CANARIES[1]})
    api.ask("DELETE /allocations/{id}", path={"id": CANARIES[2]}, body={"outcome": "x"})
    api.world.keys.failing = True
    api.ask("POST /allocations", body=ASK)
    api.ask("DELETE /allocations/{id}", path={"id": id_}, body={"outcome": "secret outcome"})
    text = printed()
    assert text.count('"message":"request"') == 9
    minted = [entry.credentials for entry in api.world.keys.minted]
    secrets = [key.secret_access_key for key in minted] + [key.session_token for key in minted]
    secrets += [key.access_key_id for key in minted]
    assert len(secrets) == 6
    for secret in (*CANARIES, *secrets, token, "secret outcome"):
        assert secret not in text


def test_credentials_appear_in_the_two_replies_that_grant_them_only(api: Api) -> None:
    allocated = api.ask("POST /allocations", body=ASK)
    path = {"id": allocated.body["id"]}
    others = [
        api.ask("GET /allocations/{id}", path=path),
        api.ask("GET /allocations", query={"requester": "run 1"}, identity=an_identity("operator")),
        api.ask("GET /environments", identity=an_identity("operator")),
        api.ask("DELETE /allocations/{id}", path=path, body={"outcome": "x"}),
    ]
    (minted,) = api.world.keys.minted
    assert minted.credentials.session_token in allocated.raw
    for answer in others:
        assert answer.status == 200
        assert minted.credentials.session_token not in answer.raw
        assert minted.credentials.secret_access_key not in answer.raw


def test_one_line_for_each_request_says_what_was_decided(api: Api, printed: Callable[[], str]) -> None:
    answer = api.ask("POST /allocations", body=ASK)
    (line,) = [json.loads(text) for text in printed().splitlines() if '"message":"request"' in text]
    assert line["allocation"] == answer.body["id"]
    assert (line["route"], line["status"], line["pool"]) == ("POST /allocations", 200, "canary")
    assert (line["owner"], line["requestId"]) == (f"iam:{HUB}:role/runner", REQUEST_ID)
    assert "requester" not in line


def test_a_refusal_is_counted_by_its_code_and_nothing_that_a_caller_chose(api: Api, printed: Callable[[], str]) -> None:
    api.ask("POST /allocations", body=ASK | {"pool": "made-up-by-the-caller"})
    metrics = [json.loads(text) for text in printed().splitlines() if '"Refused"' in text]
    assert [metric["code"] for metric in metrics] == ["forbidden"]
    assert "made-up-by-the-caller" not in json.dumps(metrics)


def test_the_real_entry_points_answer_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "app", lambda: api.app)
    response = query.handler(an_event("GET /pools"), object())
    assert response["statusCode"] == 200
    assert response == respond(an_event("GET /pools"), api.app, query.handle)
