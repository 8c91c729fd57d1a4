"""Hosted zones: emptied of their records before they are deleted. Those of a service are deleted by it.

That is done only to delete them ourselves; CloudFormation deletes the records that it knows of. Source: the Route 53
API reference, DeleteHostedZone, and ChangeResourceRecordSets: at most 1000 records and 32000 characters a call.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.base import Errors, Found, Plain, Scope, pages
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.core.model import Region

ITS_OWN: Final = ("NS", "SOA")
"""Types of records that a zone has under its own name from its first to its last day."""

_MAX_RECORDS: Final = 400
_MAX_CHARACTERS: Final = 12_000


class HostedZones(Plain):
    """`AWS::Route53::HostedZone`, public and private ones."""

    name: Final = "AWS::Route53::HostedZone"
    service: Final = "route53"
    scope = Scope.GLOBAL
    errors = Errors(absent=("NoSuchHostedZone",), busy=("HostedZoneNotEmpty", "InvalidChangeBatch"))

    def list(self, account: Account, region: Region) -> Iterator[Found]:
        """See `ResourceType`."""
        for page in pages(account.client("route53", region), "list_hosted_zones"):
            for zone in page["HostedZones"]:
                if not zone.get("LinkedService"):
                    yield Found(zone["Id"].rpartition("/")[2], zone["CallerReference"])

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """See `ResourceType`."""
        try:
            account.client("route53", region).get_hosted_zone(Id=identity)
        except ClientError as error:
            if code_of(error) not in self.errors.absent:
                raise
            return False
        return True

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        client = account.client("route53", region)
        try:
            for changes in batches(list(_deletions(client, identity))):
                check()
                client.change_resource_record_sets(HostedZoneId=identity, ChangeBatch={"Changes": changes})
            check()
            client.delete_hosted_zone(Id=identity)
        except ClientError as error:
            if code_of(error) not in self.errors.absent:
                raise


def _deletions(client: Any, zone: str) -> Iterator[dict[str, Any]]:
    """Of everything that is not the zone's own."""
    apex = client.get_hosted_zone(Id=zone)["HostedZone"]["Name"]
    for page in pages(client, "list_resource_record_sets", HostedZoneId=zone):
        for record in page["ResourceRecordSets"]:
            if not (record["Name"] == apex and record["Type"] in ITS_OWN):
                yield {"Action": "DELETE", "ResourceRecordSet": record}


def batches(changes: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The changes of record sets in as many as one call takes, also of those that count twice."""
    batch: list[dict[str, Any]] = []
    records = characters = 0
    for change in changes:
        size, count = len(json.dumps(change)), len(change["ResourceRecordSet"].get("ResourceRecords", ())) or 1
        if batch and (records + count > _MAX_RECORDS or characters + size > _MAX_CHARACTERS):
            yield batch
            batch, records, characters = [], 0, 0
        batch.append(change)
        records, characters = records + count, characters + size
    if batch:
        yield batch
