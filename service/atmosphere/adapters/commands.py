"""What an operator runs after an event: commands of this project, one row for each kind.

They name an environment, a pool or an allocation, all of which we made or the configuration names: nothing in them was
chosen by a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.core.events import AllocationEvent, EnvironmentEvent, EventKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.core.events import Event

_ROWS: Final[Mapping[EventKind, tuple[str, ...]]] = {
    EventKind.DIRTY: (
        "environment show {place}",
        "cleanup run {place} --reason WHY",
        "environment reinstate {place} --reason WHY",
    ),
    EventKind.HELD: ("environment resume {place} --reason WHY",),
    EventKind.POOL_HELD: ("pool show {pool}", "pool resume {pool} --clean --reason WHY"),
    EventKind.POOL_EXHAUSTED: (
        "environment list",
        "environment clean --pool {pool} --status dirty --dry-run",
    ),
    EventKind.TIMED_OUT: ("history {place}",),
    EventKind.LOST: ("history {place}",),
}


def commands(event: Event) -> tuple[str, ...]:
    """The command lines that go with an event, the first to run first; none where nothing is to be done."""
    place = _place(event)
    return tuple(f"atmosphere {row}".format(place=place, pool=event.pool) for row in _ROWS.get(event.kind, ()))


def _place(event: Event) -> str:
    if isinstance(event, EnvironmentEvent):
        return event.key.path
    return event.environments[0].path if isinstance(event, AllocationEvent) and event.environments else ""
