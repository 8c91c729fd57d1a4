"""The records of hosted zones, put back exactly: what is new goes, what is gone or another comes back.

The name servers and the start of authority of the zone itself belong to the zone, and records of traffic policies to
their policy instances; both are left alone. Source: the Route 53 API reference, ChangeResourceRecordSets: at most 1000
records and 32000 characters a call, an UPSERT counting twice, and a call takes effect as a whole.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from functools import partial
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import insides
from atmosphere.cleanup.catalogue.base import Scope, pages
from atmosphere.cleanup.catalogue.zones import ITS_OWN, batches
from atmosphere.cleanup.contents.base import Captured, as_json
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Unread
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.core.model import Json, Region


class ZoneRecords(Captured):
    """The record sets of each hosted zone, by `NAME TYPE` and the set identifier where there is one."""

    name: Final = "records"
    type: str = "AWS::Route53::HostedZone"
    scope: Scope = Scope.GLOBAL
    restorable: bool = True
    restoring: frozenset[str] = frozenset({"route53:ChangeResourceRecordSets"})

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json | Unread]:
        """See `Content`."""
        client = account.client("route53", region)
        return insides(list(_zones(client)) if ids is None else ids, partial(_records, client))

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`. Deletions first: a name may have become one of another kind."""
        client = account.client("route53", drift.item.region)
        for changes in batches(list(_changes(drift.before, drift.now))):
            check()
            client.change_resource_record_sets(HostedZoneId=drift.item.id, ChangeBatch={"Changes": changes})


def _zones(client: Any) -> Iterator[str]:
    for page in pages(client, "list_hosted_zones"):
        for zone in page["HostedZones"]:
            yield zone["Id"].rpartition("/")[2]


def _records(client: Any, zone: str) -> Iterator[dict[str, Json]]:
    try:
        sets = [
            record
            for page in pages(client, "list_resource_record_sets", HostedZoneId=zone)
            for record in page["ResourceRecordSets"]
        ]
    except ClientError as error:
        if code_of(error) == "NoSuchHostedZone":
            return
        raise
    apex = next((record["Name"] for record in sets if record["Type"] == "SOA"), None)
    yield {
        _key(record): as_json(record)
        for record in sets
        if not (record["Name"] == apex and record["Type"] in ITS_OWN) and "TrafficPolicyInstanceId" not in record
    }


def _key(record: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (record["Name"], record["Type"], record.get("SetIdentifier"))))


def _changes(before: Any, now: Any) -> Iterator[dict[str, Any]]:
    """An alias goes before what it stands for, and comes back after it: Route 53 refuses one whose target is not there.

    That is so within a batch, too, and for a target that only changes.
    """
    new = [key for key in _targets_first(now) if key not in before]
    yield from ({"Action": "DELETE", "ResourceRecordSet": now[key]} for key in reversed(new))
    changed = (key for key in _targets_first(before) if now.get(key) != before[key])
    yield from ({"Action": "UPSERT", "ResourceRecordSet": before[key]} for key in changed)


def _targets_first(records: Any) -> list[str]:
    """The keys of records: those that stand for others of the zone after these."""
    stands_for: dict[str, set[str]] = {}
    for record in records.values():
        if alias := record.get("AliasTarget"):
            stands_for.setdefault(record["Name"], set()).add(alias["DNSName"])

    depths = _depths(stands_for)
    return sorted(records, key=lambda key: ("AliasTarget" in records[key] and depths[records[key]["Name"]], key))


def _depths(stands_for: dict[str, set[str]]) -> defaultdict[str, int]:
    """How many records stand between each name and what it ends at; names that stand for one another come last.

    Each name is looked at once, however the zone is woven.
    """
    sorter = TopologicalSorter(stands_for)
    with suppress(CycleError):  # what is not in a circle is still given out, in order
        sorter.prepare()
    layers: list[tuple[str, ...]] = []
    while ready := sorter.get_ready():
        layers.append(ready)
        sorter.done(*ready)
    depths = {name: depth for depth, names in enumerate(layers) for name in names}
    return defaultdict(lambda: len(layers), depths)
