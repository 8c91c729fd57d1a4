"""The network of an account: what stands in subnets, then what they are made of.

What AWS made with the default network is never listed; what needs more than a row is in `networks` and `gateways`.
Source: the EC2 API reference; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Stage
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

# also where the account hides what services manage
_MANAGED: Final = {"IncludeManagedResources": True}
_IN_USE: Final = "DependencyViolation"
_UNSUCCESSFUL: Final = "Unsuccessful[].Error"
_CONNECTED: Final = "['Available', 'available', 'PendingAcceptance', 'pendingAcceptance', 'Partial']"
_IN_SUBNETS: Final = ("AWS::EC2::VPCEndpoint", "AWS::EC2::NatGateway", "AWS::EC2::NetworkInterface")

# attached to a machine of AWS's own; one of another account has that account's number
_AT_AWS: Final = "Attachment.DeleteOnTermination && starts_with(Attachment.InstanceOwnerId || '', 'amazon')"

_STANDING: Final = (
    Row(
        name="AWS::EC2::NatGateway",
        service="ec2",
        listing=Listing("describe_nat_gateways", "NatGatewayId", unless="State == 'deleted'"),
        see=Call("describe_nat_gateways", "NatGatewayIds"),
        shows="NatGateways",
        gone="NatGateways[0].State == 'deleted'",
        ending="NatGateways[0].State == 'deleting'",
        remove=Call("delete_nat_gateway"),
        errors=Errors(absent=("NatGatewayNotFound",)),
        stage=Stage.SLOW,
    ),
    # AWS writes these states in either case. Services delete the endpoints that they manage.
    Row(
        name="AWS::EC2::VPCEndpoint",
        service="ec2",
        listing=Listing(
            "describe_vpc_endpoints",
            "VpcEndpointId",
            unless="RequesterManaged || contains(['deleted', 'Deleted'], State)",
        ),
        see=Call("describe_vpc_endpoints", "VpcEndpointIds"),
        shows="VpcEndpoints",
        gone="contains(['deleted', 'Deleted'], VpcEndpoints[0].State)",
        ending="contains(['deleting', 'Deleting'], VpcEndpoints[0].State)",
        remove=Call("delete_vpc_endpoints", refusals=_UNSUCCESSFUL),
        errors=Errors(absent=("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound")),
        stage=Stage.SLOW,
    ),
    Row(
        name="AWS::EC2::VPCEndpointService",
        service="ec2",
        listing=Listing(
            "describe_vpc_endpoint_service_configurations",
            "ServiceId",
            unless="contains(['deleted', 'Deleted'], ServiceState)",
        ),
        see=Call("describe_vpc_endpoint_service_configurations", "ServiceIds"),
        shows="ServiceConfigurations",
        gone="contains(['deleted', 'Deleted'], ServiceConfigurations[0].ServiceState)",
        ending="contains(['deleting', 'Deleting'], ServiceConfigurations[0].ServiceState)",
        rare=(
            Step(
                call=Call("reject_vpc_endpoint_connections", ("ServiceId", "VpcEndpointIds"), refusals=_UNSUCCESSFUL),
                each=Listing(
                    "describe_vpc_endpoint_connections",
                    "VpcEndpointId",
                    members=f"VpcEndpointConnections[?contains({_CONNECTED}, VpcEndpointState)]",
                    filter="service-id",
                ),
            ),
        ),
        remove=Call("delete_vpc_endpoint_service_configurations", refusals=_UNSUCCESSFUL),
        errors=Errors(
            absent=("InvalidVpcEndpointServiceId.NotFound", "InvalidVpcEndpointService.NotFound"),
            busy=("ExistingVpcEndpointConnections",),
        ),
        after=("AWS::EC2::VPCEndpoint",),
    ),
    Row(
        name="AWS::EC2::FlowLog",
        service="ec2",
        listing=Listing("describe_flow_logs", "FlowLogId"),
        see=Call("describe_flow_logs", "FlowLogIds"),
        shows="FlowLogs",
        remove=Call("delete_flow_logs", refusals=_UNSUCCESSFUL),
        errors=Errors(absent=("InvalidFlowLogId.NotFound",)),
    ),
    # The id is the address. Those that a service manages go with what they serve.
    Row(
        name="AWS::EC2::EIP",
        service="ec2",
        listing=Listing("describe_addresses", "PublicIp", "AllocationId", unless="ServiceManaged", members="Addresses"),
        see=Call("describe_addresses", "PublicIps"),
        shows="Addresses",
        strip=(
            Step(
                call=Call("disassociate_address", ("",), seen={"AssociationId": "Addresses[0].AssociationId"}),
                when="Addresses[0].AssociationId",
            ),
        ),
        remove=Call("release_address", ("",), seen={"AllocationId": "Addresses[0].AllocationId"}),
        errors=Errors(
            absent=("InvalidAddress.NotFound", "InvalidAllocationID.NotFound"), busy=("InvalidIPAddress.InUse",)
        ),
        stage=Stage.NETWORK,
        after=("AWS::EC2::NatGateway",),
    ),
    # What AWS manages is its owner's until it is let go of.
    Row(
        name="AWS::EC2::NetworkInterface",
        service="ec2",
        listing=Listing(
            "describe_network_interfaces",
            "NetworkInterfaceId",
            fixed=_MANAGED,
            unless=f"{_AT_AWS} || (RequesterManaged && Status != 'available')",
            late="(Operator.Managed || Attachment.DeleteOnTermination) && (Attachment.AttachTime || 'unknown')",
            owner=("AWS::EC2::Instance", "Attachment.DeleteOnTermination && Attachment.InstanceId"),
        ),
        see=Call("describe_network_interfaces", "NetworkInterfaceIds", _MANAGED),
        shows="NetworkInterfaces",
        strip=(
            Step(
                call=Call(
                    "detach_network_interface",
                    ("",),
                    {"Force": True},
                    seen={"AttachmentId": "NetworkInterfaces[0].Attachment.AttachmentId"},
                ),
                when="NetworkInterfaces[0].Attachment.InstanceId",
            ),
        ),
        remove=Call("delete_network_interface"),
        errors=Errors(absent=("InvalidNetworkInterfaceID.NotFound",), busy=("InvalidNetworkInterface.InUse",)),
        stage=Stage.NETWORK,
    ),
)

_GROUND: Final = (
    Row(
        name="AWS::EC2::RouteTable",
        service="ec2",
        listing=Listing("describe_route_tables", "RouteTableId", unless="Associations[?Main]"),
        see=Call("describe_route_tables", "RouteTableIds"),
        shows="RouteTables",
        strip=(
            Step(
                call=Call("disassociate_route_table", ("", "AssociationId")),
                each=Listing(
                    "describe_route_tables",
                    "RouteTableAssociationId",
                    members="RouteTables[].Associations[?!Main][]",
                    of="RouteTableIds",
                ),
            ),
        ),
        remove=Call("delete_route_table"),
        errors=Errors(
            absent=(
                "InvalidRouteTableID.NotFound",
                "InvalidRouteTableId.NotFound",
                "InvalidAssociationID.NotFound",
            ),
            busy=(_IN_USE,),
        ),
        stage=Stage.NETWORK,
    ),
    Row(
        name="AWS::EC2::EgressOnlyInternetGateway",
        service="ec2",
        listing=Listing("describe_egress_only_internet_gateways", "EgressOnlyInternetGatewayId"),
        see=Call("describe_egress_only_internet_gateways", "EgressOnlyInternetGatewayIds"),
        shows="EgressOnlyInternetGateways",
        remove=Call("delete_egress_only_internet_gateway"),
        errors=Errors(absent=("InvalidGatewayID.NotFound",), busy=(_IN_USE,)),
        stage=Stage.NETWORK,
    ),
    Row(
        name="AWS::EC2::Subnet",
        service="ec2",
        listing=Listing("describe_subnets", "SubnetId", unless="DefaultForAz"),
        see=Call("describe_subnets", "SubnetIds"),
        remove=Call("delete_subnet"),
        errors=Errors(absent=("InvalidSubnetID.NotFound", "InvalidSubnetId.NotFound"), busy=(_IN_USE,)),
        stage=Stage.NETWORK,
        after=_IN_SUBNETS,
    ),
    Row(
        name="AWS::EC2::VPC",
        service="ec2",
        listing=Listing("describe_vpcs", "VpcId", unless="IsDefault"),
        see=Call("describe_vpcs", "VpcIds"),
        remove=Call("delete_vpc"),
        errors=Errors(absent=("InvalidVpcID.NotFound",), busy=(_IN_USE,)),
        stage=Stage.NETWORK,
        after=(
            *_IN_SUBNETS,
            "AWS::EC2::Subnet",
            "AWS::EC2::SecurityGroup",
            "AWS::EC2::RouteTable",
            "AWS::EC2::NetworkAcl",
            "AWS::EC2::InternetGateway",
            "AWS::EC2::EgressOnlyInternetGateway",
            "AWS::EC2::VPNGateway",
            "AWS::EC2::VPCPeeringConnection",
            "AWS::EC2::TransitGatewayAttachment",
        ),
    ),
    Row(
        name="AWS::EC2::PrefixList",
        service="ec2",
        listing=Listing(
            "describe_managed_prefix_lists", "PrefixListId", unless="OwnerId == 'AWS' || State == 'delete-complete'"
        ),
        see=Call("describe_managed_prefix_lists", "PrefixListIds"),
        shows="PrefixLists",
        gone="PrefixLists[0].State == 'delete-complete'",
        ending="PrefixLists[0].State == 'delete-in-progress'",
        remove=Call("delete_managed_prefix_list"),
        errors=Errors(absent=("InvalidPrefixListID.NotFound", "InvalidPrefixListId.NotFound"), busy=(_IN_USE,)),
        stage=Stage.NETWORK,
        after=("AWS::EC2::SecurityGroup", "AWS::EC2::RouteTable"),
    ),
)

ROWS: Final = (*_STANDING, *_GROUND)
