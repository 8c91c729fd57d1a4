"""What an operator adopted into a baseline is read here, before anything is judged: as a capture would have read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.baseline.drift import read_contents
from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.generic import NoHandler
from atmosphere.cleanup.catalogue.roles import role_id
from atmosphere.cleanup.contents.settings import SETTING
from atmosphere.cleanup.kinds import INSIDE
from atmosphere.cleanup.scan.inventory import scan
from atmosphere.cleanup.state.baseline import Revision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Resource
    from atmosphere.cleanup.scan.inventory import Inventory
    from atmosphere.cleanup.state.baseline import Baseline, BaselineRepository
    from atmosphere.core.model import Json

_NO_RESOURCES: Final = {SETTING, *INSIDE}
"""Types of what stands in a baseline by its contents only."""


def adopt(repository: BaselineRepository, context: PassContext) -> Baseline:
    """The baseline with all that could be read of what was adopted, written. Raises `Unreachable`.

    What is not there, or cannot be read now, goes on being adopted: it is protected, and judged as missing.
    """
    baseline = context.baseline
    if not baseline.adopted:
        return baseline
    inventory = scan(context)
    inside = read_contents(context, only=baseline.adopted)
    prints: dict[Resource, str | None] = {}
    for item in baseline.adopted:
        if inventory.may_miss(item):
            continue  # its fingerprint stands in the listing that failed
        if item in inside.contents or _is_there(item, inventory, context):
            prints[item] = _fingerprint(item, inventory, context)
    if inside.unknown or not prints:
        return baseline
    revision = Revision(at=context.now(), by="cleanup", why=f"read what was adopted: {len(prints)}")
    return repository.amend(lambda before: _settled(before, prints, inside.contents), revision)


def _is_there(item: Resource, inventory: Inventory, context: PassContext) -> bool:
    if item in inventory.everything():
        return True
    try:
        if item in context.assignment.role_resources:
            return role_id(context.account, item.id) is not None
        return type_of(item.type).exists(context.account, item.region, item.id)
    except (ClientError, BotoCoreError, NoHandler):
        return False  # nothing is settled by it: it stays what it is, adopted and not read


def _fingerprint(item: Resource, inventory: Inventory, context: PassContext) -> str | None:
    if item in context.assignment.role_resources:
        return role_id(context.account, item.id)
    return inventory.everything().get(item)


def _settled(before: Baseline, prints: Mapping[Resource, str | None], contents: Mapping[Resource, Json]) -> Baseline:
    read = {item: print_ for item, print_ in prints.items() if item in before.adopted}
    items = {item: print_ for item, print_ in before.items.items() if item not in read}
    return replace(
        before,
        items={**items, **{item: print_ for item, print_ in read.items() if item.type not in _NO_RESOURCES}},
        contents={**before.contents, **{item: inside for item, inside in contents.items() if _of(item, read)}},
        adopted=before.adopted.difference(read),
    )


def _of(inside: Resource, read: Mapping[Resource, str | None]) -> bool:
    """Whether it is the inside of one of these; it may stand under a type of its own."""
    return any((item.id, item.region) == (inside.id, inside.region) for item in read)
