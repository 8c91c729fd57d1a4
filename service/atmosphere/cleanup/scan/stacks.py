"""What CloudFormation says: the stacks of a region, what they own, and what they left behind.

Source: CloudFormation API reference (DescribeStacks, ListStackResources, DescribeStackEvents). One loop of
DescribeStacks pages serves all stacks of a region; there are no waiters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.model import STACK, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.core.model import Region

FAILED: Final = "DELETE_FAILED"
SKIPPED: Final = "DELETE_SKIPPED"
_ENDS: Final = (SKIPPED, "DELETE_COMPLETE", FAILED)


class Act(StrEnum):
    """What to do with a stack in a status."""

    DELETE = "delete"
    UNBLOCK = "unblock"
    """Its deletion failed: first delete what blocks it."""
    CANCEL = "cancel"
    """Stop its update; it can be deleted when that is rolled back."""
    WAIT = "wait"
    """CloudFormation is at work and refuses whatever is asked."""
    NOTHING = "nothing"


ACTS: Final[Mapping[str, Act]] = {
    "CREATE_IN_PROGRESS": Act.DELETE,
    "CREATE_FAILED": Act.DELETE,
    "CREATE_COMPLETE": Act.DELETE,
    "ROLLBACK_IN_PROGRESS": Act.WAIT,
    "ROLLBACK_FAILED": Act.DELETE,
    "ROLLBACK_COMPLETE": Act.DELETE,
    "DELETE_IN_PROGRESS": Act.WAIT,
    "DELETE_FAILED": Act.UNBLOCK,
    "DELETE_COMPLETE": Act.NOTHING,
    "UPDATE_IN_PROGRESS": Act.CANCEL,
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": Act.WAIT,
    "UPDATE_COMPLETE": Act.DELETE,
    "UPDATE_FAILED": Act.DELETE,
    "UPDATE_ROLLBACK_IN_PROGRESS": Act.WAIT,
    "UPDATE_ROLLBACK_FAILED": Act.DELETE,
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": Act.WAIT,
    "UPDATE_ROLLBACK_COMPLETE": Act.DELETE,
    "REVIEW_IN_PROGRESS": Act.DELETE,
    "IMPORT_IN_PROGRESS": Act.WAIT,
    "IMPORT_COMPLETE": Act.DELETE,
    "IMPORT_ROLLBACK_IN_PROGRESS": Act.WAIT,
    "IMPORT_ROLLBACK_FAILED": Act.DELETE,
    "IMPORT_ROLLBACK_COMPLETE": Act.DELETE,
}
"""Every status that CloudFormation has. Source: CloudFormation API reference, Stack, and its user guide on statuses."""


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
    functions: tuple[tuple[str, str], ...] = ()
    """Parameters whose values are ARNs of functions, with these: how nested stacks are told their providers."""
    since: datetime | None = None
    """When what CloudFormation is doing with it, or did last, began."""

    @property
    def resource(self) -> Resource:
        """The stack as a resource; its id is its name, which is what a baseline knows it by."""
        return Resource(STACK, self.name, self.region)

    @property
    def act(self) -> Act:
        """What to do with it. A status that nobody has heard of is taken by its ending."""
        return ACTS.get(self.status) or (Act.WAIT if self.status.endswith("_IN_PROGRESS") else Act.DELETE)

    @property
    def moving(self) -> bool:
        """CloudFormation is working on it and would refuse to delete it."""
        return self.act in (Act.WAIT, Act.CANCEL)

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
    since: datetime | None = None
    """When it came into this status."""


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
        functions=tuple(
            (each["ParameterKey"], each["ParameterValue"])
            for each in entry.get("Parameters", ())
            if ":lambda:" in each.get("ParameterValue", "")
        ),
        since=entry.get("DeletionTime") or entry.get("LastUpdatedTime") or entry["CreationTime"],
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
        since=entry.get("LastUpdatedTimestamp"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the events of a stack tell: whether it is deleted, and what it let go of without seeing it deleted."""

    deleted: bool
    left: frozenset[Resource] = field(default_factory=frozenset)


def ending(account: Account, region: Region, stack: str) -> Ending:
    """Whether a stack is deleted, and what it let go of, also in updates.

    Its events call that `DELETE_SKIPPED`; and what failed to be deleted when an update cleaned up is never tried again.
    The stack is named by its id, under which CloudFormation still knows it for 90 days. Raises `ClientError`.
    """
    client = account.client("cloudformation", region)
    status = client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack)
    last: dict[Resource, str] = {}
    for event in (event for page in pages for event in page["StackEvents"]):  # the newest first
        identity = event.get("PhysicalResourceId")
        if identity and event["ResourceStatus"] in _ENDS:
            last.setdefault(Resource.at(event["ResourceType"], identity, region), event["ResourceStatus"])
    left = frozenset(item for item, ended in last.items() if ended != "DELETE_COMPLETE" and item.id != stack)
    return Ending(deleted=status == "DELETE_COMPLETE", left=left)
