"""What CloudFormation says: the stacks of a region, what they own, what they left behind, and who waits for whom.

Source: CloudFormation API reference (DescribeStacks, ListStackResources, DescribeStackEvents, ListImports). One loop of
DescribeStacks pages serves all stacks of a region; there are no waiters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.model import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from atmosphere.cleanup.accounts import Account
    from atmosphere.cleanup.records import Ledger
    from atmosphere.core.model import Region

STACK: Final = "AWS::CloudFormation::Stack"
_DELETABLE_IN_PROGRESS: Final = ("CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS")
UPDATING: Final = "UPDATE_IN_PROGRESS"
FAILED: Final = "DELETE_FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack that exists. `role` is the role it remembers, `parent` the id of the stack it is nested in."""

    id: str
    name: str
    region: Region
    status: str
    reason: str = ""
    created: datetime
    updated: datetime | None = None
    role: str | None = None
    parent: str | None = None
    protected: bool = False
    exports: tuple[str, ...] = ()

    @property
    def resource(self) -> Resource:
        """The stack as a resource; its id is its name, which is what a baseline knows it by."""
        return Resource(STACK, self.name, self.region)

    @property
    def moving(self) -> bool:
        """CloudFormation is working on it and would refuse to delete it."""
        return self.status.endswith("_IN_PROGRESS") and self.status not in _DELETABLE_IN_PROGRESS

    @property
    def seen(self) -> str:
        """Changes whenever the stack's resources may have changed; empty while they are changing."""
        changing = self.status.endswith("_IN_PROGRESS") and not self.status.startswith("DELETE")
        return "" if changing else f"{self.status}@{self.updated or self.created}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One resource of a stack."""

    logical: str
    resource: Resource
    status: str
    reason: str = ""


def stacks_of(account: Account, region: Region) -> list[Stack]:
    """Every stack of a region that is not deleted."""
    pages = account.client("cloudformation", region).get_paginator("describe_stacks").paginate()
    return [
        _stack(entry, region) for page in pages for entry in page["Stacks"] if entry["StackStatus"] != "DELETE_COMPLETE"
    ]


def _stack(entry: Mapping[str, Any], region: Region) -> Stack:
    return Stack(
        id=entry["StackId"],
        name=entry["StackName"],
        region=region,
        status=entry["StackStatus"],
        reason=entry.get("StackStatusReason", ""),
        created=entry["CreationTime"],
        updated=entry.get("LastUpdatedTime"),
        role=entry.get("RoleARN"),
        parent=entry.get("ParentId"),
        protected=entry.get("EnableTerminationProtection", False),
        exports=tuple(output["ExportName"] for output in entry.get("Outputs", ()) if "ExportName" in output),
    )


def deleted_since(account: Account, region: Region, started: datetime | None) -> list[tuple[str, str]]:
    """Id and name of each stack deleted since an instant (CloudFormation remembers 90 days)."""
    pages = (
        account.client("cloudformation", region)
        .get_paginator("list_stacks")
        .paginate(StackStatusFilter=["DELETE_COMPLETE"])
    )
    return [
        (entry["StackId"], entry["StackName"])
        for page in pages
        for entry in page["StackSummaries"]
        if started is None or entry.get("DeletionTime", started) >= started
    ]


def members(account: Account, region: Region, stack: str) -> list[Member]:
    """What a stack owns, by its id; also what of it failed to delete. Pages of 100."""
    pages = account.client("cloudformation", region).get_paginator("list_stack_resources").paginate(StackName=stack)
    return [_member(entry, region) for page in pages for entry in page["StackResourceSummaries"]]


def _member(entry: Mapping[str, Any], region: Region) -> Member:
    return Member(
        logical=entry["LogicalResourceId"],
        resource=Resource.at(entry["ResourceType"], entry.get("PhysicalResourceId", ""), region),
        status=entry["ResourceStatus"],
        reason=entry.get("ResourceStatusReason", ""),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the events of a stack tell: whether it is deleted, and what it let go of without deleting it."""

    deleted: bool
    skipped: frozenset[Resource] = field(default_factory=frozenset)


def ending(account: Account, region: Region, stack: str) -> Ending:
    """Whether a stack is deleted, and what it let go of: its events call that `DELETE_SKIPPED`, also in updates.

    The stack is named by its id, under which CloudFormation still knows it for 90 days.
    """
    client = account.client("cloudformation", region)
    status = client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack)
    skipped = {
        Resource.at(event["ResourceType"], event["PhysicalResourceId"], region)
        for page in pages
        for event in page["StackEvents"]
        if event["ResourceStatus"] == "DELETE_SKIPPED" and event.get("PhysicalResourceId")
    }
    return Ending(deleted=status == "DELETE_COMPLETE", skipped=frozenset(skipped))


def importers(account: Account, stack: Stack) -> set[str]:
    """Names of the stacks that import what this one exports."""
    found: set[str] = set()
    client = account.client("cloudformation", stack.region)
    for export in stack.exports:
        try:
            for page in client.get_paginator("list_imports").paginate(ExportName=export):
                found.update(page["Imports"])
        except ClientError as error:
            if "not imported" not in error.response["Error"]["Message"] and "does not exist" not in str(error):
                raise
    return found - {stack.name}


def roots(stacks: Sequence[Stack], ledger: Ledger) -> list[Stack]:
    """Stacks that no other existing stack contains: only these are deleted, the nested ones go with them."""
    nested = {
        item.id
        for stack in stacks
        for item in (ledger.stacks[stack.id].owned if stack.id in ledger.stacks else ())
        if item.type == STACK
    }
    ids = {stack.id for stack in stacks}
    return [stack for stack in stacks if stack.id not in nested and stack.parent not in ids]


def ready(stacks: Sequence[Stack], waits_for: Mapping[str, set[str]]) -> list[Stack]:
    """The stacks that wait for none of the others; all of them if they wait in a circle.

    `waits_for` maps a stack's id to the ids of those that must go before it.
    """
    ids = {stack.id for stack in stacks}
    first = [stack for stack in stacks if not (waits_for.get(stack.id, set()) & ids - {stack.id})]
    return first or list(stacks)


def role_owners(stacks: Sequence[Stack], ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Pairs (owner's id, id of a stack that remembers the owner's role): the owner goes last."""
    owners = {item.id: stack.id for stack in stacks for item in ledger.tree(stack.id) if item.type == "AWS::IAM::Role"}
    for stack in stacks:
        owner = owners.get((stack.role or "").rpartition("/")[2])
        if owner is not None:
            yield owner, stack.id
