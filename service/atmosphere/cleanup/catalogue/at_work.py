"""What AWS itself says that it is doing with a resource: `DELETING`, `modifying`, `Delete in progress`.

Services write that into a field called status, state or lifecycle of what describes the resource, each in its own
words; that is read here for all of them, so that no type has to be marked as slow. How long a deletion may take is what
its handler in the CloudFormation registry allows. Source: botocore's models (the values of such fields); CloudFormation
CLI user guide, resource type schema, `timeoutInMinutes` (120 unless the handler says otherwise, 2160 at most).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

_FIELD: Final = re.compile(r"(?:^|.*[a-z_])(?:status|state|lifecycle)$", re.IGNORECASE)
_NAMES: Final = ("Name", "Code")
"""Where a state is a map: `State: {Name: shutting-down}` of instances, `Status: {Code: deleting}` of peerings."""
_BESIDE: Final = frozenset({"ResponseMetadata", "PendingModifiedValues"})
_RESTING: Final = (
    "accept|advertis|exist|expir|listen|miss|monitor|(?:non)?overlapp"
    "|record|runn|schedul|serv|shar|stream|train|wait|warn"
)
"""Beginnings of words in -ing for what lasts: a running instance, a missing value."""
_AT_WORK: Final = re.compile(
    rf"pending|.*in[-_ ]?progress|(?:.*[-_ ])?(?!{_RESTING})[a-z]+ing(?:[-_ ](?:up|over|back|down))?", re.IGNORECASE
)

DEFAULT: Final = timedelta(minutes=120)
_LONGEST: Final = timedelta(minutes=2160)
_TIME_OUTS: Final[Mapping[str, timedelta]] = {
    **dict.fromkeys(
        (
            "AWS::CloudFormation::StackSet",
            "AWS::Cognito::UserPoolReplica",
            "AWS::Neptune::DBCluster",
            "AWS::Neptune::DBInstance",
            "AWS::NeptuneGraph::Graph",
            "AWS::RDS::DBInstance",
            "AWS::RDS::DBShardGroup",
            "AWS::Redshift::Cluster",
            "AWS::Timestream::InfluxDBInstance",
        ),
        _LONGEST,
    ),
    **dict.fromkeys(("AWS::DynamoDB::Table", "AWS::Kendra::Index", "AWS::SageMaker::Cluster"), timedelta(minutes=720)),
    "AWS::ElastiCache::ReplicationGroup": timedelta(minutes=300),
    "AWS::EC2::NetworkInterface": timedelta(minutes=60),  # no handler's: Lambda's guide says up to 45 minutes
}


def time_out(type_: str) -> timedelta:
    """How long AWS may take to delete one of this type."""
    return _TIME_OUTS.get(type_, DEFAULT)


def doing(reply: Any) -> str | None:
    """What the reply that describes one resource says of AWS's work on it; None where AWS rests, or says nothing.

    Only the resource itself is asked, and the maps directly in it: a member's state is not the resource's.
    """
    subject = _subject(reply)
    if not isinstance(subject, Mapping):
        return None
    maps = [subject, *(inner for name, inner in subject.items() if name not in _BESIDE and isinstance(inner, Mapping))]
    said = (word for each in maps for word in _words(each))
    return next((word for word in said if _AT_WORK.fullmatch(word)), None)


def _subject(reply: Any) -> Any:
    """The resource in what is wrapped around it: `{"NatGateways": [{...}]}`, `{"Table": {...}}`."""
    while True:
        if isinstance(reply, Mapping):
            filled = [inner for name, inner in reply.items() if name not in _BESIDE and inner not in ([], {}, None)]
            if len(filled) != 1 or not isinstance(filled[0], Mapping | list) or any(map(_FIELD.match, reply)):
                return reply
            [reply] = filled
        elif isinstance(reply, list) and len(reply) == 1:
            [reply] = reply
        else:
            return reply


def _words(each: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in each.items():
        if not _FIELD.match(name):
            continue
        told = [value.get(key) for key in _NAMES] if isinstance(value, Mapping) else [value]
        found += [word for word in told if isinstance(word, str)]
    return found
