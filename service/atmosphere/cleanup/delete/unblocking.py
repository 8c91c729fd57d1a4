"""A stack that failed to delete: what blocks it is deleted one by one, by the catalogue or by Cloud Control.

CloudFormation is told to let go of a resource only when that resource is seen to be gone. Retaining and forcing work
only after a failed deletion (CloudFormation API reference, DeleteStack). What was let go of stands in the stack's
events as skipped, becomes an orphan of the ledger, and its absence is demanded before anything is called clean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.parts import is_tangible
from atmosphere.cleanup.delete.attempts import MESSAGE, Outcome, attempt, is_final
from atmosphere.cleanup.model import STACK, Meaning, Trouble
from atmosphere.cleanup.scan.stacks import FAILED, members
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


class Unblocking:
    """Unblocks failed stacks for one pass. `deferred` says what may remain for a while."""

    def __init__(self, context: PassContext, deferred: DeferredRepository) -> None:
        self._context = context
        self._account = context.account
        self._troubles = context.troubles
        self._deferred = deferred

    def unblock(self, stack: Stack) -> dict[str, Any] | None:
        """Delete what blocks the stack; returns what to add to its next deletion.

        That is something only when every blocker is seen to be gone, or may remain for a while, and CloudFormation
        still did not notice. None when the organization denies to delete what blocks it: then nothing helps.
        """
        blockers = self._blockers(stack, stack.id)
        present = [
            blocker
            for blocker in blockers
            if self._delete_and_check(blocker, stack) and not self._deferred.may_remain(blocker.member.resource)
        ]
        if denied := self._denied(present):
            message = f"the organization denies to delete what blocks it, {denied}"
            self._troubles.note(
                stack.resource, Trouble(code=ORGANIZATION_DENIES, message=message[:MESSAGE], meaning=Meaning.FATAL)
            )
            return None
        before = self._troubles.entries.get(stack.resource)
        self._troubles.note(stack.resource, Trouble(code=FAILED, message=stack.reason[:MESSAGE]))
        if present or not blockers or before is None or before.attempts < self._context.limits.retain_after:
            return {}
        if all(blocker.in_root for blocker in blockers):
            return {"RetainResources": sorted(blocker.member.logical for blocker in blockers)}
        return {"DeletionMode": "FORCE_DELETE_STACK"}

    def _denied(self, present: Sequence[_Blocker]) -> Resource | None:
        """The first of the blockers if the organization denies to delete each of them."""
        items = [blocker.member.resource for blocker in present]
        return items[0] if items and all(is_final(self._troubles.entries.get(item)) for item in items) else None

    def _blockers(self, root: Stack, stack: str) -> list[_Blocker]:
        found: list[_Blocker] = []
        for member in members(self._account, root.region, stack):
            if member.status != FAILED:
                continue
            if member.resource.type == STACK:
                found += self._blockers(root, member.resource.id)
            else:
                found.append(_Blocker(member, in_root=stack == root.id))
        return found

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
        outcome = self._delete(blocker, stack)
        if outcome.trouble is not None:
            self._troubles.note(item, outcome.trouble)
            return True
        there = type_of(item.type).exists(self._account, item.region, item.id)
        if there:
            self._troubles.note(item, failed)
        return there

    def _delete(self, blocker: _Blocker, stack: Stack) -> Outcome:
        item = blocker.member.resource
        delete = type_of(item.type).delete
        return attempt(
            item, partial(delete, self._account, item.region, item.id, self._context.budget.check), stack=stack.name
        )
