"""What is watched inside things of the baseline: read, told apart, and put back through the guard."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.aws.accounts import Account
from atmosphere.cleanup.aws.budget import Budget
from atmosphere.cleanup.aws.guard import Guard
from atmosphere.cleanup.baseline.drift import Restorer, read_contents
from atmosphere.cleanup.baseline.drift_troubles import troubles_of
from atmosphere.cleanup.contents import contents_of, zones
from atmosphere.cleanup.contents.account_settings import settings
from atmosphere.cleanup.contents.base import Drift, difference
from atmosphere.cleanup.contents.resource_policies import RESOURCE_POLICIES
from atmosphere.cleanup.contents.settings import SETTING
from atmosphere.cleanup.contents.toolkit import ToolkitBucket
from atmosphere.cleanup.kinds import INSIDE
from atmosphere.cleanup.model import GLOBAL, Assignment, MutationRefused, Resource
from atmosphere.cleanup.revoke.denial import policy_document, whole_document
from atmosphere.cleanup.state.baseline import Baseline
from atmosphere.cleanup.verdict.protected import Protection
from atmosphere.core.model import (
    ADMIN,
    AccountId,
    AllocationId,
    EnvironmentKey,
    PoolName,
    Region,
    Registration,
    RoleArn,
)
from atmosphere.core.settings import Settings
from tests.cleanup.clients import KEYS, shared
from tests.cleanup.context import a_context
from tests.cleanup.faults import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atmosphere.cleanup.context import PassContext

OWNER = AccountId("123456789012")
REGION = Region("us-east-1")
NOW = FakeClock().now()
KEY = EnvironmentKey(OWNER, REGION)
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "between-us"}},
        }
    ],
}
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


UNKNOWN_TO_MOTO = (
    "DescribePublisher",
    "DescribeStacks",
    "GetAccount",
    "GetEbsDefaultKmsKeyId",
    "GetInstanceMetadataDefaults",
    "GetManagedResourceVisibility",
    "GetSerialConsoleAccessStatus",
    "GetSnapshotBlockPublicAccessState",
    "ListTypes",
    "GetImageBlockPublicAccessState",
    "DescribeStacks",  # its CloudFormation needs packages that are not installed here
)


class Room:
    """An account on moto, captured as it is and then watched by guarded clients."""

    def __init__(self, *, alone: bool = True) -> None:
        self.clock = FakeClock()
        self.budget = Budget(self.clock, timedelta(minutes=4))
        self.broken = dict.fromkeys(UNKNOWN_TO_MOTO, "InvalidAction")
        registration = Registration(
            key=KEY,
            pool=PoolName("p"),
            roles={ADMIN: RoleArn(f"arn:aws:iam::{OWNER}:role/Admin")},
        )
        self.assignment = Assignment(
            allocation=AllocationId("a"),
            key=KEY,
            attempt=1,
            registration=registration,
            roles_used=(),
            started=None,
            deadline=self.clock.now() + timedelta(hours=1),
            capture_only=False,
            sweep_globals=alone,
            settings=Settings(role_names=("Admin",)),
            service_account=AccountId("999999999999"),
        )
        self.baseline = Baseline(items={}, types=(), regions=(REGION,))
        self.account = self.enter()

    def enter(self, *, only_revokes: bool = False) -> Account:
        """Clients that the baseline binds."""
        session = shared("cleaner").session(KEYS)
        session.register("before-call", self._break)
        guard = Guard(
            may_mutate=True,
            regions=(REGION,),
            deadline=self.assignment.deadline,
            budget=self.budget,
            protected=Protection(self.assignment.registration, self.baseline).protected(),
            only_revokes=only_revokes,
        )
        return Account(session, guard, home=REGION)

    def _break(self, **event: Any) -> Any:
        code = self.broken.get(event["model"].name)
        return code and (Reply(), {"Error": {"Code": code, "Message": "on purpose"}})

    def capture(self, *items: Resource) -> Baseline:
        """What is there now becomes the baseline, together with these."""
        inside = read_contents(self.context)
        assert not inside.unknown
        self.baseline = Baseline(
            items={**dict.fromkeys(inside.contents), **dict.fromkeys(items)},
            types=(),
            regions=(REGION,),
            contents=inside.contents,
            unwatched=inside.unwatched,
        )
        self.account = self.enter()
        return self.baseline

    @property
    def restorer(self) -> Restorer:
        return Restorer(self.context)

    @property
    def context(self) -> PassContext:
        return a_context(self.assignment, self.account, self.clock, baseline=self.baseline)

    def changed(self) -> dict[str, str]:
        """What is not as it was, in words."""
        compared = self.restorer.compare(fresh=True)
        assert not compared.unknown
        return {drift.item.address: difference(drift.before, drift.now) for drift in compared.found}

    def put_back(self) -> None:
        """Restore, which works, after which nothing is amiss."""
        restorer = self.restorer
        assert restorer.compare(fresh=True).restorable
        assert restorer.restore() == {}
        assert self.changed() == {}

    def root(self, service: str) -> Any:
        """What a test does: past the guard."""
        return shared("test").session(KEYS).client(service, REGION)


@pytest.fixture(autouse=True)
def _moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        yield


# --- hosted zones ---


def a_record(name: str, value: str, kind: str = "A") -> dict[str, Any]:
    return {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}


def change(room: Room, zone: str, *changes: tuple[str, dict[str, Any]]) -> None:
    batch = [{"Action": action, "ResourceRecordSet": record} for action, record in changes]
    room.root("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": batch})


def a_zone(room: Room, *records: dict[str, Any]) -> str:
    zone = room.root("route53").create_hosted_zone(Name="example.org", CallerReference="x")["HostedZone"]["Id"]
    zone = zone.rpartition("/")[2]
    if records:
        change(room, zone, *(("CREATE", record) for record in records))
    return str(zone)


def records(room: Room, zone: str) -> list[Any]:
    found: list[Any] = room.root("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return found


def test_the_records_of_a_zone_are_put_back_exactly() -> None:
    room = Room()
    same, gone, other = (a_record(f"{name}.example.org.", "192.0.2.1") for name in ("same", "gone", "other"))
    zone = a_zone(room, same, gone, other)
    room.capture()
    before = records(room, zone)
    new = a_record("new.example.org.", "192.0.2.9")
    now = a_record("other.example.org.", "192.0.2.7")
    change(room, zone, ("DELETE", gone), ("UPSERT", now), ("CREATE", new))
    told = room.changed()[f"AWS::Route53::HostedZone:{zone}@global"]
    assert "- gone.example.org. A" in told
    assert "+ new.example.org. A" in told
    assert '192.0.2.1"' in told
    room.put_back()
    assert records(room, zone) == before


def test_a_name_that_became_one_of_another_kind_is_put_back() -> None:
    room = Room()
    was, became = a_record("a.example.org.", "192.0.2.1"), a_record("a.example.org.", "b.example.org", "CNAME")
    zone = a_zone(room, was)
    room.capture()
    change(room, zone, ("DELETE", was), ("CREATE", became))
    room.put_back()


def test_many_records_are_put_back_in_several_calls() -> None:
    room = Room()
    zone = a_zone(room)
    room.capture()
    many = [a_record(f"r{number:04}.example.org.", "192.0.2.1") for number in range(110)]
    for start in range(0, len(many), 55):
        change(room, zone, *(("CREATE", record) for record in many[start : start + 55]))
    room.put_back()
    sent = [each for each in room.account.guard.taken() if each.operation == "ChangeResourceRecordSets"]
    assert len(sent) > 1


class StrictZones(Room):
    """With a rule of Route 53 that moto has not: an alias is refused whose target the zone does not have by then."""

    def __init__(self) -> None:
        self.names: set[str | None] = set()
        super().__init__()

    def _break(self, **event: Any) -> Any:
        if event["model"].name == "ChangeResourceRecordSets":
            for change in event["params"]["body"].decode().split("<Change>")[1:]:
                target = _told(change, "DNSName")
                if target and _told(change, "Action") == "UPSERT" and target not in self.names:
                    return Reply(), {"Error": {"Code": "InvalidChangeBatch", "Message": f"{target} was not found"}}
                self.names.add(_told(change, "Name"))
        return super()._break(**event)


def _told(change: str, part: str) -> str | None:
    found = re.search(f"<{part}>([^<]+)</{part}>", change)
    return found and found[1]


def test_each_name_of_a_zone_is_looked_at_once_however_its_aliases_are_woven() -> None:
    def a_record(layer: int, side: str, other: str) -> tuple[str, dict[str, Any]]:
        name, target = f"n{layer}{side}.example.org.", f"n{layer + 1}{other}.example.org."
        return f"{name} {other}", {"Name": name, "AliasTarget": {"DNSName": target}}

    sides = [(side, other) for side in "ab" for other in "ab"]
    records = dict(a_record(layer, side, other) for layer in range(60) for side, other in sides)
    layers = [int(records[key]["Name"][1:-14]) for key in zones._targets_first(records)]
    assert layers == sorted(layers, reverse=True)


def test_names_that_stand_for_one_another_come_last() -> None:
    pairs = {"one": "two", "two": "one", "three": "one", "four": "five"}
    records = {name: {"Name": name, "AliasTarget": {"DNSName": target}} for name, target in pairs.items()}
    assert zones._targets_first(records | {"five": {"Name": "five"}}) == ["five", "four", "one", "three", "two"]


def test_aliases_are_put_back_after_what_they_stand_for() -> None:
    room = StrictZones()
    zone = a_zone(room)

    def an_alias(name: str, target: str) -> dict[str, Any]:
        alias = {"HostedZoneId": zone, "DNSName": f"{target}.example.org.", "EvaluateTargetHealth": False}
        return {"Name": f"{name}.example.org.", "Type": "A", "AliasTarget": alias}

    there = [a_record("z.example.org.", "192.0.2.1"), an_alias("m", "z"), an_alias("a", "m")]
    change(room, zone, *(("CREATE", record) for record in there))
    room.capture()
    before = records(room, zone)
    change(room, zone, *(("DELETE", record) for record in reversed(there)))
    room.put_back()
    assert records(room, zone) == before


def test_the_zones_own_records_are_not_touched() -> None:
    room = Room()
    zone = a_zone(room)
    baseline = room.capture()
    assert baseline.contents[Resource("AWS::Route53::HostedZone", zone, GLOBAL)] == {}


def test_in_an_account_with_other_environments_zones_are_nobodys() -> None:
    room = Room(alone=False)
    a_zone(room, a_record("a.example.org.", "192.0.2.1"))
    assert [item for item in room.capture().contents if item.region == GLOBAL] == []


# --- security groups ---


def a_rule(port: int = 443, **sources: Any) -> dict[str, Any]:
    sources = sources or {"IpRanges": [{"CidrIp": "192.0.2.0/24", "Description": "office"}]}
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **sources}


def a_group(room: Room, name: str) -> str:
    network = room.root("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    group: str = room.root("ec2").create_security_group(GroupName=name, Description="x", VpcId=network)["GroupId"]
    return group


def test_the_rules_of_a_group_are_put_back_also_where_they_name_what_a_test_left() -> None:
    room = Room()
    ec2 = room.root("ec2")
    group = a_group(room, "kept")
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[a_rule(), a_rule(22)])
    room.capture()
    mine = a_group(room, "a test's")
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[a_rule(22)])
    ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[a_rule(80, UserIdGroupPairs=[{"GroupId": mine}])]
    )
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[a_rule(99)])
    told = room.changed()[f"AWS::EC2::SecurityGroup:{group}@{REGION}"]
    assert f"+ ingress tcp 80 80 {mine}" in told
    assert "- ingress tcp 22 22 192.0.2.0/24" in told
    assert "+ egress tcp 99 99" in told
    room.put_back()


# --- the default network ---


def wreck_default_network(room: Room) -> None:
    ec2 = room.root("ec2")
    [network] = ec2.describe_vpcs()["Vpcs"]
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    for gateway in ec2.describe_internet_gateways()["InternetGateways"]:
        ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=network["VpcId"])
        ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])
    ec2.delete_vpc(VpcId=network["VpcId"])


def test_a_default_network_that_is_gone_is_made_anew() -> None:
    room = Room()
    before = room.capture().contents[Resource(SETTING, "ec2/default-network", REGION)]
    wreck_default_network(room)
    drifts = room.restorer.compare(fresh=True)
    assert [drift.now for drift in drifts.found] == [None]
    restorer = room.restorer
    restorer.compare(fresh=True)
    assert restorer.restore() == {}
    now = read_contents(room.context).contents
    after = now[Resource(SETTING, "ec2/default-network", REGION)]
    assert isinstance(after, dict)
    assert isinstance(before, dict)
    assert after["zones"] == before["zones"]


def test_a_default_subnet_that_is_gone_is_made_anew() -> None:
    room = Room()
    room.capture()
    ec2 = room.root("ec2")
    last = max(ec2.describe_subnets()["Subnets"], key=lambda subnet: str(subnet["CidrBlock"]))
    ec2.delete_subnet(SubnetId=last["SubnetId"])
    room.put_back()


# --- parts of networks ---


def a_network(room: Room) -> tuple[str, str, str, str]:
    """Protection: a network, its main route table, its default ACL, a subnet."""
    ec2 = room.root("ec2")
    network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    of_it = [{"Name": "vpc-id", "Values": [network]}]
    [table] = ec2.describe_route_tables(Filters=of_it)["RouteTables"]
    [acl] = ec2.describe_network_acls(Filters=of_it)["NetworkAcls"]
    subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    return network, table["RouteTableId"], acl["NetworkAclId"], subnet


def test_what_became_of_the_routes_rules_and_subnets_of_a_kept_network_is_told() -> None:
    room = Room()
    ec2 = room.root("ec2")
    network, table, acl, subnet = a_network(room)
    own = ec2.create_route_table(VpcId=network)["RouteTable"]["RouteTableId"]
    held = ec2.associate_route_table(RouteTableId=own, SubnetId=subnet)["AssociationId"]
    room.capture()
    assert room.changed() == {}
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.disassociate_route_table(AssociationId=held)
    ec2.create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=1, Protocol="-1", RuleAction="deny", Egress=False, CidrBlock="0.0.0.0/0"
    )
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    told = room.changed()
    assert "+ routes" in told[f"AWS::EC2::RouteTable:{table}@{REGION}"]
    assert f'- subnets "{subnet}"' in told[f"AWS::EC2::RouteTable:{own}@{REGION}"]
    assert '"deny"' in told[f"AWS::EC2::NetworkAcl:{acl}@{REGION}"]
    assert "public false → true" in told[f"AWS::EC2::Subnet:{subnet}@{REGION}"]


def test_what_a_test_adds_beside_the_parts_of_a_kept_network_changes_none_of_them() -> None:
    room = Room()
    ec2 = room.root("ec2")
    network, *_ = a_network(room)
    room.capture()
    subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.0.2.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=network)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    assert room.changed() == {}


# --- settings of the account ---

CHANGES: dict[str, Callable[[Room], object]] = {
    "ec2/ebs-encryption": lambda room: room.root("ec2").enable_ebs_encryption_by_default(),
    "s3/public-access-block": lambda room: room.root("s3control").put_public_access_block(
        AccountId=OWNER, PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    ),
    "apigateway/log-role": lambda room: room.root("apigateway").update_account(
        patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": f"arn:aws:iam::{OWNER}:role/x"}]
    ),
    "ecr/registry-policy": lambda room: room.root("ecr").put_registry_policy(
        policyText=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                        "Action": ["ecr:CreateRepository"],
                        "Resource": [f"arn:aws:ecr:{REGION}:{OWNER}:repository/*"],
                    }
                ],
            }
        )
    ),
    "ecr/scanning": lambda room: room.root("ecr").put_registry_scanning_configuration(scanType="ENHANCED", rules=[]),
    "ecs/defaults": lambda room: room.root("ecs").put_account_setting(name="containerInsights", value="enabled"),
    "iam/alias": lambda room: room.root("iam").create_account_alias(AccountAlias="mine"),
    "iam/password-policy": lambda room: room.root("iam").update_account_password_policy(MinimumPasswordLength=20),
}


@pytest.mark.parametrize("name", [name for name in CHANGES if name not in {"apigateway/log-role", "ecs/defaults"}])
def test_a_setting_of_the_account_that_a_test_changed_is_put_back(name: str) -> None:
    room = Room()
    room.capture()
    CHANGES[name](room)
    [address] = room.changed()
    assert address.startswith(f"{SETTING}:{name}@")
    room.put_back()


def test_a_password_policy_that_was_there_is_put_back_when_it_is_gone_or_another() -> None:
    room = Room()
    iam = room.root("iam")
    iam.update_account_password_policy(MinimumPasswordLength=20, MaxPasswordAge=90)
    room.capture()
    iam.delete_account_password_policy()
    room.put_back()
    iam.update_account_password_policy(MinimumPasswordLength=8)
    room.put_back()


def test_the_active_rule_set_is_active_again_although_it_is_part_of_the_baseline() -> None:
    room = Room()
    ses = room.root("ses")
    for name in ("kept", "mine"):
        ses.create_receipt_rule_set(RuleSetName=name)
    ses.set_active_receipt_rule_set(RuleSetName="kept")
    room.capture(Resource("AWS::SES::ReceiptRuleSet", "kept", REGION))
    ses.set_active_receipt_rule_set(RuleSetName="mine")
    room.put_back()
    assert ses.describe_active_receipt_rule_set()["Metadata"]["Name"] == "kept"


class Metadata(Room):
    """With the defaults of instance metadata that moto has not."""

    def __init__(self) -> None:
        self.defaults: dict[str, Any] = {}
        super().__init__()

    def _break(self, **event: Any) -> Any:
        if event["model"].name == "GetInstanceMetadataDefaults":
            return Reply(200), {"AccountLevel": dict(self.defaults)}
        if event["model"].name == "ModifyInstanceMetadataDefaults":
            sent = {name: value for name, value in event["params"]["body"].items() if name in METADATA}
            none = ("no-preference", -1)
            self.defaults = {name: value for name, value in sent.items() if value not in none}
            return Reply(200), {"Return": True}
        return super()._break(**event)


METADATA = {"HttpTokens": "required", "HttpTokensEnforced": "enabled", "HttpEndpoint": "enabled"}


@pytest.mark.parametrize("there", [METADATA, {}], ids=["were set", "were not set"])
def test_every_default_of_instance_metadata_is_put_back(there: dict[str, Any]) -> None:
    room = Metadata()
    room.defaults = there
    room.capture()
    room.defaults = {} if there else METADATA
    room.put_back()


VALUES: dict[str, tuple[Any, Any]] = {
    "apigateway/log-role": (f"arn:aws:iam::{OWNER}:role/x", None),
    "ec2/ebs-encryption": (True, False),
    "ec2/ebs-key": ("alias/aws/ebs", "arn:aws:kms:us-east-1:123456789012:key/x"),
    "ec2/instance-metadata": ({"HttpTokens": "required", "HttpPutResponseHopLimit": 2}, None),
    "ec2/managed-resource-visibility": ("visible", "hidden"),
    "ec2/serial-console": (True, False),
    "ec2/snapshot-public-access": ("unblocked", "block-all-sharing"),
    "ec2/image-public-access": ("unblocked", "block-new-sharing"),
    "ecr/registry-policy": ("{}", None),
    "ecr/scanning": ({"scanType": "BASIC", "rules": []}, {"scanType": "ENHANCED", "rules": []}),
    "ecr/replication": ({"rules": []}, {"rules": [{"destinations": []}]}),
    "ecs/defaults": ({"containerInsights": "disabled"}, {"containerInsights": "enabled"}),
    "ses/active-rule-set": ("rules", None),
    "iam/alias": ("one", None),
    "iam/password-policy": ({"MinimumPasswordLength": 8, "ExpirePasswords": False}, None),
    "s3/public-access-block": ({"BlockPublicAcls": True}, None),
}
ROWS = {content.id: content for content in settings(OWNER) if content.restorable}


def _yes(**_: Any) -> Any:
    return Reply(200), {}


@pytest.mark.parametrize("name", sorted(ROWS))
@pytest.mark.parametrize("there", [True, False])
def test_every_setting_is_written_by_a_call_that_its_service_takes(name: str, *, there: bool) -> None:
    """Also of services that neither moto nor the emulator knows: botocore checks the parameters."""
    room = Room()
    session = shared("cleaner").session(KEYS)
    room.account = Account(session, room.account.guard, home=REGION)
    session.register("before-call", _yes)
    values = VALUES[name]
    before, now = values if there else values[::-1]
    if name in {"ecr/replication", "ecs/defaults"} and before is None:
        return
    item = Resource(SETTING, name, REGION)
    ROWS[name].restore(room.account, Drift(item, ROWS[name], before, now), lambda: None)
    assert room.account.guard.taken()


def test_every_setting_that_is_put_back_has_a_value_here() -> None:
    assert set(VALUES) == set(ROWS)


def test_what_a_service_refuses_to_tell_is_unwatched_and_what_fails_is_unknown() -> None:
    room = Room()
    label = f"{SETTING}:ec2/ebs-encryption@{REGION}"
    room.broken["GetEbsEncryptionByDefault"] = "UnauthorizedOperation"
    assert room.capture().unwatched[label] == "UnauthorizedOperation"
    assert room.changed() == {}
    room.broken["GetEbsEncryptionByDefault"] = "InternalError"
    assert read_contents(room.context).unknown == {label: "InternalError"}
    del room.broken["GetEbsEncryptionByDefault"]
    room.capture()
    room.broken["GetEbsEncryptionByDefault"] = "UnauthorizedOperation"  # once it is watched, that is no way out
    assert room.restorer.compare(fresh=True).unknown == {label: "UnauthorizedOperation"}


# --- roles ---


def test_what_became_of_a_role_is_told_and_never_put_back() -> None:
    room = Room()
    iam = room.root("iam")
    iam.create_role(RoleName="Admin", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="Admin", PolicyName="own", PolicyDocument=ALLOW)
    policy = iam.create_policy(PolicyName="p", PolicyDocument=ALLOW)["Policy"]["Arn"]
    baseline = room.capture()
    assert "between-us" not in baseline.to_json()
    iam.attach_role_policy(RoleName="Admin", PolicyArn=policy)
    iam.put_role_policy(RoleName="Admin", PolicyName="new", PolicyDocument=ALLOW)
    iam.delete_role_policy(RoleName="Admin", PolicyName="own")
    open_to_all = json.loads(json.dumps(TRUST).replace("between-us", "other"))
    iam.update_assume_role_policy(RoleName="Admin", PolicyDocument=json.dumps(open_to_all))
    told = room.changed()["AWS::IAM::Role:Admin@global"]
    assert f'+ attached "{policy}"' in told
    assert "+ inline/new" in told
    assert "- inline/own" in told
    assert "sha256:" in told
    assert "between-us" not in told
    assert room.restorer.compare(fresh=True).restorable == []


def test_a_boundary_is_part_of_a_role() -> None:
    room = Room()
    iam = room.root("iam")
    iam.create_role(RoleName="Admin", AssumeRolePolicyDocument=json.dumps(TRUST))
    policy = iam.create_policy(PolicyName="p", PolicyDocument=ALLOW)["Policy"]["Arn"]
    room.capture()
    iam.put_role_permissions_boundary(RoleName="Admin", PermissionsBoundary=policy)
    assert "boundary" in room.changed()["AWS::IAM::Role:Admin@global"]


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("how", ["attached", "boundary"])
def test_a_policy_of_the_accounts_own_that_is_rewritten_makes_another_role(how: str, *, alone: bool) -> None:
    room = Room(alone=alone)
    iam = room.root("iam")
    iam.create_role(RoleName="Admin", AssumeRolePolicyDocument=json.dumps(TRUST))
    policy = iam.create_policy(PolicyName="p", PolicyDocument=ALLOW)["Policy"]["Arn"]
    if how == "attached":
        iam.attach_role_policy(RoleName="Admin", PolicyArn=policy)
    else:
        iam.put_role_permissions_boundary(RoleName="Admin", PermissionsBoundary=policy)
    room.capture()
    assert room.changed() == {}
    deny = ALLOW.replace("Allow", "Deny")
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=deny, SetAsDefault=False)
    assert room.changed() == {}
    iam.set_default_policy_version(PolicyArn=policy, VersionId="v2")
    assert f"texts/{policy}/Statement" in room.changed()["AWS::IAM::Role:Admin@global"]


SOON = NOW + timedelta(minutes=1, seconds=5)
"""The latest cut-off that a cleanup can have written: the clock skew and what clocks of two cleanups differ by."""


def plant(room: Room, document: str, name: str = "AtmosphereRevoke-us-east-1") -> None:
    room.root("iam").put_role_policy(RoleName="Admin", PolicyName=name, PolicyDocument=document)


def a_captured_role(room: Room) -> None:
    room.root("iam").create_role(RoleName="Admin", AssumeRolePolicyDocument=json.dumps(TRUST))
    room.capture()


@pytest.mark.parametrize("document", [policy_document(REGION, NOW), whole_document(NOW), whole_document(SOON)])
def test_the_revocations_own_policy_is_no_drift(document: str) -> None:
    room = Room()
    a_captured_role(room)
    plant(room, document)
    assert room.changed() == {}


PLANTED = {
    "allows": ALLOW,
    "denies more": ALLOW.replace("Allow", "Deny"),
    "denies another region's tests": policy_document(Region("eu-west-1"), NOW),
    "denies the tests of years to come": policy_document(REGION, datetime(2099, 1, 1, tzinfo=UTC)),
    "denies everybody for years": whole_document(datetime(2099, 1, 1, tzinfo=UTC)),
    "denies everybody for a moment more than a cleanup does": whole_document(SOON + timedelta(seconds=1)),
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_only_bears_the_name_of_a_revocation_is_drift_and_goes(what: str) -> None:
    room = Room()
    a_captured_role(room)
    plant(room, PLANTED[what])
    assert "+ inline/AtmosphereRevoke-us-east-1" in room.changed()["AWS::IAM::Role:Admin@global"]
    room.put_back()


@pytest.mark.parametrize(
    "name", ["AtmosphereRevoke-eu-west-1", "AtmosphereRevoke-us-east-12", "AtmosphereRevoke-", "us-east-1"]
)
@pytest.mark.parametrize("document", [policy_document(Region("eu-west-1"), NOW), whole_document(NOW)])
def test_the_revocation_of_a_region_that_no_environment_of_the_account_is_in_is_drift(name: str, document: str) -> None:
    room = Room()
    a_captured_role(room)
    plant(room, document, name)
    assert f"+ inline/{name}" in room.changed()["AWS::IAM::Role:Admin@global"]


def test_the_revocation_of_another_environment_of_the_account_is_no_drift_and_stays() -> None:
    room = Room(alone=False)
    room.assignment = replace(room.assignment, neighbours=(Region("eu-west-1"),))
    a_captured_role(room)
    plant(room, policy_document(Region("eu-west-1"), NOW), "AtmosphereRevoke-eu-west-1")
    assert room.changed() == {}
    late = policy_document(Region("eu-west-1"), datetime(2099, 1, 1, tzinfo=UTC))
    plant(room, late, "AtmosphereRevoke-eu-west-1")
    room.put_back()


def test_an_inline_policy_of_another_name_is_only_told_of() -> None:
    room = Room()
    a_captured_role(room)
    plant(room, whole_document(NOW), "deny")
    assert "+ inline/deny" in room.changed()["AWS::IAM::Role:Admin@global"]
    assert room.restorer.compare(fresh=True).restorable == []


def test_a_policy_of_a_revocations_name_that_was_there_before_the_first_test_stays() -> None:
    room = Room()
    room.root("iam").create_role(RoleName="Admin", AssumeRolePolicyDocument=json.dumps(TRUST))
    plant(room, ALLOW, "AtmosphereRevoke-eu-west-1")
    room.capture()
    plant(room, ALLOW.replace("Allow", "Deny"), "AtmosphereRevoke-eu-west-1")
    assert "inline/AtmosphereRevoke-eu-west-1" in room.changed()["AWS::IAM::Role:Admin@global"]
    assert room.restorer.compare(fresh=True).restorable == []


def test_all_that_changed_of_one_resource_is_told() -> None:
    bucket = Resource("AWS::S3::Bucket", "assets", REGION)
    policy = next(each for each in RESOURCE_POLICIES if each.type == bucket.type)
    drifts = [Drift(bucket, policy, {"a": 1}, {"a": 2}), Drift(bucket, ToolkitBucket(), "empty", "not empty")]
    message = troubles_of(drifts)[bucket].message
    assert message == f'{policy.name}: a 1 → 2; {ToolkitBucket().name}: "empty" → "not empty"'


def test_of_every_type_of_our_own_it_is_known_which_resources_it_is_about() -> None:
    types = {content.type for content in contents_of(Room().assignment) if content.type.startswith("Atmosphere::")}
    assert types == {SETTING, *INSIDE}


def test_registered_roles_are_watched_also_where_the_account_is_shared() -> None:
    room = Room(alone=False)
    iam = room.root("iam")
    for name in ("Admin", "Neighbours"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    roles = [item.id for item in room.capture().contents if item.type == "AWS::IAM::Role"]
    assert roles == ["Admin"]


# --- the guard ---


def test_what_is_restored_may_be_changed_while_it_is_and_only_so() -> None:
    room = Room()
    zone, other = a_zone(room), "Z2"
    room.capture(Resource("AWS::Route53::HostedZone", other, GLOBAL))
    client, guard = room.account.client("route53", GLOBAL), room.account.guard
    allowed = frozenset({"route53:ChangeResourceRecordSets"})
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": a_record("a.example.org.", "192.0.2.1")}]}
    with pytest.raises(MutationRefused):
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    with guard.restoring(allowed, zone):
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
        with pytest.raises(MutationRefused):  # another thing
            client.change_resource_record_sets(HostedZoneId=other, ChangeBatch=batch)
        with pytest.raises(MutationRefused):  # another operation
            client.delete_hosted_zone(Id=zone)
    with pytest.raises(MutationRefused):
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def test_a_capture_may_revoke_and_nothing_else() -> None:
    room = Room()
    room.root("iam").create_role(RoleName="Admin", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam = room.enter(only_revokes=True).client("iam", GLOBAL)
    iam.put_role_policy(RoleName="Admin", PolicyName="AtmosphereRevoke-us-east-1", PolicyDocument=ALLOW)
    for name in ("Admin", "Other"):
        for policy in ("own", "AtmosphereRevoke-eu-west-1", "AtmosphereRevoke-us-east-1.Admin"):
            with pytest.raises(MutationRefused):
                iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=ALLOW)
    room.broken["BatchRevokeSessions"] = "Answered"  # the guard let it through
    with pytest.raises(ClientError, match="Answered"):
        room.enter(only_revokes=True).client("signin", REGION).batch_revoke_sessions(sessionArns=["session"])


# --- words ---


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (None, "x", 'null → "x"'),
        ({"a": 1}, {"a": 2}, "a 1 → 2"),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [2, 3]}}, "- a/b 1; + a/b 3"),
        ({"a": 1}, {"b": 2}, "- a 1; + b 2"),
        ({"a": [1, 2]}, {"a": [2, 1]}, "a [1, 2] → [2, 1]"),
        ({}, {str(number): 0 for number in range(14)}, "; and 2 more"),
    ],
)
def test_a_difference_is_told_part_by_part(before: Any, now: Any, told: str) -> None:
    assert told in difference(before, now)
