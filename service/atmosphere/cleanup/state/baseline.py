"""The baseline of an environment: what was there before the first test and must survive; and how it changes.

    baselines/<account>/<region>.json                    the one in force
    baselines/<account>/<region>/<version>-<time>.json   those before it, each kept when it was replaced

A capture replaces it whole. An operator drops things from it or adopts things into it; of what is adopted the next
cleanup reads fingerprint and contents before it judges anything, so that there is one way in which they are read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.kinds import INSIDE
from atmosphere.cleanup.model import Finished, Verdict
from atmosphere.cleanup.state.troubles import dump, resource, row
from atmosphere.core.model import Region
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from atmosphere.cleanup.model import Assignment, Resource
    from atmosphere.cleanup.state.store import TextStore
    from atmosphere.core.model import EnvironmentKey, Json

_ROUNDS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """Who made a version of a baseline what it is, when and why."""

    at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What was there at the capture, each thing with its fingerprint where it has one.

    Only the types and regions that were looked at are covered; of others the baseline says nothing. `contents` is what
    stays as it is of things whose inside is watched (`contents/`), `unwatched` names what of that could not be read at
    the capture, with the code that AWS answered. `tagged` are the ARNs that the tagging API showed. `adopted` are
    things of which nothing was read yet. `complete` is False of a baseline whose capture left out what is listed now
    (`Listing.late`). `version` counts from 1; 0 was never written.
    """

    items: Mapping[Resource, str | None]
    types: tuple[str, ...]
    regions: tuple[Region, ...]
    contents: Mapping[Resource, Json] = field(default_factory=dict)
    unwatched: Mapping[str, str] = field(default_factory=dict)
    adopted: frozenset[Resource] = frozenset()
    tagged: frozenset[str] = frozenset()
    captured_at: str | None = None
    complete: bool = True
    version: int = 0
    by: str = ""
    why: str = ""
    at: str | None = None

    def to_json(self) -> str:
        """Sorted, so that equal baselines are the same text."""
        return dump(
            {
                "version": self.version,
                "by": self.by,
                "why": self.why,
                "at": self.at,
                "capturedAt": self.captured_at,
                "complete": self.complete,
                "types": list(self.types),
                "regions": list(self.regions),
                "items": [[*row(item), self.items[item]] for item in sorted(self.items)],
                "contents": [[*row(item), self.contents[item]] for item in sorted(self.contents)],
                "unwatched": dict(self.unwatched),
                "tagged": sorted(self.tagged),
                "adopted": [row(item) for item in sorted(self.adopted)],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Baseline:
        """The inverse of `to_json`; older texts say less."""
        value: dict[str, Any] = json.loads(text)
        return cls(
            items={resource(entry): entry[3] for entry in value["items"]},
            types=tuple(value["types"]),
            regions=tuple(Region(region) for region in value["regions"]),
            contents={resource(entry): entry[3] for entry in value.get("contents", ())},
            unwatched=value.get("unwatched", {}),
            adopted=frozenset(resource(entry) for entry in value.get("adopted", ())),
            tagged=frozenset(value.get("tagged", ())),
            captured_at=value.get("capturedAt"),
            complete=value.get("complete", False),
            version=value.get("version", 1),
            by=value.get("by", ""),
            why=value.get("why", ""),
            at=value.get("at"),
        )

    def without(self, items: Collection[Resource]) -> Baseline:
        """The same, but for these and all that is inside of them."""
        return replace(
            self,
            items={item: print_ for item, print_ in self.items.items() if item not in items},
            contents={item: inside for item, inside in self.contents.items() if not _is_of(item, items)},
            adopted=self.adopted.difference(items),
        )

    def adopting(self, items: Collection[Resource]) -> Baseline:
        """The same with these, as they will be found by the next cleanup; what it knew of them is forgotten."""
        kept = self.without(items)
        return replace(kept, items={**kept.items, **dict.fromkeys(items)}, adopted=kept.adopted.union(items))


def _is_of(inside: Resource, items: Collection[Resource]) -> bool:
    """Whether it is one of these, or inside of one."""
    return inside in items or replace(inside, type=INSIDE.get(inside.type, inside.type)) in items


UNKNOWN: Final = Baseline(items={}, types=(), regions=())
"""The baseline of an environment that has none: it covers no region."""


def uncovered(baseline: Baseline, assignment: Assignment) -> Finished | None:
    """How a cleanup ends when the baseline does not cover every region: what has to survive there is unknown."""
    missing = set(assignment.regions) - set(baseline.regions)
    if not missing:
        return None
    return Finished(
        Verdict.DIRTY,
        "no-baseline",
        f"there is no baseline for {', '.join(sorted(missing))}, so nothing was deleted: remove what a test left, "
        "then recapture the environment",
    )


def baseline_name(key: EnvironmentKey) -> str:
    """Where an environment's baseline lies."""
    return f"baselines/{key.path}.json"


class BaselineRepository:
    """The baseline of one environment, in a `TextStore`. Every method raises `Unreachable`."""

    def __init__(self, store: TextStore, key: EnvironmentKey) -> None:
        self._store = store
        self._key = key

    def read(self) -> Baseline:
        """The one in force, `UNKNOWN` if none was captured."""
        text = self._store.get(baseline_name(self._key))
        return Baseline.from_json(text) if text is not None else UNKNOWN

    def capture(self, found: Baseline, revision: Revision) -> Baseline:
        """Put what a capture found in force."""
        return self._amend(lambda _: replace(found, captured_at=revision.at.isoformat()), revision)

    def amend(self, change: Callable[[Baseline], Baseline], revision: Revision) -> Baseline:
        """Put in force what `change` makes of the one that is; a change that changes nothing writes nothing."""

        def changed(before: Baseline | None) -> Baseline:
            if before is None:
                raise Unreachable(f"the baseline of {self._key} is gone: recapture it")
            return change(before)

        return self._amend(changed, revision)

    def _amend(self, change: Callable[[Baseline | None], Baseline], revision: Revision) -> Baseline:
        name = baseline_name(self._key)
        for _ in range(_ROUNDS):
            text = self._store.get(name)
            before = Baseline.from_json(text) if text is not None else None
            after = change(before)
            if before is not None and after == before:
                return before
            version = before.version + 1 if before else 1
            after = replace(after, version=version, by=revision.by, why=revision.why, at=revision.at.isoformat())
            if before is not None and text is not None:
                self._store.put(self._old_name(before), text)
            if self._store.amend(name, _swap(text, after.to_json())) == after.to_json():
                return after
        raise Unreachable(f"the baseline of {self._key} changes faster than it can be amended: try again")

    def _old_name(self, old: Baseline) -> str:
        at = "".join(digit for digit in old.at or "" if digit.isdigit())
        return f"baselines/{self._key.path}/{old.version:04}-{at or 'unknown'}.json"


def _swap(expected: str | None, new: str) -> Callable[[str | None], str]:
    """For `TextStore.amend`: the new text, but only where the expected one still stands."""
    return lambda found: new if found == expected or found is None else found
