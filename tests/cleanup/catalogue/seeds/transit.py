"""Seeds of what joins networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Rule, Seed
from tests.cleanup.catalogue.seeds.network import subnets, vpc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients


def _transit_gateway(clients: Clients) -> str:
    identity: str = clients("ec2").create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    return identity


def _attachment(clients: Clients, transit: str | None = None) -> str:
    network = vpc(clients)
    made = clients("ec2").create_transit_gateway_vpc_attachment(
        TransitGatewayId=transit or _transit_gateway(clients), VpcId=network, SubnetIds=subnets(clients, network)[:1]
    )
    identity: str = made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    return identity


def _peering_attachment(clients: Clients) -> str:
    made = clients("ec2").create_transit_gateway_peering_attachment(
        TransitGatewayId=_transit_gateway(clients),
        PeerTransitGatewayId=_transit_gateway(clients),
        PeerAccountId="222222222222",
        PeerRegion="us-east-1",
    )
    identity: str = made["TransitGatewayPeeringAttachment"]["TransitGatewayAttachmentId"]
    return identity


def _transit_table(clients: Clients) -> str:
    ec2, transit = clients("ec2"), _transit_gateway(clients)
    made = ec2.create_transit_gateway_route_table(TransitGatewayId=transit)
    identity: str = made["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"]
    ec2.associate_transit_gateway_route_table(
        TransitGatewayRouteTableId=identity, TransitGatewayAttachmentId=_attachment(clients, transit)
    )
    return identity


def _has_associations(clients: Clients, asked: Mapping[str, Any]) -> object:
    return clients("ec2").get_transit_gateway_route_table_associations(
        TransitGatewayRouteTableId=asked["TransitGatewayRouteTableId"]
    )["Associations"]


def _peering(clients: Clients) -> str:
    other = clients("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    made = clients("ec2").create_vpc_peering_connection(VpcId=vpc(clients), PeerVpcId=other)
    identity: str = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    return identity


def _vpn_gateway(clients: Clients) -> str:
    ec2 = clients("ec2")
    identity: str = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    ec2.attach_vpn_gateway(VpnGatewayId=identity, VpcId=vpc(clients))
    return identity


def _is_attached(clients: Clients, asked: Mapping[str, Any]) -> object:
    [gateway] = clients("ec2").describe_vpn_gateways(VpnGatewayIds=[asked["VpnGatewayId"]])["VpnGateways"]
    return [attachment for attachment in gateway["VpcAttachments"] if attachment["State"] == "attached"]


def _customer_gateway(clients: Clients) -> str:
    made = clients("ec2").create_customer_gateway(Type="ipsec.1", BgpAsn=65000, IpAddress="192.0.2.1")
    identity: str = made["CustomerGateway"]["CustomerGatewayId"]
    return identity


def _vpn_connection(clients: Clients) -> str:
    made = clients("ec2").create_vpn_connection(
        Type="ipsec.1", CustomerGatewayId=_customer_gateway(clients), VpnGatewayId=_vpn_gateway(clients)
    )
    identity: str = made["VpnConnection"]["VpnConnectionId"]
    return identity


SEEDS: Final = (
    Seed(type="AWS::EC2::TransitGateway", make=_transit_gateway),
    Seed(type="AWS::EC2::TransitGatewayAttachment", make=_attachment),
    Seed(type="AWS::EC2::TransitGatewayPeeringAttachment", make=_peering_attachment),
    Seed(
        type="AWS::EC2::TransitGatewayRouteTable",
        make=_transit_table,
        rules=(Rule("DeleteTransitGatewayRouteTable", "IncorrectState", _has_associations),),
    ),
    Seed(type="AWS::EC2::VPCPeeringConnection", make=_peering),
    Seed(
        type="AWS::EC2::VPNGateway",
        make=_vpn_gateway,
        rules=(Rule("DeleteVpnGateway", "IncorrectState", _is_attached),),
    ),
    Seed(type="AWS::EC2::CustomerGateway", make=_customer_gateway),
    Seed(type="AWS::EC2::VPNConnection", make=_vpn_connection),
)
