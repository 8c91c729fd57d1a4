"""Custom resources: which function serves each, and whether that function can still answer.

CloudFormation waits up to an hour for a custom resource's answer, so whatever keeps its provider from answering is said
before the stack is deleted, and a stack that waits for nothing else too long is no progress. The providers are read
from the template of the stack, one call for a stack, and only if it has custom resources. Source: CloudFormation user
guide on custom resources (`ServiceToken`), Lambda API reference (GetFunctionConfiguration), EC2 API reference
(DescribeRouteTables).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.catalogue.functions import ABSENT
from atmosphere.cleanup.catalogue.roles import role_id
from atmosphere.cleanup.model import STACK, Trouble
from atmosphere.cleanup.scan.stacks import members
from atmosphere.cleanup.state.ledger import Link
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.scan.stacks import Member, Stack
    from atmosphere.core.model import Region

_CUSTOM: Final = ("Custom::", "AWS::CloudFormation::CustomResource")
_TOKEN: Final = "ServiceToken"  # noqa: S105  the name of a property
_FUNCTION: Final = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d+:function:([\w-]+)")
_EXPORTS: Final = re.compile(r"/cdk/exports/([\w-]+)/")
_WRITER: Final = "Custom::CrossRegionExportWriter"
_ANYWHERE: Final = ("0.0.0.0/0", "::/0")
_WAYS_OUT: Final = ("NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "InstanceId", "VpcPeeringConnectionId")


def is_custom(type_: str) -> bool:
    """Whether CloudFormation asks a function or a topic to make and delete resources of this type."""
    return type_.startswith(_CUSTOM)


# --- who serves whom --------------------------------------------------------------------------------------------------


def links(account: Account, stack: Stack, owned: Sequence[Member]) -> frozenset[Link]:
    """What each custom resource of a stack needs. What cannot be read tells nothing: it is only a hint."""
    custom = [member for member in owned if is_custom(member.resource.type) and member.resource.id]
    if not custom:
        return frozenset()
    names = {member.logical: member.resource.id for member in owned} | dict(stack.functions)
    told = _of_template(account, stack, custom, names)
    told |= _of_events(account, stack, {member.logical for member in custom} - told.keys())
    return frozenset(_link(member, told.get(member.logical, _UNTOLD)) for member in custom)


@dataclass(frozen=True, slots=True)
class _Properties:
    """What is known of one custom resource: the ARN or the name that serves it, and all that its properties say."""

    token: str
    text: str = ""


_UNTOLD: Final = _Properties("")


def _of_template(
    account: Account, stack: Stack, custom: Sequence[Member], names: Mapping[str, str]
) -> dict[str, _Properties]:
    """Those whose token a template tells without functions of CloudFormation's other than the simplest.

    A template in YAML comes as text, and is not read at all.
    """
    try:
        template = account.client("cloudformation", stack.region).get_template(StackName=stack.id)["TemplateBody"]
    except (ClientError, BotoCoreError):
        return {}
    resources = template.get("Resources", {}) if isinstance(template, dict) else {}
    found: dict[str, _Properties] = {}
    for member in custom:
        said = resources.get(member.logical, {}).get("Properties", {})
        if token := _simple(said.get(_TOKEN), names):
            found[member.logical] = _Properties(token, json.dumps(said))
        elif member.resource.type == _WRITER and said:
            found[member.logical] = _Properties("", json.dumps(said))
    return found


def _simple(token: Any, names: Mapping[str, str]) -> str:
    """What a token in a template stands for; empty for what only CloudFormation can tell."""
    match token:
        case str():
            return token
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn"]}:
            return names.get(name, "")
    return ""


def _of_events(account: Account, stack: Stack, wanted: set[str]) -> dict[str, _Properties]:
    """What the events of a stack say of these: properties as they were when all that they refer to was resolved.

    That holds for templates of any form. The newest event comes first.
    """
    found: dict[str, _Properties] = {}
    try:
        for page in _event_pages(account, stack) if wanted else ():
            for event in page["StackEvents"]:
                logical = event.get("LogicalResourceId")
                if logical in wanted - found.keys() and (text := event.get("ResourceProperties")):
                    found[logical] = _Properties(_token(text), text)
            if found.keys() == wanted:
                break
    except (ClientError, BotoCoreError):
        return found
    return found


def _event_pages(account: Account, stack: Stack) -> Iterable[Mapping[str, Any]]:
    client = account.client("cloudformation", stack.region)
    pages: Iterable[Mapping[str, Any]] = client.get_paginator("describe_stack_events").paginate(StackName=stack.id)
    return pages


def _token(properties: str) -> str:
    try:
        said = json.loads(properties)
    except ValueError:
        return ""
    token = said.get(_TOKEN) if isinstance(said, dict) else None
    return token if isinstance(token, str) else ""


def _link(member: Member, told: _Properties) -> Link:
    """The name of the function, or empty where a topic serves it, or nobody can tell."""
    arn = _FUNCTION.match(told.token)
    provider = arn[1] if arn else "" if told.token.startswith("arn:") else told.token
    readers = _EXPORTS.findall(told.text) if member.resource.type == _WRITER else ()
    return Link(member.resource, provider, tuple(sorted(set(readers))))


# --- whether it can answer --------------------------------------------------------------------------------------------


def ailment(account: Account, region: Region, name: str) -> Trouble | None:
    """What keeps a provider from answering, as far as that is cheap to see. Raises `ClientError`, `BotoCoreError`."""
    try:
        function = account.client("lambda", region).get_function_configuration(FunctionName=name)
    except ClientError as error:
        if code_of(error) not in ABSENT:
            raise
        return Trouble(
            code="provider-missing",
            message=f"its provider {name} does not exist: CloudFormation will fail on it, and be told to let go of it",
            attempts=0,
        )
    if function.get("State") == "Failed":
        return Trouble(
            code="provider-failed", message=f"its provider {name} is broken: {function.get('StateReason')}", attempts=0
        )
    if role_id(account, function["Role"].rpartition("/")[2]) is None:
        return Trouble(
            code="provider-without-role", message=f"the role of its provider {name} does not exist", attempts=0
        )
    if is_locked_in(account, region, function.get("VpcConfig", {})):
        message = f"its provider {name} stood in a VPC without a way out, and was taken out of it"
        return Trouble(code=LOCKED_IN, message=message, attempts=0)
    return None


LOCKED_IN: Final = "provider-locked-in"


def is_locked_in(account: Account, region: Region, network: Mapping[str, Any]) -> bool:
    """Whether it is seen that nothing leads from a function's subnets to where CloudFormation takes answers (S3).

    An internet gateway is no way out, as a function has no public address; a gateway endpoint for S3 is one.
    """
    subnets = set(network.get("SubnetIds", ()))
    if not subnets:
        return False
    tables = account.client("ec2", region).describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [network["VpcId"]]}]
    )["RouteTables"]
    explicit = {each["SubnetId"]: table for table in tables for each in table["Associations"] if "SubnetId" in each}
    main = next((table for table in tables if any(each.get("Main") for each in table["Associations"])), None)
    ways = [table for subnet in subnets if (table := explicit.get(subnet, main)) is not None]
    return bool(ways) and not any(_leads_out(table) for table in ways)


def _leads_out(table: Mapping[str, Any]) -> bool:
    for route in table["Routes"]:
        if route.get("State", "active") != "active":
            continue
        destination = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
        if destination in _ANYWHERE and any(route.get(way) for way in _WAYS_OUT):
            return True
        if route.get("DestinationPrefixListId") and route.get("GatewayId", "").startswith("vpce-"):
            return True
    return False


# --- whether anything but it is waited for ----------------------------------------------------------------------------


def silent(account: Account, stack: Stack, *, now: datetime, patience: timedelta) -> list[Member]:
    """The custom resources that a stack waits for, if it waits for nothing else and has done so for `patience`."""
    waited = _waited_for(account, stack, stack.id)
    if all(is_custom(member.resource.type) and _is_old(member, now, patience) for member in waited):
        return waited
    return []


def _waited_for(account: Account, root: Stack, stack: str) -> list[Member]:
    found: list[Member] = []
    for member in members(account, root.region, stack):
        if not member.status.endswith("_IN_PROGRESS"):
            continue
        inner = _waited_for(account, root, member.resource.id) if member.resource.type == STACK else []
        found += inner or [member]
    return found


def _is_old(member: Member, now: datetime, patience: timedelta) -> bool:
    return member.since is not None and now - member.since >= patience
