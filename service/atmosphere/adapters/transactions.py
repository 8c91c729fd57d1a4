"""One commit as one `TransactWriteItems`, and what its answers mean.

A single change goes the same way: only a transaction takes a token, and without one a repeated write whose first reply
was lost would look like a conflict with itself.

    cancelled, a condition failed          Conflict with the rows found
    cancelled, lost a race                 Conflict without rows: read again
    refused before anything was done       Unreachable
    5xx, reply lost, still in progress     repeated once with the same token, then OutcomeUnknown
    of such a repeat: lost a race          OutcomeUnknown: it says nothing of the first try
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from atmosphere.adapters.expressions import transact_item
from atmosphere.adapters.items import decode, table_of
from atmosphere.core.changes import target_of
from atmosphere.faults import code_of, unreachable
from atmosphere.ports import Conflict, OutcomeUnknown, TokenReused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from atmosphere.contract import Table
    from atmosphere.core.changes import Change

_OPERATION: Final = "TransactWriteItems"
_SERVER_FAULT: Final = 500
_MAX_TOKEN: Final = 36


class _Lost(Exception):
    """The transaction may or may not have been applied."""


def transact(
    client: DynamoDBClient, tables: Mapping[Table, str], changes: Sequence[Change], token: str, *, environments: int = 0
) -> None:
    """Apply the changes or none; raises what `ports.Store.commit` promises."""
    members = [transact_item(change, tables, environments=environments) for change in changes]
    short = sha256(token.encode()).hexdigest()[:_MAX_TOKEN]
    try:
        _send(client, members, changes, short)
    except _Lost:
        _send_again(client, members, changes, short)


def _send_again(
    client: DynamoDBClient, members: Sequence[TransactWriteItemTypeDef], changes: Sequence[Change], token: str
) -> None:
    try:
        _send(client, members, changes, token)
    except Conflict as met:
        if met.actual:  # the conditions were looked at: with this token that happens only to what was not applied
            raise
        raise OutcomeUnknown(
            f"{_OPERATION} was not answered, and met another one when it was repeated: read what it wrote"
        ) from met
    except Unreachable as unknown:
        raise OutcomeUnknown(
            f"{_OPERATION} was sent and not answered: read what it wrote before trusting it"
        ) from unknown
    except _Lost as unknown:
        raise OutcomeUnknown(
            f"{_OPERATION} was not answered, twice: read what it wrote before trusting it"
        ) from unknown


def _send(
    client: DynamoDBClient, members: Sequence[TransactWriteItemTypeDef], changes: Sequence[Change], token: str
) -> None:
    try:
        client.transact_write_items(TransactItems=members, ClientRequestToken=token)
    except client.exceptions.TransactionCanceledException as cancelled:
        raise _cancelled(changes, cancelled.response.get("CancellationReasons", [])) from cancelled
    except client.exceptions.IdempotentParameterMismatchException as reused:
        raise TokenReused("this token was used for other changes: make the token from what is being done") from reused
    except ClientError as fault:
        if _may_have_been_applied(fault):
            raise _Lost from fault
        raise unreachable(_OPERATION, fault) from fault
    except HTTPClientError as fault:  # sent; the reply did not come
        raise _Lost from fault
    except BotoCoreError as fault:  # no connection, no credentials: not sent
        raise unreachable(_OPERATION, fault) from fault


def _may_have_been_applied(fault: ClientError) -> bool:
    """A refusal counts only if it answers the first try: botocore may have lost the reply to an earlier one."""
    metadata = fault.response.get("ResponseMetadata", {})
    return (
        metadata.get("HTTPStatusCode", _SERVER_FAULT) >= _SERVER_FAULT
        or metadata.get("RetryAttempts", 0) > 0
        or code_of(fault) == "TransactionInProgressException"
    )


def _cancelled(changes: Sequence[Change], reasons: Sequence[Mapping[str, Any]]) -> Exception:
    codes = {reason.get("Code", "None") for reason in reasons} - {"None"}
    if "ConditionalCheckFailed" in codes:
        return Conflict(
            {
                index: decode(table_of(target_of(changes[index])), reason["Item"]) if reason.get("Item") else None
                for index, reason in enumerate(reasons)
                if reason.get("Code") == "ConditionalCheckFailed"
            }
        )
    if "TransactionConflict" in codes:
        return Conflict({})
    return Unreachable(f"{_OPERATION} was cancelled with {sorted(codes)}: repeat it")
