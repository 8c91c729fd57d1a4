"""Where what is left comes from, as far as anybody tells: the stack that made it, and when it was made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from atmosphere.cleanup.model import Resource
    from atmosphere.cleanup.scan.inventory import Inventory
    from atmosphere.cleanup.scan.stacks import Stack
    from atmosphere.cleanup.state.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The stack's name and the instant (ISO 8601), each None where nobody tells. `going`: that stack takes it along."""

    stack: str | None = None
    created: str | None = None
    going: bool = False


def origins(
    reach: Collection[Resource], stacks: Sequence[Stack], inventory: Inventory, ledger: Ledger
) -> Mapping[Resource, Origin]:
    """The origin of each of these. A fingerprint that is an instant never changes: it is when the thing was made."""
    owners = {item: stack.name for stack in stacks for item in ledger.tree(stack.id)}
    left_behind = ledger.orphans
    made = {stack.resource: stack.created.isoformat() for stack in stacks}
    return {
        item: Origin(
            stack=owners.get(item) or left_behind.get(item) or None,
            created=made.get(item) or _instant(inventory.found.get(item)),
            going=item in owners,
        )
        for item in reach
    }


def _instant(fingerprint: str | None) -> str | None:
    try:
        return datetime.fromisoformat(fingerprint).isoformat() if fingerprint and "T" in fingerprint else None
    except ValueError:
        return None
