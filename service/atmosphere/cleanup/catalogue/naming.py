"""How calls name things of the catalogue, for the guard: by which parameter of which operation.

A row says it of its own operations. Of the types that are a class a table says it, and of all types for operations that
no row has: there a parameter means the types whose rows know it by that name alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.aws.protected import Named, Naming
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.row import Row
from atmosphere.cleanup.model import STACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
_SILENT: Final = frozenset(
    {
        ("iam", "PolicyName"),  # an inline policy; the managed ones are named by their ARN
        ("s3", "Key"),
        ("s3", "UploadId"),
        ("s3", "VersionId"),
        ("cloudformation", "RetainResources"),  # logical ids
        ("ecs:stop_task", "cluster"),  # the task's ARN says it
    }
)
"""What a test chooses and names no resource of its own."""


def _calls(row: Row) -> Iterator[Call]:
    yield row.remove
    yield from (step.call for step in (*row.halt, *row.unprotect, *row.strip, *row.rare))


def _keys(call: Call) -> tuple[str, ...]:
    return (call.key,) if isinstance(call.key, str) else call.key


def _groups(row: Row) -> int:
    return max(re.compile(row.parts).groups, 1)


def _parameters(rows: list[Row]) -> Mapping[tuple[str, str], frozenset[str]]:
    """What names a type by itself, unless it is a part of another type's name, too: that is not known exactly."""
    alone: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    parts: set[tuple[str, str]] = set()
    for type_, place in CLASSES.items():
        alone[place].add(type_)
    for row in rows:
        for call in _calls(row):
            own = [key for key in _keys(call)[: _groups(row)] if key]
            if len(own) == 1:
                alone[row.service, own[0]].add(row.name)
            else:
                parts.update((row.service, key) for key in own)
    return {place: frozenset(types) for place, types in alone.items() if place not in parts}


def _naming() -> Naming:
    rows = [entry for entry in CATALOGUE if isinstance(entry, Row)]
    parameters = _parameters(rows)
    operations: defaultdict[str, list[Named]] = defaultdict(list)
    silent: set[tuple[str, str]] = set(_SILENT)
    for row in rows:
        for call in _calls(row):
            name, keys = f"{row.service}:{call.operation}", _keys(call)
            operations[name].append(Named(row.name, keys[: _groups(row)]))
            others = {*keys[_groups(row) :], *(call.fixed or ()), *(call.seen or ())}
            silent |= {(name, other) for other in others if (row.service, other) not in parameters}
    return Naming(
        operations={name: tuple(dict.fromkeys(named)) for name, named in operations.items()},
        parameters=parameters,
        silent=frozenset(silent),
        parts={row.name: re.compile(row.parts, re.DOTALL) for row in rows},
    )


NAMING: Final = _naming()
