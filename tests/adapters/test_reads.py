"""How the store reads: what it asks for, how often, and what it makes of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.adapters.dynamodb import DynamoStore
from atmosphere.adapters.items import encode
from atmosphere.contract import TABLES
from atmosphere.core.model import Status
from atmosphere.ports import Unreachable
from tests.adapters.wire import CLOSED, LOST, NO_CONNECTION, Answer, failure
from tests.builders import ALLOCATION, KEY, NOW, POOL, a_key, an_environment

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = {table: str(table) for table in TABLES}
NOTHING = {"Items": [], "Count": 0, "ScannedCount": 0}

READS: dict[str, Callable[[DynamoStore], object]] = {
    "environment": lambda store: store.environment(KEY),
    "allocation": lambda store: store.allocation(ALLOCATION),
    "environments": lambda store: store.environments(),
    "free": lambda store: list(store.free(POOL)),
    "holding": lambda store: list(store.holding(POOL, Status.DIRTY)),
    "any_with": lambda store: store.any_with(POOL, Status.FREE),
    "counts": lambda store: store.counts(POOL),
    "waking": lambda store: store.waking(NOW, 10),
    "strays": lambda store: store.waking(NOW, 10, strays=True),
    "waiters": lambda store: store.waiters(POOL),
    "slots": lambda store: store.slots(),
    "history_of": lambda store: store.history_of(KEY, since=None, until=None, cursor=None),
    "history_by": lambda store: store.history_by("me", since=None, until=None, cursor=None),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    "fault",
    [
        failure("ThrottlingException"),
        failure("InternalServerError", 500),
        failure("AccessDeniedException"),
        failure("ResourceNotFoundException"),
        LOST,
        CLOSED,
        NO_CONNECTION,
    ],
    ids=["throttled", "server fault", "denied", "no table", "lost", "closed", "no connection"],
)
def test_a_read_that_fails_is_never_nothing_there(wired: Any, read: str, fault: object) -> None:
    client, _ = wired("dynamodb", fault)
    with pytest.raises(Unreachable) as raised:
        READS[read](DynamoStore(client, NAMES))
    assert "payload" not in str(raised.value)


@pytest.mark.parametrize("read", [read for read in READS if read not in {"environments", "strays"}])
def test_a_read_that_finds_nothing_is_one_request(wired: Any, read: str) -> None:
    client, wire = wired("dynamodb", Answer(body=NOTHING if read not in {"environment", "allocation"} else {}))
    READS[read](DynamoStore(client, NAMES))
    assert len(wire.sent) == 1


def test_free_rows_are_read_a_hundred_at_a_time_and_only_as_far_as_wanted(wired: Any) -> None:
    page = {"Items": [encode(an_environment(), KEY)], "Count": 1, "LastEvaluatedKey": {"account": {"S": "1"}}}
    client, wire = wired("dynamodb", Answer(body=page), Answer(body=page))
    pages = DynamoStore(client, NAMES).free(POOL)
    assert wire.sent == []
    next(pages)
    assert [sent["Limit"] for sent in wire.sent] == [100]
    next(pages)
    assert wire.sent[1]["ExclusiveStartKey"] == {"account": {"S": "1"}}


def test_an_empty_page_is_not_the_end(wired: Any) -> None:
    """A page may be empty and go on."""
    empty = {**NOTHING, "LastEvaluatedKey": {"account": {"S": "1"}}}
    last = {"Items": [encode(an_environment(), KEY)], "Count": 1}
    client, _ = wired("dynamodb", Answer(body=empty), Answer(body=last))
    assert list(DynamoStore(client, NAMES).free(POOL)) == [[an_environment()]]


def test_any_with_reads_one_row_at_most(wired: Any) -> None:
    client, wire = wired("dynamodb", Answer(body={"Count": 1}))
    assert DynamoStore(client, NAMES).any_with(POOL, Status.IN_USE)
    assert (wire.sent[0]["Limit"], wire.sent[0]["Select"]) == (1, "COUNT")


@pytest.mark.parametrize("read", ["environment", "allocation", "history_of"])
def test_what_must_be_true_now_is_read_consistently(wired: Any, read: str) -> None:
    client, wire = wired("dynamodb", Answer(body=NOTHING if read == "history_of" else {}))
    READS[read](DynamoStore(client, NAMES))
    assert wire.sent[0]["ConsistentRead"] is True


def _keys(*numbers: int) -> list[dict[str, Any]]:
    return [{"account": {"S": a_key(n).account}, "region": {"S": a_key(n).region}} for n in numbers]


def _rows(*numbers: int) -> list[Any]:
    return [encode(an_environment(a_key(n)), a_key(n)) for n in numbers]


def test_what_a_batch_leaves_unprocessed_is_asked_for_again_after_a_pause(wired: Any) -> None:
    table = NAMES[next(iter(NAMES))]
    pauses: list[float] = []
    client, wire = wired(
        "dynamodb",
        Answer(body={"Items": _keys(1, 2, 3), "Count": 3}),
        Answer(body=NOTHING),
        Answer(body={"Responses": {table: _rows(2)}, "UnprocessedKeys": {table: {"Keys": _keys(1, 3)}}}),
        Answer(body={"Responses": {}, "UnprocessedKeys": {table: {"Keys": _keys(1, 3)}}}),
        Answer(body={"Responses": {table: _rows(3, 1)}, "UnprocessedKeys": {}}),
    )
    store = DynamoStore(client, NAMES, pause=pauses.append)
    assert [row.key for row in store.environments()] == [a_key(1), a_key(2), a_key(3)]
    assert pauses == [0.05, 0.1]
    assert wire.sent[-1]["RequestItems"][table]["Keys"] == _keys(1, 3)


def test_a_batch_that_is_never_processed_is_unreachable(wired: Any) -> None:
    table = NAMES[next(iter(NAMES))]
    stuck = Answer(body={"Responses": {}, "UnprocessedKeys": {table: {"Keys": _keys(1)}}})
    client, _ = wired("dynamodb", Answer(body={"Items": _keys(1), "Count": 1}), Answer(body=NOTHING), *[stuck] * 6)
    with pytest.raises(Unreachable):
        DynamoStore(client, NAMES, pause=lambda _: None).environments()
