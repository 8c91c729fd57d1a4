"""What the API answers about a baseline, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from atmosphere.client.results import instant

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
    unwatched: Mapping[str, str]
    items: tuple[BaselineItem, ...] = ()
    unknown: tuple[str, ...] = ()


def baseline_items(value: Mapping[str, Any]) -> tuple[BaselineItem, ...]:
    """One page of a baseline's items."""
    return tuple(
        BaselineItem(
            item=entry["item"],
            fingerprint=entry.get("fingerprint"),
            adopting=entry.get("adopting", False),
            contents=entry.get("contents"),
        )
        for entry in value["items"]
    )


def baseline_state(value: Mapping[str, Any]) -> BaselineState:
    """One page of a baseline, or one after an act."""
    return BaselineState(
        account=value["account"],
        region=value["region"],
        version=value["version"],
        changed_at=instant(value.get("changedAt")),
        changed_by=value.get("changedBy") or "",
        reason=value.get("reason") or "",
        captured_at=instant(value.get("capturedAt")),
        regions=tuple(value.get("regions", ())),
        types=tuple(value.get("types", ())),
        unwatched=value.get("unwatched", {}),
        items=baseline_items(value) if "items" in value else (),
        unknown=tuple(value.get("unknown", ())),
    )
