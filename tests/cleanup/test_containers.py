"""What stacks own that may stay: read once for each change of the stack, and unknown where it cannot be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.model import GLOBAL, Resource
from atmosphere.cleanup.scan.containers import Containers
from atmosphere.cleanup.scan.inventory import Inventory
from atmosphere.cleanup.scan.stacks import Stack
from atmosphere.cleanup.trust import Role
from tests.cleanup.conftest import REGION
from tests.cleanup.context import a_context
from tests.cleanup.fakes import STARTED
from tests.cleanup.fakes.world import refuse
from tests.cleanup.scene import Scene

STACK = Stack(id="id", name="company", region=REGION, status="CREATE_COMPLETE", created=STARTED)
ROLE = Resource("AWS::IAM::Role", "Forwarder", GLOBAL)
LISTED = Resource("AWS::SQS::Queue", "https://sqs.us-east-1.amazonaws.com/2/q", REGION)
TRUST: dict[str, Any] = {"Statement": []}


class Aws:
    """CloudFormation and IAM, as far as they are asked."""

    def __init__(self, *members: tuple[str, str]) -> None:
        self.members = members
        self.refuses: set[str] = set()
        self.calls: list[str] = []

    def client(self, *_: object) -> Aws:
        return self

    def get_paginator(self, operation: str) -> Aws:
        self._note(operation)
        return self

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        rows = [
            {"LogicalResourceId": id_, "ResourceType": type_, "PhysicalResourceId": id_, "ResourceStatus": "X"}
            for type_, id_ in self.members
        ]
        return [{"StackResourceSummaries": rows}]

    def get_role(self, *, RoleName: str) -> dict[str, Any]:  # noqa: N803
        self._note("get_role")
        if RoleName == "gone":
            raise refuse("NoSuchEntity", "there is no such role")
        return {"Role": {"Arn": "arn", "RoleId": "AROA", "AssumeRolePolicyDocument": TRUST}}

    def _note(self, operation: str) -> None:
        self.calls.append(operation)
        if operation in self.refuses:
            raise refuse("AccessDenied", "no")


def containers(aws: Aws) -> Containers:
    return Containers(a_context(Scene().assignment(), cast("Any", aws), FakeClock(STARTED)))


def inventory(
    *found: Resource, roles: dict[Resource, Role] | None = None, reserved: dict[Resource, Role] | None = None
) -> Inventory:
    return Inventory(stacks=(), found=dict.fromkeys(found), unknown={}, roles=roles or {}, reserved=reserved or {})


def test_members_are_named_as_they_are_listed() -> None:
    aws = Aws(("AWS::SQS::Queue", "https://queue.amazonaws.com/2/q"), ("AWS::SNS::Topic", "t"), ("AWS::SNS::Topic", ""))
    held = containers(aws).read([STACK], inventory(LISTED))
    assert held.members == {"id": frozenset({LISTED, Resource("AWS::SNS::Topic", "t", REGION)})}
    assert held.unknown == {}


def test_only_a_queue_has_two_urls() -> None:
    listed = Resource("AWS::X::Y", "https://one.example.com/2/q", REGION)
    held = containers(Aws(("AWS::X::Y", "https://two.example.com/2/q"))).read([STACK], inventory(listed))
    assert held.members == {"id": frozenset({replace(listed, id="https://two.example.com/2/q")})}


def test_a_name_in_another_region_is_another_thing() -> None:
    elsewhere = replace(LISTED, region=cast("Any", "eu-west-1"))
    held = containers(Aws(("AWS::SQS::Queue", LISTED.id))).read([STACK], inventory(elsewhere))
    assert held.members == {"id": frozenset({LISTED})}


def test_what_is_nested_is_not_a_member() -> None:
    assert containers(Aws(("AWS::CloudFormation::Stack", "arn"))).read([STACK], inventory()).members == {
        "id": frozenset()
    }


def test_a_stack_that_did_not_change_is_read_once() -> None:
    aws = Aws(("AWS::SNS::Topic", "t"))
    asked = containers(aws)
    assert asked.read([STACK], inventory()) == asked.read([STACK], inventory())
    assert aws.calls == ["list_stack_resources"]
    asked.read([replace(STACK, updated=STARTED + timedelta(1))], inventory())
    asked.read([replace(STACK, status="UPDATE_IN_PROGRESS")], inventory())
    asked.read([replace(STACK, status="UPDATE_IN_PROGRESS")], inventory())
    assert len(aws.calls) == 4


def test_a_role_that_was_listed_is_not_asked_for() -> None:
    aws = Aws(("AWS::IAM::Role", "Forwarder"))
    listed = {ROLE: Role("arn", TRUST)}
    assert containers(aws).read([STACK], inventory(ROLE, roles=listed)).roles == listed
    assert aws.calls == ["list_stack_resources"]


def test_nor_is_one_that_aws_reserves() -> None:
    aws = Aws(("AWS::IAM::Role", "Forwarder"))
    containers(aws).read([STACK], inventory(reserved={ROLE: Role("arn", TRUST)}))
    assert aws.calls == ["list_stack_resources"]


def test_a_role_that_was_not_listed_is_asked_for() -> None:
    aws = Aws(("AWS::IAM::Role", "Forwarder"), ("AWS::IAM::Role", "gone"))
    held = containers(aws).read([STACK], inventory())
    assert held.roles == {ROLE: Role("arn", TRUST), replace(ROLE, id="gone"): None}


def test_what_cannot_be_read_is_unknown() -> None:
    aws = Aws(("AWS::IAM::Role", "Forwarder"))
    aws.refuses = {"list_stack_resources"}
    held = containers(aws).read([STACK], inventory())
    assert (held.members, held.unknown) == ({}, {f"resources of company@{REGION}": "AccessDenied"})
    aws.refuses = {"get_role"}
    held = containers(aws).read([STACK], inventory())
    assert held.unknown == {ROLE.address: "AccessDenied"}
    assert ROLE not in held.roles
