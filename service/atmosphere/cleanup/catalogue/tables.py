"""DynamoDB tables: protection off, and the replicas in other regions first.

A replica's region need not be one that cleaning covers: the table takes its replicas along, as CloudFormation's global
tables do. Source: DynamoDB API reference, UpdateTable and DeleteTable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.base import Errors, Found, Plain, pages
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.core.model import Region

_ABSENT: Final = "ResourceNotFoundException"
_GOING: Final = ("DELETING", "REPLICATION_NOT_AUTHORIZED")


class Tables(Plain):
    """`AWS::DynamoDB::Table`. No fingerprint: a listing shows names only."""

    name: Final = "AWS::DynamoDB::Table"
    service: Final = "dynamodb"
    # a table or a replica of it that is being made, changed or deleted
    errors = Errors(absent=(_ABSENT,), busy=("ResourceInUseException",))

    def list(self, account: Account, region: Region) -> Iterator[Found]:
        """See `ResourceType`."""
        for page in pages(account.client("dynamodb", region), "list_tables"):
            yield from (Found(name) for name in page["TableNames"])

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """See `ResourceType`."""
        return _describe(account.client("dynamodb", region), identity) is not None

    def prepare(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """Switch its protection off."""
        client = account.client("dynamodb", region)
        table = _describe(client, identity)
        if table is not None and table.get("DeletionProtectionEnabled"):
            check()
            client.update_table(TableName=identity, DeletionProtectionEnabled=False)

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """Delete its replicas; once the last one is gone, delete it."""
        self.prepare(account, region, identity, check)
        client = account.client("dynamodb", region)
        table = _describe(client, identity)
        if table is None or table["TableStatus"] == "DELETING":
            return
        replicas = [replica for replica in table.get("Replicas", ()) if replica["RegionName"] != region]
        try:
            for replica in replicas:
                if replica.get("ReplicaStatus") not in _GOING:
                    check()
                    delete = {"Delete": {"RegionName": replica["RegionName"]}}
                    client.update_table(TableName=identity, ReplicaUpdates=[delete])
            if not replicas:
                client.delete_table(TableName=identity)
        except ClientError as error:
            if code_of(error) != _ABSENT:
                raise


def _describe(client: Any, table: str) -> Mapping[str, Any] | None:
    try:
        described: Mapping[str, Any] = client.describe_table(TableName=table)["Table"]
    except ClientError as error:
        if code_of(error) == _ABSENT:
            return None
        raise
    return described
