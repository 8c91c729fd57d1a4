"""What the answers to a transaction mean, those included that no emulator gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import NoCredentialsError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from atmosphere.adapters.dynamodb import DynamoStore
from atmosphere.adapters.items import encode
from atmosphere.contract import TABLES
from atmosphere.core import changes
from atmosphere.core.changes import Put
from atmosphere.core.model import Status
from atmosphere.local.emulator import HUB_ACCOUNT
from atmosphere.ports import Conflict, OutcomeUnknown, TokenReused, Unreachable
from tests.adapters.wire import CLOSED, LOST, NO_CONNECTION, Answer, failure
from tests.builders import ALLOCATION, KEY, LIMIT, NOW, an_allocation, an_environment
from tests.tables import create_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.local.emulator import Emulator
    from tests.adapters.wire import Wire

NAMES = {table: str(table) for table in TABLES}
DONE = Answer()
CHANGES: list[changes.Change] = [Put(row=an_environment()), changes.let_go(KEY, ALLOCATION, now=NOW, limit=LIMIT)]


def _cancelled(*codes: str, item: Any = None) -> Answer:
    reasons = [{"Code": code} | ({"Item": item} if code == "ConditionalCheckFailed" and item else {}) for code in codes]
    return failure("TransactionCanceledException", CancellationReasons=reasons)


def _commit(wired: Callable[..., tuple[Any, Wire]], *answers: object, tries: int = 1) -> Wire:
    client, wire = wired("dynamodb", *answers, tries=tries)
    DynamoStore(client, NAMES).commit(CHANGES, token="the token")
    return wire


def _commit_fails(wired: Any, failure_: type[Exception], *answers: object, tries: int = 1) -> tuple[Wire, Exception]:
    client, wire = wired("dynamodb", *answers, tries=tries)
    with pytest.raises(failure_) as raised:
        DynamoStore(client, NAMES).commit(CHANGES, token="the token")
    assert type(raised.value) is failure_
    assert "payload" not in str(raised.value)
    assert wire.answers == []
    return wire, raised.value


def test_a_commit_is_one_transaction_with_its_token(wired: Any) -> None:
    wire = _commit(wired, DONE)
    assert len(wire.sent) == 1
    assert [set(member) for member in wire.sent[0]["TransactItems"]] == [{"Put"}, {"Update"}]
    assert 1 <= len(wire.sent[0]["ClientRequestToken"]) <= 36


def test_a_single_change_is_a_transaction_too_for_the_sake_of_its_token(wired: Any) -> None:
    client, wire = wired("dynamodb", DONE)
    DynamoStore(client, NAMES).commit(CHANGES[:1], token="t")
    assert wire.sent[0]["ClientRequestToken"]


@pytest.mark.parametrize("lost", [LOST, CLOSED, failure("InternalServerError", 500), failure("Unknown", 503)])
def test_a_commit_without_an_answer_is_repeated_with_the_same_token(wired: Any, lost: object) -> None:
    wire = _commit(wired, lost, DONE)
    assert wire.sent[0] == wire.sent[1]


def test_a_transaction_still_in_progress_is_asked_for_again(wired: Any) -> None:
    wire = _commit(wired, failure("TransactionInProgressException"), DONE)
    assert len(wire.sent) == 2


@pytest.mark.parametrize(
    "again", [LOST, failure("InternalServerError", 500), failure("ThrottlingException"), NO_CONNECTION]
)
def test_a_commit_that_stays_without_an_answer_is_unknown(wired: Any, again: object) -> None:
    _commit_fails(wired, OutcomeUnknown, LOST, again)


def test_a_repeated_commit_that_finds_a_conflict_was_not_applied_before(wired: Any) -> None:
    _commit_fails(wired, Conflict, LOST, _cancelled("None", "ConditionalCheckFailed"))


@pytest.mark.parametrize("lost", [LOST, CLOSED, failure("InternalServerError", 500)])
def test_a_repeated_commit_that_loses_a_race_says_nothing_of_the_first_try(wired: Any, lost: object) -> None:
    """A caller without a key would otherwise take a second environment, and nobody would know of the first."""
    _commit_fails(wired, OutcomeUnknown, lost, _cancelled("TransactionConflict", "None"))


@pytest.mark.parametrize(
    "refused",
    [
        failure("ThrottlingException"),
        failure("ProvisionedThroughputExceededException"),
        failure("AccessDeniedException"),
        NO_CONNECTION,
        NoCredentialsError(),
        _cancelled("ThrottlingError", "None"),
    ],
)
def test_a_commit_that_was_refused_is_unreachable_and_not_repeated(wired: Any, refused: object) -> None:
    wire, _ = _commit_fails(wired, Unreachable, refused)
    assert len(wire.sent) == 1


def test_a_refusal_after_a_lost_reply_is_not_believed(wired: Any) -> None:
    """Botocore's own repeat hides the first answer: the transaction may have been applied before it was throttled."""
    wire = _commit(wired, LOST, failure("ThrottlingException"), DONE, tries=2)
    assert len({sent["ClientRequestToken"] for sent in wire.sent}) == 1


def test_the_error_code_is_told_and_the_message_is_not(wired: Any) -> None:
    _, raised = _commit_fails(wired, Unreachable, failure("AccessDeniedException"))
    assert "AccessDeniedException" in str(raised)


def test_a_lost_race_is_a_conflict_without_rows(wired: Any) -> None:
    _, raised = _commit_fails(wired, Conflict, _cancelled("TransactionConflict", "None"))
    assert isinstance(raised, Conflict)
    assert raised.actual == {}


def test_broken_expectations_count_more_than_a_race(wired: Any) -> None:
    row = an_environment(status=Status.DIRTY)
    reasons = _cancelled("TransactionConflict", "ConditionalCheckFailed", item=encode(row, KEY))
    _, raised = _commit_fails(wired, Conflict, reasons)
    assert isinstance(raised, Conflict)
    assert raised.actual == {1: row}


def test_a_token_with_other_changes_is_a_bug(wired: Any) -> None:
    _commit_fails(wired, TokenReused, failure("IdempotentParameterMismatchException"))


@pytest.mark.emulator
def test_a_reply_lost_after_the_effect_is_no_conflict_with_oneself(emulator: Emulator) -> None:
    """The first request reaches AWS, takes effect, and its reply is lost."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=emulator.endpoint,
        aws_access_key_id=HUB_ACCOUNT,
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    store = DynamoStore(client, create_tables(client))
    store.commit([Put(row=an_environment())], token="row")
    lose = _LoseOnce()
    client.meta.events.register("before-send.dynamodb.TransactWriteItems", lose)
    store.commit(changes.start(an_allocation(), {KEY: an_environment()}), token="take")
    assert lose.lost
    assert store.allocation(ALLOCATION) == an_allocation()
    taken = store.environment(KEY)
    assert taken is not None
    assert (taken.status, taken.allocation) == (Status.IN_USE, ALLOCATION)


class _LoseOnce:
    def __init__(self) -> None:
        self.lost = False

    def __call__(self, request: Any, **_: object) -> None:
        if not self.lost:
            self.lost = True
            assert URLLib3Session().send(request).status_code == 200
            raise ReadTimeoutError(endpoint_url="the emulator")
