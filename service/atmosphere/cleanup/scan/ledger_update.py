"""Keeps the ledger: what each leftover stack owns, before it is deleted, and what it left behind, after.

CloudFormation's word is taken for what it says it deleted. What it skipped (retained, or let go of by force) becomes an
orphan, whose absence has to be seen. That also holds for stacks that the test created and deleted by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.model import STACK
from atmosphere.cleanup.scan import stacks as cloudformation
from atmosphere.cleanup.scan.providers import links
from atmosphere.cleanup.scan.tagged import TagScan
from atmosphere.cleanup.state.ledger import Ledger, LedgerRepository, StackRecord
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Resource
    from atmosphere.cleanup.scan.inventory import Inventory
    from atmosphere.cleanup.scan.stacks import Stack
    from atmosphere.core.model import Region


@dataclass(frozen=True, slots=True)
class _News:
    """What one question to CloudFormation brought: news for the ledger, or the code of what went wrong."""

    ledger: Ledger = field(default_factory=Ledger)
    unknown: Mapping[str, str] = field(default_factory=dict)


class LedgerUpdate:
    """Writes the ledger for one pass. Raises `Unreachable` when the one so far cannot be read."""

    def __init__(self, context: PassContext) -> None:
        self._context = context
        self._assignment = context.assignment
        self._account = context.account
        self._repository = LedgerRepository(context.store, context.assignment)
        self._tags = TagScan(context)
        self.ledger = self._repository.read()
        self.unexplained: Mapping[str, str] = {}

    def update(self, inventory: Inventory, leftovers: Sequence[Stack], *, deleted_too: bool) -> dict[str, str]:
        """Bring the ledger up to date and write it; returns what could not be asked. Raises `Unreachable`.

        `leftovers` are the stacks that will be deleted. `deleted_too` also looks for stacks that were deleted since the
        allocation began, and for tagged resources that nothing tells of, which takes listings of their own.
        """
        unknown = self._update(inventory, leftovers, deleted_too=deleted_too)
        if deleted_too:
            detection = self._tags.scan(inventory, self.ledger)
            self.unexplained = detection.unexplained
            unknown |= detection.unknown
            if detection.orphans:
                self.ledger = self._repository.add(Ledger(orphans=detection.orphans))
        return unknown

    def _update(self, inventory: Inventory, leftovers: Sequence[Stack], *, deleted_too: bool) -> dict[str, str]:
        unknown: dict[str, str] = {}
        existing = {stack.id for stack in inventory.stacks}
        gone = [
            (stack, record.name, record.region) for stack, record in self.ledger.stacks.items() if stack not in existing
        ]
        if deleted_too and self._assignment.started is not None:
            tasks = [partial(self._deleted, region) for region in self._assignment.regions]
            for found, failed in self._context.workers.run(tasks):
                gone += found
                unknown |= failed
        questions: list[Callable[[], _News]] = [
            partial(self._record, stack) for stack in leftovers if not self._is_known(stack)
        ]
        questions += [partial(self._settle, *each) for each in dict.fromkeys(gone) if not self._is_settled(each[0])]
        news = Ledger()
        for answer in self._context.workers.run(questions):
            news = news.merged(answer.ledger)
            unknown |= answer.unknown
        if news.stacks or news.orphans:
            self.ledger = self._repository.add(news)
        return unknown

    def _is_known(self, stack: Stack) -> bool:
        record = self.ledger.stacks.get(stack.id)
        return record is not None and bool(stack.seen) and record.seen == stack.seen

    def _is_settled(self, stack: str) -> bool:
        record = self.ledger.stacks.get(stack)
        return record is not None and record.settled

    def _record(self, stack: Stack) -> _News:
        label = f"resources of {stack.name}@{stack.region}"
        try:
            members = cloudformation.members(self._account, stack.region, stack.id)
        except (ClientError, BotoCoreError) as error:
            if stack.status != "REVIEW_IN_PROGRESS" or not _is_unheard_of(error):
                return _News(unknown={label: code_of(error)})
            members = []  # a change set that was never executed
        record = StackRecord(
            name=stack.name,
            region=stack.region,
            seen=stack.seen,
            owned=frozenset(member.resource for member in members if member.resource.id),
            links=links(self._account, stack, members),
        )
        return _News(Ledger(stacks={stack.id: record}))

    def _deleted(self, region: Region) -> tuple[list[tuple[str, str, Region]], dict[str, str]]:
        try:
            found = cloudformation.deleted_since(self._account, region, self._assignment.started)
        except (ClientError, BotoCoreError) as error:
            return [], {f"deleted stacks@{region}": code_of(error)}
        return [(stack, name, region) for stack, name in found], {}

    def _settle(self, stack: str, name: str, region: Region) -> _News:
        label = f"events of {name}@{region}"
        try:
            ending = cloudformation.ending(self._account, region, stack)
        except (ClientError, BotoCoreError) as error:
            if not _is_unheard_of(error):
                return _News(unknown={label: code_of(error)})
            left = self._owned(stack)  # nobody tells any more: look for all of it
            return _News(self._settled(stack, name, region, left))
        if not ending.deleted:
            return _News(unknown={label: "not-deleted-yet"})
        return _News(self._settled(stack, name, region, ending.left))

    def _owned(self, stack: str) -> frozenset[Resource]:
        record = self.ledger.stacks.get(stack)
        return record.owned if record else frozenset()

    def _settled(self, stack: str, name: str, region: Region, left: frozenset[Resource]) -> Ledger:
        record = StackRecord(name=name, region=region, owned=self._owned(stack), settled=True)
        return Ledger(stacks={stack: record}, orphans={item: name for item in left if item.type != STACK})


def _is_unheard_of(error: ClientError | BotoCoreError) -> bool:
    return isinstance(error, ClientError) and "does not exist" in error.response["Error"].get("Message", "")
