"""What AWS is at work on is waited for, whatever its type; what it says nothing of is not."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.at_work import doing, time_out
from atmosphere.cleanup.catalogue.base import Stage
from atmosphere.cleanup.catalogue.row import Row
from atmosphere.cleanup.model import PassState, Verdict
from atmosphere.cleanup.state.counts import Counts
from atmosphere.contract import progress_key
from tests.cleanup.catalogue.models import operations, whole
from tests.cleanup.fakes import FakeStack, refuse
from tests.cleanup.scene import KEY, Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.exceptions import ClientError

    from atmosphere.cleanup.engine import PassResult

pytestmark = pytest.mark.usefixtures("moto_account")

BEGAN = datetime.fromisoformat("2026-11-22T12:30:00+00:00")


@dataclass
class Thing:
    """One resource of a service: its listing, what describes it in a state, and the codes of AWS's answers."""

    type: str
    id: str
    listed: Callable[[list[str]], dict[str, dict[str, Any]]]
    seen: Callable[[str], dict[str, dict[str, Any]]]
    delete: str
    resting: str
    deleting: str
    absent: str
    accepts: dict[str, Any]
    again: str = ""
    """The code that a further deletion is answered with while one is under way; empty: it is accepted again."""


def _arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:us-east-1:222222222222:{rest}"


POINT = _arn("backup", "recovery-point:1")
THINGS = (
    Thing(
        "AWS::DynamoDB::Table",
        "big",
        lambda ids: {"ListTables": {"TableNames": ids}},
        lambda state: {"DescribeTable": {"Table": {"TableName": "big", "TableStatus": state}}},
        "DeleteTable",
        "ACTIVE",
        "DELETING",
        "ResourceNotFoundException",
        {"TableDescription": {"TableStatus": "DELETING"}},
    ),
    Thing(
        "AWS::ApiGateway::VpcLink",
        "link",
        lambda ids: {"GetVpcLinks": {"items": [{"id": each} for each in ids]}},
        lambda state: {"GetVpcLink": {"id": "link", "name": "n", "status": state}},
        "DeleteVpcLink",
        "AVAILABLE",
        "DELETING",
        "NotFoundException",
        {},
    ),
    Thing(
        "AWS::Backup::RecoveryPoint",
        f"vault|{POINT}",
        lambda ids: {
            "ListBackupVaults": {"BackupVaultList": [{"BackupVaultName": "vault", "CreationDate": BEGAN}]},
            "ListRecoveryPointsByBackupVault": {
                "RecoveryPoints": [{"RecoveryPointArn": POINT, "CreationDate": BEGAN} for _ in ids]
            },
        },
        lambda state: {"DescribeRecoveryPoint": {"RecoveryPointArn": POINT, "Status": state}},
        "DeleteRecoveryPoint",
        "COMPLETED",
        "DELETING",
        "ResourceNotFoundException",
        {},
    ),
    Thing(
        "AWS::ECS::Cluster",
        "cluster",
        lambda ids: {
            "ListClusters": {"clusterArns": [_arn("ecs", f"cluster/{each}") for each in ids]},
            "ListContainerInstances": {"containerInstanceArns": []},
        },
        lambda state: {"DescribeClusters": {"clusters": [{"clusterName": "cluster", "status": state}], "failures": []}},
        "DeleteCluster",
        "ACTIVE",
        "DEPROVISIONING",
        "ClusterNotFoundException",
        {"cluster": {"clusterName": "cluster"}},
    ),
    Thing(
        "AWS::Config::ConfigRule",
        "rule",
        lambda ids: {},
        lambda state: {
            "DescribeConfigRules": {
                "ConfigRules": [{"ConfigRuleName": "rule", "ConfigRuleId": "1", "ConfigRuleState": state}]
                if state
                else []
            }
        },
        "DeleteConfigRule",
        "ACTIVE",
        "DELETING",
        "NoSuchConfigRuleException",
        {},
        again="ResourceInUseException",
    ),
)


class Slowly:
    """Its deletion is accepted and takes `minutes`; it says so, unless it is `silent`."""

    def __init__(self, scene: Scene, thing: Thing, minutes: float, *, silent: bool = False) -> None:
        self.scene, self.thing, self.silent = scene, thing, silent
        self.time = timedelta(minutes=minutes)
        self.accepted: datetime | None = None
        answers = scene.world.answers
        for operation in thing.listed([thing.id]):
            answers[operation] = partial(self._listed, operation)
        for operation in thing.seen("x"):
            answers[operation] = partial(self._seen, operation)
        answers[thing.delete] = self._delete

    @property
    def gone(self) -> bool:
        return self.accepted is not None and self.scene.clock.now() - self.accepted >= self.time

    def _listed(self, operation: str) -> dict[str, Any]:
        return self.thing.listed([] if self.gone else [self.thing.id])[operation]

    def _seen(self, operation: str) -> dict[str, Any] | ClientError:
        if self.gone:
            listing = operation not in self.thing.listed([]) and operation == "DescribeConfigRules"
            return self.thing.seen("")[operation] if listing else refuse(self.thing.absent, "no such thing")
        at_work = self.accepted is not None and not self.silent
        return self.thing.seen(self.thing.deleting if at_work else self.thing.resting)[operation]

    def _delete(self) -> dict[str, Any] | ClientError:
        if self.gone:
            return refuse(self.thing.absent, "no such thing")
        if self.accepted is not None and self.thing.again:
            return refuse(self.thing.again, "it is being changed")
        self.accepted = self.accepted or self.scene.clock.now()
        return self.thing.accepts


def slowly(thing: Thing, minutes: float, *, silent: bool = False) -> tuple[Scene, Slowly]:
    scene = Scene(types=(thing.type,))
    return scene, Slowly(scene, thing, minutes, silent=silent)


def progress(scene: Scene) -> dict[str, Any]:
    key = progress_key(KEY.account, KEY.region, scene.assignment().allocation)
    content: dict[str, Any] = json.loads(scene.store.texts[key])
    return content


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: thing.type)
def test_a_deletion_that_says_that_it_is_under_way_is_waited_for(thing: Thing) -> None:
    scene, slow = slowly(thing, 7)
    result = scene.clean()
    assert (result.verdict, result.reason) == (Verdict.CLEAN, None)
    assert slow.gone


@pytest.mark.parametrize("thing", THINGS[:4], ids=lambda thing: thing.type)
def test_a_deletion_of_which_aws_says_nothing_ends_the_attempt_within_minutes(thing: Thing) -> None:
    scene, _ = slowly(thing, 40, silent=True)
    began = scene.clock.now()
    result = scene.clean()
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, f"blocked:{thing.type}")
    assert scene.clock.now() - began < timedelta(minutes=2)


def test_nothing_is_waited_for_longer_than_its_time_out_allows() -> None:
    scene, slow = slowly(THINGS[1], 10_000)
    scene.limits = replace(scene.limits, longest_wait=timedelta(minutes=10))
    began = scene.clock.now()
    result = scene.clean()
    assert result.verdict is Verdict.BLOCKED
    assert slow.accepted is not None
    assert timedelta(minutes=10) <= scene.clock.now() - began < timedelta(minutes=13)


def test_time_outs_are_those_of_the_registry() -> None:
    told = {name: time_out(name) // timedelta(minutes=1) for name in ("AWS::RDS::DBInstance", "AWS::SQS::Queue")}
    assert told == {"AWS::RDS::DBInstance": 2160, "AWS::SQS::Queue": 120}
    assert time_out("AWS::DynamoDB::Table") == timedelta(hours=12)
    assert time_out("AWS::ElastiCache::ReplicationGroup") == timedelta(hours=5)


def test_the_longer_it_is_waited_for_the_longer_are_the_pauses() -> None:
    scene, _ = slowly(THINGS[0], 15)
    state, waits = PassState(), []
    while (result := scene.one_pass(state)).verdict is Verdict.AGAIN and not result.state.clean_at:
        state = result.state
        waits.append(result.wait.total_seconds())
        scene.clock.advance(result.wait)
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (10, 60)


def test_an_environment_that_is_still_cleaning_says_what_it_waits_for_and_since_when() -> None:
    scene, slow = slowly(THINGS[0], 7)
    result = PassResultUntil(scene, timedelta(minutes=3)).last
    assert slow.accepted is not None
    [wait] = progress(scene)["waitingFor"]
    assert wait == {
        "type": "AWS::DynamoDB::Table",
        "id": "big",
        "region": "us-east-1",
        "doing": "DELETING",
        "since": slow.accepted.isoformat(),
    }
    assert result.verdict is Verdict.AGAIN
    assert scene.clean().verdict is Verdict.CLEAN
    assert progress(scene)["waitingFor"] == []


class PassResultUntil:
    """Passes until so much time is over; the last result."""

    def __init__(self, scene: Scene, length: timedelta) -> None:
        until, state = scene.clock.now() + length, PassState()
        while True:
            self.last: PassResult = scene.one_pass(state)
            if self.last.verdict is not Verdict.AGAIN or scene.clock.now() >= until:
                return
            state = self.last.state
            scene.clock.advance(self.last.wait)


def test_a_stack_that_is_being_deleted_is_named_too() -> None:
    scene = Scene(FakeStack("app", steps=10_000))
    PassResultUntil(scene, timedelta(minutes=5))
    [wait] = progress(scene)["waitingFor"]
    assert (wait["id"], wait["doing"]) == ("app", "DELETE_IN_PROGRESS")


def test_a_report_says_what_was_waited_for_at_the_deadline() -> None:
    scene, _ = slowly(THINGS[0], 10_000)
    scene.changes["deadline"] = scene.clock.now() + timedelta(minutes=5)
    result = scene.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "deadline")
    text = scene.store.texts[str(result.report_key).replace(".json", ".md")]
    assert "AWS was at work on" in text
    assert "`AWS::DynamoDB::Table:big@us-east-1` `DELETING, since 2026" in text


def test_counts_of_an_older_version_wait_for_nothing() -> None:
    scene, _ = slowly(THINGS[0], 1)
    scene.clean()
    older = {name: value for name, value in progress(scene).items() if name != "waitingFor"}
    assert Counts.from_json(older).waiting == ()


# --- still in use -----------------------------------------------------------------------------------------------------


GROUP = "sg-0123456789abcdef0"


def interface(**says: Any) -> dict[str, Any]:
    return {"NetworkInterfaceId": "eni-0123456789abcdef0", "Status": "in-use", "Groups": [{"GroupId": GROUP}], **says}


def held(scene: Scene, minutes: float, *interfaces: dict[str, Any]) -> datetime:
    """A group that cannot be deleted for some minutes, in which there are these interfaces."""
    free = scene.clock.now() + timedelta(minutes=minutes)
    in_use = refuse("DependencyViolation", f"resource {GROUP} has a dependent object")
    answers, gone = scene.world.answers, []

    def delete() -> Any:
        if scene.clock.now() < free:
            return in_use
        gone.append(GROUP)
        return {"Return": True}

    answers["DescribeSecurityGroups"] = lambda: {
        "SecurityGroups": [
            {"GroupId": GROUP, "GroupName": "app", "VpcId": "vpc-1", "IpPermissions": [], "IpPermissionsEgress": []}
        ]
        if not gone
        else []
    }
    answers["DescribeNetworkInterfaces"] = lambda: {
        "NetworkInterfaces": list(interfaces) if scene.clock.now() < free else []
    }
    answers["DeleteSecurityGroup"] = delete
    return free


@pytest.mark.parametrize(
    "says",
    [
        {"InterfaceType": "lambda", "Description": "AWS Lambda VPC ENI-app-1"},
        {"RequesterManaged": True, "InterfaceType": "interface", "Description": "ELB app/web/1"},
    ],
    ids=["function", "load-balancer"],
)
def test_interfaces_of_deleted_functions_and_load_balancers_are_waited_for(says: dict[str, Any]) -> None:
    scene = Scene(types=("AWS::EC2::SecurityGroup",))
    free = held(scene, 20, interface(**says))
    PassResultUntil(scene, timedelta(minutes=8))
    [wait] = progress(scene)["waitingFor"]
    assert (wait["id"], says["Description"] in wait["doing"]) == (GROUP, True)
    assert scene.clean().verdict is Verdict.CLEAN
    assert scene.clock.now() < free + timedelta(minutes=3)


def test_what_is_still_in_use_gets_some_minutes_even_where_nothing_says_what_uses_it() -> None:
    scene = Scene(types=("AWS::EC2::SecurityGroup",))
    held(scene, 4)
    assert scene.clean().verdict is Verdict.CLEAN


def test_what_stays_in_use_is_reported() -> None:
    scene = Scene(types=("AWS::EC2::SecurityGroup",))
    held(scene, 100)
    began = scene.clock.now()
    result = scene.clean()
    assert (result.verdict, scene.blockers(result)[GROUP]["code"]) == (Verdict.BLOCKED, "DependencyViolation")
    assert timedelta(minutes=5) <= scene.clock.now() - began < timedelta(minutes=6)


# --- what AWS says ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ({"Table": {"TableStatus": "DELETING"}}, "DELETING"),
        ({"Table": {"TableStatus": "ACTIVE", "SSEDescription": {"Status": "UPDATING"}}}, "UPDATING"),
        ({"NatGateways": [{"State": "deleting"}]}, "deleting"),
        ({"AutoScalingGroups": [{"Status": "Delete in progress"}]}, "Delete in progress"),
        ({"Distribution": {"Status": "InProgress", "DistributionConfig": {"Enabled": False}}}, "InProgress"),
        ({"Fleets": [{"FleetState": "deleted_terminating"}]}, "deleted_terminating"),
        ({"FileSystems": [{"Lifecycle": "DELETING", "FileSystemId": "f"}]}, "DELETING"),
        ({"FileSystems": [{"Lifecycle": "AVAILABLE"}]}, None),
        ({"DBInstances": [{"DBInstanceStatus": "backing-up"}]}, "backing-up"),
        ({"VpcPeeringConnections": [{"Status": {"Code": "deleting", "Message": "x"}}]}, "deleting"),
        ({"services": [{"status": "DRAINING"}], "failures": []}, "DRAINING"),
        ({"BackupDescription": {"BackupDetails": {"BackupStatus": "CREATING"}, "x": {}, "y": 1}}, "CREATING"),
        ({"Instance": {"State": {"Name": "running"}}}, None),
        ({"services": [{"status": "ACTIVE", "deployments": [{"rolloutState": "IN_PROGRESS"}]}]}, None),
        ({"Fleets": [{"FleetState": "active"}, {"FleetState": "deleted_terminating"}]}, None),
        ({"KeyMetadata": {"KeyState": "PendingDeletion"}}, None),
        ({"State": "PENDING_VALIDATION"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_what_aws_says_that_it_does(reply: Any, told: str | None) -> None:
    assert doing(reply) == told


SLOW = [entry for entry in CATALOGUE if isinstance(entry, Row) and entry.stage is Stage.SLOW]


SAY_NOTHING: dict[str, str] = {
    "AWS::ElasticBeanstalk::Application": "its environments take long, and they say it",
    "AWS::GlobalAccelerator::Listener": "its accelerator says it",
    "AWS::Kinesis::Queue": "a listing only; `in use` has five minutes an attempt",
    "AWS::Kinesis::Channel": "a listing only; `in use` has five minutes an attempt",
    "AWS::DMS::ReplicationInstance": "described by a filter only; `in use` has five minutes an attempt",
    "AWS::DMS::ReplicationTask": "described by a filter only; `in use` has five minutes an attempt",
}
"""Slow types that nothing describes with a state, and what there is instead."""


@pytest.mark.parametrize("entry", [one for one in SLOW if one.name not in SAY_NOTHING], ids=lambda entry: entry.name)
def test_what_takes_aws_long_has_something_that_describes_it_with_a_state(entry: Row) -> None:
    assert entry.see is not None
    names = set(_names(whole(operations(entry.service)[entry.see.operation].output_shape)))
    assert any(name.lower().endswith(("status", "state", "lifecycle")) for name in names)


def _names(value: Any) -> Iterator[str]:
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield name
        yield from _names(inner)
    for inner in value if isinstance(value, list) else ():
        yield from _names(inner)
