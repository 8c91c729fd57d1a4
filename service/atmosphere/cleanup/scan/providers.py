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
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.catalogue.functions import ABSENT
from atmosphere.cleanup.catalogue.roles import role_id
from atmosphere.cleanup.model import STACK, Trouble
from atmosphere.cleanup.scan.stacks import members
from atmosphere.cleanup.state.ledger import Link
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.scan.stacks import Member, Stack
    from atmosphere.core.model import Region

_CUSTOM: Final = ("Custom::", "AWS::CloudFormation::CustomResource")
_TOKEN: Final = re.compile(r"ServiceToken[\"']?\s*:[\s{\"'>|-]*")
_ATTRIBUTE: Final = re.compile(r"(?:!GetAtt|Fn::GetAtt)[\"']?[\s:\[\"'-]*([A-Za-z0-9]+)[^A-Za-z0-9]+Arn")
_REFERENCE: Final = re.compile(r"(?:!Ref|Ref)[\"']?[\s:\"']*([A-Za-z0-9]+)")
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
    """What each custom resource of a stack needs. A template that cannot be read tells nothing: it is only a hint."""
    custom = [member for member in owned if is_custom(member.resource.type) and member.resource.id]
    if not custom:
        return frozenset()
    try:
        template = account.client("cloudformation", stack.region).get_template(StackName=stack.id)["TemplateBody"]
    except (ClientError, BotoCoreError):
        return frozenset(Link(member.resource, "") for member in custom)
    names = {member.logical: member.resource.id for member in owned} | dict(stack.functions)
    return frozenset(_link(member, _text_about(template, member), names) for member in custom)


def _text_about(template: Any, member: Member) -> str:
    """What a template says of one resource; of a template in YAML, which CloudFormation gives as text, all of it."""
    if isinstance(template, str):
        return template
    resources: Mapping[str, Any] = template.get("Resources", {})
    return json.dumps(resources.get(member.logical, {}))


def _link(member: Member, text: str, names: Mapping[str, str]) -> Link:
    token = _TOKEN.search(text)
    provider = _provider(text[token.end() :], names) if token else ""
    readers = _EXPORTS.findall(text) if member.resource.type == _WRITER else ()
    return Link(member.resource, provider, tuple(sorted(set(readers))))


def _provider(text: str, names: Mapping[str, str]) -> str:
    """The name of the function that a service token, which `text` begins with, stands for; empty for anything else."""
    reference = _ATTRIBUTE.match(text) or _REFERENCE.match(text)
    target = names.get(reference[1], "") if reference else text
    arn = _FUNCTION.match(target)
    return arn[1] if arn else target if reference else ""


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
