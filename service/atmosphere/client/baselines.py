"""What the API answers about a baseline, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from atmosphere.client.results import flat

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from atmosphere.core.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineItem:
    """One thing of a baseline: `item` is `TYPE:ID@REGION`; `adopting` until a cleanup has read it."""

    item: str
    fingerprint: str | None = None
    adopting: bool = False
    contents: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineState:
    """A baseline; version 0 means that none was captured. `unknown` is what a drop named that was not in it."""

    account: str
    region: str
    version: int
    changed_at: datetime | None = None
    changed_by: str = ""
    reason: str = ""
    captured_at: datetime | None = None
    regions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    unwatched: Mapping[str, str] = field(default_factory=dict)
    items: tuple[BaselineItem, ...] = ()
    unknown: tuple[str, ...] = ()


def baseline_items(value: Mapping[str, Any]) -> tuple[BaselineItem, ...]:
    """One page of a baseline's items."""
    return tuple(flat(BaselineItem, entry) for entry in value["items"])


def baseline_state(value: Mapping[str, Any]) -> BaselineState:
    """One page of a baseline, or one after an act."""
    lists = {name: tuple(value.get(name, ())) for name in ("regions", "types", "unknown")}
    return flat(BaselineState, value, items=baseline_items(value) if "items" in value else (), **lists)
