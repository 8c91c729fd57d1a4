"""The configurations that were deployed: one item each, by digest, compressed.

A function reads its own when a container's first request comes, with a client that it has anyway (ADR 0033).
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.contract import TABLES, Table
from atmosphere.core.snapshot import UnreadableSnapshot, digest, from_json, packed
from atmosphere.faults import code_of, reaching, unreachable
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Snapshots

KEYS: Final = TABLES[Table.SNAPSHOTS]
TEXT: Final = "text"


class DynamoSnapshots:
    """`ports.Snapshots` in one table; what was written under a digest is never written again."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, name: str) -> str | None:
        """See `Snapshots`. Read consistently, because the functions of a deployment start right after its write."""
        with reaching("GetItem"):
            reply = self._client.get_item(TableName=self._table, Key={KEYS.partition: {"S": name}}, ConsistentRead=True)
        if "Item" not in reply:
            return None
        try:
            return zlib.decompress(reply["Item"][TEXT]["B"]).decode()
        except (KeyError, TypeError, ValueError, zlib.error) as broken:
            raise Unreachable(f"the snapshot {name} cannot be read: publish the configuration again") from broken

    def put(self, name: str, text: str) -> None:
        """See `Snapshots`."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item={KEYS.partition: {"S": name}, TEXT: {"B": packed(text)}},
                ConditionExpression="attribute_not_exists(#key)",
                ExpressionAttributeNames={"#key": KEYS.partition},
            )
        except (ClientError, BotoCoreError) as fault:
            if code_of(fault) != "ConditionalCheckFailedException":
                raise unreachable("PutItem", fault) from fault


class DeployedSnapshot:
    """`ports.SnapshotSource`: the one with this digest, read once. A failure is not kept."""

    def __init__(self, snapshots: Snapshots, name: str) -> None:
        self._snapshots = snapshots
        self._name = name
        self._kept: Snapshot | None = None

    def load(self) -> Snapshot:
        """The snapshot, if it is what its name says."""
        if self._kept is None:
            self._kept = self._read()
        return self._kept

    def _read(self) -> Snapshot:
        text = self._snapshots.get(self._name)
        if text is None:
            raise Unreachable(f"there is no snapshot {self._name}: publish the configuration again")
        if digest(text) != self._name:
            raise Unreachable(f"the snapshot {self._name} does not have its digest: publish the configuration again")
        try:
            return from_json(text)
        except UnreadableSnapshot as broken:
            raise Unreachable(f"the snapshot {self._name} cannot be read: publish the configuration again") from broken
