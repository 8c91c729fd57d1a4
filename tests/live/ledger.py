"""A file that lists what the suite creates, each before it is created, so that a killed run can be tidied up.

One JSON object a line, appended and written through to the disk: `{"made": N, "kind": ..., "name": ...}` before the
creation, `{"gone": N}` when a listing has shown that it is not there. A line cut short by a kill is the last one; what
it was about to name was not created.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Kind(StrEnum):
    """What the suite creates; `removal.py` knows how each is deleted and listed."""

    ROLE = "role"
    POLICY = "policy"
    TABLE = "table"
    BUCKET = "bucket"
    QUEUE = "queue"
    RULE = "rule"
    ALARM = "alarm"
    MACHINE = "state machine"
    FUNCTION = "function"
    STACK = "stack"
    ALLOCATION = "allocation"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that may be there; `number` is its place in the ledger."""

    number: int
    kind: Kind
    name: str
    region: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """The file; it need not be there yet."""

    path: Path

    def note(self, kind: Kind, name: str, region: str) -> Thing:
        """Write down what is about to be created. Returns when it is on the disk."""
        thing = Thing(len(self.all()), kind, name, region)
        self._append({"made": thing.number, "kind": kind, "name": name, "region": region})
        return thing

    def gone(self, thing: Thing) -> None:
        """Write down that it is not there."""
        self._append({"gone": thing.number})

    def all(self) -> list[Thing]:
        """Everything that was ever noted, in its order."""
        return [
            Thing(line["made"], Kind(line["kind"]), line["name"], line["region"])
            for line in self._lines()
            if "made" in line
        ]

    def left(self) -> list[Thing]:
        """What was not shown to be gone, the latest first."""
        gone = {line["gone"] for line in self._lines() if "gone" in line}
        return [thing for thing in reversed(self.all()) if thing.number not in gone]

    def _append(self, line: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as file:
            torn = file.tell() and not self.path.read_bytes().endswith(b"\n")
            file.write((b"\n" if torn else b"") + json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self.path.exists():
            return
        for text in self.path.read_bytes().split(b"\n"):
            line = _parsed(text)
            if line is not None:
                yield line


def _parsed(text: bytes) -> dict[str, Any] | None:
    """A line, None of one that a kill cut short."""
    try:
        line: dict[str, Any] = json.loads(text)
    except ValueError:
        return None
    return line
