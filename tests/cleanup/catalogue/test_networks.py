"""What deleting a part of a network does to its neighbours, and which parts are the default network's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.cleanup.catalogue.frame import TYPES, Plot, Seed, StandIn
from tests.cleanup.catalogue.seeds import SEEDS
from tests.cleanup.catalogue.seeds.network import security_group, subnets, vpc
from tests.cleanup.conftest import REGION

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP, ACL, OPTIONS = "AWS::EC2::SecurityGroup", "AWS::EC2::NetworkAcl", "AWS::EC2::DHCPOptions"
GATEWAY = "AWS::EC2::InternetGateway"


def seed(name: str) -> Seed:
    return next(each for each in SEEDS if each.type == name)


def delete(plot: Plot, name: str, identity: str) -> None:
    TYPES[name].delete(plot.account, REGION, identity, plot.budget.check)


def found(plot: Plot, name: str) -> set[str]:
    return {each.id for each in TYPES[name].list(plot.account, REGION)}


def rules(plot: Plot, group: str) -> list[dict[str, Any]]:
    [seen] = plot.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    permissions: list[dict[str, Any]] = seen["IpPermissions"]
    return permissions


def test_what_else_a_rule_allows_stays_when_a_group_that_it_names_goes(till: Callable[..., Plot]) -> None:
    plot = till(seed(GROUP))
    network = vpc(plot.client)
    leftover, other, kept = (security_group(plot.client, network, name) for name in ("leftover", "other", "kept"))
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "UserIdGroupPairs": [{"GroupId": leftover}, {"GroupId": other}],
        "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
    }
    everything = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": leftover}]}
    plot.client("ec2").authorize_security_group_ingress(GroupId=kept, IpPermissions=[rule, everything])

    delete(plot, GROUP, leftover)

    assert found(plot, GROUP) == {other, kept}
    [left] = rules(plot, kept)
    assert [pair["GroupId"] for pair in left["UserIdGroupPairs"]] == [other]
    assert [each["CidrIp"] for each in left["IpRanges"]] == ["10.0.0.0/8"]


def test_a_group_is_known_by_its_name_too(till: Callable[..., Plot]) -> None:
    plot = till(seed(GROUP))
    security_group(plot.client, vpc(plot.client), "known-by-name")

    assert TYPES[GROUP].exists(plot.account, REGION, "known-by-name")
    delete(plot, GROUP, "known-by-name")

    assert not TYPES[GROUP].exists(plot.account, REGION, "known-by-name")
    assert found(plot, GROUP) == set()


def test_the_subnets_of_an_acl_are_given_back_to_the_default_one(till: Callable[..., Plot]) -> None:
    plot = till(seed(ACL))
    identity = seed(ACL).make(plot.client)
    before = {each["NetworkAclId"]: each for each in plot.client("ec2").describe_network_acls()["NetworkAcls"]}
    network = before[identity]["VpcId"]
    [default] = [acl for acl in before.values() if acl["VpcId"] == network and acl["IsDefault"]]

    delete(plot, ACL, identity)

    [after] = plot.client("ec2").describe_network_acls(NetworkAclIds=[default["NetworkAclId"]])["NetworkAcls"]
    guarded = {each["SubnetId"] for each in before[identity]["Associations"]}
    assert guarded
    assert guarded <= {each["SubnetId"] for each in after["Associations"]}


class Forgetful:
    """moto remembers of options the network that no longer has them, and would not let them go."""

    def delete_dhcp_options(self, **_: Any) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize("domain", ["ec2.internal", "eu-west-1.compute.internal"])
def test_dhcp_options_as_aws_makes_them_are_not_found_and_are_given_back(
    domain: str, till: Callable[..., Plot]
) -> None:
    plot = till(Seed(type=OPTIONS, make=seed(OPTIONS).make, stand_ins=(StandIn("ec2", Forgetful),)))
    said = {"domain-name": domain, "domain-name-servers": "AmazonProvidedDNS"}
    own = plot.client("ec2").create_dhcp_options(
        DhcpConfigurations=[{"Key": key, "Values": [value]} for key, value in said.items()]
    )["DhcpOptions"]["DhcpOptionsId"]
    leftover = seed(OPTIONS).make(plot.client)
    [network] = plot.client("ec2").describe_vpcs(Filters=[{"Name": "dhcp-options-id", "Values": [leftover]}])["Vpcs"]
    assert found(plot, OPTIONS) == {leftover}

    delete(plot, OPTIONS, leftover)

    [after] = plot.client("ec2").describe_vpcs(VpcIds=[network["VpcId"]])["Vpcs"]
    assert after["DhcpOptionsId"] == own


def test_dhcp_options_that_only_resemble_aws_own_are_found(till: Callable[..., Plot]) -> None:
    plot = till(seed(OPTIONS))
    identities = {
        plot.client("ec2").create_dhcp_options(
            DhcpConfigurations=[{"Key": key, "Values": [value]} for key, value in said.items()]
        )["DhcpOptions"]["DhcpOptionsId"]
        for said in (
            {"domain-name": "ec2.internal", "domain-name-servers": "10.0.0.2"},
            {"domain-name": "seeded.example", "domain-name-servers": "AmazonProvidedDNS"},
            {"domain-name-servers": "AmazonProvidedDNS"},
        )
    }
    assert found(plot, OPTIONS) == identities


def test_the_gateway_of_the_default_network_is_not_found(till: Callable[..., Plot]) -> None:
    plot = till(seed(GATEWAY))
    ec2 = plot.client("ec2")
    [default] = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    attached, loose = (ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"] for _ in range(2))
    ec2.attach_internet_gateway(InternetGatewayId=attached, VpcId=default["VpcId"])

    assert found(plot, GATEWAY) == {loose}


def test_the_main_route_table_of_a_network_is_not_found(till: Callable[..., Plot]) -> None:
    plot = till(seed("AWS::EC2::RouteTable"))
    subnets(plot.client)

    assert found(plot, "AWS::EC2::RouteTable") == set()


class RefusedDeletion:
    """Answers 200, and says in the reply what it did not delete."""

    def __init__(self) -> None:
        self._error = {"Code": "UnauthorizedOperation", "Message": "not yours"}

    def delete_flow_logs(self, *, FlowLogIds: list[str]) -> dict[str, Any]:  # noqa: N803
        return {"Unsuccessful": [{"ResourceId": each, "Error": self._error} for each in FlowLogIds]}


def test_a_reply_of_200_that_refuses_is_an_error(till: Callable[..., Plot]) -> None:
    name = "AWS::EC2::FlowLog"
    plot = till(Seed(type=name, make=seed(name).make, stand_ins=(StandIn("ec2", RefusedDeletion),)))
    identity = seed(name).make(plot.client)

    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        delete(plot, name, identity)


class Deleting:
    """A NAT gateway whose deletion is under way; another deletion of it fails the test."""

    def __init__(self) -> None:
        self._shown = {"NatGatewayId": "nat-1", "State": "deleting"}

    def describe_nat_gateways(self, **_: Any) -> dict[str, Any]:
        return {"NatGateways": [self._shown]}

    def delete_nat_gateway(self, **_: Any) -> dict[str, Any]:
        raise AssertionError("its deletion was asked for again")


def test_a_deletion_that_is_under_way_is_waited_for(till: Callable[..., Plot]) -> None:
    name = "AWS::EC2::NatGateway"
    plot = till(Seed(type=name, make=seed(name).make, stand_ins=(StandIn("ec2", Deleting),)))

    delete(plot, name, "nat-1")

    assert found(plot, name) == {"nat-1"}
    assert TYPES[name].exists(plot.account, REGION, "nat-1")
