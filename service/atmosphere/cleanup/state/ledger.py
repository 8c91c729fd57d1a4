"""The ledger of an allocation: what its stacks own, written before anything is deleted, and what they left behind.

It lies under `<cleanup prefix>/ledger.json` and only grows: news is merged into what is there, never written over it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from atmosphere.cleanup.model import Resource
from atmosphere.cleanup.state.troubles import dump, prefix, resource, row
from atmosphere.core.model import Region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.state.store import TextStore


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """What a custom resource of a stack needs: the function that serves it, by name, empty if it cannot be told.

    `readers` are names of stacks that read what it writes into another region: they go before its own stack.
    """

    custom: Resource
    provider: str
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRecord:
    """What a stack owned, and what its custom resources need. `seen` marks the state of the stack that was read.

    `settled`: the stack is gone, and what it left behind stands among the ledger's orphans.
    """

    name: str
    region: Region
    seen: str = ""
    owned: frozenset[Resource] = frozenset()
    links: frozenset[Link] = frozenset()
    settled: bool = False

    def merged(self, newer: StackRecord) -> StackRecord:
        """Both: nothing that was ever owned is forgotten."""
        owned, links = self.owned | newer.owned, self.links | newer.links
        return replace(newer, owned=owned, links=links, settled=self.settled or newer.settled)


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

    def links(self, stack: str) -> list[Link]:
        """What the custom resources of a stack and of the stacks nested in it need, in order."""
        nested = [item.id for item in self.tree(stack) if item.id in self.stacks]
        records = [self.stacks[each] for each in {stack, *nested} if each in self.stacks]
        return sorted(link for record in records for link in record.links)

    def to_json(self) -> str:
        """Sorted JSON."""
        stacks = {
            stack: {
                "name": record.name,
                "region": record.region,
                "seen": record.seen,
                "settled": record.settled,
                "owned": [[item.type, item.id] for item in sorted(record.owned)],
                "links": [[*row(link.custom), link.provider, *link.readers] for link in sorted(record.links)],
            }
            for stack, record in self.stacks.items()
        }
        return dump({"stacks": stacks, "orphans": [[*row(item), name] for item, name in sorted(self.orphans.items())]})

    @classmethod
    def from_json(cls, text: str | None) -> Ledger:
        """The inverse of `to_json`; no text is the empty ledger."""
        if text is None:
            return cls()
        value = json.loads(text)
        return cls(
            stacks={stack: _record(entry) for stack, entry in value["stacks"].items()},
            orphans={resource(each): each[3] for each in value["orphans"]},
        )


def _record(entry: Mapping[str, Any]) -> StackRecord:
    region = Region(entry["region"])
    return StackRecord(
        name=entry["name"],
        region=region,
        seen=entry["seen"],
        settled=entry["settled"],
        owned=frozenset(Resource.at(kind, identity, region) for kind, identity in entry["owned"]),
        links=frozenset(Link(resource(each), each[3], tuple(each[4:])) for each in entry.get("links", ())),
    )


class LedgerRepository:
    """The ledger of one allocation, in a `TextStore`."""

    def __init__(self, store: TextStore, assignment: Assignment) -> None:
        self._store = store
        self._name = prefix(assignment) + "ledger.json"

    def read(self) -> Ledger:
        """What is known. Raises `Unreachable`."""
        return Ledger.from_json(self._store.get(self._name))

    def add(self, news: Ledger) -> Ledger:
        """Write down what is new before anything acts on it; returns all that is known. Raises `Unreachable`."""
        text = self._store.amend(self._name, lambda before: Ledger.from_json(before).merged(news).to_json())
        return Ledger.from_json(text)
