"""What tests left behind, as the history tells with `leftovers=true`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from atmosphere.client.results import HistoryLine, history_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALLOCATION: Final = "allocation"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """What cleaning one environment after one allocation found, by type: `removed` since, and `left` in its last look.

    Without `counted` nothing is known: it was not cleaned yet, or so long ago that the counts are gone. `unknown` is
    how many listings failed in the last look, so that there may have been more.
    """

    account: str
    region: str
    at: datetime
    id: str
    requester: str
    counted: bool = False
    removed: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """The newest page of an environment's history, and what was left behind. With `more`, older entries follow."""

    lines: tuple[HistoryLine, ...]
    left_behind: tuple[LeftBehind, ...]
    more: bool


def recent(value: Mapping[str, Any]) -> Recent:
    """One page of a history with leftovers."""
    return Recent(lines=history_lines(value), left_behind=left_behind(value), more=value.get("cursor") is not None)


def left_behind(value: Mapping[str, Any]) -> tuple[LeftBehind, ...]:
    """The allocations of one page of a history; operators' acts leave nothing behind."""
    return tuple(_one(entry) for entry in value["entries"] if entry["kind"] == _ALLOCATION)


def _one(entry: Mapping[str, Any]) -> LeftBehind:
    counts = entry["leftovers"]
    return LeftBehind(
        account=entry["account"],
        region=entry["region"],
        at=datetime.fromisoformat(entry["at"]),
        id=entry["id"],
        requester=entry.get("requester") or "",
        counted=counts is not None,
        **({name: counts[name] for name in ("removed", "left", "unknown")} if counts is not None else {}),
    )
