"""What stacks own that may stay: read again only after CloudFormation changed the stack.

A stack that is deleted has its members in the ledger; these are the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.roles import role_of
from atmosphere.cleanup.catalogue.row import Row
from atmosphere.cleanup.model import STACK
from atmosphere.cleanup.scan.stacks import members
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Resource
    from atmosphere.cleanup.scan.inventory import Inventory
    from atmosphere.cleanup.scan.stacks import Stack
    from atmosphere.cleanup.trust import Role

ROLE: Final = "AWS::IAM::Role"
_URL: Final = re.compile(r"https?://[^/]+/(.+)")
"""A queue has a URL at more than one host. Source: SQS developer guide, "Queue and message identifiers"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What stacks own, by the id of the stack; the roles among it. `unknown` maps what could not be read to a code."""

    members: Mapping[str, frozenset[Resource]] = field(default_factory=dict)
    roles: Mapping[Resource, Role | None] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


class Containers:
    """Reads what stacks own, for one pass."""

    def __init__(self, context: PassContext) -> None:
        self._context = context
        self._seen: dict[str, tuple[str, frozenset[Resource]]] = {}

    def read(self, stacks: Sequence[Stack], inventory: Inventory) -> Held:
        """What these own; nested stacks are asked like others. A role that no listing showed is asked for by name.

        Members are named as they are listed: a stack may write the id of the same thing in another way.
        """
        unknown: dict[str, str] = {}
        listed = {_thing(item): item for item in inventory.found}
        answers = self._context.workers.run([partial(self._members, stack) for stack in stacks])
        owned: dict[str, frozenset[Resource]] = {}
        for stack, answer in zip(stacks, answers, strict=True):
            if isinstance(answer, str):
                unknown[f"resources of {stack.name}@{stack.region}"] = answer
            else:
                owned[stack.id] = frozenset(listed.get(_thing(item), item) for item in answer)
        wanted = {item for each in owned.values() for item in each if item.type == ROLE}
        roles, unread = self._roles(wanted - inventory.roles.keys() - inventory.reserved.keys())
        return Held(members=owned, roles={**inventory.roles, **roles}, unknown={**unknown, **unread})

    def _members(self, stack: Stack) -> frozenset[Resource] | str:
        known = self._seen.get(stack.id)
        if known is not None and stack.seen and known[0] == stack.seen:
            return known[1]
        try:
            told = members(self._context.account, stack.region, stack.id)
        except (ClientError, BotoCoreError) as error:
            return code_of(error)
        owned = frozenset(each.resource for each in told if each.resource.id and each.resource.type != STACK)
        self._seen[stack.id] = (stack.seen, owned)
        return owned

    def _roles(self, items: Collection[Resource]) -> tuple[dict[Resource, Role | None], dict[str, str]]:
        asked = sorted(items)
        answers = self._context.workers.run([partial(self._role, item) for item in asked])
        told = zip(asked, answers, strict=True)
        found = {item: answer for item, answer in told if not isinstance(answer, str)}
        unknown = {i.address: a for i, a in zip(asked, answers, strict=True) if isinstance(a, str)}
        return found, unknown

    def _role(self, item: Resource) -> Role | str | None:
        try:
            return role_of(self._context.account, item.id)
        except (ClientError, BotoCoreError) as error:
            return code_of(error)


def _thing(item: Resource) -> tuple[str, str, object]:
    """The same of each way in which an id of one thing is written."""
    entry, url = type_of(item.type), _URL.fullmatch(item.id)
    if url is not None and item.type == "AWS::SQS::Queue":
        return item.type, item.region, url[1]
    return item.type, item.region, entry.parts_of(item.id) if isinstance(entry, Row) else item.id
