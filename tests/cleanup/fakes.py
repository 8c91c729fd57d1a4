"""A CloudFormation with the states that no emulator has, and a Cloud Control over the same resources.

Stacks move one step whenever they are listed, so that a test waits for nothing. The rules are AWS's: retaining and
forcing only after a failed deletion, no deletion while updating or while protected, importers first, nested stacks with
their root.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from atmosphere.cleanup.accounts import Account, Accounts
from atmosphere.core.model import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = Region("us-east-1")
STARTED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def refuse(code: str, message: str, operation: str = "Fake") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Manner(StrEnum):
    """What CloudFormation makes of a resource when it deletes the stack."""

    EASY = "easy"
    FULL = "full"  # fails as long as the resource is there: somebody else has to delete it
    BROKEN = "broken"  # fails whatever happens: a custom resource whose provider is gone
    RETAINED = "retained"


@dataclass
class Part:
    """One resource of a stack."""

    type: str
    id: str
    manner: Manner = Manner.EASY
    failed: bool = False
    gone: bool = False


@dataclass
class FakeStack:
    """`steps` listings pass before a deletion (or an update) is over."""

    name: str
    parts: list[Part] = field(default_factory=list)
    status: str = "CREATE_COMPLETE"
    steps: int = 1
    exports: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    role: str | None = None
    parent: str | None = None
    protected: bool = False
    retained: tuple[str, ...] = ()
    forced: bool = False
    left: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    hidden: bool = False  # missing from listings although it is not deleted

    @property
    def id(self) -> str:
        return f"arn:aws:cloudformation:{REGION}:222222222222:stack/{self.name}/{abs(hash(self.name)):x}"


class World:
    """The resources that exist, and the services that are faked over them."""

    def __init__(self, *stacks: FakeStack) -> None:
        self.stacks = {stack.id: stack for stack in stacks}
        self.there = {(part.type, part.id) for stack in stacks for part in stack.parts}
        self.undeletable: set[str] = set()
        self.unsupported: set[str] = set()
        self.deletions: list[dict[str, Any]] = []
        self.trusted = True

    def stack(self, name: str) -> FakeStack:
        return next(stack for key, stack in self.stacks.items() if name in (key, stack.name))

    @property
    def alive(self) -> list[FakeStack]:
        return [stack for stack in self.stacks.values() if stack.status != "DELETE_COMPLETE"]

    def order(self) -> list[str]:
        """The names of the stacks in the order of their first deletion."""
        return list(dict.fromkeys(self.stack(call["StackName"]).name for call in self.deletions))


class Paged:
    """A client whose operations are paged two by two where the real ones have pages."""

    def can_paginate(self, operation: str) -> bool:
        return hasattr(self, f"_{operation}")

    def get_paginator(self, operation: str) -> Any:
        return _Paginator(getattr(self, f"_{operation}"))


@dataclass
class _Paginator:
    read: Any

    def paginate(self, **parameters: Any) -> Iterator[dict[str, Any]]:
        key, entries = self.read(**parameters)
        for start in range(0, max(len(entries), 1), 2):
            yield {key: entries[start : start + 2]}


class FakeCloudFormation(Paged):
    """See the module."""

    def __init__(self, world: World) -> None:
        self.world = world

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"Stacks": [_shown(self.world.stacks[StackName])]}

    def _describe_stacks(self) -> tuple[str, list[dict[str, Any]]]:
        for stack in self.world.alive:
            self._move(stack)
        return "Stacks", [_shown(stack) for stack in self.world.alive if not stack.hidden]

    def _list_stacks(self, **_: Any) -> tuple[str, list[dict[str, Any]]]:
        deleted = [stack for stack in self.world.stacks.values() if stack.status == "DELETE_COMPLETE"]
        return "StackSummaries", [
            {"StackId": stack.id, "StackName": stack.name, "DeletionTime": STARTED} for stack in deleted
        ]

    def _list_stack_resources(self, *, StackName: str) -> tuple[str, list[dict[str, Any]]]:  # noqa: N803
        stack = self.world.stack(StackName)
        if stack.status == "REVIEW_IN_PROGRESS":
            raise refuse("ValidationError", f"Stack with id {StackName} does not exist")
        rows = [
            {
                "LogicalResourceId": part.id.rpartition("/")[2],
                "PhysicalResourceId": part.id,
                "ResourceType": part.type,
                "ResourceStatus": "DELETE_FAILED" if part.failed else "CREATE_COMPLETE",
                "ResourceStatusReason": f"{part.id} is {part.manner}" if part.failed else "",
            }
            for part in stack.parts
            if not part.gone
        ]
        return "StackResourceSummaries", rows

    def _describe_stack_events(self, *, StackName: str) -> tuple[str, list[dict[str, Any]]]:  # noqa: N803
        return "StackEvents", self.world.stacks[StackName].events[::-1]

    def _list_imports(self, *, ExportName: str) -> tuple[str, list[str]]:  # noqa: N803
        names = [stack.name for stack in self.world.alive if ExportName in stack.imports]
        if not names:
            raise refuse("ValidationError", f"Export '{ExportName}' is not imported by any stack.")
        return "Imports", names

    def update_termination_protection(self, *, StackName: str, EnableTerminationProtection: bool) -> None:  # noqa: N803
        stack = self.world.stack(StackName)
        if stack.parent:
            raise refuse("ValidationError", "not allowed on a nested stack")
        stack.protected = EnableTerminationProtection

    def cancel_update_stack(self, *, StackName: str) -> None:  # noqa: N803
        stack = self.world.stack(StackName)
        if stack.status != "UPDATE_IN_PROGRESS":
            raise refuse("ValidationError", "CancelUpdateStack cannot be called now")
        stack.status, stack.left = "UPDATE_ROLLBACK_IN_PROGRESS", stack.steps

    def delete_stack(self, **call: Any) -> None:
        self.world.deletions.append(call)
        stack = self.world.stack(call["StackName"])
        if "RoleARN" in call and not self.world.trusted:
            raise refuse("ValidationError", f"Role {call['RoleARN']} is invalid or cannot be assumed")
        if stack.protected:
            raise refuse("ValidationError", "cannot be deleted while TerminationProtection is enabled")
        if stack.status in {"UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"}:
            raise refuse("ValidationError", f"{stack.status} stack cannot be deleted")
        if {"RetainResources", "DeletionMode"} & call.keys() and stack.status != "DELETE_FAILED":
            raise refuse("ValidationError", "only from DELETE_FAILED")
        for export in stack.exports:
            if importing := [other.name for other in self.world.alive if export in other.imports]:
                raise refuse("ValidationError", f"Export {export} cannot be deleted as it is in use by {importing[0]}")
        stack.retained, stack.forced = tuple(call.get("RetainResources", ())), "DeletionMode" in call
        stack.status, stack.left = "DELETE_IN_PROGRESS", stack.steps

    # --- the state machine --------------------------------------------------------------------------------------------

    def _move(self, stack: FakeStack) -> None:
        if not stack.status.endswith("_IN_PROGRESS") or stack.status in {"CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS"}:
            return
        stack.left -= 1
        if stack.left > 0:
            return
        if stack.status.startswith("UPDATE"):
            stack.status = "UPDATE_ROLLBACK_COMPLETE"
        elif stack.status.startswith("DELETE"):
            self._delete(stack)

    def _delete(self, stack: FakeStack) -> None:
        for part in stack.parts:
            if not part.gone:
                self._delete_part(stack, part)
        failed = any(part.failed for part in stack.parts if not part.gone)
        stack.status = "DELETE_FAILED" if failed else "DELETE_COMPLETE"

    def _delete_part(self, stack: FakeStack, part: Part) -> None:
        key = (part.type, part.id)
        if part.type == "AWS::CloudFormation::Stack":
            child = self.world.stack(part.id)
            child.forced = stack.forced
            self._delete(child)
            part.failed, part.gone = child.status == "DELETE_FAILED", child.status != "DELETE_FAILED"
            return
        fails = part.manner is Manner.BROKEN or (part.manner is Manner.FULL and key in self.world.there)
        if part.manner is Manner.RETAINED or part.id.rpartition("/")[2] in stack.retained or (fails and stack.forced):
            stack.events.append(
                {"ResourceType": part.type, "ResourceStatus": "DELETE_SKIPPED", "PhysicalResourceId": part.id}
            )
            part.gone, part.failed = True, False
        elif fails:
            part.failed = True
        else:
            self.world.there.discard(key)
            part.gone, part.failed = True, False


def _shown(stack: FakeStack) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "StackId": stack.id,
        "StackName": stack.name,
        "StackStatus": stack.status,
        "CreationTime": STARTED,
        "EnableTerminationProtection": stack.protected,
        "Outputs": [{"OutputKey": name, "ExportName": name} for name in stack.exports],
    }
    if stack.role:
        shown["RoleARN"] = stack.role
    if stack.parent:
        shown["ParentId"] = stack.parent
    return shown


class FakeCloudControl:
    """Gets and deletes anything by id, except what the world says."""

    def __init__(self, world: World) -> None:
        self.world = world

    def _check(self, type_: str) -> None:
        if type_ in self.world.unsupported:
            raise refuse("UnsupportedActionException", f"{type_} is not supported")

    def get_resource(self, *, TypeName: str, Identifier: str) -> None:  # noqa: N803
        self._check(TypeName)
        if (TypeName, Identifier) not in self.world.there:
            raise refuse("ResourceNotFoundException", "not found")

    def delete_resource(self, *, TypeName: str, Identifier: str) -> None:  # noqa: N803
        self.get_resource(TypeName=TypeName, Identifier=Identifier)
        if Identifier in self.world.undeletable:
            raise refuse("GeneralServiceException", f"{Identifier} is in use by something")
        self.world.there.discard((TypeName, Identifier))


class FakeAccount(Account):
    """CloudFormation and Cloud Control are faked, whatever else is asked is moto's."""

    world: World

    def client(self, service: str, region: Region) -> Any:
        if service == "cloudformation":
            return FakeCloudFormation(self.world)
        if service == "cloudcontrol":
            return FakeCloudControl(self.world)
        return super().client(service, region)


class FakeAccounts(Accounts):
    """Opens the fake account."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def open(self, *arguments: Any, **keywords: Any) -> Account:
        account = super().open(*arguments, **keywords)
        account.__class__ = FakeAccount  # made anew it would be watched twice
        account.world = self.world  # type: ignore[attr-defined]
        return account
