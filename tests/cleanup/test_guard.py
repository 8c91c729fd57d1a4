"""The guard: which calls of a cleanup's clients get through, whoever makes them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from moto import mock_aws

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.aws.budget import Budget
from atmosphere.cleanup.aws.guard import Guard, is_read
from atmosphere.cleanup.aws.protected import Protected, Thing
from atmosphere.cleanup.aws.sessions import Clients
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.naming import naming_of
from atmosphere.cleanup.model import MutationRefused, OutOfTime, PastDeadline, Resource
from atmosphere.cleanup.state.baseline import Baseline
from atmosphere.cleanup.verdict.protected import Protection
from atmosphere.core.model import ADMIN, Region
from tests.builders import a_key, a_registration
from tests.cleanup.clients import KEYS
from tests.cleanup.conftest import ACCOUNT, REGION, ROLE, role_arn
from tests.cleanup.faults import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator


EMPTY = '{"Version": "2012-10-17", "Statement": []}'
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'


EC2 = ("VPC", "SecurityGroup", "InternetGateway", "VPNGateway", "Instance", "Volume", "DHCPOptions")
SERVICE = {entry.name: entry.service for entry in CATALOGUE}


def kept(identity: str, *types: str, more: Protected | None = None) -> Protected:
    """Things of these types that are all called like this, as the guard is given them."""
    names = [type_ if ":" in type_ else f"AWS::EC2::{type_}" for type_ in types]
    things = {Thing(name, identity, SERVICE[name]) for name in names}
    return Protected(things | (more.things if more else frozenset()), naming_of)


def _yes(**_: Any) -> Any:
    return Reply(200), {}


class Watch:
    """A guarded session on moto."""

    def __init__(self, *, may_mutate: bool = True, protected: Protected | None = None) -> None:
        self.clock = FakeClock()
        self.budget = Budget(self.clock, timedelta(minutes=4))
        self.guard = Guard(
            may_mutate=may_mutate,
            regions=(REGION,),
            deadline=self.clock.now() + timedelta(minutes=1),
            budget=self.budget,
            protected=protected or Protected(),
        )
        self._session = Clients("test").session(KEYS)
        self.guard.watch(self._session)

    def answer_everything(self) -> None:
        """Nothing is sent any more: whatever the guard lets through succeeds."""
        self._session.register("before-call", _yes)

    def client(self, service: str, region: str = REGION) -> Any:
        return self._session.client(service, region)


@pytest.fixture(autouse=True)
def _moto() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.mark.parametrize(
    "operation", ["DescribeStacks", "ListBuckets", "GetRole", "HeadBucket", "LookupEvents", "BatchGetImage"]
)
def test_reads_are_recognised(operation):
    assert is_read(operation)


@pytest.mark.parametrize(
    "operation",
    [
        "DeleteStack",
        "CreateBucket",
        "PutRolePolicy",
        "UpdateTable",
        "AssumeRole",
        "ListenToNothing",
        "Getaway",
        "InvokeFunction",
    ],
)
def test_whatever_is_not_known_to_be_a_read_changes_something(operation):
    assert not is_read(operation)


def test_what_is_let_through_is_journalled_with_its_names_and_without_its_contents():
    watch = Watch()
    watch.client("iam").create_role(RoleName="made", AssumeRolePolicyDocument=EMPTY, Description="long story")
    watch.client("iam").list_roles()
    [entry] = watch.guard.taken()
    assert (entry.service, entry.operation, entry.names) == ("iam", "CreateRole", {"RoleName": "made"})
    assert (watch.guard.taken(), watch.guard.count) == ([], 1)


def test_who_may_only_look_changes_nothing():
    watch = Watch(may_mutate=False)
    assert watch.client("sqs").list_queues().get("QueueUrls", []) == []
    with pytest.raises(MutationRefused, match="only look"):
        watch.client("sqs").create_queue(QueueName="q")
    assert (boto3.client("sqs").list_queues().get("QueueUrls", []), watch.guard.count) == ([], 0)


def test_nothing_is_changed_from_the_deadline_on_but_looking_is_allowed():
    watch = Watch()
    watch.clock.advance(timedelta(seconds=59))
    watch.client("sqs").create_queue(QueueName="before")
    watch.clock.advance(timedelta(seconds=1))
    with pytest.raises(PastDeadline):
        watch.client("sqs").create_queue(QueueName="after")
    assert len(watch.client("sqs").list_queues()["QueueUrls"]) == 1


def test_other_regions_are_left_alone_and_global_services_are_not_a_region():
    watch = Watch()
    with pytest.raises(MutationRefused, match="eu-west-1"):
        watch.client("sqs", "eu-west-1").create_queue(QueueName="q")
    watch.client("iam", "us-east-1").create_role(RoleName="made", AssumeRolePolicyDocument=EMPTY)


@pytest.mark.parametrize("late", [PastDeadline, OutOfTime])
def test_a_call_that_failed_is_not_repeated_when_it_is_too_late(late, monkeypatch):
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    watch = Watch()
    sent: list[str] = []

    def fail(request: Any, **_: Any) -> None:
        sent.append(request.url)
        if late is PastDeadline:
            watch.clock.advance(timedelta(minutes=1))
        else:
            watch.budget.stopped = True
        raise ConnectTimeoutError(endpoint_url=request.url)

    client = watch.client("sqs")
    client.meta.events.register("before-send", fail)
    with pytest.raises(late):
        client.create_queue(QueueName="q")
    assert len(sent) == 1


def test_a_stopped_pass_changes_nothing_more():
    watch = Watch()
    watch.budget.stopped = True
    with pytest.raises(OutOfTime):
        watch.client("sqs").create_queue(QueueName="q")


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("iam", "delete_role", {"RoleName": ROLE}),
        ("iam", "delete_role_policy", {"RoleName": ROLE, "PolicyName": "AtmosphereRevoke-us-east-1"}),
        ("iam", "put_role_policy", {"RoleName": ROLE, "PolicyName": "open", "PolicyDocument": "{}"}),
        (
            "cloudformation",
            "delete_stack",
            {"StackName": f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/infra/1234"},
        ),
        ("sns", "delete_topic", {"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:before"}),
        ("s3", "delete_bucket", {"Bucket": "shared-artifacts"}),
        ("cloudformation", "delete_stack", {"StackName": "company"}),
        ("iam", "delete_role", {"RoleName": "Deploy"}),
    ],
)
def test_protected_names_stop_any_change(service, operation, parameters):
    watch = Watch(protected=a_protection().protected())
    watch.answer_everything()
    with pytest.raises(MutationRefused, match=r"protected|baseline"):
        getattr(watch.client(service), operation)(**parameters)


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("iam", "delete_role", {"RoleName": "AWSServiceRoleForSupport"}),
        ("iam", "delete_role", {"RoleName": "wide-open"}),
        ("cloudformation", "delete_stack", {"StackName": "StackSet-landing-zone"}),
        ("cloudformation", "delete_stack", {"StackName": "wide-stack"}),
    ],
)
def test_what_a_test_could_call_its_own_is_not_protected_by_its_name(service, operation, parameters):
    watch = Watch(protected=a_protection().protected())
    watch.answer_everything()
    getattr(watch.client(service), operation)(**parameters)
    assert watch.guard.count == 1


def test_the_revocation_and_a_deletion_under_the_admin_role_are_no_changes_of_that_role():
    watch = Watch(protected=a_protection().protected())
    watch.answer_everything()
    watch.client("iam").put_role_policy(RoleName=ROLE, PolicyName="AtmosphereRevoke-us-east-1", PolicyDocument=POLICY)
    watch.client("cloudformation").delete_stack(StackName="leftover", RoleARN=role_arn())
    assert [entry.operation for entry in watch.guard.taken()] == ["PutRolePolicy", "DeleteStack"]


FREEING = (
    ("revoke_security_group_ingress", {"GroupId": "kept"}, None),
    ("revoke_security_group_egress", {"GroupId": "kept"}, None),
    ("detach_internet_gateway", {"InternetGatewayId": "leftover", "VpcId": "kept"}, "InternetGatewayId"),
    ("detach_vpn_gateway", {"VpnGatewayId": "leftover", "VpcId": "kept"}, "VpnGatewayId"),
    ("detach_volume", {"VolumeId": "leftover", "InstanceId": "kept"}, "VolumeId"),
    ("associate_dhcp_options", {"DhcpOptionsId": "aws", "VpcId": "kept"}, "DhcpOptionsId"),
    ("disassociate_security_group_vpc", {"GroupId": "leftover", "VpcId": "kept"}, "GroupId"),
)


@pytest.mark.parametrize(("operation", "parameters", "_"), FREEING)
def test_what_frees_a_leftover_may_name_the_kept_thing_that_it_hangs_on(operation, parameters, _):
    watch = Watch(protected=kept("kept", *EC2))
    watch.answer_everything()
    getattr(watch.client("ec2"), operation)(**parameters)
    assert watch.guard.count == 1


@pytest.mark.parametrize(("operation", "parameters", "other"), [each for each in FREEING if each[2]])
def test_what_frees_a_leftover_takes_nothing_kept_away(operation, parameters, other):
    watch = Watch(protected=kept("kept", *EC2))
    watch.answer_everything()
    with pytest.raises(MutationRefused, match="protected"):
        getattr(watch.client("ec2"), operation)(**{**parameters, other: "kept"})


def test_nothing_else_may_name_what_leftovers_hang_on():
    watch = Watch(protected=kept("kept", *EC2))
    watch.answer_everything()
    for operation, parameters in (
        ("attach_internet_gateway", {"InternetGatewayId": "other", "VpcId": "kept"}),
        ("delete_vpc", {"VpcId": "kept"}),
        ("delete_security_group", {"GroupId": "kept"}),
    ):
        with pytest.raises(MutationRefused, match="protected"):
            getattr(watch.client("ec2"), operation)(**parameters)


def test_sparing_one_thing_within_the_sparing_of_another_spares_both_and_ends_in_order():
    watch = Watch(protected=kept("network", *EC2, more=kept("gateway", *EC2)))
    watch.answer_everything()
    attach = frozenset({"ec2:AttachInternetGateway"})
    asked = {"InternetGatewayId": "gateway", "VpcId": "network"}
    with watch.guard.restoring(attach, "network"):
        with watch.guard.restoring(attach, "gateway"):
            watch.client("ec2").attach_internet_gateway(**asked)
        with pytest.raises(MutationRefused, match="gateway"):
            watch.client("ec2").attach_internet_gateway(**asked)


def test_a_name_is_protected_however_long_it_is_and_whatever_it_stands_among():
    long = "/needed" * 100
    watch = Watch(protected=kept(long, "AWS::SSM::Parameter"))
    watch.answer_everything()
    for asked in ([long], [*map(str, range(400)), long]):
        with pytest.raises(MutationRefused, match="protected"):
            watch.client("ssm").delete_parameters(Names=asked)
    watch.client("ssm").delete_parameter(Name="/leftover" * 100)
    assert [entry.names for entry in watch.guard.taken()] == [{}]


@pytest.mark.parametrize(
    ("service", "operation", "asked"),
    [
        ("ecr", "set_repository_policy", {"repositoryName": "mine", "policyText": EMPTY}),
        ("secretsmanager", "put_resource_policy", {"SecretId": "mine", "ResourcePolicy": EMPTY}),
        ("logs", "put_resource_policy", {"policyName": "mine", "policyDocument": EMPTY}),
    ],
)
def test_policies_are_contents_and_not_journalled(service, operation, asked):
    watch = Watch()
    watch.answer_everything()
    getattr(watch.client(service), operation)(**asked)
    [entry] = watch.guard.taken()
    assert list(entry.names.values()) == ["mine"]


def test_a_name_that_only_ends_like_a_protected_one_is_not_protected():
    watch = Watch(protected=kept("needed", "AWS::SSM::Parameter"))
    boto3.client("ssm").put_parameter(Name="/leftover/needed", Type="String", Value="x")
    watch.client("ssm").delete_parameter(Name="/leftover/needed")


def a_protection() -> Protection:
    stack, role = "AWS::CloudFormation::Stack", "AWS::IAM::Role"
    keep = ("AWS::S3::Bucket:shared-*", f"{stack}:company", f"{stack}:wide-*", f"{role}:Deploy", f"{role}:wide-*")
    registration = a_registration(a_key(), roles={ADMIN: role_arn()}, keep=keep)
    items = {
        Resource("AWS::CloudFormation::Stack", "infra", Region("us-east-1")): "1234",
        Resource("AWS::SNS::Topic", f"arn:aws:sns:us-east-1:{ACCOUNT}:before", Region("us-east-1")): None,
    }
    return Protection(registration, Baseline(items=items, types=(), regions=()))
