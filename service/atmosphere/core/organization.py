"""What the organization of a pool's accounts may add to them at any time, as operators say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """What may come beside what AWS reserves. Whether one of them stays is decided by who may enter it.

    `stack_sets` are prefixes of names of stacks. `roles` are ARNs of roles: with `*` as the account one of every
    account, with `*` at the end a prefix.
    """

    management_account: str | None = None
    stack_sets: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


def organization_to_json(organization: Organization) -> dict[str, Any]:
    """The organization as JSON values; empty parts are left out."""
    full: dict[str, Any] = {
        "management_account": organization.management_account or "",
        "stack_sets": list(organization.stack_sets),
        "roles": list(organization.roles),
    }
    return {name: value for name, value in full.items() if value}


def organization_from_json(value: Mapping[str, Any]) -> Organization:
    """The inverse of `organization_to_json`; what an older version wrote says nothing of one."""
    return Organization(
        management_account=value.get("management_account"),
        stack_sets=tuple(value.get("stack_sets", ())),
        roles=tuple(value.get("roles", ())),
    )
