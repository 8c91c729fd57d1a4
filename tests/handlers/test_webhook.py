"""The webhook's door: signed bytes in, an acknowledgement out, and nothing of either in the log."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import pytest

from atmosphere.adapters.memory import MemorySecrets
from atmosphere.contract import FunctionName, Tree
from atmosphere.core.github import GITHUB_COM, Issuer, TrustedIssuer
from atmosphere.core.model import RuleName
from atmosphere.core.webhook import MAX_BYTES
from tests.builders import a_key
from tests.handlers.door import (
    WEBHOOK_SECRET,
    Door,
    Who,
    a_door,
    an_event,
    completed_job,
    completed_run,
    hub_signature,
    signed,
    workflow,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.core.model import AllocationId

HEADER: Final = "X-Hub-Signature-256"
RUN: Final = workflow()


def ended_by(door: Door, id_: str) -> str | None:
    by = door.world.recorded(as_id(id_)).ended_by
    return str(by) if by else None


def as_id(id_: str) -> AllocationId:
    return id_  # type: ignore[return-value]


@pytest.mark.parametrize("message", [completed_run(), completed_job()], ids=["run", "job"])
def test_a_signed_message_ends_what_is_over_and_may_come_again(message: dict[str, Any]) -> None:
    door = a_door()
    id_ = door.allocated(RUN)
    replies = [door.deliver(message) for _ in range(2)]
    assert [(reply.status, reply.text) for reply in replies] == [(200, "{}")] * 2
    shown = door.look(RUN, id_).body
    assert (shown["status"], shown["outcome"], shown["endedBy"]) == ("ended", "github: failure", "github")
    (entry,) = door.ask(signed("operator"), "GET", "/allocations", query={"requester": "a test"}).body["entries"]
    assert entry["endedBy"] == "github"
    assert len(door.world.cleanups.started) == 1


def test_what_signers_hold_is_not_githubs_to_end() -> None:
    door = a_door()
    id_ = door.allocated(signed())
    assert door.deliver(completed_run()).status == 200
    assert ended_by(door, id_) is None


HEADERS: Final[dict[str, Callable[[str], dict[str, str]]]] = {
    "none": lambda _: {},
    "SHA-1 only": lambda _: {"X-Hub-Signature": "sha1=" + "0" * 40},
    "another secret's": lambda body: {HEADER: hub_signature(body, b"other")},
    "another body's": lambda body: {HEADER: hub_signature(body + " ")},
    "two spellings": lambda body: {HEADER: hub_signature(body), HEADER.lower(): hub_signature(body)},
    "a GitHub token": lambda _: {"Authorization": "Bearer a.b.c"},
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
def test_without_the_signature_nothing_happens(headers: Callable[[str], dict[str, str]]) -> None:
    door = a_door()
    id_ = door.allocated(RUN)
    body = json.dumps(completed_run())
    assert door.deliver(body, headers=headers(body)).answer == (401, "unauthenticated")
    assert ended_by(door, id_) is None


def test_the_signature_is_found_in_any_case_and_the_body_in_base64() -> None:
    door = a_door()
    id_ = door.allocated(RUN)
    body = json.dumps({**completed_run(), "sender": {"login": "Zoë"}}, ensure_ascii=False)
    wrapped = base64.b64encode(body.encode()).decode()
    headers = {HEADER.upper(): hub_signature(body)}
    assert door.deliver(wrapped, headers=headers, isBase64Encoded=True).status == 200
    assert ended_by(door, id_) == "github"


def _form(**fields: str) -> str:
    return urlencode(fields)


def test_a_delivery_as_a_form_says_the_same() -> None:
    door = a_door()
    id_ = door.allocated(RUN)
    body = _form(payload=json.dumps({**completed_run(), "sender": {"login": "Zoë + a&b=c"}}))
    assert door.deliver(body, headers={HEADER: hub_signature(body)}).answer == (200, None)
    assert ended_by(door, id_) == "github"


FORMS: Final = {
    "empty": "payload=",
    "no JSON": _form(payload="no"),
    "another field": _form(other=json.dumps(completed_run())),
    "a second field": _form(payload=json.dumps(completed_run()), other="1"),
    "two payloads": f"{_form(payload='{}')}&{_form(payload=json.dumps(completed_run()))}",
    "no UTF-8": "payload=%ff",
}


@pytest.mark.parametrize("body", FORMS.values(), ids=FORMS.keys())
def test_a_form_that_is_none_of_githubs_has_no_effect(body: str) -> None:
    door = a_door()
    id_ = door.allocated(RUN)
    assert door.deliver(body, headers={HEADER: hub_signature(body)}).status == 200
    assert ended_by(door, id_) is None


def test_a_header_line_that_comes_twice_is_none() -> None:
    """`headers` has only the last of them."""
    door = a_door()
    body = json.dumps(completed_run())
    good = hub_signature(body)
    several = {HEADER: [hub_signature(body, b"other"), good]}
    assert door.deliver(body, headers={HEADER: good}, multiValueHeaders=several).status == 401
    assert door.deliver(body, headers={HEADER: good}, multiValueHeaders={HEADER: [good]}).status == 200


def test_the_kind_that_a_header_claims_is_not_believed() -> None:
    """The signature covers the body only."""
    door = a_door()
    id_ = door.allocated(RUN)
    body = json.dumps(completed_run() | {"action": "requested"})
    headers = {HEADER: hub_signature(body), "X-GitHub-Event": "workflow_run"}
    assert door.deliver(body, headers=headers).status == 200
    assert ended_by(door, id_) is None


def test_a_secret_before_a_change_is_accepted_with_the_new_one() -> None:
    door = a_door()
    door.secrets.secrets = {GITHUB_COM: (b"new", WEBHOOK_SECRET)}
    assert door.deliver(completed_run()).status == 200
    door.secrets.secrets = {GITHUB_COM: (b"new",)}
    assert door.deliver(completed_run()).status == 401


@pytest.mark.parametrize("message", ["", "x", "[]", "{}", '{"action":"completed"}', '{"zen":"Design for failure."}'])
def test_what_is_no_message_that_something_is_over_is_acknowledged(message: str) -> None:
    reply = a_door().deliver(message)
    assert (reply.status, reply.text) == (200, "{}")


def test_a_body_of_more_than_1_mib_is_refused_with_its_own_limit() -> None:
    reply = a_door().deliver(" " * (MAX_BYTES + 1))
    assert reply.answer == (413, "too-large")
    assert "1 MiB" in reply.body["message"]
    assert a_door().deliver(" " * MAX_BYTES).status == 200


def test_without_the_secret_or_the_tables_it_is_try_again_later() -> None:
    door = a_door()
    id_ = door.allocated(RUN)
    door.secrets.down = {GITHUB_COM}
    answers = [door.deliver(completed_run())]
    door.secrets = MemorySecrets()
    answers.append(door.deliver(completed_run()))
    assert door.deliver(completed_run(), headers={}).status == 401, "which needs no secret"
    door.secrets = MemorySecrets({GITHUB_COM: (WEBHOOK_SECRET,)})
    door.world.snapshot = None  # type: ignore[assignment]
    answers.append(door.deliver(completed_run()))
    assert {reply.answer for reply in answers} == {(503, "unavailable")}
    assert all(int(reply.headers["Retry-After"]) > 0 for reply in answers)
    assert ended_by(door, id_) is None


def test_a_delivery_signed_with_another_secret_is_counted_and_one_without_a_signature_is_not(
    printed: Callable[[], str],
) -> None:
    """Anybody can send the second kind, and does."""
    door = a_door()
    door.deliver(completed_run(), headers={})
    assert "WebhookRejected" not in printed()
    door.secrets = MemorySecrets({GITHUB_COM: (b"another",)})
    door.deliver(completed_run())
    assert '"WebhookRejected":[1.0]' in printed().replace(" ", "")


def test_one_line_tells_what_came_of_it_and_nothing_of_the_message(printed: Callable[[], str]) -> None:
    door = a_door()
    door.allocated(RUN)
    message = completed_run() | {
        "sender": {"login": "some-secret-login"},
        "repository": {"id": 900000001, "name": "some-secret-name"},
    }
    door.deliver(message)
    lines = [json.loads(line) for line in printed().splitlines() if '"POST /github/webhook"' in line]
    (line,) = lines
    told = {
        name: line[name]
        for name in ("status", "requestId", "issuer", "event", "repositoryId", "runId", "attempt", "ended")
    }
    assert told == {
        "status": 200,
        "requestId": "request-1",
        "issuer": GITHUB_COM,
        "event": "workflow_run",
        "repositoryId": "900000001",
        "runId": "7000000001",
        "attempt": 1,
        "ended": 1,
    }
    assert "some-secret" not in printed()
    assert hub_signature(json.dumps(message)).removeprefix("sha256=") not in printed()
    assert WEBHOOK_SECRET.decode() not in printed()


def test_no_other_function_takes_what_the_gateway_lets_in_here() -> None:
    """The route is open: whoever comes by it is nobody."""
    door = a_door()
    event = an_event(Who(tree=Tree.WEBHOOK), "POST", "/webhook", {"pool": "canary", "requester": "r"})
    for function in (FunctionName.ALLOCATE, FunctionName.DEALLOCATE, FunctionName.REFRESH, FunctionName.QUERY):
        assert door.send(event, function).answer == (403, "forbidden")
    assert door.world.row(a_key(1)).allocation is None


# --- several issuers ------------------------------------------------------------------------------------------------

SERVER: Final = Issuer("https://github.acme.test/_services/token")
RESIDENT: Final = Issuer("https://token.actions.acme.ghe.com")
SECRETS: Final = {GITHUB_COM: WEBHOOK_SECRET, SERVER: b"the server's", RESIDENT: b"the resident's"}


def a_door_of_all() -> Door:
    """Every issuer has a rule and a secret, and its run with the same ids holds an environment."""
    door = a_door(6)
    (rule, *_), settings = door.world.snapshot.access.github, door.world.snapshot.settings
    issuers = tuple(TrustedIssuer(issuer=issuer, jwks_url=f"{issuer}/.well-known/jwks") for issuer in SECRETS)
    rules = tuple(replace(rule, name=RuleName(f"app-{n}"), issuer=issuer) for n, issuer in enumerate(SECRETS))
    access = replace(door.world.snapshot.access, github=rules)
    door.world.snapshot = replace(door.world.snapshot, access=access, settings=replace(settings, issuers=issuers[1:]))
    door.secrets = MemorySecrets({issuer: (secret,) for issuer, secret in SECRETS.items()})
    return door


def held_by_all(door: Door) -> dict[Issuer, str]:
    return {issuer: door.allocated(workflow(rules=f"app-{n}", issuer=issuer)) for n, issuer in enumerate(SECRETS)}


@pytest.mark.parametrize("message", [completed_run(), completed_job()], ids=["run", "job"])
@pytest.mark.parametrize("sender", SECRETS)
def test_a_delivery_ends_only_what_the_runs_of_the_issuer_hold_whose_secret_signed_it(
    sender: Issuer, message: dict[str, Any]
) -> None:
    door = a_door_of_all()
    held = held_by_all(door)
    body = json.dumps(message)
    for claimed in ("github.acme.test", "acme.ghe.com", ""):  # a header, which nobody signed
        headers = {HEADER: hub_signature(body, SECRETS[sender]), "X-GitHub-Enterprise-Host": claimed}
        assert door.deliver(body, headers=headers).status == 200
    ended = {issuer for issuer, id_ in held.items() if ended_by(door, id_) == "github"}
    assert ended == {sender}
    late = [door.allocate(workflow(rules=f"app-{n}", issuer=issuer)) for n, issuer in enumerate(SECRETS)]
    over = [reply.answer == (409, "already-ended") for reply in late]
    assert over == [issuer == sender for issuer in SECRETS]


def test_a_secret_that_two_issuers_have_speaks_for_neither_and_the_log_says_so(printed: Callable[[], str]) -> None:
    door = a_door_of_all()
    held = held_by_all(door)
    door.secrets.secrets[SERVER] = (b"the server's", WEBHOOK_SECRET)
    assert door.deliver(completed_run()).answer == (401, "unauthenticated")
    assert [ended_by(door, id_) for id_ in held.values()] == [None] * 3
    assert "several issuers have this secret" in printed()


def test_a_secret_without_a_value_keeps_no_other_issuer_from_being_heard() -> None:
    door = a_door_of_all()
    held = held_by_all(door)
    del door.secrets.secrets[SERVER]
    assert door.deliver(completed_run()).status == 200
    assert ended_by(door, held[GITHUB_COM]) == "github"


def test_while_one_secret_cannot_be_read_nobody_can_be_told_from_its_issuer() -> None:
    door = a_door_of_all()
    door.secrets.down = {SERVER}
    assert door.deliver(completed_run()).answer == (503, "unavailable")


def test_an_issuer_that_is_no_longer_listed_is_not_heard() -> None:
    door = a_door_of_all()
    settings = door.world.snapshot.settings
    door.world.snapshot = replace(door.world.snapshot, settings=replace(settings, issuers=settings.issuers[:1]))
    body = json.dumps(completed_run())
    assert door.deliver(body, headers={HEADER: hub_signature(body, SECRETS[RESIDENT])}).status == 401
