"""Deletes stacks: what a round asks CloudFormation for, in the order that CloudFormation wants.

Importers go before exporters, the owner of a role or of a custom resource's provider after the stacks that need it,
nested stacks with their root. Before a stack goes, its protection comes off, its buckets are emptied and its functions
leave their VPC. A stack that owns something that has to stay is not touched at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.functions import FUNCTION
from atmosphere.cleanup.catalogue.parts import is_tangible
from atmosphere.cleanup.delete import ordering
from atmosphere.cleanup.delete.attempts import Outcome, attempt, is_final
from atmosphere.cleanup.delete.unblocking import Unblocking
from atmosphere.cleanup.model import STACK, Meaning, Resource, Trouble
from atmosphere.cleanup.scan import providers
from atmosphere.cleanup.scan.stacks import Act

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.scan.stacks import Stack
    from atmosphere.cleanup.state.deferred import DeferredRepository
    from atmosphere.cleanup.state.ledger import Ledger, Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a round does to stacks: all of `prepare` before any of `act`."""

    prepare: Sequence[Callable[[], Outcome]]
    act: Sequence[Callable[[], Outcome]]


class StackDeletion:
    """Deletes stacks for one pass. `deferred` says what a stack may let go of before it is gone."""

    def __init__(self, context: PassContext, deferred: DeferredRepository) -> None:
        self._context = context
        self._account = context.account
        self._protection = context.protection
        self._troubles = context.troubles
        self._unblocking = Unblocking(context, deferred)

    def plan(self, stacks: Sequence[Stack], ledger: Ledger) -> Plan:
        """What to do now with the stacks that are left; a stack that the ledger does not have yet is left alone."""
        roots = [stack for stack in ordering.roots(stacks, ledger) if stack.id in ledger.stacks]
        conflicts = {stack.id: outcome for stack in roots if (outcome := self._conflict(stack, ledger)) is not None}
        denied = {stack.id for stack in roots if is_final(self._troubles.entries.get(stack.resource))}
        ready = [stack for stack in self._ready(roots, ledger) if stack.id not in {*conflicts, *denied}]
        cancel = [stack for stack in roots if stack.act is Act.CANCEL and stack.id not in conflicts]
        begin = [stack for stack in ready if stack.act is Act.DELETE]  # what blocks failed ones is deleted one by one
        serving = self._serving(begin, roots, ledger)
        return Plan(
            prepare=[
                partial(self._prepare, item, stack)
                for stack in begin
                for item in self._preparable(stack, ledger)
                if item not in serving
            ],
            act=[
                *(partial(self._delete, stack, stacks, ledger) for stack in ready),
                *(partial(self._cancel_update, stack) for stack in cancel),
                *(partial(_unchanged, outcome) for outcome in conflicts.values()),
            ],
        )

    def moves(self, stacks: Sequence[Stack]) -> bool:
        """Whether CloudFormation gets on with any of them; to wait long for a custom resource alone is no progress."""
        ids = {stack.id for stack in stacks}
        moving = [stack for stack in stacks if stack.moving and stack.parent not in ids]
        idle = [self._waits_for_custom_resources_only(stack) for stack in moving]  # of each, as each is told of
        return not all(idle)

    def _conflict(self, stack: Stack, ledger: Ledger) -> Outcome | None:
        """A stack that owns what has to stay is a person's: deleting it or anything in it is not ours to decide."""
        for item in sorted(ledger.tree(stack.id)):
            if reason := self._protection.reason(item):
                message = f"it owns {item}, which is {reason}: take it out of the stack, or delete the stack by hand"
                return Outcome(
                    stack.resource, Trouble(code="owns-kept-resource", message=message, meaning=Meaning.FATAL)
                )
        return None

    # --- order --------------------------------------------------------------------------------------------------------

    def _ready(self, roots: Sequence[Stack], ledger: Ledger) -> list[Stack]:
        """Those that can be deleted and wait for no other root, moving ones included."""
        idle = [stack for stack in roots if not stack.moving]
        if len(roots) <= 1:
            return idle
        waits_for: dict[str, set[str]] = {stack.id: set() for stack in roots}
        names = {(stack.region, stack.name): stack.id for stack in roots}
        exporting = [stack for stack in idle if stack.exports]
        tasks = [partial(self._importers, stack) for stack in exporting]
        for stack, importing in zip(exporting, self._context.workers.run(tasks), strict=True):
            waits_for[stack.id] |= {names[stack.region, name] for name in importing if (stack.region, name) in names}
        for owner, user in ordering.needs(roots, ledger):
            waits_for.setdefault(owner, set()).add(user)
        first = {stack.id for stack in ordering.ready(roots, waits_for)}
        return [stack for stack in idle if stack.id in first]

    def _importers(self, stack: Stack) -> set[str]:
        try:
            return ordering.importers(self._account, stack)
        except (ClientError, BotoCoreError):
            return set()  # only a hint: CloudFormation itself refuses to delete what is imported

    # --- custom resources ---------------------------------------------------------------------------------------------

    def _serving(self, begin: Sequence[Stack], roots: Sequence[Stack], ledger: Ledger) -> set[Resource]:
        """The functions that custom resources of existing stacks need as they are; tells of those that are ailing.

        One that is locked in its VPC is not among them: outside it, it can answer.
        """
        needed = sorted({item for stack in begin for _, item in self._providers(stack, ledger)})
        answers = self._context.workers.run([partial(self._ailment, item) for item in needed])
        ailing = {item: answer for item, answer in zip(needed, answers, strict=True) if answer is not None}
        for stack in begin:
            for link, item in self._providers(stack, ledger):
                if item in ailing:
                    self._troubles.note(link.custom, replace(ailing[item], stack=stack.name))
        serving = {item for stack in roots for _, item in self._providers(stack, ledger)}
        return {item for item in serving if item not in ailing or ailing[item].code != providers.LOCKED_IN}

    def _providers(self, stack: Stack, ledger: Ledger) -> list[tuple[Link, Resource]]:
        return [
            (link, Resource(FUNCTION, link.provider, stack.region)) for link in ledger.links(stack.id) if link.provider
        ]

    def _ailment(self, item: Resource) -> Trouble | None:
        try:
            return providers.ailment(self._account, item.region, item.id)
        except (ClientError, BotoCoreError):
            return None  # only a hint: whether the stack goes is seen anyway

    def _waits_for_custom_resources_only(self, stack: Stack) -> bool:
        now, patience = self._context.now(), self._context.limits.custom_wait
        if stack.since is None or now - stack.since < patience:
            return False
        try:
            silent = providers.silent(self._account, stack, now=now, patience=patience)
        except (ClientError, BotoCoreError):
            return False
        for member in silent:
            told = self._troubles.entries.get(member.resource)
            silence = f"{stack.name} has waited for its answer, and for nothing else, since {member.since:%H:%M:%S}"
            if told is None:
                told = Trouble(code="custom-resource-silent", message=silence, stack=stack.name)
            elif silence not in told.message:  # what is known to keep it from answering says more
                told = replace(told, message=f"{told.message}; {silence}")
            self._troubles.note(member.resource, replace(told, attempts=0))
        return bool(silent)

    # --- one stack ----------------------------------------------------------------------------------------------------

    def _preparable(self, stack: Stack, ledger: Ledger) -> list[Resource]:
        wanted = {*ledger.tree(stack.id), *(item for _, item in self._providers(stack, ledger))}
        return sorted(
            item for item in wanted if is_tangible(item.type) and item.id and not self._protection.reason(item)
        )

    def _prepare(self, item: Resource, stack: Stack) -> Outcome:
        prepare = type_of(item.type).prepare
        return attempt(
            item, partial(prepare, self._account, item.region, item.id, self._context.budget.check), stack=stack.name
        )

    def _delete(self, stack: Stack, stacks: Sequence[Stack], ledger: Ledger) -> Outcome:
        inner = {item.id for item in ledger.tree(stack.id) if item.type == STACK}
        family = [stack, *(other for other in stacks if other.id in inner)]
        return attempt(stack.resource, partial(self._send_deletion, stack, family))

    def _send_deletion(self, stack: Stack, family: Sequence[Stack]) -> None:
        client = self._account.client("cloudformation", stack.region)
        for each in family:
            if each.protected:
                self._unprotect(client, each, root=each is stack)
        extra = self._unblocking.unblock(stack) if stack.act is Act.UNBLOCK else {}
        if extra is None:
            return
        try:
            client.delete_stack(StackName=stack.id, RoleARN=self._context.assignment.registration.admin_role, **extra)
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
        return attempt(stack.resource, partial(client.cancel_update_stack, StackName=stack.id))


def _unchanged(outcome: Outcome) -> Outcome:
    return outcome


def _about_the_role(error: ClientError) -> bool:
    message = error.response["Error"].get("Message", "")
    return "PassRole" in message or ("ole" in message and ("assume" in message or "invalid" in message))
