"""What GitHub's messages mean, and that nobody else's do."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Final

import pytest

from atmosphere.core import webhook
from atmosphere.core.errors import Refused, TooLarge, Unauthenticated
from atmosphere.core.github import GITHUB_COM, Issuer
from atmosphere.core.webhook import MAX_BYTES, Completed, Kind, SharedSecret, authenticate, signature

SECRET: Final = b"webhook-secret"
ELSEWHERE: Final = Issuer("https://token.actions.octocorp.ghe.com")
BODY: Final = '{"action": "completed", "text": "Zoë 🚀"}'.encode()


def read(body: bytes) -> Completed | None:
    return webhook.read(body, GITHUB_COM)


def sign(body: bytes, secret: bytes = SECRET) -> str:
    return f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"


def refusal(body: bytes, headers: list[str], *secrets: bytes) -> type[Refused] | None:
    try:
        authenticate(body, signature(body, headers), {GITHUB_COM: secrets or (SECRET,)})
    except Refused as refused:
        return type(refused)
    return None


GOOD: Final = sign(BODY)
HEADERS: Final[dict[str, tuple[list[str], type[Refused] | None]]] = {
    "right": ([GOOD], None),
    "none": ([], Unauthenticated),
    "empty": ([""], Unauthenticated),
    "another secret's": ([sign(BODY, b"other")], Unauthenticated),
    "no secret's": ([sign(BODY, b"")], Unauthenticated),
    "another body's": ([sign(BODY + b" ")], Unauthenticated),
    "one digit off": ([GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1")], Unauthenticated),
    "cut": ([GOOD[:-1]], Unauthenticated),
    "too long": ([GOOD + "0"], Unauthenticated),
    "upper case": ([GOOD.upper().replace("SHA256", "sha256")], Unauthenticated),
    "no scheme": ([GOOD.removeprefix("sha256=")], Unauthenticated),
    "another scheme": ([GOOD.replace("sha256", "sha512")], Unauthenticated),
    "SHA-1": ([f"sha1={hmac.new(SECRET, BODY, hashlib.sha1).hexdigest()}"], Unauthenticated),
    "SHA-1 called SHA-256": ([f"sha256={hmac.new(SECRET, BODY, hashlib.sha1).hexdigest()}"], Unauthenticated),
    "a line break behind": ([GOOD + "\n"], Unauthenticated),
    "a space before": ([" " + GOOD], Unauthenticated),
    "no ASCII": (["sha256=" + "\u0660" * 64], Unauthenticated),
    "several in one": ([f"{GOOD}, {GOOD}"], Unauthenticated),
    "a wrong and a right one": ([sign(BODY, b"other"), GOOD], Unauthenticated),
    "the right one twice": ([GOOD, GOOD], Unauthenticated),
}


@pytest.mark.parametrize(("headers", "expected"), HEADERS.values(), ids=HEADERS.keys())
def test_only_the_signature_of_these_bytes_lets_a_message_in(
    headers: list[str], expected: type[Refused] | None
) -> None:
    assert refusal(BODY, headers) is expected


def test_every_secret_that_is_in_force_is_accepted_and_none_is_nobody() -> None:
    assert refusal(BODY, [GOOD], b"new", SECRET) is None
    assert refusal(BODY, [GOOD], SECRET, b"old") is None
    assert refusal(BODY, [GOOD], b"new", b"old") is Unauthenticated
    for none in ({}, {GITHUB_COM: ()}):
        with pytest.raises(Unauthenticated):
            authenticate(BODY, signature(BODY, [GOOD]), none)


def test_the_issuer_is_the_one_whose_secret_signed_and_nobody_if_two_have_it() -> None:
    given = signature(BODY, [GOOD])
    assert authenticate(BODY, given, {GITHUB_COM: (b"x",), ELSEWHERE: (b"new", SECRET)}) == ELSEWHERE
    assert authenticate(BODY, given, {GITHUB_COM: (SECRET,), ELSEWHERE: ()}) == GITHUB_COM
    with pytest.raises(SharedSecret):
        authenticate(BODY, given, {GITHUB_COM: (SECRET,), ELSEWHERE: (b"new", SECRET)})


def test_a_body_may_be_1_mib_and_no_more_signed_or_not() -> None:
    largest = b" " * MAX_BYTES
    assert refusal(largest, [sign(largest)]) is None
    assert refusal(largest + b" ", [sign(largest + b" ")]) is TooLarge
    assert refusal(largest + b" ", []) is TooLarge


RUN: Final[dict[str, Any]] = {"id": 7000000001, "run_attempt": 2, "status": "completed", "conclusion": "failure"}
JOB: Final[dict[str, Any]] = RUN | {"id": 6000000001, "run_id": 7000000001}
REPOSITORY: Final = {"id": 900000001, "full_name": "acme/app"}


def a_message(**parts: Any) -> dict[str, Any]:
    return {"action": "completed", "repository": REPOSITORY, "sender": {"login": "octocat"}, **parts}


def told(**changes: Any) -> Completed:
    defaults: dict[str, Any] = {
        "issuer": GITHUB_COM,
        "repository_id": "900000001",
        "run_id": "7000000001",
        "run_attempt": 2,
        "job": None,
        "conclusion": "failure",
    }
    return Completed(**(defaults | changes))


def test_a_run_and_a_job_that_are_over_are_understood() -> None:
    run = read(json.dumps(a_message(workflow_run=RUN, workflow={"id": 1})).encode())
    job = read(json.dumps(a_message(workflow_job=JOB, deployment={"id": 1})).encode())
    assert (run, job) == (told(), told(job="6000000001"))
    assert (told().kind, told(job="6000000001").kind) == (Kind.RUN, Kind.JOB)


ODD_WORDS: Final[tuple[object, ...]] = (None, "", 1, {}, "a b", "x\n", "Zoë", "a" * 65)


@pytest.mark.parametrize(
    ("conclusion", "kept"),
    [
        *((word, word) for word in ("success", "cancelled", "timed_out", "startup_failure")),
        *((odd, "unknown") for odd in ODD_WORDS),
    ],
)
def test_the_conclusion_is_a_word_or_unknown(conclusion: object, kept: str) -> None:
    about = RUN | {"conclusion": conclusion}
    assert read(json.dumps(a_message(workflow_run=about)).encode()) == told(conclusion=kept)


def without(about: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in about.items() if key != name}


NOTHING: Final[dict[str, Any]] = {
    "ping": {"zen": "TextStore it logically awesome.", "hook_id": 1, "repository": REPOSITORY},
    "requested run": a_message(workflow_run=RUN | {"status": "queued"}) | {"action": "requested"},
    "job in progress": a_message(workflow_job=JOB | {"status": "in_progress"}) | {"action": "in_progress"},
    "completed check": a_message(check_run={"id": 6000000001, "status": "completed"}),
    "deployment with a run in it": a_message(workflow_run=RUN, deployment={"id": 1}) | {"action": "created"},
    "a first attempt that is not over, whatever the action says": a_message(
        workflow_run=RUN | {"run_attempt": 1, "status": "in_progress"}
    ),
    "a job that is not over, whatever the action says": a_message(workflow_job=JOB | {"status": "queued"}),
    "a run that waits for approval": a_message(workflow_run=RUN | {"conclusion": "action_required"})
    | {"action": "requested"},
    "both": a_message(workflow_run=RUN, workflow_job=JOB),
    "no action": without(a_message(workflow_run=RUN), "action"),
    "no repository": without(a_message(workflow_run=RUN), "repository"),
    "repository is text": a_message(workflow_run=RUN) | {"repository": "acme/app"},
    "job without a run": a_message(workflow_job=without(JOB, "run_id")),
    "run is a list": a_message(workflow_run=[RUN]),
    **{f"run without {name}": a_message(workflow_run=without(RUN, name)) for name in ("id", "run_attempt")},
    **{
        f"id {odd!r}": a_message(workflow_run=RUN | {"id": odd})
        for odd in ("7000000001", 7000000001.0, True, None, 0, -1, 10**20, [7000000001])
    },
    "null": None,
    "a list": [],
    "text": "completed",
    "number": 1,
}
BYTES: Final[dict[str, bytes]] = {
    **{name: json.dumps(message).encode() for name, message in NOTHING.items()},
    "empty": b"",
    "no JSON": b"payload=%7B%7D",
    "UTF-16": json.dumps(a_message(workflow_run=RUN)).encode("utf-16"),
    "broken UTF-8": b'{"action": "\xff"}',
    "nested": b"[" * 200_000,
    "a number of 5000 digits": b'{"action": ' + b"1" * 5000 + b"}",
    "a lone surrogate": b'{"action": "completed", "workflow_run": "\\ud800"}',
}


@pytest.mark.parametrize("body", BYTES.values(), ids=BYTES.keys())
def test_everything_else_means_nothing(body: bytes) -> None:
    assert read(body) is None


@pytest.mark.parametrize("status", ["queued", "in_progress", None])
def test_of_a_run_that_is_completed_by_its_action_alone_only_the_attempts_before_are_over(status: str | None) -> None:
    """A later attempt began while GitHub wrote the message: it must keep what it holds."""
    about = RUN | {"run_attempt": 3, "status": status, "conclusion": None}
    message = json.dumps(a_message(workflow_run=about)).encode()
    assert read(message) == told(run_attempt=2, conclusion="unknown")
