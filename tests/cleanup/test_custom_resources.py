"""Custom resources do not cost an hour: providers that are missing, broken, locked in or silent. Scenario 13."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from atmosphere.cleanup.model import PassState, Verdict
from atmosphere.cleanup.scan.providers import is_locked_in
from tests.cleanup.conftest import REGION, role_arn
from tests.cleanup.fakes import FakeStack, Manner, Part
from tests.cleanup.scene import LIMITS, NESTED, Scene, in_account

pytestmark = pytest.mark.usefixtures("moto_account")

ROLE = role_arn()
SOON = replace(LIMITS, custom_wait=timedelta(minutes=2), linger=timedelta(0))


def code() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", "def handler(event, context): ...")
    return archive.getvalue()


def function(name: str, role: str = ROLE, **network: Any) -> None:
    in_account("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": code()},
        **({"VpcConfig": network} if network else {}),
    )


def inside_a_vpc() -> dict[str, Any]:
    """What puts a function into a VPC; moto does not remember which, so its routes are told apart."""
    ec2 = in_account("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    return {"SubnetIds": [subnet], "SecurityGroupIds": [group]}


def routes(*entries: dict[str, str]) -> dict[str, Any]:
    """The reply of a VPC with one route table, the main one."""
    return {"RouteTables": [{"Associations": [{"Main": True}], "Routes": list(entries)}]}


LOCAL = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"}
NAT = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}


def custom(name: str = "provider", manner: Manner = Manner.EASY) -> Part:
    return Part("Custom::Thing", "thing", manner, says={"Properties": {"ServiceToken": {"Fn::GetAtt": [name, "Arn"]}}})


def app(*parts: Part, **more: Any) -> FakeStack:
    return FakeStack("app", [Part("AWS::Lambda::Function", "provider"), *parts], **more)


def network_of(name: str = "provider") -> list[str]:
    configuration = in_account("lambda").get_function_configuration(FunctionName=name)
    subnets: list[str] = configuration.get("VpcConfig", {}).get("SubnetIds", [])
    return subnets


def test_a_silent_custom_resource_ends_the_cleanup_within_minutes_of_its_limit_and_is_named():
    function("provider")
    scene = Scene(app(custom(manner=Manner.SILENT)))
    scene.limits = SOON
    began = scene.clock.now()
    result = scene.clean()
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, "blocked:AWS::CloudFormation::Stack")
    assert scene.limits.custom_wait <= scene.clock.now() - began <= scene.limits.custom_wait + timedelta(minutes=5)
    blocker = scene.blockers(result)["thing"]
    assert (blocker["code"], blocker["stack"]) == ("custom-resource-silent", "app")
    assert "app has waited for its answer" in blocker["message"]


def test_a_silent_custom_resource_in_a_nested_stack_is_named_as_well():
    inner = FakeStack("inner", [custom(manner=Manner.SILENT)])
    outer = FakeStack("outer", [Part(NESTED, inner.id)])
    inner.parent = outer.id
    scene = Scene(outer, inner)
    scene.limits = SOON
    result = scene.clean()
    assert result.verdict is Verdict.BLOCKED
    assert scene.blockers(result)["thing"]["code"] == "custom-resource-silent"


def test_a_stack_that_waits_for_something_else_as_well_is_waited_for():
    waiting = [custom(manner=Manner.SILENT), Part("AWS::X::Slow", "slow", Manner.SILENT)]
    scene = Scene(app(*waiting))
    scene.limits = SOON
    began, state = scene.clock.now(), PassState()
    while scene.clock.now() - began < 4 * SOON.custom_wait:
        result = scene.one_pass(state)
        assert result.verdict is Verdict.AGAIN
        state = result.state
        scene.clock.advance(result.wait)


@pytest.mark.parametrize("ailment", ["provider-missing", "provider-without-role", "provider-locked-in"])
def test_what_keeps_a_provider_from_answering_is_told_with_its_custom_resource(ailment):
    if ailment == "provider-without-role":
        in_account("iam").create_role(RoleName="gone", AssumeRolePolicyDocument="{}")
        function("provider", role_arn("gone"))
        in_account("iam").delete_role(RoleName="gone")
    elif ailment == "provider-locked-in":
        function("provider", **inside_a_vpc())
    scene = Scene(app(custom(manner=Manner.SILENT)))
    scene.limits = SOON
    scene.world.answers["DescribeRouteTables"] = lambda: routes(LOCAL)
    blocker = scene.blockers(scene.clean())["thing"]
    assert (blocker["code"], blocker["stack"]) == (ailment, "app")
    assert "its provider provider" in blocker["message"]
    assert blocker["message"].count("app has waited for its answer") == 1


def test_a_missing_provider_fails_the_stack_at_once_and_its_custom_resource_is_let_go_of():
    scene = Scene(app(custom(manner=Manner.BROKEN)))
    began = scene.clock.now()
    assert scene.clean().verdict is Verdict.CLEAN
    assert scene.clock.now() - began < timedelta(minutes=5)
    assert "RetainResources" in scene.world.deletions[-1]


def test_a_provider_that_is_locked_in_its_vpc_is_taken_out_before_the_stack_is_deleted():
    function("provider", **inside_a_vpc())
    scene = Scene(app(custom()))
    scene.world.answers["DescribeRouteTables"] = lambda: routes(LOCAL)
    seen: list[list[str]] = []
    scene.world.before_deletion = lambda: seen.append(network_of())
    assert scene.clean().verdict is Verdict.CLEAN
    assert seen == [[]]


def test_a_provider_that_has_a_way_out_stays_in_its_vpc_which_it_may_need():
    inside = inside_a_vpc()
    function("provider", **inside)
    function("other", **inside)
    scene = Scene(app(custom(), Part("AWS::Lambda::Function", "other")))
    scene.world.answers["DescribeRouteTables"] = lambda: routes(LOCAL, NAT)
    seen: list[tuple[list[str], list[str]]] = []
    scene.world.before_deletion = lambda: seen.append((network_of(), network_of("other")))
    assert scene.clean().verdict is Verdict.CLEAN
    assert seen == [(inside["SubnetIds"], [])]


class Routes:
    """An account whose VPC has one route table, the main one, with these routes."""

    def __init__(self, *routes: dict[str, str]) -> None:
        self.routes = routes

    def client(self, _service: str, _region: str) -> Routes:
        return self

    def describe_route_tables(self, **_: Any) -> dict[str, Any]:
        return routes(*self.routes)


@pytest.mark.parametrize(
    ("locked", "route"),
    [
        (False, NAT),
        (False, {"DestinationPrefixListId": "pl-s3", "GatewayId": "vpce-1"}),
        (True, {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}),
        (True, {**NAT, "State": "blackhole"}),
        (True, LOCAL),
    ],
    ids=["nat", "s3-endpoint", "internet-gateway", "nat-is-gone", "local-only"],
)
def test_a_way_out_is_what_a_function_without_a_public_address_can_use(locked, route):
    network = {"VpcId": "vpc-1", "SubnetIds": ["subnet-1"]}
    assert is_locked_in(Routes(route), REGION, network) is locked  # type: ignore[arg-type]


# --- who serves whom --------------------------------------------------------------------------------------------------


SHORT = """
Resources:
  first:
    Type: Custom::Thing
    Properties:
      ServiceToken: !GetAtt one.Arn
  second:
    Type: Custom::Thing
    Properties: {ServiceToken: !Sub "arn:aws:lambda:us-east-1:222222222222:function:${two}"}
  third: # like the others
    Type: Custom::Thing
    Properties:
      ServiceToken: !ImportValue shared-provider
  fourth:
    Type: Custom::Thing
    Properties:
      ServiceToken: !Ref Topic
"""
TOPIC = "arn:aws:sns:us-east-1:222222222222:provider"


def provided(logical: str, token: Any) -> Part:
    return Part("Custom::Thing", logical, says={"Properties": {"ServiceToken": token}})


def linked(stack: FakeStack) -> dict[str, str]:
    """The provider of each custom resource, as the ledger has it."""
    scene = Scene(stack)
    scene.one_pass(PassState())
    [ledger] = [json.loads(text) for name, text in scene.store.texts.items() if name.endswith("/ledger.json")]
    return {entry[1]: entry[3] for record in ledger["stacks"].values() for entry in record["links"]}


TOKENS = {
    "first": {"Fn::GetAtt": ["one", "Arn"]},
    "second": {"Fn::Sub": "arn:aws:lambda:us-east-1:222222222222:function:${two}"},
    "third": {"Fn::ImportValue": "shared-provider"},
    "fourth": {"Ref": "Topic"},
}
SERVED = {"first": "one", "second": "two", "third": "three", "fourth": ""}


@pytest.mark.parametrize("yaml", [SHORT, None], ids=["yaml", "json"])
def test_each_custom_resource_is_linked_to_its_own_provider(yaml: str | None) -> None:
    functions = [Part("AWS::Lambda::Function", name) for name in ("one", "two")]
    shared = {"shared-provider": "arn:aws:lambda:us-east-1:222222222222:function:three"}
    stack = FakeStack(
        "app",
        [*functions, *(provided(*each) for each in TOKENS.items())],
        yaml=yaml,
        steps=9,
        exported=shared,
        parameters={"Topic": TOPIC},
    )
    assert linked(stack) == SERVED


def test_the_newest_event_counts_where_a_custom_resource_changed_its_provider() -> None:
    stack = FakeStack("app", [provided("first", {"Fn::GetAtt": ["one", "Arn"]})], yaml=SHORT, steps=9)
    arn = "arn:aws:lambda:us-east-1:222222222222:function:newer"
    stack.events.append(
        {
            "LogicalResourceId": "first",
            "ResourceType": "Custom::Thing",
            "ResourceStatus": "UPDATE_COMPLETE",
            "PhysicalResourceId": "first",
            "ResourceProperties": json.dumps({"ServiceToken": arn}),
        }
    )
    assert linked(stack) == {"first": "newer"}


@pytest.mark.parametrize("told", ["", "no JSON", "[]", '{"ServiceToken": 1}'])
def test_properties_that_tell_nothing_link_to_nothing(told: str) -> None:
    stack = FakeStack("app", [Part("Custom::Thing", "first")], yaml=SHORT, steps=9)
    stack.events.append(
        {
            "LogicalResourceId": "first",
            "ResourceType": "Custom::Thing",
            "ResourceStatus": "UPDATE_COMPLETE",
            "PhysicalResourceId": "first",
            "ResourceProperties": told,
        }
    )
    assert linked(stack) == {"first": ""}
