"""DynamoDB and S3 of a real account: what every write of the service relies on.

The adapters rely on it (`adapters/transactions.py`, `adapters/s3.py`); docs/reliability.md claims it for P1 and P5.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from atmosphere.faults import code_of
from tests.live.ledger import Kind
from tests.live.waiting import until

if TYPE_CHECKING:
    from tests.live.account import Live

pytestmark = pytest.mark.live

THREADS: Final = 8
ROUNDS: Final = 20  # of each thread; 160 transactions of two items are the 1000 write units that are reserved
_ONCE: Final = Config(retries={"total_max_attempts": 1, "mode": "standard"}, max_pool_connections=THREADS)


@pytest.fixture
def table(live: Live) -> str:
    """A table on demand with the key `id`."""
    name, client = live.name(Kind.TABLE), live.client("dynamodb")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    until(lambda: client.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE", f"{name} is active")
    return name


def counted(table: str, key: str) -> dict[str, Any]:
    """One more, as a part of a transaction."""
    return {
        "Update": {
            "TableName": table,
            "Key": {"id": {"S": key}},
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }


def contend(live: Live, table: str, rounds: int) -> list[str]:
    """What came of transactions on the same two items by several threads: `done`, or the codes of the reasons."""
    client = live.session.client("dynamodb", config=_ONCE)

    def once(_: int) -> str:
        try:
            client.transact_write_items(TransactItems=[counted(table, "a"), counted(table, "b")])
        except client.exceptions.TransactionCanceledException as cancelled:
            codes = {reason["Code"] for reason in cancelled.response["CancellationReasons"]} - {"None"}
            return " ".join(sorted(codes))
        except ClientError as error:
            return code_of(error)
        return "done"

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(once, range(THREADS * rounds)))


def number(live: Live, table: str, key: str) -> int:
    """How often an item was counted."""
    item = live.client("dynamodb").get_item(TableName=table, Key={"id": {"S": key}}, ConsistentRead=True)["Item"]
    return int(item["n"]["N"])


def test_a_transaction_is_whole_under_contention(live: Live, table: str) -> None:
    """Proves that what was answered as done is what is there, on both items (docs/reliability.md, P1)."""
    results = contend(live, table, ROUNDS)

    assert number(live, table, "a") == number(live, table, "b") == results.count("done") > 0


@pytest.mark.only_on_aws("the embedded AWS runs transactions in turn, so none meets another")
def test_transactions_that_meet_are_cancelled_with_the_code_that_the_adapter_knows(live: Live, table: str) -> None:
    """Proves that a lost race is `TransactionConflict`, which an allocate answers by reading again (P1)."""
    results = contend(live, table, 4 * ROUNDS)

    assert set(results) - {"done"} == {"TransactionConflict"}
    assert number(live, table, "a") == results.count("done")


def test_a_token_makes_a_transaction_once(live: Live, table: str) -> None:
    """Proves that a repeated token has no second effect, and refuses other items (docs/reliability.md, P5)."""
    client, token = live.client("dynamodb"), str(uuid4())
    for _ in range(2):
        client.transact_write_items(TransactItems=[counted(table, "a")], ClientRequestToken=token)

    assert number(live, table, "a") == 1
    with pytest.raises(client.exceptions.IdempotentParameterMismatchException):
        client.transact_write_items(TransactItems=[counted(table, "b")], ClientRequestToken=token)


def test_a_failed_condition_returns_the_row(live: Live, table: str) -> None:
    """Proves that a conflict shows what was there, so that no second read is needed (`ports.Store.commit`)."""
    client = live.client("dynamodb")
    row = {"id": {"S": "a"}, "held": {"S": "by another"}}
    client.put_item(TableName=table, Item=row)
    put = {
        "TableName": table,
        "Item": {"id": {"S": "a"}},
        "ConditionExpression": "attribute_not_exists(id)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }

    with pytest.raises(client.exceptions.TransactionCanceledException) as cancelled:
        client.transact_write_items(TransactItems=[{"Put": put}])

    (reason,) = cancelled.value.response["CancellationReasons"]
    assert (reason["Code"], reason["Item"]) == ("ConditionalCheckFailed", row)


def test_a_conditional_put_is_refused_where_the_object_is_another(live: Live) -> None:
    """Proves `If-None-Match` and `If-Match`, on which reports and baselines rely (`adapters/s3.py`)."""
    s3, bucket = live.client("s3"), live.bucket()
    first = s3.put_object(Bucket=bucket, Key="object", Body=b"1", IfNoneMatch="*")["ETag"]
    s3.put_object(Bucket=bucket, Key="object", Body=b"2", IfMatch=first)

    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": first}):
        with pytest.raises(ClientError) as refused:
            s3.put_object(Bucket=bucket, Key="object", Body=b"3", **condition)
        assert code_of(refused.value) == "PreconditionFailed"
    assert s3.get_object(Bucket=bucket, Key="object")["Body"].read() == b"2"
