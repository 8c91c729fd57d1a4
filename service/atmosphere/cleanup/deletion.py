"""One round of deleting: everything that waits for nothing is tried at once; what fails is noted and tried again later.

Stacks go as CloudFormation wants it: importers before exporters, the owner of a role after the stacks that remember the
role, nested ones with their root; protection off, buckets emptied and images gone first. A stack that failed to delete
has its blockers deleted one by one; CloudFormation is told to let go of a resource only when that resource is seen to
be gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup import stacks as cloudformation
from atmosphere.cleanup.catalogue import is_tangible, type_of
from atmosphere.cleanup.catalogue.base import code_of
from atmosphere.cleanup.catalogue.buckets import ObjectsRemain
from atmosphere.cleanup.catalogue.generic import NoHandler
from atmosphere.cleanup.model import MutationRefused, Trouble
from atmosphere.cleanup.stacks import FAILED, STACK, UPDATING, Member, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atmosphere.cleanup.accounts import Account
    from atmosphere.cleanup.kept import Kept
    from atmosphere.cleanup.model import Assignment, Limits, Resource
    from atmosphere.cleanup.pace import Pace
    from atmosphere.cleanup.records import Ledger, TroubleBook

_MESSAGE: Final = 500  # characters of an AWS message that a report carries


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt; no trouble means that AWS accepted it, not that the resource is gone."""

    item: Resource
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class _Blocker:
    """A resource that a stack failed to delete; `logical` only if it is the root's own."""

    member: Member
    in_root: bool


class Deletion:
    """Deletes for one pass."""

    def __init__(
        self, *, assignment: Assignment, account: Account, pace: Pace, limits: Limits, kept: Kept, troubles: TroubleBook
    ) -> None:
        self._assignment = assignment
        self._account = account
        self._pace = pace
        self._limits = limits
        self._kept = kept
        self._troubles = troubles

    def round(self, stacks: Sequence[Stack], loose: Sequence[Resource], ledger: Ledger) -> None:
        """Try every stack that is ready and every loose resource; notes what went wrong."""
        roots = [stack for stack in cloudformation.roots(stacks, ledger) if stack.id in ledger.stacks]
        idle = [stack for stack in roots if not stack.moving]
        ready = self._ready(idle, roots, ledger)
        updating = [stack for stack in roots if stack.status == UPDATING]
        self._run([partial(self._prepare, item, stack) for stack in ready for item in self._preparable(stack, ledger)])
        self._run(
            [
                *(partial(self._delete_stack, stack, stacks, ledger) for stack in ready),
                *(partial(self._cancel_update, stack) for stack in updating),
                *(partial(self._delete_loose, item) for item in loose),
            ]
        )

    def _run(self, tasks: Sequence[Callable[[], Outcome]]) -> None:
        for outcome in self._pace.side_by_side(tasks):
            if outcome.trouble is not None:
                self._troubles.note(outcome.item, outcome.trouble)

    # --- order --------------------------------------------------------------------------------------------------------

    def _ready(self, idle: Sequence[Stack], roots: Sequence[Stack], ledger: Ledger) -> list[Stack]:
        """Those of `idle` that wait for no other root, moving ones included."""
        if len(roots) <= 1:
            return list(idle)
        waits_for: dict[str, set[str]] = {stack.id: set() for stack in roots}
        names = {(stack.region, stack.name): stack.id for stack in roots}
        exporting = [stack for stack in idle if stack.exports]
        tasks = [partial(self._importers, stack) for stack in exporting]
        for stack, importing in zip(exporting, self._pace.side_by_side(tasks), strict=True):
            waits_for[stack.id] |= {names[stack.region, name] for name in importing if (stack.region, name) in names}
        for owner, user in cloudformation.role_owners(roots, ledger):
            waits_for.setdefault(owner, set()).add(user)
        first = {stack.id for stack in cloudformation.ready(roots, waits_for)}
        return [stack for stack in idle if stack.id in first]

    def _importers(self, stack: Stack) -> set[str]:
        try:
            return cloudformation.importers(self._account, stack)
        except (ClientError, BotoCoreError):
            return set()  # only a hint: CloudFormation itself refuses to delete what is imported

    # --- stacks -------------------------------------------------------------------------------------------------------

    def _preparable(self, stack: Stack, ledger: Ledger) -> list[Resource]:
        if stack.status == FAILED:
            return []  # its blockers are deleted one by one
        return sorted(item for item in ledger.tree(stack.id) if item.id and not self._kept.reason(item))

    def _prepare(self, item: Resource, stack: Stack) -> Outcome:
        prepare = type_of(item.type).prepare
        return self._try(
            item, partial(prepare, self._account, item.region, item.id, self._pace.check), stack=stack.name
        )

    def _delete_stack(self, stack: Stack, stacks: Sequence[Stack], ledger: Ledger) -> Outcome:
        for item in sorted(ledger.tree(stack.id)):
            if reason := self._kept.reason(item):
                message = f"it owns {item}, which is {reason}: take it out of the stack, or delete the stack by hand"
                return Outcome(stack.resource, Trouble(code="owns-kept-resource", message=message))
        inner = {item.id for item in ledger.tree(stack.id) if item.type == STACK}
        family = [stack, *(other for other in stacks if other.id in inner)]
        return self._try(stack.resource, partial(self._send_deletion, stack, family))

    def _send_deletion(self, stack: Stack, family: Sequence[Stack]) -> None:
        client = self._account.client("cloudformation", stack.region)
        for each in family:
            if each.protected:
                self._unprotect(client, each, root=each is stack)
        extra: dict[str, Any] = self._after_failure(stack) if stack.status == FAILED else {}
        try:
            client.delete_stack(StackName=stack.id, RoleARN=self._assignment.registration.admin_role, **extra)
        except ClientError as error:
            if not _about_the_role(error):
                raise
            client.delete_stack(StackName=stack.id, **extra)  # the admin role does not trust CloudFormation

    def _unprotect(self, client: Any, stack: Stack, *, root: bool) -> None:
        try:
            client.update_termination_protection(StackName=stack.id, EnableTerminationProtection=False)
        except ClientError:
            if root:
                raise  # a nested stack's follows its root's

    def _cancel_update(self, stack: Stack) -> Outcome:
        client = self._account.client("cloudformation", stack.region)
        return self._try(stack.resource, partial(client.cancel_update_stack, StackName=stack.id))

    # --- a stack that failed to delete --------------------------------------------------------------------------------

    def _after_failure(self, stack: Stack) -> dict[str, Any]:
        """Delete what blocks the stack; says what to retain once that is gone and CloudFormation does not see it."""
        blockers = self._blockers(stack, stack.id)
        present = [blocker for blocker in blockers if self._is_there_after_all(blocker, stack)]
        before = self._troubles.entries.get(stack.resource)
        self._troubles.note(stack.resource, Trouble(code=FAILED, message=stack.reason[:_MESSAGE]))
        if present or not blockers or before is None or before.attempts < self._limits.retain_after:
            return {}
        if all(blocker.in_root for blocker in blockers):
            return {"RetainResources": sorted(blocker.member.logical for blocker in blockers)}
        return {"DeletionMode": "FORCE_DELETE_STACK"}

    def _blockers(self, root: Stack, stack: str) -> list[_Blocker]:
        found: list[_Blocker] = []
        for member in cloudformation.members(self._account, root.region, stack):
            if member.status != FAILED:
                continue
            if member.resource.type == STACK:
                found += self._blockers(root, member.resource.id)
            else:
                found.append(_Blocker(member, in_root=stack == root.id))
        return found

    def _is_there_after_all(self, blocker: _Blocker, stack: Stack) -> bool:
        """Delete a blocker, and look whether it is gone."""
        item = blocker.member.resource
        if not is_tangible(item.type) or not item.id:
            self._troubles.note(item, Trouble(code=FAILED, message=blocker.member.reason[:_MESSAGE], stack=stack.name))
            return False
        handler = type_of(item.type)
        outcome = self._delete_loose(item, stack=stack.name, fallback=blocker.member.reason)
        if outcome.trouble is not None:
            self._troubles.note(item, outcome.trouble)
            return True
        there = handler.exists(self._account, item.region, item.id)
        if there:
            self._troubles.note(item, Trouble(code=FAILED, message=blocker.member.reason[:_MESSAGE], stack=stack.name))
        return there

    # --- single resources ---------------------------------------------------------------------------------------------

    def _delete_loose(self, item: Resource, stack: str | None = None, fallback: str = "") -> Outcome:
        if self._kept.reason(item):
            return Outcome(item, Trouble(code=FAILED, message=fallback or "it is kept", stack=stack))
        delete = type_of(item.type).delete
        return self._try(item, partial(delete, self._account, item.region, item.id, self._pace.check), stack=stack)

    def _try(self, item: Resource, action: Callable[[], object], *, stack: str | None = None) -> Outcome:
        """AWS's "no" becomes a trouble; whatever else is raised flies."""
        try:
            action()
        except ClientError as error:
            message = error.response["Error"].get("Message", "")[:_MESSAGE]
            return Outcome(item, Trouble(code=code_of(error), message=message, stack=stack))
        except BotoCoreError as error:
            return Outcome(item, Trouble(code=type(error).__name__, message=str(error)[:_MESSAGE], stack=stack))
        except MutationRefused as error:
            return Outcome(item, Trouble(code="guarded", message=str(error)[:_MESSAGE], stack=stack))
        except (ObjectsRemain, NoHandler) as error:
            return Outcome(item, Trouble(code=error.code, message=str(error)[:_MESSAGE], stack=stack))
        return Outcome(item)


def _about_the_role(error: ClientError) -> bool:
    message = error.response["Error"].get("Message", "")
    return "PassRole" in message or ("ole" in message and ("assume" in message or "invalid" in message))
