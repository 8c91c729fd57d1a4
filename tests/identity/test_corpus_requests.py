"""Rows 48 to 85 of the corpus of bad input: each gets its status, and none of them makes the service tell a secret."""

from __future__ import annotations

import io
import json
import re
import traceback
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere import observability
from atmosphere.adapters.items import encode
from atmosphere.adapters.memory import MemoryCredentials
from atmosphere.contract import RELEASE_SCHEME, Metric
from atmosphere.core import changes
from tests.builders import a_key
from tests.handlers.door import Door, a_door, holder, signed, workflow
from tests.identity.corpus_requests import EMULATOR, HANDLER, KEY, ROWS
from tests.operations.line import Watched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from atmosphere.core.credentials import SessionCredentials
    from atmosphere.ports import SessionRequest
    from tests.identity.corpus_requests import Row
    from tests.replies import Reply

HERE: Final = Path(__file__).parents[2]
DRIVEN: Final = [row for row in ROWS if row.ask is not None]
RETRYABLE: Final = {423, 503}


@pytest.mark.parametrize("row", DRIVEN, ids=lambda row: row.id)
def test_a_row_gets_its_status(row: Row) -> None:
    assert row.ask is not None
    replies = list(row.ask(row.door()))
    assert replies
    for reply in replies:
        assert reply.status == row.status, reply.text
        conforms(reply)


def conforms(reply: Reply) -> None:
    """P7: JSON with a message and a stable code, never cached, and "try later" with when."""
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["X-Request-Id"] == "request-1"
    if reply.status != 200:
        assert reply.body["message"]
        assert re.fullmatch(r"[a-z-]+", reply.body["code"])
    assert ("Retry-After" in reply.headers) is (reply.status in RETRYABLE)


def test_no_row_is_missing() -> None:
    assert {row.number for row in ROWS} == set(range(48, 86))
    assert len({row.id for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", [row for row in ROWS if row.ask is None], ids=lambda row: row.id)
def test_a_row_that_no_handler_decides_says_who_does(row: Row) -> None:
    assert (HERE / row.covered).is_file(), f"{row.covered} should have it"


def test_one_status_is_one_body_for_whoever_is_not_let_in() -> None:
    """P7: what a stranger hears does not tell what there is."""
    refused = [row for row in DRIVEN if row.status == 403]
    texts = {reply.text for row in refused if row.ask for reply in row.ask(row.door())}
    assert len(texts) == 1


# --- row 85 -------------------------------------------------------------------------------------------------------

CANARY: Final = "CANARY"
SECRET: Final = f"{CANARY}-" + "r" * 36
HEADERS: Final = {
    "Authorization": f"Bearer {CANARY}.jwt.signature",
    "X-Amz-Security-Token": f"{CANARY}-session-token",
    "Cookie": f"{CANARY}=1",
    "X-Forwarded-User": CANARY,
}


class CanaryCredentials(MemoryCredentials):
    """Every part of every key says so."""

    def mint(self, requests: Sequence[SessionRequest]) -> Sequence[SessionCredentials]:
        return [
            replace(
                made,
                access_key_id=f"{CANARY}-key-{made.access_key_id}",
                secret_access_key=f"{CANARY}-secret-{made.access_key_id}",
                session_token=f"{CANARY}-token-{made.access_key_id}",
            )
            for made in super().mint(requests)
        ]


class Sweep:
    """Everything that a service under test tells, but for the credentials that it grants."""

    def __init__(self, capsys: pytest.CaptureFixture[str], patched: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._lines = io.StringIO()
        self._faults: list[str] = []
        for written in observability._logger.handlers:
            patched.setattr(written, "stream", self._lines)
        told = observability.fault_line

        def fault_line(message: str, raised: BaseException, /, **keys: Any) -> None:
            self._faults.append("".join(traceback.format_exception(raised)))
            told(message, raised, **keys)

        patched.setattr(observability, "fault_line", fault_line)

    def door(self, door: Door) -> Door:
        """Its sessions are canaries, and so is every header that may hold a secret."""
        door.world.keys = CanaryCredentials(door.world.clock)
        door.world.credentials = Watched(door.world.keys, door.world.line)
        door.headers = HEADERS
        return door

    def told(self) -> Iterator[tuple[str, str]]:
        """What was said where, so far."""
        captured = self._capsys.readouterr()
        yield "log", self._lines.getvalue()
        yield "output", captured.out + captured.err
        yield from (("exception", text) for text in self._faults)

    def check(self, door: Door, replies: Sequence[Reply]) -> None:
        for where, text in (*self.told(), *_stored(door), *(("reply", _but_granted(reply)) for reply in replies)):
            assert CANARY not in text, f"a secret is told in: {where}"

    @property
    def logged(self) -> str:
        return self._lines.getvalue()


@pytest.fixture
def sweep(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Sweep:
    return Sweep(capsys, monkeypatch)


def _stored(door: Door) -> Iterator[tuple[str, str]]:
    """Every row, as a value and as an item, and every cleanup that was ordered."""
    for target, row in door.world.rows._rows.items():
        yield "row", repr(row)
        yield "item", json.dumps(encode(row, target))
    yield "execution", repr(door.world.cleanups.started)


def _but_granted(reply: Reply) -> str:
    """A reply without the credentials that it is there to give."""
    body = reply.body
    if reply.status == 200:
        for holder_ in (body, *body.get("environments", ())):
            holder_.pop("credentials", None)
    return f"{json.dumps(body)} {dict(reply.headers)}"


@pytest.mark.parametrize("row", DRIVEN, ids=lambda row: row.id)
def test_no_row_makes_the_service_tell_a_secret(row: Row, sweep: Sweep) -> None:
    assert row.ask is not None
    door = sweep.door(row.door())
    replies = list(row.ask(door))
    assert sweep.logged
    sweep.check(door, replies)


def test_no_good_request_makes_the_service_tell_a_secret(sweep: Sweep) -> None:
    door = sweep.door(a_door())
    replies = []
    operator = signed("operator")
    token_hash = sha256(SECRET.encode()).hexdigest()
    for who, key in ((signed("runner"), KEY), (workflow(), KEY.replace("1", "2"))):
        replies += [
            door.allocate(who, key=key, releaseTokenHash=token_hash),
            door.allocate(who, key=key, releaseTokenHash=token_hash),
            door.refresh(who, key),
            door.look(who, key),
            door.look(operator, key),
            door.ask(who, "GET", "/pools/canary"),
            door.end(holder("x" * 43), key),
            door.end(holder(SECRET), key),
            door.end(holder(SECRET), key),
            door.refresh(who, key),
        ]
    for query in ({"environment": a_key(1).path}, {"requester": "a test"}):
        replies.append(door.ask(operator, "GET", "/allocations", query=query))
    replies += [door.ask(operator, "GET", path) for path in ("/pools", "/environments")]
    assert {reply.status for reply in replies} == {200, 404, 409}
    granted = [reply for reply in replies if CANARY in reply.text]
    assert len(granted) == 6, "the canaries are where they belong, so the sweep can see them"
    sweep.check(door, replies)


def test_a_fault_that_speaks_of_secrets_is_not_repeated(sweep: Sweep) -> None:
    """Whatever the text of an exception holds, neither the reply nor the log has it."""
    door = sweep.door(a_door())

    def broken(*args: object, **named: object) -> None:
        raise RuntimeError(f"{CANARY} {RELEASE_SCHEME}{SECRET}")

    for method in ("allocation", "free", "commit", "counts"):
        setattr(door.world.rows, method, broken)
    replies = [
        door.allocate(workflow()),
        door.allocate(workflow(), key=KEY),
        door.look(workflow(), KEY),
        door.end(workflow(), KEY),
        door.end(holder(SECRET), KEY),
        door.refresh(workflow(), KEY),
        door.ask(workflow(), "GET", "/pools/canary"),
    ]
    assert {reply.answer for reply in replies} == {(500, "internal")}
    for reply in replies:
        assert CANARY not in reply.text
    assert "RuntimeError" in sweep.logged
    assert CANARY not in sweep.logged


def test_the_sweep_sees_a_secret_that_is_told(sweep: Sweep) -> None:
    door = sweep.door(a_door())
    observability.line("request", reason=f"because of {CANARY}")
    with pytest.raises(AssertionError, match="log"):
        sweep.check(door, [])
    observability.count(Metric.REFUSED, code=CANARY)
    assert [where for where, text in sweep.told() if CANARY in text] == ["log", "output"]
    stored = changes.Put(row=replace(door.world.row(a_key(1)), dirty_reason=CANARY), expects=())
    door.world.rows.commit([stored], token=door.world.ids.new())
    assert [where for where, text in _stored(door) if CANARY in text] == ["row", "item"]


def test_the_tags_are_the_ways_to_cover_a_row() -> None:
    assert {row.where for row in ROWS} >= {HANDLER, EMULATOR}
