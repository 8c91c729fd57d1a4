"""What joins networks: peerings, transit gateways and private lines. Most of it lingers as deleted for an hour.

Source: the EC2 API reference; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from operator import eq
from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Stage
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

_NOT_NOW: Final = "IncorrectState"
"""What hangs on it is still there, or it is changing."""
_OVER: Final = "['deleted', 'rejected', 'expired', 'failed']"
_ATTACHMENTS: Final = ("AWS::EC2::TransitGatewayAttachment", "AWS::EC2::TransitGatewayPeeringAttachment")


def _on_gateway(name: str, id_: str) -> Listing:
    """What hangs on the transit gateway that was seen."""
    return Listing(
        f"describe_transit_gateway_{name}s",
        id_,
        members=f"TransitGateway{name.title().replace('_', '')}s[?!contains({_OVER}, State) && State != 'deleting']",
        of=(),
        where=("TransitGatewayId", eq, "TransitGateways[0].TransitGatewayId"),
    )


_CONNECTS: Final = _on_gateway("connect", "TransitGatewayAttachmentId")
# what no row lists, and what is on it before it
_HANGING: Final = (
    Step(
        call=Call("delete_transit_gateway_connect_peer", ("", "TransitGatewayConnectPeerId")),
        each=Listing(
            "describe_transit_gateway_connect_peers",
            "TransitGatewayConnectPeerId",
            members="TransitGatewayConnectPeers[?contains(['pending', 'available'], State)]",
            parent=_CONNECTS,
            filter="transit-gateway-attachment-id",
        ),
    ),
    Step(call=Call("delete_transit_gateway_connect", ("", "TransitGatewayAttachmentId")), each=_CONNECTS),
    *(
        Step(call=Call(f"delete_transit_gateway_{name}", ("", id_)), each=_on_gateway(name, id_))
        for name, id_ in (
            ("multicast_domain", "TransitGatewayMulticastDomainId"),
            ("policy_table", "TransitGatewayPolicyTableId"),
        )
    ),
)

_TRANSIT: Final = (
    # CloudFormation has a second name for the same thing, AWS::EC2::TransitGatewayVpcAttachment
    Row(
        name="AWS::EC2::TransitGatewayAttachment",
        service="ec2",
        listing=Listing(
            "describe_transit_gateway_vpc_attachments", "TransitGatewayAttachmentId", unless=f"contains({_OVER}, State)"
        ),
        see=Call("describe_transit_gateway_vpc_attachments", "TransitGatewayAttachmentIds"),
        shows="TransitGatewayVpcAttachments",
        gone=f"contains({_OVER}, TransitGatewayVpcAttachments[0].State)",
        ending="TransitGatewayVpcAttachments[0].State == 'deleting'",
        remove=Call("delete_transit_gateway_vpc_attachment"),
        errors=Errors(absent=("InvalidTransitGatewayAttachmentID.NotFound",), busy=(_NOT_NOW,)),
        stage=Stage.SLOW,
    ),
    Row(
        name="AWS::EC2::TransitGatewayPeeringAttachment",
        service="ec2",
        listing=Listing(
            "describe_transit_gateway_peering_attachments",
            "TransitGatewayAttachmentId",
            unless=f"contains({_OVER}, State)",
        ),
        see=Call("describe_transit_gateway_peering_attachments", "TransitGatewayAttachmentIds"),
        shows="TransitGatewayPeeringAttachments",
        gone=f"contains({_OVER}, TransitGatewayPeeringAttachments[0].State)",
        ending="TransitGatewayPeeringAttachments[0].State == 'deleting'",
        remove=Call("delete_transit_gateway_peering_attachment"),
        errors=Errors(absent=("InvalidTransitGatewayAttachmentID.NotFound",), busy=(_NOT_NOW,)),
        stage=Stage.SLOW,
    ),
    # the default one is its gateway's
    Row(
        name="AWS::EC2::TransitGatewayRouteTable",
        service="ec2",
        listing=Listing(
            "describe_transit_gateway_route_tables",
            "TransitGatewayRouteTableId",
            unless="DefaultAssociationRouteTable || DefaultPropagationRouteTable || State == 'deleted'",
            only_with=Listing("describe_transit_gateways", "TransitGatewayId"),
        ),
        see=Call("describe_transit_gateway_route_tables", "TransitGatewayRouteTableIds"),
        shows="TransitGatewayRouteTables",
        gone="TransitGatewayRouteTables[0].State == 'deleted'",
        ending="TransitGatewayRouteTables[0].State == 'deleting'",
        strip=(
            Step(
                call=Call(
                    "disassociate_transit_gateway_route_table",
                    ("TransitGatewayRouteTableId", "TransitGatewayAttachmentId"),
                ),
                each=Listing(
                    "get_transit_gateway_route_table_associations",
                    "TransitGatewayAttachmentId",
                    unless="State == 'disassociating' || State == 'disassociated'",
                ),
            ),
        ),
        remove=Call("delete_transit_gateway_route_table"),
        errors=Errors(absent=("InvalidRouteTableID.NotFound", "InvalidRouteTableId.NotFound"), busy=(_NOT_NOW,)),
        stage=Stage.SLOW,
        after=_ATTACHMENTS,
    ),
    Row(
        name="AWS::EC2::TransitGateway",
        service="ec2",
        listing=Listing("describe_transit_gateways", "TransitGatewayId", unless="State == 'deleted'"),
        see=Call("describe_transit_gateways", "TransitGatewayIds"),
        shows="TransitGateways",
        gone="TransitGateways[0].State == 'deleted'",
        ending="TransitGateways[0].State == 'deleting'",
        rare=_HANGING,
        remove=Call("delete_transit_gateway"),
        errors=Errors(absent=("InvalidTransitGatewayID.NotFound",), busy=(_NOT_NOW, "DependencyViolation")),
        stage=Stage.SLOW,
        after=(*_ATTACHMENTS, "AWS::EC2::TransitGatewayRouteTable", "AWS::EC2::VPNConnection"),
    ),
)

_LINES: Final = (
    Row(
        name="AWS::EC2::VPCPeeringConnection",
        service="ec2",
        listing=Listing(
            "describe_vpc_peering_connections", "VpcPeeringConnectionId", unless=f"contains({_OVER}, Status.Code)"
        ),
        see=Call("describe_vpc_peering_connections", "VpcPeeringConnectionIds"),
        shows="VpcPeeringConnections",
        gone=f"contains({_OVER}, VpcPeeringConnections[0].Status.Code)",
        ending="VpcPeeringConnections[0].Status.Code == 'deleting'",
        remove=Call("delete_vpc_peering_connection"),
        errors=Errors(absent=("InvalidVpcPeeringConnectionID.NotFound",), under_way=("InvalidStateTransition",)),
    ),
    Row(
        name="AWS::EC2::VPNConnection",
        service="ec2",
        listing=Listing(
            "describe_vpn_connections", "VpnConnectionId", unless="State == 'deleted'", members="VpnConnections"
        ),
        see=Call("describe_vpn_connections", "VpnConnectionIds"),
        shows="VpnConnections",
        gone="VpnConnections[0].State == 'deleted'",
        ending="VpnConnections[0].State == 'deleting'",
        remove=Call("delete_vpn_connection"),
        errors=Errors(absent=("InvalidVpnConnectionID.NotFound",)),
        stage=Stage.SLOW,
    ),
    Row(
        name="AWS::EC2::CustomerGateway",
        service="ec2",
        listing=Listing(
            "describe_customer_gateways", "CustomerGatewayId", unless="State == 'deleted'", members="CustomerGateways"
        ),
        see=Call("describe_customer_gateways", "CustomerGatewayIds"),
        shows="CustomerGateways",
        gone="CustomerGateways[0].State == 'deleted'",
        ending="CustomerGateways[0].State == 'deleting'",
        remove=Call("delete_customer_gateway"),
        errors=Errors(absent=("InvalidCustomerGatewayID.NotFound",), busy=(_NOT_NOW,)),
        after=("AWS::EC2::VPNConnection",),
    ),
    Row(
        name="AWS::EC2::VPNGateway",
        service="ec2",
        listing=Listing("describe_vpn_gateways", "VpnGatewayId", unless="State == 'deleted'", members="VpnGateways"),
        see=Call("describe_vpn_gateways", "VpnGatewayIds"),
        shows="VpnGateways",
        gone="VpnGateways[0].State == 'deleted'",
        ending="VpnGateways[0].State == 'deleting'",
        strip=(
            Step(
                call=Call("detach_vpn_gateway", ("VpnGatewayId", "VpcId")),
                each=Listing(
                    "describe_vpn_gateways",
                    "VpcId",
                    unless="State != 'attached'",
                    members="VpnGateways[].VpcAttachments[]",
                    of="VpnGatewayIds",
                ),
            ),
        ),
        remove=Call("delete_vpn_gateway"),
        errors=Errors(absent=("InvalidVpnGatewayID.NotFound",), busy=(_NOT_NOW,)),
        stage=Stage.NETWORK,
        after=("AWS::EC2::VPNConnection",),
    ),
)

ROWS: Final = (*_TRANSIT, *_LINES)
