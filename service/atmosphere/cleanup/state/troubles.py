"""What cleanups write down: the troubles of an attempt, and where everything lies.

<cleanup prefix>/ledger.json               what the stacks owned (see `ledger`)
<cleanup prefix>/troubles-<attempt>.json   what could not be deleted so far, and why; what AWS is at work on
<cleanup prefix>/journal/…                 every mutation, one JSON object a line
<cleanup prefix>/progress.json             how it stands, in counts (see `tally`)
<cleanup prefix>/report-<attempt>.json/.md what it came to
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from atmosphere import contract
from atmosphere.cleanup.model import Meaning, Resource, Trouble
from atmosphere.core.model import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.state.store import TextStore


STILL_THERE: Final = Trouble(
    code="still-there",
    message="it still exists: its deletion was accepted, or waits for other deletions",
    attempts=0,
)


class TroubleRepository:
    """What could not be deleted in this attempt so far, in a `TextStore`. Raises `Unreachable` when made.

    `since` is when AWS accepted to delete what is still there, or was first seen at work on it.
    """

    def __init__(self, store: TextStore, assignment: Assignment) -> None:
        self._store = store
        self._name = f"{prefix(assignment)}troubles-{assignment.attempt}.json"
        self._text = store.get(self._name) or ""
        known = json.loads(self._text or "{}")
        if isinstance(known, list):  # an older version's, which knew troubles only
            known = {"troubles": known}
        self.entries = {resource(each): _trouble(each[3]) for each in known.get("troubles", ())}
        self.since = {resource(each): datetime.fromisoformat(each[3]) for each in known.get("since", ())}

    def note(self, item: Resource, trouble: Trouble) -> None:
        """Another attempt on `item` ended like this."""
        before = self.entries.get(item)
        if before is None:
            self.entries[item] = trouble
            return
        first = (before.first_code or before.code, before.first_message or before.message)
        code, message = first if first != (trouble.code, trouble.message) else ("", "")
        attempts = before.attempts + trouble.attempts
        self.entries[item] = replace(trouble, attempts=attempts, first_code=code, first_message=message)

    def accept(self, item: Resource, now: datetime) -> None:
        """AWS accepted the last attempt: what those before it met is past. Its deletion runs since the first time."""
        self.entries.pop(item, None)
        self.began(item, now)

    def began(self, item: Resource, now: datetime) -> None:
        """AWS accepted to delete it, or is at work on it; the first time counts."""
        self.since.setdefault(item, now)

    def forget_all_but(self, remaining: Iterable[Resource]) -> None:
        """What is gone has no troubles, and nobody waits for it."""
        there = set(remaining)
        self.entries = {item: self.entries[item] for item in there & self.entries.keys()}
        self.since = {item: self.since[item] for item in there & self.since.keys()}

    def write(self) -> None:
        """Raises `Unreachable`."""
        troubles = [[*row(item), asdict(trouble)] for item, trouble in sorted(self.entries.items(), key=_first)]
        since = [[*row(item), at.isoformat()] for item, at in sorted(self.since.items())]
        text = dump({"troubles": troubles, "since": since}) if troubles or since else ""
        if text != self._text:
            self._store.put(self._name, text)
            self._text = text


def _first(pair: tuple[Resource, Trouble]) -> Resource:
    return pair[0]


def _trouble(entry: Mapping[str, Any]) -> Trouble:
    known = {field.name for field in fields(Trouble)}  # an attempt may go on with what an older version wrote
    values = {name: value for name, value in entry.items() if name in known}
    return Trouble(**{**values, "meaning": Meaning(entry.get("meaning", Meaning.PASSING))})


def prefix(assignment: Assignment) -> str:
    """Where everything about the cleanup of this allocation's environment lies."""
    return contract.cleanup_prefix(assignment.key.account, assignment.key.region, assignment.allocation)


def row(item: Resource) -> list[str]:
    """A resource as JSON."""
    return [item.type, item.id, item.region]


def resource(value: list[str]) -> Resource:
    """The inverse of `row`; what comes after its three entries does not count."""
    return Resource(value[0], value[1], Region(value[2]))


def dump(value: object) -> str:
    """Compact JSON, the same text for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
