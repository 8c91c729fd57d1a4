"""Hosted zones: emptied of their records before they are deleted. Those of a service are deleted by it.

That is done only to delete them ourselves; CloudFormation deletes the records that it knows of. One that is refused may
have protected records, or sign with DNSSEC: that is ended then. Source: the Route 53 API reference, DeleteHostedZone;
ChangeResourceRecordSets: at most 1000 records and 32000 characters a call; DeleteResourceRecordSetProtections: at most
100 a call; DisableHostedZoneDNSSEC and DeleteKeySigningKey.
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
_MAX_PROTECTIONS: Final = 100
_HELD: Final = ("HostedZoneNotEmpty", "InvalidChangeBatch")
_UNSIGNED: Final = ("NOT_SIGNING", "DELETING")
_SIGNING: Final = (
    "InvalidSigningStatus",
    "InvalidKeySigningKeyStatus",
    "KeySigningKeyInUse",
    "KeySigningKeyInParentDSRecord",
    "ConcurrentModification",
    "PriorRequestNotComplete",
)
"""What changes of its signing are refused with while another one is on its way."""


class HostedZones(Plain):
    """`AWS::Route53::HostedZone`, public and private ones."""

    name: Final = "AWS::Route53::HostedZone"
    service: Final = "route53"
    scope = Scope.GLOBAL
    errors = Errors(absent=("NoSuchHostedZone",), busy=(*_HELD, *_SIGNING))

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
            try:
                _delete(client, identity, check)
            except ClientError as error:
                if code_of(error) not in _HELD:
                    raise
                _unprotect(client, identity, check)
                _stop_signing(client, identity, check)
                _delete(client, identity, check)
        except ClientError as error:
            if code_of(error) not in self.errors.absent:
                raise


def _delete(client: Any, zone: str, check: Check) -> None:
    """Empty it first."""
    for changes in batches(list(_deletions(client, zone))):
        check()
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    check()
    client.delete_hosted_zone(Id=zone)


def _unprotect(client: Any, zone: str, check: Check) -> None:
    """Take the protections of its records away."""
    listed = pages(client, "list_resource_record_set_protections", HostedZoneId=zone)
    found = [each for page in listed for each in page["ResourceRecordSetProtections"]]
    protections = [{key: each[key] for key in ("RecordName", "RecordType")} for each in found]
    for start in range(0, len(protections), _MAX_PROTECTIONS):
        check()
        some = protections[start : start + _MAX_PROTECTIONS]
        client.delete_resource_record_set_protections(HostedZoneId=zone, Protections=some)


def _stop_signing(client: Any, zone: str, check: Check) -> None:
    """Switch DNSSEC off, then deactivate and delete its keys; each may have to wait for the one before it."""
    seen = client.get_dnssec(HostedZoneId=zone)
    if seen["Status"].get("ServeSignature", _UNSIGNED[0]) not in _UNSIGNED:
        check()
        client.disable_hosted_zone_dnssec(HostedZoneId=zone)
    for key in (each for each in seen.get("KeySigningKeys", ()) if each["Status"] != "DELETING"):
        if key["Status"] != "INACTIVE":
            check()
            client.deactivate_key_signing_key(HostedZoneId=zone, Name=key["Name"])
        check()
        client.delete_key_signing_key(HostedZoneId=zone, Name=key["Name"])


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
