"""What a stack keeps (`DeletionPolicy: Retain`) and what holds up another resource of the same stack by that.

The L2 constructs of DocumentDB keep cluster, instances and their security group, in a network that the stack deletes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cleanup.model import Verdict
from tests.cleanup.fakes import FakeStack, Manner, Part, refuse
from tests.cleanup.scene import LIMITS, NESTED, Scene, in_account
from tests.cleanup.test_patience import Slowly, Thing

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("moto_account")

NETWORK, GROUP, INSTANCE = "AWS::EC2::VPC", "AWS::EC2::SecurityGroup", "AWS::DocDB::DBInstance"


def exists(operation: str, **asked: Any) -> Callable[[], bool]:
    def probe() -> bool:
        ec2 = in_account("ec2")
        try:
            getattr(ec2, operation)(**asked)
        except ec2.exceptions.ClientError:
            return False
        return True

    return probe


class Network:
    """A network of moto's, and a group in it without which AWS does not delete it."""

    def __init__(self) -> None:
        ec2 = in_account("ec2")
        self.id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.group = ec2.create_security_group(GroupName="g", Description="g", VpcId=self.id)["GroupId"]
        self.there = exists("describe_vpcs", VpcIds=[self.id])
        self.held = exists("describe_security_groups", GroupIds=[self.group])

    @property
    def parts(self) -> list[Part]:
        """The stack deletes the network and keeps the group."""
        return [Part(NETWORK, self.id, Manner.FULL, probe=self.there), Part(GROUP, self.group, Manner.RETAINED)]

    def rule(self, scene: Scene) -> None:
        """AWS's own rule, which moto does not have."""
        in_use = refuse("DependencyViolation", f"The vpc '{self.id}' has dependencies and cannot be deleted.")
        scene.world.answers["DeleteVpc"] = lambda: in_use if self.held() else None


def test_a_kept_group_that_holds_the_network_of_its_own_stack_goes_before_it() -> None:
    network = Network()
    scene = Scene(FakeStack("app", network.parts))
    network.rule(scene)
    began = scene.clock.now()
    assert scene.clean().verdict is Verdict.CLEAN
    assert (network.there(), network.held(), scene.world.alive) == (False, False, [])
    assert (scene.clock.now() - began).total_seconds() < 60


def test_a_kept_group_in_a_nested_stack_too() -> None:
    network = Network()
    inner = FakeStack("inner", network.parts)
    outer = FakeStack("outer", [Part(NESTED, inner.id)])
    inner.parent = outer.id
    scene = Scene(outer, inner)
    network.rule(scene)
    assert scene.clean().verdict is Verdict.CLEAN
    assert (network.there(), network.held()) == (False, False)


def test_what_a_stack_keeps_is_left_to_it_where_it_holds_nothing() -> None:
    queue = in_account("sqs").create_queue(QueueName="kept")["QueueUrl"]
    scene = Scene(FakeStack("app", [Part("AWS::SQS::Queue", queue, Manner.RETAINED), Part("AWS::X::Y", "x")], steps=5))
    seen: list[str] = []
    scene.world.answers["DeleteQueue"] = lambda: seen.append(scene.world.stack("app").status)
    assert scene.clean().verdict is Verdict.CLEAN
    assert seen == ["DELETE_COMPLETE"]


def test_a_kept_member_that_takes_aws_minutes_is_waited_for() -> None:
    network = Network()
    database = Part(INSTANCE, "docs", Manner.RETAINED)
    scene = Scene(FakeStack("app", [*network.parts, database]))
    network.rule(scene)
    slow = Slowly(scene, INSTANCES, 3)
    held = refuse("DependencyViolation", f"resource {network.group} has a dependent object")
    scene.world.answers["DeleteSecurityGroup"] = lambda: None if slow.gone else held
    assert scene.clean().verdict is Verdict.CLEAN
    assert (network.there(), network.held(), slow.gone) == (False, False, True)


INSTANCES = Thing(
    INSTANCE,
    "docs",
    lambda _: {},
    lambda state: {
        "DescribeDBInstances": {"DBInstances": [{"DBInstanceIdentifier": "docs", "DBInstanceStatus": state}]}
    },
    "DeleteDBInstance",
    "available",
    "deleting",
    "DBInstanceNotFound",
    {},
)


def test_a_kept_member_of_the_baseline_is_never_deleted_to_free_a_stack() -> None:
    network = Network()
    scene = Scene(FakeStack("app", network.parts[:1]))
    network.rule(scene)
    scene.remember(GROUP, network.group)
    scene.limits = replace(LIMITS, busy_time=timedelta(seconds=70))
    result = scene.clean()
    assert (result.verdict, network.held()) == (Verdict.BLOCKED, True)


def test_identities_and_keys_that_a_stack_keeps_wait_for_its_end() -> None:
    network = Network()
    key = in_account("kms").create_key()["KeyMetadata"]["KeyId"]
    scene = Scene(FakeStack("app", [*network.parts, Part("AWS::KMS::Key", key, Manner.RETAINED)]))
    network.rule(scene)
    seen: list[str] = []
    scene.world.answers["ScheduleKeyDeletion"] = lambda: seen.append(scene.world.stack("app").status)
    assert scene.clean().verdict is Verdict.CLEAN
    assert set(seen) == {"DELETE_COMPLETE"}
