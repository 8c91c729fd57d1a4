"""The judge can fail: each thing that no reply may be is shown to it once, and named; and a good reply is not."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.fuzz.judge import LINKS, Judge
from tests.fuzz.wire import Answered, Asked

SAFE: Final = {"cache-control": "no-store"}
REFUSED: Final = {"message": "no such allocation", "code": "unknown-allocation"}
PROOF: Final = "Bearer " + "x" * 40
ASKED: Final = Asked("GET", "/allocations/some-id", "", {"authorization": PROOF}, b"")
SECRET: Final = "a-key-that-was-handed-out"


def _reply(status: int, body: Any, headers: dict[str, str] = SAFE) -> Answered:
    return Answered(status, headers, body if isinstance(body, str) else json.dumps(body))


BAD: Final[dict[str, tuple[Answered, str]]] = {
    "no JSON": (_reply(404, "<html>"), "no JSON object"),
    "a list": (_reply(200, []), "no JSON object"),
    "storable": (_reply(404, REFUSED, {}), "may be stored"),
    "no code": (_reply(404, {"message": "no"}), "the code None"),
    "another code": (_reply(404, REFUSED | {"code": "gone"}), "the code 'gone'"),
    "no message": (_reply(404, {"code": "unknown-allocation"}), "no message"),
    "an inside": (_reply(400, REFUSED | {"message": "KeyError: 'pool'"}), "shows the insides"),
    "a failure": (_reply(500, {"message": "sorry", "code": "internal"}), "the service failed"),
    "another 503": (_reply(503, REFUSED), "the service failed"),
    "the proof": (_reply(404, REFUSED | {"message": f"not for {PROOF}"}), "what proved who asks"),
}


@pytest.mark.parametrize(("reply", "complaint"), BAD.values(), ids=BAD.keys())
def test_what_no_reply_may_be_is_named(reply: Answered, complaint: str) -> None:
    judge = Judge(lambda _: reply, seed=1)
    judge(ASKED)
    assert [line for line in judge.wrong if complaint in line]


@pytest.mark.parametrize("reply", [_reply(404, REFUSED), _reply(503, {"message": "wait", "code": "unavailable"})])
def test_a_good_reply_is_none_of_these(reply: Answered) -> None:
    judge = Judge(lambda _: reply, seed=1)
    judge(ASKED)
    assert not judge.wrong


def test_what_is_no_route_is_refused_as_the_file_says() -> None:
    judge = Judge(lambda _: _reply(404, REFUSED), seed=1)
    judge(Asked("PUT", "/allocations", "", {}, b""))
    assert "no such route" in str(judge.wrong)


def test_a_credential_is_shown_once_and_in_no_other_reply() -> None:
    granted = {"credentials": {"secretAccessKey": SECRET}}
    replies = iter([_reply(200, granted), _reply(200, {"pools": [SECRET]})])
    judge = Judge(lambda _: next(replies), seed=1)
    judge(Asked("POST", "/allocations", "", {}, b""))
    assert not judge.wrong
    judge(Asked("GET", "/pools", "", {}, b""))
    assert "shows a credential" in str(judge.wrong)
    assert SECRET not in judge.without_secrets(f"it was {SECRET}")


def test_what_was_made_is_followed_to_its_end_and_each_reply_held_against_the_file() -> None:
    asked: list[str] = []

    def answer(it: Asked) -> Answered:
        asked.append(f"{it.method} {it.path}")
        return _reply(200, {"id": "some-id"})

    judge = Judge(answer, seed=1)
    judge(Asked("POST", "/github/allocations", "", {}, b""))
    judge.give_back()
    assert asked[1:] == [line.replace("{id}", "some-id") for line, _ in LINKS["/github"]]
    assert asked[-1] == "DELETE /github/allocations/some-id"
    assert [line for line in judge.wrong if line.startswith("DELETE") and "id" in line]
