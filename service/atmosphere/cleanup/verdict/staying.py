"""What of one scan may stay, and by which rule. Nothing that a tenant chooses decides it: no name, tag or path.

1. It is part of the baseline, or a role of the registration, or `keep` names it (`protected`).
2. AWS reserves it: a role under a path where AWS alone makes roles, which only AWS services may enter, or identity
   providers of the baseline.
3. The operators named it, as a role of the pool's `organization` or one of `keep`, and only AWS services, the
   organization's management account and principals of the baseline may enter it.
4. A stack that `keep` or the `organization` names stays with all that it owns, if each of its roles passes rule 3 and
   nothing else in it lets anyone in.

Some things only a person can decide on, so they are neither kept nor deleted: what a stack of the baseline came to own,
what `keep` names exactly and these rules do not admit, and what an older baseline says nothing of.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.baseline.drift_troubles import CHANGED
from atmosphere.cleanup.model import GLOBAL, Meaning, Trouble
from atmosphere.cleanup.scan.containers import ROLE
from atmosphere.cleanup.trust import outsiders
from atmosphere.cleanup.verdict.entering import admitted, of_organization, reserved
from atmosphere.cleanup.verdict.protected import ENTERED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Resource
    from atmosphere.cleanup.scan.containers import Containers, Held
    from atmosphere.cleanup.scan.inventory import Inventory
    from atmosphere.cleanup.scan.stacks import Stack
    from atmosphere.cleanup.trust import Admitted
    from atmosphere.core.model import Region
    from atmosphere.core.organization import Organization

_WAYS_IN: Final = (
    *(name for name in ENTERED if name != ROLE),
    "AWS::IAM::AccessKey",
    "AWS::RolesAnywhere::TrustAnchor",
)
"""Types by which someone gets in, whatever trust policies say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staying:
    """What stays of a scan, by which rule, and what only a person can decide on.

    `refused` is what the configuration names and the rules do not admit, with the reason: it is a leftover. `unread`
    are the regions of stacks that may stay and whose members could not be read: until they can, nothing there is taken
    for a leftover.
    """

    inventory: Inventory
    kept: Mapping[Resource, str] = field(default_factory=dict)
    doubtful: Mapping[Resource, Trouble] = field(default_factory=dict)
    refused: Mapping[Resource, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    unread: frozenset[Region] = frozenset()

    def reason(self, item: Resource) -> str | None:
        """Why it is no leftover, None if it is one."""
        if why := self.kept.get(item):
            return why
        if item in self.doubtful:
            return "only a person can decide on it"
        return "it may belong to a stack that could not be read" if item.region in self.unread else None

    def leftover_stacks(self) -> list[Stack]:
        """The stacks that have to go."""
        return [stack for stack in self.inventory.stacks if not self.reason(stack.resource)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Family:
    """A stack that may stay and what is nested in it. `named` says what names it; without, it is in the baseline."""

    root: Stack
    stacks: tuple[Stack, ...]
    named: str | None


def staying(context: PassContext, inventory: Inventory, containers: Containers) -> Staying:
    """Decide it for a scan."""
    kept, doubtful, refused = _single(context, inventory)
    families = list(_families(context, inventory, kept))
    held = containers.read([stack for family in families for stack in family.stacks], inventory)
    for family in families:
        if family.named is None:
            doubtful |= _grown(family, held, inventory)
        else:
            strangers = _strangers(family, held, admitted(context, kept))
            if not strangers:
                kept |= _whole(family, held)
            elif context.protection.names_exactly(family.root.resource):
                doubtful |= dict.fromkeys(_whole(family, held), _open(strangers))
            else:
                refused |= dict.fromkeys((stack.resource for stack in family.stacks), _refusal(family.named, strangers))
    unread = {stack.region for family in families for stack in family.stacks if stack.id not in held.members}
    return Staying(
        inventory=inventory,
        kept=kept,
        doubtful={item: trouble for item, trouble in doubtful.items() if item not in kept},
        refused=refused,
        unknown=held.unknown,
        unread=frozenset({*unread, GLOBAL} if held.unknown else unread),
    )


# --- one by one -------------------------------------------------------------------------------------------------------


def _single(
    context: PassContext, inventory: Inventory
) -> tuple[dict[Resource, str], dict[Resource, Trouble], dict[Resource, str]]:
    """What stays, is doubtful or is refused by itself."""
    there = inventory.everything()
    kept = {item: why for item in there if (why := context.protection.reason(item))}
    doubtful: dict[Resource, Trouble] = {}
    for item in inventory.late if not context.baseline.complete else ():
        if item not in kept:
            if _is_older(inventory.late[item], context.baseline.captured_at):
                kept[item] = "older than the baseline, whose capture did not list it"
            else:
                doubtful[item] = _NOT_LISTED
    may_enter = admitted(context, kept)
    for item, role in inventory.reserved.items():
        if why := reserved(role, may_enter):
            kept[item] = why
    refused: dict[Resource, str] = {}
    for item in (each for each in there if each not in kept and each.type in ENTERED):
        named, role_ = context.protection.keep(item), inventory.roles.get(item)
        strangers = [each.name for each in outsiders(role_.trust, may_enter)] if role_ else []
        why = named or (of_organization(role_, context.assignment) if role_ else None)
        if role_ and why and not strangers:
            kept[item] = why
        elif named:
            doubtful[item] = _open(strangers)
        elif why:
            refused[item] = _refusal(why, strangers)
    return kept, doubtful, refused


def _is_older(since: str, captured_at: str | None) -> bool:
    """Whether AWS says that something was there before the capture."""
    try:
        made, captured = datetime.fromisoformat(since), datetime.fromisoformat(captured_at or "")
    except ValueError:
        return False
    return made.tzinfo is not None and captured.tzinfo is not None and made < captured


# --- stacks -----------------------------------------------------------------------------------------------------------


def _families(context: PassContext, inventory: Inventory, kept: Mapping[Resource, str]) -> Iterator[_Family]:
    """The stacks that may stay, by their roots; one of the baseline only if it changed after the capture."""
    stacks = {stack.id: stack for stack in inventory.stacks}
    by_root: dict[str, list[Stack]] = {}
    for stack in inventory.stacks:
        root = stack
        while root.parent in stacks:
            root = stacks[root.parent]
        by_root.setdefault(root.id, []).append(stack)
    for identity, family in by_root.items():
        root = stacks[identity]
        named = context.protection.keep(root.resource) or _stack_set(root, context)
        if root.resource in kept:
            if any(_is_newer(stack, context.baseline.captured_at) for stack in family):
                yield _Family(root=root, stacks=tuple(family), named=None)
        elif named:
            yield _Family(root=root, stacks=tuple(family), named=named)


def _stack_set(stack: Stack, context: PassContext) -> str | None:
    organization: Organization = context.assignment.registration.organization
    names = (name for name in organization.stack_sets if stack.name.startswith(name))
    return next((f"kept by organization: {name}" for name in names), None)


def _is_newer(stack: Stack, captured_at: str | None) -> bool:
    return captured_at is None or (stack.updated or stack.created) >= datetime.fromisoformat(captured_at)


def _strangers(family: _Family, held: Held, may_enter: Admitted) -> list[str]:
    """Who gets in by what the stack owns and is not admitted. What cannot be read lets no one in: see `Staying`."""
    owned = sorted(_owned(family, held))
    ways = [str(item) for item in owned if item.type in _WAYS_IN]
    roles = [role for item in owned if (role := held.roles.get(item)) is not None]
    return ways + [each.name for role in roles for each in outsiders(role.trust, may_enter)]


def _whole(family: _Family, held: Held) -> dict[Resource, str]:
    """All of a stack, with the rule."""
    owned = dict.fromkeys(_owned(family, held), f"owned by the stack {family.root.name}, {family.named}")
    return {**owned, **{stack.resource: f"{family.named}" for stack in family.stacks}}


def _owned(family: _Family, held: Held) -> set[Resource]:
    return {item for stack in family.stacks for item in held.members.get(stack.id, ())}


def _grown(family: _Family, held: Held, inventory: Inventory) -> dict[Resource, Trouble]:
    """What a stack of the baseline owns; of that, only what nothing keeps is doubtful."""
    nested = (stack.resource for stack in family.stacks)
    there = inventory.everything()
    grown = (item for item in (*_owned(family, held), *nested) if item in there)
    return dict.fromkeys(grown, _growth(family.root))


def _growth(root: Stack) -> Trouble:
    message = (
        f"the stack {root.name} is part of the baseline and owns this, which is not: undo the change of the stack, or "
        "adopt this into the baseline"
    )
    return Trouble(code=CHANGED, message=message, attempts=0)


def _open(strangers: list[str]) -> Trouble:
    who = f"{', '.join(strangers)} may enter it" if strangers else "it lets someone in"
    message = f"`keep` names it, it came after the baseline, and {who}: adopt it into the baseline, or delete it"
    return Trouble(code="kept-and-open", message=message, attempts=0, meaning=Meaning.FATAL)


def _refusal(named: str, strangers: list[str]) -> str:
    """Why a thing is a leftover although the configuration names it."""
    return f"not {named}: {', '.join(strangers)} may enter it, or what it owns"


_NOT_LISTED: Final = Trouble(
    code="no-baseline",
    message="the baseline was captured by a version that did not list such things, so it may be a test's leftover: "
    "adopt it into the baseline if it has to stay, else delete it; or recapture the environment",
    attempts=0,
    meaning=Meaning.FATAL,
)
