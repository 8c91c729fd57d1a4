"""What operators do to several environments of a pool: adopt the same item, clean them after a hold.

An organization adds a thing to all its accounts at once, so many environments become dirty for it. It is adopted only
where the last report names it as a blocker: elsewhere it may not exist, and would be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atmosphere.client.errors import ServiceError
from atmosphere.core.breaker import POOL_HELD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from atmosphere.client.breakers import PoolBreaker
    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.results import EnvironmentState

_AT_REST: Final = ("dirty", "held")
"""In another status the next cleanup would read what a test makes of the item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """One environment and the items of it to adopt. `error` is set once the service refused it."""

    environment: EnvironmentState
    items: tuple[str, ...]
    error: str | None = None

    @property
    def place(self) -> tuple[str, str]:
        """The environment as the client's methods take it."""
        return self.environment.account, self.environment.region

    @property
    def requester(self) -> str:
        """Whose test was the last one there."""
        return str((self.environment.cleanup or {}).get("requester") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """One environment whose cleanup was started. `error` is set if the service refused it."""

    place: tuple[str, str]
    error: str | None = None


def clean_after(client: AtmosphereClient, held: PoolBreaker, *, reason: str) -> list[Cleaned]:
    """Start a cleanup of each dirty environment of the pool that was held, or that the breaker had counted.

    A refusal is in the result, so that the other environments are not affected. Raises `ServiceError`, `NotConnected`.
    """
    dirty = [row for row in client.environments() if row.pool == held.name and row.status == "dirty"]
    places = [(row.account, row.region) for row in dirty if row.dirty_reason == POOL_HELD or _was_counted(row, held)]
    return [_clean(client, place, reason) for place in places]


def _was_counted(row: EnvironmentState, held: PoolBreaker) -> bool:
    return (row.account, row.region) in held.environments


def _clean(client: AtmosphereClient, place: tuple[str, str], reason: str) -> Cleaned:
    try:
        client.operate(*place, "clean", reason=reason)
    except ServiceError as refusal:
        return Cleaned(place=place, error=str(refusal))
    return Cleaned(place=place)


def blocked_by(client: AtmosphereClient, pool: str, items: Sequence[str]) -> list[Adoption]:
    """The environments of the pool that are dirty or held and whose last report names one of the items.

    An item is `TYPE:ID@REGION`; in it `{account}` and `{region}` are replaced by the environment's.
    Raises `ServiceError`, `NotConnected`.
    """
    rows = [row for row in client.environments() if row.pool == pool and row.status in _AT_REST]
    states = (client.environment(row.account, row.region) for row in rows)
    found = (Adoption(environment=state, items=tuple(_named(state, items))) for state in states)
    return [each for each in found if each.items]


def _named(state: EnvironmentState, items: Sequence[str]) -> Iterator[str]:
    blockers = (state.cleanup or {}).get("blockers", ())
    present = {f"{each['type']}:{each['id']}@{each['region']}" for each in blockers}
    for item in dict.fromkeys(items):
        own = item.replace("{account}", state.account).replace("{region}", state.region)
        if own in present:
            yield own


def adopt(client: AtmosphereClient, adoption: Adoption, *, reason: str, clean: bool) -> Adoption:
    """Adopt the items, and start a cleanup of the environment if `clean` and it is dirty.

    A refusal is in the result, so that the other environments are not affected. Raises `NotConnected`.
    """
    account, region = adoption.place
    try:
        client.amend_baseline(account, region, "adopt", adoption.items, reason=reason)
        if clean and adoption.environment.status == "dirty":
            client.operate(account, region, "clean", reason=reason)
    except ServiceError as refusal:
        return Adoption(environment=adoption.environment, items=adoption.items, error=str(refusal))
    return adoption
