"""DynamoDB tables: protection off, and the replicas in other regions first.

A replica's region need not be one that cleaning covers: the table takes its replicas along, as CloudFormation's global
tables do. Only its own protection, which each replica has, can be switched off nowhere else. A table with strong
consistency loses its replicas, or its replica and its witness, all at once. Source: DynamoDB API reference, UpdateTable
and DeleteTable; developer guide, consistency modes of global tables and deletion protection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.at_work import doing
from atmosphere.cleanup.catalogue.base import Errors, Found, Plain, pages
from atmosphere.core.model import Region
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check

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

    def at_work(self, account: Account, region: Region, identity: str) -> str | None:
        """See `ResourceType`. A table without its replicas is at rest as long as one of these is being deleted."""
        table = _describe(account.client("dynamodb", region), identity)
        replicas = (doing(replica) for replica in (table or {}).get("Replicas", ()))
        return doing(table) or next(filter(None, replicas), None)

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
        staying = [each["RegionName"] for each in replicas if each.get("ReplicaStatus") not in _GOING]
        try:
            for place in staying:
                if place in account.guard.regions:
                    self.prepare(account, Region(place), identity, check)
            for update in _without(table, staying):
                check()
                client.update_table(TableName=identity, **update)
            if not replicas and not table.get("GlobalTableWitnesses"):
                client.delete_table(TableName=identity)
        except ClientError as error:
            if code_of(error) != _ABSENT:
                raise


def _without(table: Mapping[str, Any], regions: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The updates by which a table loses its replicas in these regions."""
    deletes = [{"Delete": {"RegionName": place}} for place in regions]
    if table.get("MultiRegionConsistency") != "STRONG":
        yield from ({"ReplicaUpdates": [delete]} for delete in deletes)
        return
    witnesses = [each for each in table.get("GlobalTableWitnesses", ()) if each.get("WitnessStatus") != _GOING[0]]
    both = {
        "ReplicaUpdates": deletes,
        "GlobalTableWitnessUpdates": [{"Delete": {"RegionName": each["RegionName"]}} for each in witnesses],
    }
    if update := {name: changes for name, changes in both.items() if changes}:
        yield update


def _describe(client: Any, table: str) -> Mapping[str, Any] | None:
    try:
        described: Mapping[str, Any] = client.describe_table(TableName=table)["Table"]
    except ClientError as error:
        if code_of(error) == _ABSENT:
            return None
        raise
    return described
