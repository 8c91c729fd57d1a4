"""How each kind of thing that the suite creates is deleted, and how a listing shows whether it is there.

Deleting what is not there is no fault, so all of it may be repeated.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.faults import code_of
from tests.live.ledger import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.live.api import Api
    from tests.live.ledger import Ledger, Thing

_ABSENT: Final = frozenset(
    {
        "NoSuchEntity",
        "NoSuchBucket",
        "ResourceNotFoundException",
        "ResourceNotFound",
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
        "StateMachineDoesNotExist",
    }
)
"""Codes by which AWS says that what is to be deleted is not there."""
_GONE: Final = 404
_BETWEEN: Final = 1.0  # seconds
PATIENCE: Final = 300.0
"""Seconds until a deletion must show in the listings; SQS documents 60."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thing is: clients by service, of its region, and the API as its caller."""

    client: Callable[[str], Any]
    account: str
    api: Api


def delete(place: Place, thing: Thing) -> None:
    """Delete it. Raises botocore's errors, but none for something that is not there."""
    try:
        _DELETIONS[thing.kind](place, thing.name)
    except ClientError as error:
        if code_of(error) not in _ABSENT:
            raise


def is_there(place: Place, thing: Thing) -> bool:
    """Whether a listing has it."""
    return thing.name in _LISTINGS[thing.kind](place, thing.name)


def remove_all(ledger: Ledger, place_of: Callable[[str], Place], *, seconds: float = PATIENCE) -> list[str]:
    """Delete everything that is left, the latest first, until no listing has it; returns a line for what stays."""
    end = time.monotonic() + seconds
    while True:
        reasons = [reason for thing in ledger.left() if (reason := _removed(ledger, place_of(thing.region), thing))]
        if not reasons or time.monotonic() > end:
            return reasons
        time.sleep(_BETWEEN)


def _removed(ledger: Ledger, place: Place, thing: Thing) -> str:
    """Why it is still there, empty if it is not."""
    try:
        delete(place, thing)
        there = is_there(place, thing)
    except (ClientError, BotoCoreError) as error:
        return f"{thing.kind} {thing.name} in {thing.region}: {code_of(error)}"
    if there:
        return f"{thing.kind} {thing.name} in {thing.region}: still listed"
    ledger.gone(thing)
    return ""


def _delete_role(place: Place, name: str) -> None:
    iam = place.client("iam")
    for policy in _all(iam, "list_role_policies", "PolicyNames", RoleName=name):
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for policy in _all(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name):
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=name)


def _delete_policy(place: Place, name: str) -> None:
    partition = place.client("sts").get_caller_identity()["Arn"].split(":")[1]
    place.client("iam").delete_policy(PolicyArn=f"arn:{partition}:iam::{place.account}:policy/{name}")


def _delete_bucket(place: Place, name: str) -> None:
    s3 = place.client("s3")
    for entry in _all(s3, "list_objects_v2", "Contents", Bucket=name):
        s3.delete_object(Bucket=name, Key=entry["Key"])
    s3.delete_bucket(Bucket=name)


def _delete_queue(place: Place, name: str) -> None:
    sqs = place.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])


def _delete_rule(place: Place, name: str) -> None:
    events = place.client("events")
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    if targets:
        events.remove_targets(Rule=name, Ids=[target["Id"] for target in targets])
    events.delete_rule(Name=name)


def _delete_machine(place: Place, name: str) -> None:
    machines = place.client("stepfunctions")
    for machine in _all(machines, "list_state_machines", "stateMachines"):
        if machine["name"] == name:
            machines.delete_state_machine(stateMachineArn=machine["stateMachineArn"])


def _delete_allocation(place: Place, name: str) -> None:
    reply = place.api.ask("DELETE", f"/allocations/{name}", {"outcome": "success"})
    if reply.status not in {200, _GONE}:
        raise ClientError({"Error": {"Code": f"HTTP {reply.status}"}}, "Deallocate")


def _active(place: Place, name: str) -> list[str]:
    """The allocation, while it is active; 404 is what the API says of an id that never was."""
    reply = place.api.ask("GET", f"/allocations/{name}")
    if reply.status not in {200, _GONE}:
        raise ClientError({"Error": {"Code": f"HTTP {reply.status}"}}, "GetAllocation")
    return [name] if reply.status != _GONE and reply.body["status"] == "active" else []


def _stacks(place: Place, _: str) -> list[str]:
    stacks = _all(place.client("cloudformation"), "list_stacks", "StackSummaries")
    return [stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"]


def _all(client: Any, operation: str, key: str, **asked: Any) -> list[Any]:
    """Every entry of a listing, over all pages."""
    return [entry for page in client.get_paginator(operation).paginate(**asked) for entry in page.get(key, ())]


def _named(service: str, operation: str, key: str, name: str, **asked: Any) -> Callable[[Place, str], Iterable[str]]:
    """A listing of a service, by names."""
    return lambda place, _: [entry[name] for entry in _all(place.client(service), operation, key, **asked)]


_DELETIONS: Final[dict[Kind, Callable[[Place, str], Any]]] = {
    Kind.ROLE: _delete_role,
    Kind.POLICY: _delete_policy,
    Kind.TABLE: lambda place, name: place.client("dynamodb").delete_table(TableName=name),
    Kind.BUCKET: _delete_bucket,
    Kind.QUEUE: _delete_queue,
    Kind.RULE: _delete_rule,
    Kind.ALARM: lambda place, name: place.client("cloudwatch").delete_alarms(AlarmNames=[name]),
    Kind.MACHINE: _delete_machine,
    Kind.FUNCTION: lambda place, name: place.client("lambda").delete_function(FunctionName=name),
    Kind.STACK: lambda place, name: place.client("cloudformation").delete_stack(StackName=name),
    Kind.ALLOCATION: _delete_allocation,
}
_LISTINGS: Final[dict[Kind, Callable[[Place, str], Iterable[str]]]] = {
    Kind.ROLE: _named("iam", "list_roles", "Roles", "RoleName"),
    Kind.POLICY: _named("iam", "list_policies", "Policies", "PolicyName", Scope="Local"),
    Kind.TABLE: lambda place, _: _all(place.client("dynamodb"), "list_tables", "TableNames"),
    Kind.BUCKET: lambda place, _: [bucket["Name"] for bucket in place.client("s3").list_buckets()["Buckets"]],
    Kind.QUEUE: lambda place, name: [
        url.rpartition("/")[2] for url in place.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls", ())
    ],
    Kind.RULE: lambda place, name: [
        rule["Name"] for rule in place.client("events").list_rules(NamePrefix=name)["Rules"]
    ],
    Kind.ALARM: _named("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    Kind.MACHINE: _named("stepfunctions", "list_state_machines", "stateMachines", "name"),
    Kind.FUNCTION: _named("lambda", "list_functions", "Functions", "FunctionName"),
    Kind.STACK: _stacks,
    Kind.ALLOCATION: _active,
}
