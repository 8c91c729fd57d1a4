"""What an operator does to an environment's baseline: sees it, drops things from it, adopts things into it; on record.

The record is written first: an act that took effect never lacks it. Repeating an act changes nothing more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atmosphere.core import access
from atmosphere.core.changes import Put
from atmosphere.core.errors import Conflicting, InvalidRequest, UnknownEnvironment
from atmosphere.core.model import ActKind, HistoryEntry, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atmosphere.core.access import AccessRules, VerifiedCaller
    from atmosphere.core.baseline import Amendment
    from atmosphere.core.model import Environment, EnvironmentKey, Json
    from atmosphere.ports import Baselines, Clock, Ids, Store

_PAGE: Final = 1_000_000  # characters of JSON; Lambda's reply may have six million
_TOLD: Final = 900  # characters of the things that a record names; the versions of the baseline hold them all
NOTHING: Final[Mapping[str, Json]] = {
    "version": 0,
    "changedAt": None,
    "changedBy": "",
    "reason": "",
    "capturedAt": None,
    "regions": [],
    "types": [],
    "unwatched": {},
    "items": [],
}
"""What is told of an environment that has no baseline yet."""


@dataclass(frozen=True, slots=True)
class Amended:
    """The baseline after an act, and what a drop named that was not in it."""

    baseline: Mapping[str, Json]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BaselinePage:
    """Some of the items; `cursor` continues, in the same version of the baseline only."""

    items: Sequence[Json]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineKeeper:
    """The verbs with their collaborators; operators only."""

    store: Store
    baselines: Baselines
    clock: Clock
    ids: Ids
    rules: AccessRules
    caller: VerifiedCaller

    def show(self, key: EnvironmentKey) -> Mapping[str, Json]:
        """The baseline. Raises `UnknownEnvironment`, `Forbidden`."""
        self._row(key)
        return self.baselines.load(key) or NOTHING

    def amend(self, key: EnvironmentKey, wanted: Amendment) -> Amended:
        """Drop or adopt. Raises `UnknownEnvironment`, `Conflicting`, `InvalidRequest`."""
        row = self._row(key)
        if row.status is Status.CLEANING and row.capture:
            raise Conflicting(f"the baseline of {key} is being captured: wait until that is over")
        before = self.baselines.load(key)
        if before is None:
            raise Conflicting(f"{key} has no baseline yet: recapture it")
        _refuse_elsewhere(row, wanted)
        known = _known(before)
        unknown = tuple(item for item in wanted.items if item not in known) if wanted.act is ActKind.DROP else ()
        if not _changes_something(known, wanted):
            return Amended(before, unknown)
        now = self.clock.now()
        self.store.commit([Put(row=self._entry(row, wanted))], token=self.ids.new())
        after = self.baselines.amend(
            key, wanted.act, wanted.items, at=now, by=self.caller.owner, why=f"{wanted.act}: {wanted.reason}"
        )
        return Amended(after, unknown)

    def _row(self, key: EnvironmentKey) -> Environment:
        access.operators_only(self.rules, self.caller)
        row = self.store.environment(key)
        if row is None:
            raise UnknownEnvironment
        return row

    def _entry(self, row: Environment, wanted: Amendment) -> HistoryEntry:
        named = ", ".join(wanted.items)
        told = named if len(named) <= _TOLD else f"{named[:_TOLD]}…"
        return HistoryEntry(
            key=row.key,
            at=self.clock.now(),
            id=self.ids.new(),
            kind=wanted.act,
            pool=row.pool,
            who=self.caller.owner,
            reason=f"{wanted.reason} ({told})",
            asked_by=self.caller.asked_by,
        )


def _refuse_elsewhere(row: Environment, wanted: Amendment) -> None:
    covered = {"global", row.key.region, *row.registered.regions}
    for item in wanted.items:
        region = item.rpartition("@")[2]
        if wanted.act is ActKind.ADOPT and region not in covered:
            raise InvalidRequest(f"cleaning of {row.key} covers {sorted(covered)!r} only, not {region}")


def _known(baseline: Mapping[str, Json]) -> dict[str, bool]:
    """What it has, and whether that waits for the next cleanup to be read."""
    entries = baseline["items"] if isinstance(baseline["items"], list) else []
    return {str(entry["item"]): entry["adopting"] is True for entry in entries if isinstance(entry, dict)}


def _changes_something(known: Mapping[str, bool], wanted: Amendment) -> bool:
    """Whether a drop finds something to drop, or an adoption is not waiting for the next cleanup already."""
    if wanted.act is ActKind.DROP:
        return any(item in known for item in wanted.items)
    return not all(known.get(item, False) for item in wanted.items)


def baseline_page(baseline: Mapping[str, Json], cursor: str | None) -> BaselinePage:
    """The page of a baseline's items that a cursor leads to. Raises `InvalidRequest` for one of another version."""
    items = baseline["items"] if isinstance(baseline["items"], list) else []
    version, _, start = (cursor or f"{baseline['version']}.0").partition(".")
    if version != str(baseline["version"]) or not start.isdecimal():
        raise InvalidRequest("'cursor' is not one of this baseline as it is now: start again without it")
    begin, size = int(start), 0
    for end, item in enumerate(items[begin:], start=begin):
        size += len(json.dumps(item))
        if size > _PAGE and end > begin:
            return BaselinePage(items[begin:end], f"{version}.{end}")
    return BaselinePage(items[begin:], None)
