"""Leftovers that hang on what is kept go; what is kept stays, and is as it was: whole cleanups on moto."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from moto import mock_aws

from atmosphere.cleanup.catalogue.base import Unread
from atmosphere.cleanup.contents.groups import GroupRules
from atmosphere.cleanup.contents.network_parts import NETWORK_PARTS
from atmosphere.cleanup.contents.networks import Attachments
from atmosphere.cleanup.model import Resource, Verdict
from atmosphere.cleanup.state.baseline import Baseline, baseline_name
from tests.cleanup.conftest import REGION
from tests.cleanup.land import Land, make_admin_role, root
from tests.cleanup.scene import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.contents.base import Content
    from atmosphere.core.model import Json

GROUP, NETWORK = "AWS::EC2::SecurityGroup", "AWS::EC2::VPC"
INTERNET, VPN = "AWS::EC2::InternetGateway", "AWS::EC2::VPNGateway"
INSTANCE, VOLUME = "AWS::EC2::Instance", "AWS::EC2::Volume"
ACL = "AWS::EC2::NetworkAcl"
CONTENTS: tuple[Content, ...] = (GroupRules(), Attachments(), *NETWORK_PARTS)


class Roots:
    """Clients of the test's own, as contents are read with."""

    def client(self, service: str, region: str) -> Any:
        return root(service, region)


def inside() -> Mapping[Resource, Json]:
    """What is inside of groups and networks and their parts now."""
    account = cast("Account", Roots())
    return {
        Resource(content.type, identity, REGION): part
        for content in CONTENTS
        for identity, part in content.read(account, REGION, None).items()
        if not isinstance(part, Unread)
    }


class Ground(Land):
    """A land whose baseline also tells what is inside of groups and networks and their parts."""

    def __init__(self, *types: str) -> None:
        super().__init__(*types)
        self.before = inside()
        baseline = Baseline.from_json(self.store.texts[baseline_name(KEY)])
        self.store.put(baseline_name(KEY), replace(baseline, contents=self.before).to_json())

    def is_as_it_was(self) -> None:
        """Clean, with nothing left over and nothing of the baseline another."""
        result = self.clean()
        assert (result.verdict, self.left()) == (Verdict.CLEAN, set()), self.report(result)
        now = inside()  # of parts of a leftover network, too: moto forgets to delete them with it
        assert {item: now.get(item) for item in self.before} == self.before


@pytest.fixture(autouse=True)
def _moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        make_admin_role()
        yield


@pytest.fixture
def network() -> str:
    """A network that was there before the first test."""
    identity: str = root("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return identity


def group(network: str, name: str) -> str:
    made = root("ec2").create_security_group(GroupName=name, Description=name, VpcId=network)
    identity: str = made["GroupId"]
    return identity


def allow(into: str, source: str) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": source}]}
    root("ec2").authorize_security_group_ingress(GroupId=into, IpPermissions=[rule])


def gateway(network: str | None = None) -> str:
    identity: str = root("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    if network:
        root("ec2").attach_internet_gateway(InternetGatewayId=identity, VpcId=network)
    return identity


def options(name: str) -> str:
    made = root("ec2").create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name", "Values": [name]}])
    identity: str = made["DhcpOptions"]["DhcpOptionsId"]
    return identity


def test_groups_that_name_each_other_and_are_named_by_a_kept_one(network: str) -> None:
    kept, other = group(network, "kept"), group(network, "other-kept")
    allow(kept, other)
    ground = Ground(GROUP)
    one, two = group(network, "one"), group(network, "two")
    allow(one, two)
    allow(two, one)
    allow(kept, one)
    ground.is_as_it_was()


def test_a_group_that_the_configuration_keeps_lets_go_of_a_leftover_that_nobody_watches(network: str) -> None:
    ground = Ground(GROUP)
    kept, leftover = group(network, "kept"), group(network, "leftover")
    allow(kept, leftover)
    registration = replace(ground.assignment().registration, keep=(f"{GROUP}:{kept}",))
    ground.changes["registration"] = registration
    assert ground.clean().verdict is Verdict.CLEAN
    assert [item.id for item in ground.left()] == [kept]


def test_a_leftover_gateway_on_a_kept_network(network: str) -> None:
    ground = Ground(NETWORK, INTERNET, VPN)
    gateway(network)
    vpn = root("ec2").create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    root("ec2").attach_vpn_gateway(VpnGatewayId=vpn, VpcId=network)
    ground.is_as_it_was()


def test_the_gateway_of_a_kept_network_comes_back_from_wherever_it_is(network: str) -> None:
    kept = gateway(network)
    ground = Ground(NETWORK, INTERNET)
    ec2 = root("ec2")
    ec2.detach_internet_gateway(InternetGatewayId=kept, VpcId=network)
    gateway(network)
    elsewhere = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    ec2.attach_internet_gateway(InternetGatewayId=kept, VpcId=elsewhere)
    ground.is_as_it_was()


def test_a_kept_network_gets_its_own_dhcp_options_back(network: str) -> None:
    kept = options("kept.example.org")
    root("ec2").associate_dhcp_options(DhcpOptionsId=kept, VpcId=network)
    ground = Ground(NETWORK)  # without the options: moto does not see that they are let go of
    root("ec2").associate_dhcp_options(DhcpOptionsId=options("mine.example.org"), VpcId=network)
    ground.is_as_it_was()


def test_a_leftover_acl_on_a_kept_subnet(network: str) -> None:
    ec2 = root("ec2")
    subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    ground = Ground(ACL)
    leftover = ec2.create_network_acl(VpcId=network)["NetworkAcl"]["NetworkAclId"]
    on_it = [{"Name": "association.subnet-id", "Values": [subnet]}]
    [held] = [
        each["NetworkAclAssociationId"]
        for acl in ec2.describe_network_acls(Filters=on_it)["NetworkAcls"]
        for each in acl["Associations"]
        if each["SubnetId"] == subnet
    ]
    ec2.replace_network_acl_association(AssociationId=held, NetworkAclId=leftover)
    ground.is_as_it_was()


def test_a_leftover_volume_on_a_kept_instance() -> None:
    ec2 = root("ec2")
    kept = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ground = Ground(INSTANCE, VOLUME)
    [zone] = {
        each["Placement"]["AvailabilityZone"]
        for reservation in ec2.describe_instances()["Reservations"]
        for each in reservation["Instances"]
    }
    leftover = ec2.create_volume(AvailabilityZone=zone, Size=1)["VolumeId"]
    ec2.attach_volume(VolumeId=leftover, InstanceId=kept, Device="/dev/sdf")
    ground.is_as_it_was()
