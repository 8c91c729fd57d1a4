"""Tokens that were used, in DynamoDB: each is one item, written where none is."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.contract import TABLES, Table
from atmosphere.faults import code_of, unreachable

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from atmosphere.core.github import Issuer

KEYS: Final = TABLES[Table.USED_TOKENS]
_USE: Final = "use"


def token_key(issuer: Issuer, jti: str) -> str:
    """The key under which a use is kept: of the token's identity, because one token can be written in several ways."""
    return sha256(f"{issuer}\n{jti}".encode()).hexdigest()


class DynamoUsedTokens:
    """`ports.UsedTokens` in one table. An item that outlives its time is harmless: issuers never use a `jti` again."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def burn(self, issuer: Issuer, jti: str, *, until: datetime) -> bool:
        """See `UsedTokens`. One PutItem; where its reply was lost and boto3 repeated it, it knows its own item."""
        use = uuid4().hex
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    KEYS.partition: {"S": token_key(issuer, jti)},
                    str(KEYS.ttl): {"N": str(int(until.timestamp()) + 1)},
                    _USE: {"S": use},
                },
                ConditionExpression="attribute_not_exists(#key)",
                ExpressionAttributeNames={"#key": KEYS.partition},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except (ClientError, BotoCoreError) as fault:
            if code_of(fault) == "ConditionalCheckFailedException" and isinstance(fault, ClientError):
                return _used_by(fault) == use
            raise unreachable("PutItem", fault) from fault
        return True


def _used_by(fault: ClientError) -> str | None:
    """Whose item stands there already; unknown is somebody else's."""
    found: dict[str, dict[str, str]] = fault.response.get("Item") or {}  # type: ignore[assignment]
    return found.get(_USE, {}).get("S")
