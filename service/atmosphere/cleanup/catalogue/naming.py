"""How calls name things of the catalogue, for the guard: by which parameter of which operation.

A row says it of its own operations. Of the types that are a class a table says it, and of all types for operations that
no row has: there a parameter means the types whose rows know it by that name alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.aws.protected import Named, Naming
from atmosphere.cleanup.aws.sessions import method_name, service_model
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.defaults import required
from atmosphere.cleanup.catalogue.row import Row
from atmosphere.cleanup.model import STACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import OperationModel

    from atmosphere.cleanup.catalogue.calls import Call

CLASSES: Final = {
    "AWS::S3::Bucket": ("s3", "Bucket"),
    "AWS::Lambda::Function": ("lambda", "FunctionName"),
    "AWS::DynamoDB::Table": ("dynamodb", "TableName"),
    "AWS::KinesisFirehose::DeliveryStream": ("firehose", "DeliveryStreamName"),
    "AWS::ECS::Task": ("ecs", "task"),
    "AWS::EC2::SecurityGroup": ("ec2", "GroupId"),
    "AWS::EC2::NetworkAcl": ("ec2", "NetworkAclId"),
    "AWS::EC2::DHCPOptions": ("ec2", "DhcpOptionsId"),
    "AWS::Route53::HostedZone": ("route53", "HostedZoneId"),
    "AWS::IAM::Role": ("iam", "RoleName"),
    STACK: ("cloudformation", "StackName"),
}
"""The parameter that names each type that is no row."""
_SILENT: Final = {
    "iam": {("", "PolicyName")},  # an inline policy; the managed ones are named by their ARN
    "s3": {("", "Key"), ("", "UploadId"), ("", "VersionId")},
    "cloudformation": {("", "RetainResources")},  # logical ids
    "ecs": {("stop_task", "cluster")},  # the task's ARN says it
}
"""What a test chooses and names no resource of its own."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A call of a row: the parameters that take the id's parts, and then those of what hangs on the resource."""

    row: Row
    call: Call
    keys: tuple[str, ...]

    @property
    def own(self) -> tuple[str, ...]:
        """The parameters that take the parts of the resource's own id."""
        return self.keys[: max(re.compile(self.row.parts).groups, 1)]

    @property
    def others(self) -> set[str]:
        """All other parameters that it is called with."""
        return {*self.keys[len(self.own) :], *(self.call.fixed or ()), *(self.call.seen or ())}


@cache
def naming_of(service: str) -> Naming:
    """How the calls of a service name things."""
    told = list(_told(service))
    parameters = _parameters(service, told)
    operations: defaultdict[str, list[Named]] = defaultdict(list)
    silent: set[tuple[str, str]] = set(_SILENT.get(service, ()))
    for each in told:
        operations[each.call.operation].append(Named(each.row.name, each.own))
        silent |= {(each.call.operation, other) for other in each.others if other not in parameters}
    return Naming(
        operations={name: tuple(dict.fromkeys(named)) for name, named in operations.items()},
        parameters=parameters,
        silent=frozenset(silent),
        parts={each.row.name: re.compile(each.row.parts, re.DOTALL) for each in told},
    )


def _told(service: str) -> Iterator[_Told]:
    for row in CATALOGUE:
        if isinstance(row, Row) and row.service == service:
            for call in (row.remove, *(step.call for step in (*row.halt, *row.unprotect, *row.strip, *row.rare))):
                yield _Told(row, call, keys_of(service, call))


def keys_of(service: str, call: Call) -> tuple[str, ...]:
    """The parameters that take the parts of an id, also where the row leaves them to botocore's model."""
    if isinstance(call.key, str):
        return (call.key,)
    return call.key if call.key is not None else (required(_operation(service, call.operation), call.apart),)


def _operation(service: str, operation: str) -> OperationModel:
    model: OperationModel = service_model(service).operation_model(_names(service)[operation])
    return model


@cache
def _names(service: str) -> Mapping[str, str]:
    return {method_name(name): name for name in service_model(service).operation_names}


def _parameters(service: str, told: list[_Told]) -> Mapping[str, frozenset[str]]:
    """What names a type by itself, unless it is a part of another type's name, too: that is not known exactly."""
    alone: defaultdict[str, set[str]] = defaultdict(set)
    parts: set[str] = set()
    for type_, (where, parameter) in CLASSES.items():
        if where == service:
            alone[parameter].add(type_)
    for each in told:
        own = [key for key in each.own if key]
        if len(own) == 1:
            alone[own[0]].add(each.row.name)
        else:
            parts.update(own)
    return {parameter: frozenset(types) for parameter, types in alone.items() if parameter not in parts}
