"""One round of deleting: batch after batch, everything in a batch in parallel; what fails is noted and tried again.

`stacks` deletes stacks; what no leftover stack owns is deleted here.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.base import Stage
from atmosphere.cleanup.delete.attempts import Outcome, attempt, dated, is_final
from atmosphere.cleanup.delete.batches import batches
from atmosphere.cleanup.delete.releasing import Releasing
from atmosphere.cleanup.delete.stacks import StackDeletion
from atmosphere.cleanup.model import STACK, Meaning, Trouble
from atmosphere.cleanup.scan.stacks import Act

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Resource
    from atmosphere.cleanup.scan.stacks import Stack
    from atmosphere.cleanup.state.deferred import DeferredRepository
    from atmosphere.cleanup.state.ledger import Ledger

_BUSY_ATTEMPTS: Final = 10  # about a minute, in which most changes of databases and clusters end


class Deletion:
    """Deletes for one pass. `deferred` says what a stack may let go of before it is gone."""

    def __init__(self, context: PassContext, deferred: DeferredRepository) -> None:
        self._context = context
        self._account = context.account
        self._protection = context.protection
        self._troubles = context.troubles
        self._stacks = StackDeletion(context, deferred)
        self._releasing = Releasing(context)
        self._frozen: set[Resource] = set()

    def freeze(self, items: Iterable[Resource]) -> None:
        """Stop what these do by themselves, each once in a pass; what cannot be stopped is noted and deleted anyway."""
        freezing = (item for item in items if type_of(item.type).freezes and item not in self._frozen)
        running = sorted(item for item in freezing if not self._protection.reason(item))
        self._run([partial(self._freeze, item) for item in running], _services(running))
        self._frozen.update(running)

    def round(self, stacks: Sequence[Stack], unmanaged: Sequence[Resource], ledger: Ledger) -> None:
        """Try every stack that is ready and every unmanaged resource; notes what went wrong.

        What the organization denied, or AWS refuses until a date, is not tried again.
        """
        unmanaged = [item for item in unmanaged if not is_final(self._troubles.entries.get(item))]
        plan = self._stacks.plan(stacks, ledger)
        self._run(plan.prepare)
        acts = list(plan.act)
        for stage, items in batches(unmanaged):
            if stage is Stage.LAST and self._are_needed(stacks, unmanaged):
                break
            tasks: list[Callable[[], Outcome]] = [*acts, *(partial(self._delete, item) for item in items)]
            self._run(tasks, ["cloudformation"] * len(acts) + _services(items), deleted=True)
            acts = []
        self._run(acts, deleted=True)

    def moves(self, stacks: Sequence[Stack]) -> bool:
        """Whether CloudFormation gets on with any of these."""
        return self._stacks.moves(stacks)

    def _are_needed(self, stacks: Sequence[Stack], unmanaged: Sequence[Resource]) -> bool:
        """Whether something that is going may still need identities and keys; what does not go is not waited for."""
        going = (
            stack.moving or stack.act is Act.DELETE for stack in stacks if stack.resource not in self._troubles.entries
        )
        slow = (item for item in unmanaged if type_of(item.type).stage is Stage.SLOW)
        return any(going) or any(self._may_go_yet(item) for item in slow)

    def _may_go_yet(self, item: Resource) -> bool:
        """One whose deletion was accepted, or that is busy: what keeps it so may end in a while."""
        trouble = self._troubles.entries.get(item)
        return trouble is None or (trouble.meaning is Meaning.BUSY and trouble.attempts < _BUSY_ATTEMPTS)

    def _run(
        self, tasks: Sequence[Callable[[], Outcome]], services: Sequence[str] = (), *, deleted: bool = False
    ) -> None:
        for outcome in self._context.workers.run(tasks, services):
            if outcome.trouble is not None:
                self._troubles.note(outcome.item, outcome.trouble)
            elif deleted and outcome.item.type != STACK:  # a failed stack's attempts count until it is gone
                self._troubles.accept(outcome.item, self._context.now())

    def _freeze(self, item: Resource) -> Outcome:
        freeze = type_of(item.type).freeze
        return attempt(item, partial(freeze, self._account, item.region, item.id, self._context.budget.check))

    def _delete(self, item: Resource) -> Outcome:
        if self._protection.reason(item):
            return Outcome(item, Trouble(code="kept", message="it is kept", meaning=Meaning.FATAL))
        attempted = partial(self._attempted, item)
        return self._releasing.again(attempted(), attempted)

    def _attempted(self, item: Resource) -> Outcome:
        delete = type_of(item.type).delete
        return dated(
            self._context,
            attempt(item, partial(delete, self._account, item.region, item.id, self._context.budget.check)),
        )


def _services(items: Iterable[Resource]) -> list[str]:
    return [type_of(item.type).service for item in items]
