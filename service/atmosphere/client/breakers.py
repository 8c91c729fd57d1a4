"""What operators see of the breaker of a pool."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolBreaker:
    """Since when, and for what, cleanups of a pool delete nothing; all three are empty while they do.

    `environments` (account, region) were dirty for the `thing`, an item with `{account}` and `{region}` in it.
    """

    name: str
    since: datetime | None = None
    thing: str | None = None
    environments: tuple[tuple[str, str], ...] = ()


def pool_breaker(value: Mapping[str, Any]) -> PoolBreaker:
    """A pool's breaker."""
    held = value["held"]
    if held is None:
        return PoolBreaker(name=value["pool"])
    places = tuple((place["account"], place["region"]) for place in held["environments"])
    return PoolBreaker(
        name=value["pool"], since=datetime.fromisoformat(held["since"]), thing=held["thing"], environments=places
    )
