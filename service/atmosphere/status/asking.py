"""Asks the service for what the page shows, by routes of operators, in a limited number of requests.

Two requests for all pools and environments; one for the last day of each environment, for at most `MOST_DAYS`; one for
the last report of each dirty one, for at most `MOST_REPORTS`. What the limits leave out is named on the page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.client.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.leftovers import Recent
    from atmosphere.client.results import EnvironmentState, Pool

MOST_DAYS: Final = 40
MOST_REPORTS: Final = 20
DAY: Final = timedelta(hours=24)
_LONGEST: Final = timedelta(hours=4)
"""More than an allocation lasts. The history is asked by when one began, and one from before may last into the day."""
_FIRST: Final = ("dirty", "in-use", "cleaning", "held", "free")
"""Whose days are shown if there are more environments than days."""
_GONE: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the service said, at about the same moment. The keys are `ACCOUNT/REGION`."""

    at: datetime
    pools: Sequence[Pool]
    environments: Sequence[EnvironmentState]
    days: Mapping[str, Recent] = field(default_factory=dict)
    reports: Mapping[str, EnvironmentState] = field(default_factory=dict)


def place_of(environment: EnvironmentState) -> str:
    """`ACCOUNT/REGION`, as commands take it."""
    return f"{environment.account}/{environment.region}"


def ask(client: AtmosphereClient, at: datetime) -> Asked:
    """Everything that the page shows; `at` is now. Raises `ServiceError`, `NotConnected`: a part is never shown."""
    pools, environments = client.pools(), client.environments()
    urgent = sorted(environments, key=lambda each: _FIRST.index(each.status) if each.status in _FIRST else 0)
    since = at - DAY - _LONGEST
    days = {place_of(each): client.recent(place_of(each), since) for each in urgent[:MOST_DAYS]}
    dirty = [each for each in environments if each.status == "dirty"][:MOST_REPORTS]
    reports = {place_of(each): found for each in dirty if (found := _report(client, each)) is not None}
    return Asked(at=at, pools=pools, environments=environments, days=days, reports=reports)


def _report(client: AtmosphereClient, environment: EnvironmentState) -> EnvironmentState | None:
    """With its last report; None if it has disappeared in the meantime."""
    try:
        return client.environment(environment.account, environment.region)
    except ServiceError as refusal:
        if refusal.status != _GONE:
            raise
        return None
