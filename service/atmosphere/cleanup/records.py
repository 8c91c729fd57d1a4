"""What cleanups write down: the baseline of an environment, and the ledger of an allocation's stacks.

    baselines/<account>/<region>.json          what was there before the first test and must survive
    <cleanup prefix>/ledger.json               what the stacks owned, written before anything is deleted
    <cleanup prefix>/troubles-<attempt>.json   what could not be deleted so far, and why
    <cleanup prefix>/journal/…                 every mutation, one JSON object a line
    <cleanup prefix>/report-<attempt>.json/.md what it came to

A ledger only grows: it is merged into what is there, never written over it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from atmosphere import contract
from atmosphere.cleanup.model import Residual, Resource, Trouble
from atmosphere.core.model import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from atmosphere.cleanup.keep import Keep
    from atmosphere.cleanup.model import Assignment
    from atmosphere.core.model import EnvironmentKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What was there when the environment was registered, each thing with its fingerprint where it has one.

    Only the types and regions that were looked at are covered; of others the baseline says nothing.
    """

    items: Mapping[Resource, str | None]
    types: tuple[str, ...]
    regions: tuple[Region, ...]

    def to_json(self) -> str:
        """Sorted, so that two captures of the same things are the same text."""
        rows = [[*_row(item), fingerprint] for item, fingerprint in sorted(self.items.items())]
        return _dump({"types": list(self.types), "regions": list(self.regions), "items": rows})

    @classmethod
    def from_json(cls, text: str) -> Baseline:
        """The inverse of `to_json`."""
        value = json.loads(text)
        return cls(
            items={_resource(row): row[3] for row in value["items"]},
            types=tuple(value["types"]),
            regions=tuple(Region(region) for region in value["regions"]),
        )


def baseline_name(key: EnvironmentKey) -> str:
    """Where an environment's baseline lies."""
    return f"baselines/{key.account}/{key.region}.json"


def read_baseline(keep: Keep, key: EnvironmentKey) -> Baseline | None:
    """The baseline of an environment, None if none was captured. Raises `Unreachable`."""
    text = keep.get(baseline_name(key))
    return Baseline.from_json(text) if text is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRecord:
    """What a stack owned. `seen` marks the state of the stack that `owned` was read at.

    `settled`: the stack is gone, and what it left behind stands among the ledger's orphans.
    """

    name: str
    region: Region
    seen: str = ""
    owned: frozenset[Resource] = frozenset()
    settled: bool = False

    def merged(self, newer: StackRecord) -> StackRecord:
        """Both: nothing that was ever owned is forgotten."""
        return replace(newer, owned=self.owned | newer.owned, settled=self.settled or newer.settled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Every stack of an allocation by id, and the resources that deleted stacks left behind, with the stack's name."""

    stacks: Mapping[str, StackRecord] = field(default_factory=dict)
    orphans: Mapping[Resource, str] = field(default_factory=dict)

    def merged(self, newer: Ledger) -> Ledger:
        """Both; of a stack in both the union."""
        stacks = dict(self.stacks)
        for stack, record in newer.stacks.items():
            stacks[stack] = stacks[stack].merged(record) if stack in stacks else record
        return Ledger(stacks=stacks, orphans={**self.orphans, **newer.orphans})

    def tree(self, stack: str) -> set[Resource]:
        """Everything that a stack and the stacks nested in it own."""
        found: set[Resource] = set()
        waiting, visited = [stack], {stack}
        while waiting:
            record = self.stacks.get(waiting.pop())
            for item in record.owned if record else ():
                found.add(item)
                if item.id in self.stacks and item.id not in visited:
                    visited.add(item.id)
                    waiting.append(item.id)
        return found

    def to_json(self) -> str:
        """Sorted JSON."""
        stacks = {
            stack: {
                "name": record.name,
                "region": record.region,
                "seen": record.seen,
                "settled": record.settled,
                "owned": [[item.type, item.id] for item in sorted(record.owned)],
            }
            for stack, record in self.stacks.items()
        }
        return _dump(
            {"stacks": stacks, "orphans": [[*_row(item), name] for item, name in sorted(self.orphans.items())]}
        )

    @classmethod
    def from_json(cls, text: str | None) -> Ledger:
        """The inverse of `to_json`; no text is the empty ledger."""
        if text is None:
            return cls()
        value = json.loads(text)
        return cls(
            stacks={stack: _record(entry) for stack, entry in value["stacks"].items()},
            orphans={_resource(row): row[3] for row in value["orphans"]},
        )


def _record(entry: Mapping[str, Any]) -> StackRecord:
    region = Region(entry["region"])
    return StackRecord(
        name=entry["name"],
        region=region,
        seen=entry["seen"],
        settled=entry["settled"],
        owned=frozenset(Resource.at(kind, identity, region) for kind, identity in entry["owned"]),
    )


class LedgerBook:
    """The ledger of one allocation, behind `Keep`."""

    def __init__(self, keep: Keep, assignment: Assignment) -> None:
        self._keep = keep
        self._name = prefix(assignment) + "ledger.json"

    def read(self) -> Ledger:
        """What is known. Raises `Unreachable`."""
        return Ledger.from_json(self._keep.get(self._name))

    def add(self, news: Ledger) -> Ledger:
        """Write down what is new before anything acts on it; returns all that is known. Raises `Unreachable`."""
        text = self._keep.amend(self._name, lambda before: Ledger.from_json(before).merged(news).to_json())
        return Ledger.from_json(text)


class TroubleBook:
    """What could not be deleted in this attempt so far, behind `Keep`."""

    def __init__(self, keep: Keep, assignment: Assignment) -> None:
        self._keep = keep
        self._name = f"{prefix(assignment)}troubles-{assignment.attempt}.json"
        self._text = keep.get(self._name) or "[]"
        self.entries = {_resource(row): _trouble(row[3]) for row in json.loads(self._text)}

    def note(self, item: Resource, trouble: Trouble) -> None:
        """Another attempt on `item` ended like this."""
        before = self.entries.get(item)
        self.entries[item] = replace(trouble, attempts=(before.attempts if before else 0) + trouble.attempts)

    def forget_all_but(self, remaining: Iterable[Resource]) -> None:
        """What is gone has no troubles."""
        self.entries = {item: self.entries[item] for item in set(remaining) & self.entries.keys()}

    def write(self) -> None:
        """Raises `Unreachable`."""
        text = _dump(
            [
                [*_row(item), asdict(trouble)]
                for item, trouble in ((item, self.entries[item]) for item in sorted(self.entries))
            ]
        )
        if text != self._text:
            self._keep.put(self._name, text)
            self._text = text


def _trouble(entry: Mapping[str, Any]) -> Trouble:
    return Trouble(**{**entry, "residual": Residual(entry["residual"])})


def prefix(assignment: Assignment) -> str:
    """Where everything about the cleanup of this allocation's environment lies."""
    return contract.cleanup_prefix(assignment.key.account, assignment.key.region, assignment.allocation)


def _row(item: Resource) -> list[str]:
    return [item.type, item.id, item.region]


def _resource(row: list[str]) -> Resource:
    return Resource(row[0], row[1], Region(row[2]))


def _dump(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
