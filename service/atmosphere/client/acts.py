"""What operators do to one environment or to many: each act has a reason, and a refusal of one stops no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atmosphere.client.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Collection

    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.results import EnvironmentState


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An environment before and after an act; `after` is None if the service refused it, and `error` says why.

    Of a dry run, `after` is what the environment would be. `changed` is False if the act has nothing to do.
    """

    before: EnvironmentState
    after: EnvironmentState | None = None
    changed: bool = False
    error: str | None = None


def select(client: AtmosphereClient, pool: str, statuses: Collection[str]) -> list[EnvironmentState]:
    """The environments of a pool that have one of these statuses now. Raises `ServiceError`, `NotConnected`."""
    return [row for row in client.environments() if row.pool == pool and row.status in statuses]


def act_on(client: AtmosphereClient, row: EnvironmentState, act: str, *, reason: str | None, dry_run: bool) -> Done:
    """Do it, or ask what it would do. A refusal is in the result. Raises `NotConnected`."""
    try:
        after, changed = client.act(row.account, row.region, act, reason=reason, dry_run=dry_run)
    except ServiceError as refusal:
        return Done(before=row, error=str(refusal))
    return Done(before=row, after=after, changed=changed)
