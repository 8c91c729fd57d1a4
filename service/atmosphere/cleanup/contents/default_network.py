"""The default network of a region: made anew when it is gone, with its default subnets.

AWS's own parts of it are never listed as leftovers (`catalogue/rows/network`). Source: the EC2 API reference,
CreateDefaultVpc, CreateDefaultSubnet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.catalogue.base import pages
from atmosphere.cleanup.contents.base import Captured, as_json
from atmosphere.cleanup.contents.settings import SETTING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.core.model import Json, Region

_ID: Final = "ec2/default-network"


class DefaultNetwork(Captured):
    """Whether there is one, and what is special of it: zones with a default subnet, and whether it has a gateway."""

    name: Final = _ID
    type: str = SETTING
    restorable: bool = True

    def covers(self, identity: str) -> bool:
        """See `Captured`."""
        return identity == _ID

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json]:  # noqa: ARG002
        """See `Content`."""
        client = account.client("ec2", region)
        network = next(iter(_found(client, "describe_vpcs", "Vpcs", {"is-default": "true"})), None)
        if network is None:
            return {_ID: None}
        within = {"vpc-id": network["VpcId"]}
        subnets = _found(client, "describe_subnets", "Subnets", {**within, "default-for-az": "true"})
        gateways = _found(
            client, "describe_internet_gateways", "InternetGateways", {"attachment.vpc-id": network["VpcId"]}
        )
        zones = sorted(subnet["AvailabilityZone"] for subnet in subnets)
        return {_ID: as_json({"zones": zones, "gateway": bool(gateways)})}

    def restores(self, drift: Drift) -> bool:
        """See `Content`. One that was not there before, or lost its gateway, is a person's to decide about."""
        before, now = drift.before, drift.now
        if not isinstance(before, dict):
            return False
        return not isinstance(now, dict) or _zones(before) != _zones(now)

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`. AWS makes a new one with a subnet in each zone; those of zones that had none go again."""
        client, before, now = account.client("ec2", drift.item.region), drift.before, drift.now
        if isinstance(before, dict) and now is None:
            client.create_default_vpc()
        elif isinstance(before, dict) and isinstance(now, dict):
            for zone in sorted(_zones(before) - _zones(now)):
                check()
                client.create_default_subnet(AvailabilityZone=zone)
            for zone in sorted(_zones(now) - _zones(before)):
                check()
                _delete_subnet(client, zone)


def _delete_subnet(client: Any, zone: str) -> None:
    """Delete the default subnet of a zone. One that is in use stays: AWS refuses it."""
    filters = {"default-for-az": "true", "availability-zone": zone}
    for subnet in _found(client, "describe_subnets", "Subnets", filters):
        client.delete_subnet(SubnetId=subnet["SubnetId"])


def _zones(value: dict[str, Json]) -> set[str]:
    zones = value["zones"]
    return {str(zone) for zone in zones} if isinstance(zones, list) else set()


def _found(client: Any, listing: str, members: str, filters: Mapping[str, str]) -> list[Mapping[str, Any]]:
    asked = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    return [member for page in pages(client, listing, Filters=asked) for member in page.get(members, ())]
