"""What makes up networks: routes, rules of network ACLs, what both hold for, and how subnets treat newcomers.

Compared only: a route may lead to what is gone, and who made a network knows best what it should be. Each kind is a row
with what counts of it: not the routes that AWS makes by itself, and not which subnets a default ACL holds for, as these
are all that no other does. Source: the EC2 API reference, DescribeRouteTables, DescribeNetworkAcls, DescribeSubnets.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import jmespath  # type: ignore[import-untyped]  # comes with botocore

from atmosphere.cleanup.catalogue.base import Scope, pages
from atmosphere.cleanup.contents.base import Captured

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.core.model import Json, Region


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPart(Captured):
    """`value` is a JMESPath into one of the `members` that `listing` brings; the order of its lists means nothing."""

    type: str
    name: str
    listing: str
    members: str
    id: str
    value: str
    scope: Scope = Scope.REGION

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json]:
        """See `Content`."""
        found = (each for page in pages(account.client("ec2", region), self.listing) for each in page[self.members])
        return {
            each[self.id]: _in_order(jmespath.search(self.value, each))
            for each in found
            if ids is None or each[self.id] in ids
        }


def _in_order(value: dict[str, Json]) -> dict[str, Json]:
    return {name: sorted(part, key=json.dumps) if isinstance(part, list) else part for name, part in value.items()}


NETWORK_PARTS: Final = (
    NetworkPart(
        type="AWS::EC2::RouteTable",
        name="routes",
        listing="describe_route_tables",
        members="RouteTables",
        id="RouteTableId",
        value="""{
            routes: Routes[?Origin == 'CreateRoute'].{
                to: DestinationCidrBlock || DestinationIpv6CidrBlock || DestinationPrefixListId,
                by: GatewayId || NatGatewayId || TransitGatewayId || VpcPeeringConnectionId || NetworkInterfaceId
                    || EgressOnlyInternetGatewayId || CarrierGatewayId || LocalGatewayId || CoreNetworkArn
            },
            subnets: Associations[].SubnetId,
            gateways: Associations[].GatewayId,
            main: length(Associations[?Main] || `[]`) > `0`
        }""",
    ),
    NetworkPart(
        type="AWS::EC2::NetworkAcl",
        name="entries",
        listing="describe_network_acls",
        members="NetworkAcls",
        id="NetworkAclId",
        value="""{
            entries: Entries[].{
                egress: Egress, number: RuleNumber, does: RuleAction, protocol: Protocol,
                range: CidrBlock || Ipv6CidrBlock, ports: PortRange, icmp: IcmpTypeCode
            },
            subnets: (!IsDefault && Associations[].SubnetId) || `[]`
        }""",
    ),
    NetworkPart(
        type="AWS::EC2::Subnet",
        name="settings",
        listing="describe_subnets",
        members="Subnets",
        id="SubnetId",
        value="""{
            public: MapPublicIpOnLaunch, ipv6: AssignIpv6AddressOnCreation, dns64: EnableDns64,
            names: PrivateDnsNameOptionsOnLaunch
        }""",
    ),
)
