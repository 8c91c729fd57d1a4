"""One round of deleting: wave after wave, everything in a wave is tried at once; what fails is noted and tried again.

What stacks are told is the lane's; what no stack would take along is deleted here.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.base import Stage
from atmosphere.cleanup.delete.attempts import Outcome, attempt
from atmosphere.cleanup.delete.waves import waves
from atmosphere.cleanup.model import STACK, Meaning, Trouble
from atmosphere.cleanup.scan.stacks import Act

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.aws.pace import Pace
    from atmosphere.cleanup.delete.stacks import Lane
    from atmosphere.cleanup.model import Resource
    from atmosphere.cleanup.scan.stacks import Stack
    from atmosphere.cleanup.state.ledger import Ledger
    from atmosphere.cleanup.state.troubles import TroubleBook
    from atmosphere.cleanup.verdict.protected import Protection

_BUSY_ATTEMPTS: Final = 10  # about a minute, in which most changes of databases and clusters end


class Deletion:
    """Deletes for one pass."""

    def __init__(self, *, account: Account, pace: Pace, kept: Protection, troubles: TroubleBook, lane: Lane) -> None:
        self._account = account
        self._pace = pace
        self._kept = kept
        self._troubles = troubles
        self._lane = lane
        self._frozen: set[Resource] = set()

    def freeze(self, items: Iterable[Resource]) -> None:
        """Stop what these do by themselves, each once in a pass; what cannot be stopped is noted and deleted anyway."""
        running = sorted(item for item in items if item not in self._frozen and not self._kept.reason(item))
        self._run([partial(self._freeze, item) for item in running], _services(running))
        self._frozen.update(running)

    def round(self, stacks: Sequence[Stack], loose: Sequence[Resource], ledger: Ledger) -> None:
        """Try every stack that is ready and every loose resource; notes what went wrong."""
        plan = self._lane.plan(stacks, ledger)
        self._run(plan.prepare)
        acts = list(plan.act)
        for stage, items in waves(loose):
            if stage is Stage.LAST and self._are_needed(stacks, loose):
                break
            tasks: list[Callable[[], Outcome]] = [*acts, *(partial(self._delete, item) for item in items)]
            self._run(tasks, ["cloudformation"] * len(acts) + _services(items), deleted=True)
            acts = []
        self._run(acts, deleted=True)

    def moves(self, stacks: Sequence[Stack]) -> bool:
        """Whether CloudFormation gets on with any of these."""
        return self._lane.moves(stacks)

    def is_under_way(self, loose: Iterable[Resource]) -> bool:
        """Whether AWS accepted to delete one of these and takes minutes for it."""
        return any(type_of(item.type).stage is Stage.SLOW and item not in self._troubles.entries for item in loose)

    def _are_needed(self, stacks: Sequence[Stack], loose: Sequence[Resource]) -> bool:
        """Whether something that is going may still need identities and keys; what does not go is not waited for."""
        going = (
            stack.moving or stack.act is Act.DELETE for stack in stacks if stack.resource not in self._troubles.entries
        )
        slow = (item for item in loose if type_of(item.type).stage is Stage.SLOW)
        return any(going) or any(self._may_go_yet(item) for item in slow)

    def _may_go_yet(self, item: Resource) -> bool:
        """One whose deletion was accepted, or that is busy: what keeps it so may end in a while."""
        trouble = self._troubles.entries.get(item)
        return trouble is None or (trouble.meaning is Meaning.BUSY and trouble.attempts < _BUSY_ATTEMPTS)

    def _run(
        self, tasks: Sequence[Callable[[], Outcome]], services: Sequence[str] = (), *, deleted: bool = False
    ) -> None:
        for outcome in self._pace.side_by_side(tasks, services):
            if outcome.trouble is not None:
                self._troubles.note(outcome.item, outcome.trouble)
            elif deleted and outcome.item.type != STACK:  # a failed stack's attempts count until it is gone
                self._troubles.forget(outcome.item)

    def _freeze(self, item: Resource) -> Outcome:
        freeze = type_of(item.type).freeze
        return attempt(item, partial(freeze, self._account, item.region, item.id, self._pace.check))

    def _delete(self, item: Resource) -> Outcome:
        if self._kept.reason(item):
            return Outcome(item, Trouble(code="kept", message="it is kept", meaning=Meaning.FATAL))
        delete = type_of(item.type).delete
        return attempt(item, partial(delete, self._account, item.region, item.id, self._pace.check))


def _services(items: Iterable[Resource]) -> list[str]:
    return [type_of(item.type).service for item in items]
