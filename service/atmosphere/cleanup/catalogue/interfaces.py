"""Network interfaces that services put into subnets and groups, and take away minutes after their owner is gone.

Lambda gives the interfaces of a deleted function back after 20 to 45 minutes, a load balancer its own within minutes;
nobody else can delete them, and until then subnets, groups and networks are "in use". Source: EC2 API reference,
DescribeNetworkInterfaces (`InterfaceType`, `RequesterManaged`); Lambda developer guide, functions in a VPC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.catalogue.base import pages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.core.model import Region

_FILTERS: Final = {
    "AWS::EC2::NetworkInterface": "network-interface-id",
    "AWS::EC2::SecurityGroup": "group-id",
    "AWS::EC2::Subnet": "subnet-id",
    "AWS::EC2::VPC": "vpc-id",
}
_OURS: Final = ("interface", "trunk", "efa", "efa-only", "branch")
"""Types of interfaces that anybody may make, and delete."""


def of_services(account: Account, region: Region, type_: str, identity: str) -> str | None:
    """The first interface of a service that is in use in this group, subnet or network; None if there is none.

    Raises `ClientError`.
    """
    if type_ not in _FILTERS:
        return None
    asked = {"Filters": [{"Name": _FILTERS[type_], "Values": [identity]}], "IncludeManagedResources": True}
    for page in pages(account.client("ec2", region), "describe_network_interfaces", **asked):
        for each in page["NetworkInterfaces"]:
            if _is_of_a_service(each):
                return f"{each['NetworkInterfaceId']} is in use ({each.get('Description') or each['InterfaceType']})"
    return None


def _is_of_a_service(each: Mapping[str, Any]) -> bool:
    managed = each.get("RequesterManaged") or each.get("InterfaceType", "interface") not in _OURS
    return bool(managed) and each.get("Status") != "available"
