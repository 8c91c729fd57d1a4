"""Seeds of networks and of what stands in them. A default network is there too, in which nothing may be found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Rule, Seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients

ZONES: Final = ("us-east-1a", "us-east-1b")


def vpc(clients: Clients) -> str:
    """A network of its own."""
    identity: str = clients("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return identity


def subnets(clients: Clients, network: str | None = None) -> list[str]:
    """A subnet in each of two zones."""
    network = network or vpc(clients)
    return [
        clients("ec2").create_subnet(VpcId=network, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=zone)["Subnet"][
            "SubnetId"
        ]
        for index, zone in enumerate(ZONES)
    ]


def instance(clients: Clients, subnet: str | None = None, **more: Any) -> str:
    """A running instance; `more` are further parameters of its launch."""
    place = {"SubnetId": subnet} if subnet else {}
    image = clients("ec2").register_image(Name="seeded-for-an-instance", RootDeviceName="/dev/xvda")["ImageId"]
    launched = clients("ec2").run_instances(
        ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro", **place, **more
    )
    identity: str = launched["Instances"][0]["InstanceId"]
    return identity


def security_group(clients: Clients, network: str, name: str) -> str:
    """A security group."""
    made = clients("ec2").create_security_group(GroupName=name, Description=name, VpcId=network)
    identity: str = made["GroupId"]
    return identity


# --- what stands in a network -----------------------------------------------------------------------------------------


def _nat_gateway(clients: Clients) -> str:
    address = clients("ec2").allocate_address(Domain="vpc")["AllocationId"]
    made = clients("ec2").create_nat_gateway(SubnetId=subnets(clients)[0], AllocationId=address)
    identity: str = made["NatGateway"]["NatGatewayId"]
    return identity


def _endpoint(clients: Clients) -> str:
    network = vpc(clients)
    made = clients("ec2").create_vpc_endpoint(
        VpcId=network,
        ServiceName="com.amazonaws.us-east-1.sqs",
        VpcEndpointType="Interface",
        SubnetIds=subnets(clients, network),
    )
    identity: str = made["VpcEndpoint"]["VpcEndpointId"]
    return identity


def _endpoint_service(clients: Clients) -> str:
    balancer = clients("elbv2").create_load_balancer(
        Name="seeded-for-an-endpoint", Type="network", Subnets=subnets(clients)
    )["LoadBalancers"][0]["LoadBalancerArn"]
    made = clients("ec2").create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer])
    identity: str = made["ServiceConfiguration"]["ServiceId"]
    return identity


def _flow_log(clients: Clients) -> str:
    identity: str = clients("ec2").create_flow_logs(
        ResourceIds=[vpc(clients)],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName="seeded-flow-log",
        DeliverLogsPermissionArn="arn:aws:iam::222222222222:role/seeded-flow-log",
    )["FlowLogIds"][0]
    return identity


def _address(clients: Clients) -> str:
    ec2 = clients("ec2")
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instance(clients, subnets(clients)[0]))
    identity: str = address["PublicIp"]
    return identity


def _is_associated(clients: Clients, asked: Mapping[str, Any]) -> object:
    [address] = clients("ec2").describe_addresses(AllocationIds=[asked["AllocationId"]])["Addresses"]
    return address.get("AssociationId")


def _interface(clients: Clients) -> str:
    ec2 = clients("ec2")
    subnet = subnets(clients)[0]
    identity: str = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    ec2.attach_network_interface(NetworkInterfaceId=identity, InstanceId=instance(clients, subnet), DeviceIndex=1)
    return identity


def _is_attached(clients: Clients, asked: Mapping[str, Any]) -> object:
    [interface] = clients("ec2").describe_network_interfaces(NetworkInterfaceIds=[asked["NetworkInterfaceId"]])[
        "NetworkInterfaces"
    ]
    return interface.get("Attachment")


# --- what a network is made of ----------------------------------------------------------------------------------------


def _route_table(clients: Clients) -> str:
    ec2, network = clients("ec2"), vpc(clients)
    identity: str = ec2.create_route_table(VpcId=network)["RouteTable"]["RouteTableId"]
    for subnet in subnets(clients, network):
        ec2.associate_route_table(RouteTableId=identity, SubnetId=subnet)
    return identity


def _has_subnets(clients: Clients, asked: Mapping[str, Any]) -> object:
    [table] = clients("ec2").describe_route_tables(RouteTableIds=[asked["RouteTableId"]])["RouteTables"]
    return table.get("Associations")


def _network_acl(clients: Clients) -> str:
    ec2, network = clients("ec2"), vpc(clients)
    identity: str = ec2.create_network_acl(VpcId=network)["NetworkAcl"]["NetworkAclId"]
    subnet = subnets(clients, network)[0]
    [before] = [
        association["NetworkAclAssociationId"]
        for acl in ec2.describe_network_acls()["NetworkAcls"]
        for association in acl["Associations"]
        if association["SubnetId"] == subnet
    ]
    ec2.replace_network_acl_association(AssociationId=before, NetworkAclId=identity)
    return identity


def _guards_subnets(clients: Clients, asked: Mapping[str, Any]) -> object:
    [acl] = clients("ec2").describe_network_acls(NetworkAclIds=[asked["NetworkAclId"]])["NetworkAcls"]
    return acl["Associations"]


def _internet_gateway(clients: Clients) -> str:
    ec2 = clients("ec2")
    identity: str = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=identity, VpcId=vpc(clients))
    return identity


def _egress_only(clients: Clients) -> str:
    made = clients("ec2").create_egress_only_internet_gateway(VpcId=vpc(clients))
    identity: str = made["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
    return identity


def _dhcp_options(clients: Clients) -> str:
    ec2 = clients("ec2")
    said = [{"Key": "domain-name", "Values": ["seeded.example"]}]
    identity: str = ec2.create_dhcp_options(DhcpConfigurations=said)["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=identity, VpcId=vpc(clients))
    return identity


def _groups_that_name_each_other(clients: Clients) -> str:
    ec2, network = clients("ec2"), vpc(clients)
    first, second = (security_group(clients, network, f"seeded-group-{name}") for name in ("one", "two"))
    for group, other in ((first, second), (second, first), (first, first)):
        rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": other}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[rule])
    return first


def _is_named_by_others(clients: Clients, asked: Mapping[str, Any]) -> object:
    return [
        group["GroupId"]
        for group in clients("ec2").describe_security_groups()["SecurityGroups"]
        for rule in (*group["IpPermissions"], *group["IpPermissionsEgress"])
        if group["GroupId"] != asked["GroupId"]
        and asked["GroupId"] in (pair["GroupId"] for pair in rule["UserIdGroupPairs"])
    ]


def _prefix_list(clients: Clients) -> str:
    made = clients("ec2").create_managed_prefix_list(PrefixListName="seeded", MaxEntries=1, AddressFamily="IPv4")
    identity: str = made["PrefixList"]["PrefixListId"]
    return identity


_IN_USE: Final = "DependencyViolation"

SEEDS: Final = (
    Seed(type="AWS::EC2::NatGateway", make=_nat_gateway),
    Seed(type="AWS::EC2::VPCEndpoint", make=_endpoint),
    Seed(type="AWS::EC2::VPCEndpointService", make=_endpoint_service),
    Seed(type="AWS::EC2::FlowLog", make=_flow_log),
    Seed(
        type="AWS::EC2::EIP",
        make=_address,
        rules=(Rule("ReleaseAddress", "InvalidIPAddress.InUse", _is_associated),),
    ),
    # moto's instances leave their first interface behind
    Seed(
        type="AWS::EC2::NetworkInterface",
        make=_interface,
        rules=(Rule("DeleteNetworkInterface", "InvalidNetworkInterface.InUse", _is_attached),),
        others=1,
    ),
    Seed(
        type="AWS::EC2::RouteTable",
        make=_route_table,
        rules=(Rule("DeleteRouteTable", _IN_USE, _has_subnets),),
    ),
    Seed(
        type="AWS::EC2::NetworkAcl",
        make=_network_acl,
        rules=(Rule("DeleteNetworkAcl", _IN_USE, _guards_subnets),),
    ),
    Seed(type="AWS::EC2::InternetGateway", make=_internet_gateway),
    Seed(type="AWS::EC2::EgressOnlyInternetGateway", make=_egress_only),
    Seed(type="AWS::EC2::Subnet", make=lambda clients: subnets(clients)[0], others=1),
    Seed(
        type="AWS::EC2::SecurityGroup",
        make=_groups_that_name_each_other,
        rules=(Rule("DeleteSecurityGroup", _IN_USE, _is_named_by_others),),
        others=1,
    ),
    Seed(type="AWS::EC2::DHCPOptions", make=_dhcp_options),
    Seed(type="AWS::EC2::PrefixList", make=_prefix_list),
    Seed(type="AWS::EC2::VPC", make=vpc),
)
