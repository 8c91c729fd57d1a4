"""What is there: all stacks and all resources of the catalogue's types, freshly listed, and what could not be listed.

A failed listing is "unknown" and keeps an environment from being clean; it is never an empty answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.base import Scope, code_of
from atmosphere.cleanup.model import GLOBAL, Resource
from atmosphere.cleanup.stacks import STACK, Stack, stacks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from atmosphere.cleanup.accounts import Account
    from atmosphere.cleanup.catalogue.base import ResourceType
    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.pace import Pace
    from atmosphere.core.model import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """`found` maps each resource to its fingerprint; `unknown` maps `TYPE@REGION` to the code of what went wrong."""

    stacks: tuple[Stack, ...]
    found: Mapping[Resource, str | None]
    unknown: Mapping[str, str]

    def everything(self) -> dict[Resource, str | None]:
        """Stacks and resources with their fingerprints; a stack's is its id."""
        return {**{stack.resource: stack.id for stack in self.stacks}, **self.found}

    def knows(self, item: Resource) -> bool:
        """Whether its type was listed where it is."""
        return f"{item.type}@{item.region}" not in self.unknown


@dataclass(frozen=True, slots=True)
class _Part:
    """One listing's answer: stacks, or resources, or a code."""

    label: str
    stacks: tuple[Stack, ...] = ()
    found: Mapping[Resource, str | None] | None = None
    unknown: str | None = None


def look(assignment: Assignment, account: Account, pace: Pace) -> Inventory:
    """List everything that cleaning covers, side by side."""
    parts = pace.side_by_side([partial(_answer, label, listing) for label, listing in _listings(assignment, account)])
    found: dict[Resource, str | None] = {}
    for part in parts:
        found.update(part.found or {})
    return Inventory(
        stacks=tuple(stack for part in parts for stack in part.stacks),
        found=found,
        unknown={part.label: part.unknown for part in parts if part.unknown},
    )


def places(assignment: Assignment) -> Iterator[tuple[ResourceType, Region]]:
    """Each type of the catalogue with each place that it is listed in; global services only where they are swept."""
    for entry in CATALOGUE:
        if entry.scope is Scope.REGION:
            yield from ((entry, region) for region in assignment.regions)
        elif assignment.sweep_globals:
            yield entry, GLOBAL


def _listings(assignment: Assignment, account: Account) -> Iterator[tuple[str, Callable[[], _Part]]]:
    for region in assignment.regions:
        label = f"{STACK}@{region}"
        yield label, partial(_list_stacks, label, account, region)
    for entry, region in places(assignment):
        label = f"{entry.name}@{region}"
        yield label, partial(_list_type, label, entry, account, region)


def _list_stacks(label: str, account: Account, region: Region) -> _Part:
    return _Part(label, stacks=tuple(stacks_of(account, region)))


def _list_type(label: str, entry: ResourceType, account: Account, region: Region) -> _Part:
    found = entry.list(account, region)
    return _Part(label, found={Resource(entry.name, each.id, region): each.fingerprint for each in found})


def _answer(label: str, listing: Callable[[], _Part]) -> _Part:
    try:
        return listing()
    except ClientError as error:
        return _Part(label, unknown=code_of(error))
    except BotoCoreError as error:
        return _Part(label, unknown=type(error).__name__)
