"""CloudFormation with the states that no emulator has.

Stacks move one step whenever they are listed, so that a test waits for nothing. The rules are AWS's: retaining and
forcing only after a failed deletion, no deletion while CloudFormation is at work or while protected, importers first,
nested stacks with their root, a role that is gone serves nobody, a custom resource is waited for for an hour.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.cleanup.fakes.world import SILENCE, STACK, STARTED, FakeStack, Manner, Paged, Part, World, refuse

if TYPE_CHECKING:
    from atmosphere.core.model import Region

AFTER = {
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_COMPLETE",
    "UPDATE_IN_PROGRESS": "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_IN_PROGRESS": "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS": "IMPORT_ROLLBACK_COMPLETE",
}
"""What CloudFormation's work ends in; a creation that never ends and a change set in review stay as they are."""


class FakeCloudFormation(Paged):
    """See the module."""

    def __init__(self, world: World, region: Region) -> None:
        self.world = world
        self.region = region

    @property
    def mine(self) -> list[FakeStack]:
        return [stack for stack in self.world.stacks.values() if stack.region == self.region]

    @property
    def alive(self) -> list[FakeStack]:
        return [stack for stack in self.mine if stack.status != "DELETE_COMPLETE"]

    def stack(self, name: str) -> FakeStack:
        found = [stack for stack in self.mine if name in (stack.id, stack.name)]
        if not found:
            raise refuse("ValidationError", f"Stack with id {name} does not exist")
        return found[0]

    def list_stacks(self) -> dict[str, Any]:
        return {"StackSummaries": []}  # the first page, which is all that canaries ask for

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"Stacks": [_shown(self.stack(StackName))]}

    def get_template(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        stack = self.stack(StackName)
        self.world.templates_read.append(stack.name)
        return {"TemplateBody": stack.template}

    def _describe_stacks(self) -> tuple[str, list[dict[str, Any]]]:
        for stack in self.alive:
            self._move(stack)
        return "Stacks", [_shown(stack) for stack in self.alive if not stack.hidden]

    def _list_stacks(self, **_: Any) -> tuple[str, list[dict[str, Any]]]:
        deleted = [stack for stack in self.mine if stack.status == "DELETE_COMPLETE"]
        return "StackSummaries", [
            {"StackId": stack.id, "StackName": stack.name, "DeletionTime": STARTED} for stack in deleted
        ]

    def describe_publisher(self) -> dict[str, Any]:
        return {"PublisherStatus": "UNVERIFIED"}  # the account never became one

    def _list_types(self, **_: Any) -> tuple[str, list[dict[str, Any]]]:
        return "TypeSummaries", []  # no extension was registered

    def _list_stack_resources(self, *, StackName: str) -> tuple[str, list[dict[str, Any]]]:  # noqa: N803
        stack = self.stack(StackName)
        if stack.status == "REVIEW_IN_PROGRESS":
            raise refuse("ValidationError", f"Stack with id {StackName} does not exist")
        rows = [
            {
                "LogicalResourceId": part.logical,
                "PhysicalResourceId": part.id,
                "ResourceType": part.type,
                "ResourceStatus": part.status,
                "ResourceStatusReason": f"{part.id} is {part.manner}" if part.failed else "",
                "LastUpdatedTimestamp": part.since or STARTED,
            }
            for part in stack.parts
            if not part.gone or part.skipped
        ]
        return "StackResourceSummaries", rows

    def _describe_stack_events(self, *, StackName: str) -> tuple[str, list[dict[str, Any]]]:  # noqa: N803
        stack = self.stack(StackName)
        return "StackEvents", [*(_created(stack, part) for part in stack.parts), *stack.events][::-1]

    def _list_imports(self, *, ExportName: str) -> tuple[str, list[str]]:  # noqa: N803
        names = [stack.name for stack in self.alive if ExportName in stack.imports]
        if not names:
            raise refuse("ValidationError", f"Export '{ExportName}' is not imported by any stack.")
        return "Imports", names

    def update_termination_protection(self, *, StackName: str, EnableTerminationProtection: bool) -> None:  # noqa: N803
        stack = self.stack(StackName)
        if stack.parent:
            raise refuse("ValidationError", "not allowed on a nested stack")
        stack.protected = EnableTerminationProtection

    def cancel_update_stack(self, *, StackName: str) -> None:  # noqa: N803
        stack = self.stack(StackName)
        if stack.status != "UPDATE_IN_PROGRESS":
            raise refuse("ValidationError", "CancelUpdateStack cannot be called now")
        self.world.cancelled.append(stack.name)
        stack.status, stack.left = "UPDATE_ROLLBACK_IN_PROGRESS", stack.steps

    def delete_stack(self, **call: Any) -> None:
        self.world.before_deletion()
        self.world.deletions.append(call)
        stack = self.stack(call["StackName"])
        self._refuse(stack, call)
        if stack.status == "DELETE_IN_PROGRESS":
            return
        stack.role = call.get("RoleARN", stack.role)
        stack.retained, stack.forced = tuple(call.get("RetainResources", ())), "DeletionMode" in call
        stack.status, stack.left, stack.since = "DELETE_IN_PROGRESS", stack.steps, self.world.now()

    def _refuse(self, stack: FakeStack, call: dict[str, Any]) -> None:
        if "RoleARN" in call and not self.world.trusted:
            raise refuse("ValidationError", f"Role {call['RoleARN']} is invalid or cannot be assumed")
        name = (stack.role or "").rpartition("/")[2]
        if "RoleARN" not in call and stack.role and ("AWS::IAM::Role", name) not in self.world.there:
            raise refuse("ValidationError", f"Role {stack.role} is invalid or cannot be assumed")
        if stack.protected:
            raise refuse("ValidationError", "cannot be deleted while TerminationProtection is enabled")
        if stack.status in AFTER:
            raise refuse("ValidationError", f"{stack.status} stack cannot be deleted")
        if {"RetainResources", "DeletionMode"} & call.keys() and stack.status != "DELETE_FAILED":
            raise refuse("ValidationError", "only from DELETE_FAILED")
        for export in stack.exports:
            if importing := [other.name for other in self.alive if export in other.imports]:
                raise refuse("ValidationError", f"Export {export} cannot be deleted as it is in use by {importing[0]}")

    # --- the state machine --------------------------------------------------------------------------------------------

    def _move(self, stack: FakeStack) -> None:
        if stack.status not in (*AFTER, "DELETE_IN_PROGRESS") or stack.parent in self.world.stacks:
            return
        stack.left -= 1
        if stack.left > 0:
            return
        if stack.status in AFTER:
            stack.status, stack.left = AFTER[stack.status], stack.steps
        else:
            self._delete(stack)

    def _delete(self, stack: FakeStack) -> None:
        for part in stack.parts:
            if not part.gone:
                self._delete_part(stack, part)
        there = [part for part in stack.parts if not part.gone]
        if any(part.since is not None for part in there):
            stack.status = "DELETE_IN_PROGRESS"
        else:
            stack.status = "DELETE_FAILED" if any(part.failed for part in there) else "DELETE_COMPLETE"

    def _delete_part(self, stack: FakeStack, part: Part) -> None:
        key = (part.type, part.id)
        if part.type == STACK:
            self._delete_nested(stack, part)
        elif part.manner is Manner.SILENT and part.logical not in stack.retained and not stack.forced:
            part.since = part.since or self.world.now()
            if self.world.now() - part.since >= SILENCE:
                part.since, part.failed = None, True
        elif part.manner is Manner.RETAINED or part.logical in stack.retained or (stack.forced and self._fails(part)):
            _tell(stack, part, "DELETE_SKIPPED")
            if part.id in self.world.returning:
                self.world.there.add(key)
            part.gone, part.failed, part.skipped = True, False, True
        elif self._fails(part):
            _tell(stack, part, "DELETE_FAILED")
            part.failed = True
        else:
            if part.manner is not Manner.GHOSTLY:
                self.world.there.discard(key)
            _tell(stack, part, "DELETE_COMPLETE")
            part.gone, part.failed = True, False

    def _fails(self, part: Part) -> bool:
        return part.manner in (Manner.BROKEN, Manner.SILENT) or (part.manner is Manner.FULL and self.world.has(part))

    def _delete_nested(self, stack: FakeStack, part: Part) -> None:
        child = self.world.stack(part.id)
        child.forced = stack.forced
        self._delete(child)
        part.since = self.world.now() if child.status == "DELETE_IN_PROGRESS" else None
        part.failed, part.gone = child.status == "DELETE_FAILED", child.status == "DELETE_COMPLETE"


def _tell(stack: FakeStack, part: Part, status: str) -> None:
    stack.events.append({"ResourceType": part.type, "ResourceStatus": status, "PhysicalResourceId": part.id})


def _created(stack: FakeStack, part: Part) -> dict[str, Any]:
    """The event of a creation: it tells the properties as they were when everything in them was resolved."""
    return {
        "LogicalResourceId": part.logical,
        "PhysicalResourceId": part.id,
        "ResourceType": part.type,
        "ResourceStatus": "CREATE_COMPLETE",
        "ResourceProperties": json.dumps(_resolved(stack, part.says.get("Properties", {}))),
    }


def _resolved(stack: FakeStack, value: Any) -> Any:
    if isinstance(value, list):
        return [_resolved(stack, each) for each in value]
    if not isinstance(value, dict):
        return value
    ids = {part.logical: part.id for part in stack.parts} | stack.parameters | stack.exported
    match value:
        case {"Ref": name} | {"Fn::ImportValue": name}:
            return ids.get(name, "")
        case {"Fn::GetAtt": [name, "Arn"]}:
            return f"arn:aws:lambda:{stack.region}:222222222222:function:{ids[name]}" if name in ids else ""
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{(\w+)\}", lambda match: ids.get(match[1], match[1]), text)
    return {key: _resolved(stack, each) for key, each in value.items()}


def _shown(stack: FakeStack) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "StackId": stack.id,
        "StackName": stack.name,
        "StackStatus": stack.status,
        "CreationTime": stack.made,
        "EnableTerminationProtection": stack.protected,
        "Outputs": [{"OutputKey": name, "ExportName": name} for name in stack.exports],
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
    }
    if stack.status.startswith("DELETE"):
        shown["DeletionTime"] = stack.since
    if stack.role:
        shown["RoleARN"] = stack.role
    if stack.parent:
        shown["ParentId"] = stack.parent
    return shown
