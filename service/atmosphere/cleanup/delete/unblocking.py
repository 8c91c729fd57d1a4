"""A stack that failed to delete: what blocks it is deleted one by one, by the catalogue or by Cloud Control.

Where a blocker is refused, what the stack keeps (`DeletionPolicy: Retain`) goes first: it is a leftover, CloudFormation
never deletes it, and it may be what holds the blocker, like a security group in the stack's own network.
CloudFormation is told to let go of a resource only when that resource is seen to be gone. Retaining and forcing work
only after a failed deletion (CloudFormation API reference, DeleteStack). What was let go of stands in the stack's
events as skipped, becomes an orphan of the ledger, and its absence is demanded before anything is called clean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.base import Stage
from atmosphere.cleanup.catalogue.parts import is_tangible
from atmosphere.cleanup.delete.attempts import MESSAGE, Outcome, attempt, dated, is_final
from atmosphere.cleanup.delete.batches import batches
from atmosphere.cleanup.delete.releasing import Releasing
from atmosphere.cleanup.model import STACK, Meaning, Trouble
from atmosphere.cleanup.scan.stacks import FAILED, SKIPPED, members
from atmosphere.faults import ORGANIZATION_DENIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Resource
    from atmosphere.cleanup.scan.stacks import Member, Stack
    from atmosphere.cleanup.state.deferred import DeferredRepository


@dataclass(frozen=True, slots=True)
class _Blocker:
    """A resource that a stack failed to delete, in the root itself or in a stack nested in it."""

    member: Member
    in_root: bool


@dataclass(frozen=True, slots=True)
class _Members:
    """What of a stack, and of those nested in it, failed to be deleted, and what it keeps."""

    blockers: tuple[_Blocker, ...] = ()
    kept: tuple[Resource, ...] = ()


class Unblocking:
    """Unblocks failed stacks for one pass. `deferred` says what may remain for a while."""

    def __init__(self, context: PassContext, deferred: DeferredRepository) -> None:
        self._context = context
        self._account = context.account
        self._troubles = context.troubles
        self._deferred = deferred
        self._releasing = Releasing(context)

    def unblock(self, stack: Stack) -> dict[str, Any] | None:
        """Delete what blocks the stack; returns what to add to its next deletion.

        That is something only when every blocker is seen to be gone, or may remain for a while, and CloudFormation
        still did not notice. None when all that blocks it is refused for good, or until a date: then nothing helps.
        """
        left = self._members(stack, stack.id)
        blockers = left.blockers
        present = self._present(blockers, stack)
        if left.kept and any(map(self._is_refused, present)):
            self._delete_kept(left.kept, stack)
            present = self._present(present, stack)
        if final := self._final(present):
            self._troubles.note(stack.resource, final)
            return None
        before = self._troubles.entries.get(stack.resource)
        self._troubles.note(stack.resource, Trouble(code=FAILED, message=stack.reason[:MESSAGE]))
        if present or not blockers or before is None or before.attempts < self._context.limits.retain_after:
            return {}
        if all(blocker.in_root for blocker in blockers):
            return {"RetainResources": sorted(blocker.member.logical for blocker in blockers)}
        return {"DeletionMode": "FORCE_DELETE_STACK"}

    def _final(self, present: Sequence[_Blocker]) -> Trouble | None:
        """What the stack meets if each of its blockers is refused for good, or until a date."""
        items = [blocker.member.resource for blocker in present]
        troubles = [trouble for item in items if (trouble := self._troubles.entries.get(item)) and is_final(trouble)]
        if not items or len(troubles) < len(items):
            return None
        until = max(trouble.until for trouble in troubles)
        if all(trouble.until for trouble in troubles):
            message = f"AWS refuses until {until} to delete what blocks it, {items[0]}"
            return Trouble(code=FAILED, message=message[:MESSAGE], meaning=Meaning.FATAL, until=until)
        message = f"the organization denies to delete what blocks it, {items[0]}"
        return Trouble(code=ORGANIZATION_DENIES, message=message[:MESSAGE], meaning=Meaning.FATAL)

    def _members(self, root: Stack, stack: str) -> _Members:
        blockers: list[_Blocker] = []
        kept: list[Resource] = []
        for member in members(self._account, root.region, stack):
            if member.status == SKIPPED:
                kept.append(member.resource)
            elif member.status == FAILED and member.resource.type == STACK:
                inner = self._members(root, member.resource.id)
                blockers += inner.blockers
                kept += inner.kept
            elif member.status == FAILED:
                blockers.append(_Blocker(member, in_root=stack == root.id))
        return _Members(tuple(blockers), tuple(kept))

    def _present(self, blockers: Sequence[_Blocker], stack: Stack) -> list[_Blocker]:
        """Those that are still there after an attempt to delete them, and may not remain."""
        return [
            blocker
            for blocker in blockers
            if self._delete_and_check(blocker, stack) and not self._deferred.may_remain(blocker.member.resource)
        ]

    def _is_refused(self, blocker: _Blocker) -> bool:
        """Whether AWS refused to delete it; else its deletion is under way."""
        trouble = self._troubles.entries.get(blocker.member.resource)
        return trouble is not None and trouble.code != FAILED

    def _delete_kept(self, kept: Sequence[Resource], stack: Stack) -> None:
        """What the stack keeps, but for identities, keys and log groups, which it may need to its end."""
        known = [item for item in kept if is_tangible(item.type) and item.id and item.type != STACK]
        free = [item for item in known if not self._context.protection.reason(item)]
        for stage, items in batches(item for item in free if not is_final(self._troubles.entries.get(item))):
            for item in items if stage is not Stage.LAST else ():
                if self._delete(item, stack).trouble is None:
                    self._troubles.accept(item, self._context.now())

    def _delete_and_check(self, blocker: _Blocker, stack: Stack) -> bool:
        """Delete a blocker, and look whether it is gone."""
        item = blocker.member.resource
        failed = Trouble(code=FAILED, message=blocker.member.reason[:MESSAGE], stack=stack.name)
        if not is_tangible(item.type) or not item.id:
            self._troubles.note(item, failed)
            return False
        if self._context.protection.reason(item):
            self._troubles.note(item, failed)
            return True
        if is_final(self._troubles.entries.get(item)) or self._delete(item, stack).trouble is not None:
            return True
        there = type_of(item.type).exists(self._account, item.region, item.id)
        if there:
            self._troubles.note(item, failed)
        return there

    def _delete(self, item: Resource, stack: Stack) -> Outcome:
        """Try it, and note the result."""
        attempted = partial(self._attempted, item, stack)
        outcome = self._releasing.again(attempted(), attempted)
        if outcome.trouble is not None:
            self._troubles.note(item, outcome.trouble)
        else:
            self._troubles.began(item, self._context.now())
        return outcome

    def _attempted(self, item: Resource, stack: Stack) -> Outcome:
        delete = type_of(item.type).delete
        action = partial(delete, self._account, item.region, item.id, self._context.budget.check)
        return dated(self._context, attempt(item, action, stack=stack.name))
