"""A scan of an environment that is free: what its organization added since it became free, and what else is new.

Nothing is changed in the account. Adopted is only what would stay if the pool's `organization` named it (`staying`):
roles that only AWS services, the management account and principals of the baseline may enter, and stacks whose roles
are so and that let no one else in. And only if AWS says that it was created since then: whatever is older was there
while a test was, or is not what it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.aws.budget import Budget, Heartbeat
from atmosphere.cleanup.aws.workers import Workers
from atmosphere.cleanup.baseline.drift import read_contents
from atmosphere.cleanup.context import PassContext
from atmosphere.cleanup.limits import Limits
from atmosphere.cleanup.model import STACK, Finished
from atmosphere.cleanup.scan.containers import ROLE, Containers
from atmosphere.cleanup.scan.inventory import scan
from atmosphere.cleanup.state.baseline import BaselineRepository
from atmosphere.cleanup.state.troubles import TroubleRepository
from atmosphere.cleanup.verdict.protected import Protection
from atmosphere.cleanup.verdict.staying import staying
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from datetime import datetime, timedelta

    from atmosphere.cleanup.aws.accounts import Account, Accounts
    from atmosphere.cleanup.model import Assignment, Resource
    from atmosphere.cleanup.scan.inventory import Inventory
    from atmosphere.cleanup.scan.stacks import Stack
    from atmosphere.cleanup.state.baseline import Baseline, Revision
    from atmosphere.cleanup.state.store import TextStore
    from atmosphere.core.model import Json
    from atmosphere.ports import Clock

_ANY_STACK: Final = ("",)
_ANY_ROLE: Final = ("arn:*:iam::*:role/*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is new. `items` (with fingerprints) and `contents` may be adopted into the baseline of `version`.

    `others` are new too, and stay leftovers.
    """

    version: int
    items: Mapping[Resource, str | None] = field(default_factory=dict)
    contents: Mapping[Resource, Json] = field(default_factory=dict)
    others: tuple[Resource, ...] = ()


def watch(
    assignment: Assignment, *, since: datetime, aws: Accounts, store: TextStore, clock: Clock, budget: timedelta
) -> Watched:
    """Scan once. Raises `Unreachable` if anything could not be listed or read: then nothing is known."""
    if not aws.plan:
        raise ValueError("these accounts could be changed: a watch takes accounts in plan mode")
    baseline = BaselineRepository(store, assignment.key).read()
    time = Budget(clock, budget)
    account = aws.open(assignment, time, protected=Protection(assignment.registration, baseline).protected())
    if isinstance(account, Finished):
        raise Unreachable(f"the account cannot be opened: {account.reason}")
    try:
        context = _context(assignment, account, accounts=aws, store=store, budget=time, baseline=baseline)
        return _Watch(context, since).run()
    finally:
        aws.close(account)


def adopt(store: TextStore, assignment: Assignment, watched: Watched, revision: Revision) -> Baseline:
    """Put it into the baseline, unless that has changed since the scan. Raises `Unreachable`."""

    def adopted(before: Baseline) -> Baseline:
        if before.version != watched.version:
            return before
        return replace(
            before, items={**watched.items, **before.items}, contents={**watched.contents, **before.contents}
        )

    return BaselineRepository(store, assignment.key).amend(adopted, revision)


def _context(
    assignment: Assignment,
    account: Account,
    *,
    accounts: Accounts,
    store: TextStore,
    budget: Budget,
    baseline: Baseline,
) -> PassContext:
    heartbeat, limits = Heartbeat(lambda: None, budget), Limits()
    return PassContext(
        assignment=assignment,
        limits=limits,
        accounts=accounts,
        account=account,
        store=store,
        budget=budget,
        heartbeat=heartbeat,
        workers=Workers(limits.workers, budget=budget, heartbeat=heartbeat),
        baseline=baseline,
        protection=Protection(assignment.registration, baseline),
        troubles=TroubleRepository(store, assignment),
    )


class _Watch:
    """One scan of a free environment."""

    def __init__(self, context: PassContext, since: datetime) -> None:
        self._context = context
        self._since = since
        self._containers = Containers(context)

    def run(self) -> Watched:
        """See `watch`."""
        context = self._context
        inventory = scan(context)
        stays = staying(context, inventory, self._containers)
        passing = staying(self._as_if_named(), inventory, self._containers)
        if unknown := {**inventory.unknown, **stays.unknown, **passing.unknown}:
            raise Unreachable(f"{len(unknown)} could not be listed, first {min(unknown)}")
        there = inventory.everything()
        new = {item for item in there if item.type in {*context.baseline.types, STACK} and not stays.reason(item)}
        made = self._made_since(inventory, [stack for stack in inventory.stacks if stack.resource in new], passing.kept)
        items = {item: there[item] for item in made & new}
        inside = read_contents(context, only=items)
        if items and inside.unknown:
            raise Unreachable(f"{min(inside.unknown)} could not be read")
        return Watched(
            version=context.baseline.version,
            items=items,
            contents=inside.contents if items else {},
            others=tuple(sorted(new - items.keys())),
        )

    def _as_if_named(self) -> PassContext:
        """As if the operators had named every stack and every role: what stays then passes by who may enter it."""
        registration = self._context.assignment.registration
        organization = replace(registration.organization, stack_sets=_ANY_STACK, roles=_ANY_ROLE)
        named = replace(registration, organization=organization)
        return replace(self._context, assignment=replace(self._context.assignment, registration=named))

    def _made_since(self, inventory: Inventory, stacks: Sequence[Stack], passing: Container[Resource]) -> set[Resource]:
        """What passes and AWS says was created since: these stacks, each with all that it owns, and roles of none."""
        held = self._containers.read(stacks, inventory)
        roles = {
            item
            for item, role in inventory.roles.items()
            if item in passing and role.created and role.created > self._since
        }
        made: set[Resource] = set()
        owned: set[Resource] = set()
        for family in _families(stacks):
            inside = {item for stack in family for item in held.members.get(stack.id, ())}
            owned |= inside
            settled = all(stack.resource in passing and stack.created > self._since and stack.seen for stack in family)
            if settled and all(item in roles for item in inside if item.type == ROLE):
                made |= {*inside, *(stack.resource for stack in family)}
        return made | (roles - owned)


def _families(stacks: Sequence[Stack]) -> list[list[Stack]]:
    """Each root with all that is nested in it."""
    known = {stack.id: stack for stack in stacks}
    families: dict[str, list[Stack]] = {}
    for stack in stacks:
        root = stack
        while root.parent in known:
            root = known[root.parent]
        families.setdefault(root.id, []).append(stack)
    return list(families.values())
