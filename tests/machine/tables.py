"""The tables of calls at which processes die, kept in the tree so that a new call is seen in a review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MOMENTS: Final = 2
"""Before the effect of a call, and after it."""
_ALL: Final = "**all**"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: where it is, what it is called, which test holds it and which module writes it."""

    path: Path
    title: str
    test: str
    writer: str

    def text(self, calls: Mapping[str, Sequence[str]]) -> str:
        """The file for these calls."""
        rows = [f"| {name} | {MOMENTS * len(made)} | {' '.join(made)} |\n" for name, made in calls.items()]
        rows.append(f"| {_ALL} | {MOMENTS * sum(map(len, calls.values()))} | |\n")
        return (
            f"# {self.title}\n\n"
            "Each call that leaves the process, in order.\n"
            f"It dies before and after the effect of each ([the test]({self.test})).\n"
            f"`python -m {self.writer}` writes this file.\n\n"
            f"| what it does | points | its calls |\n| --- | --- | --- |\n{''.join(rows)}"
        )

    def write(self, calls: Mapping[str, Sequence[str]]) -> None:
        """Write the file."""
        self.path.write_text(self.text(calls), encoding="utf-8")

    def read(self) -> str:
        """The file as it is."""
        return self.path.read_text(encoding="utf-8")

    def known(self) -> dict[str, list[str]]:
        """The calls of each row."""
        rows = [line.strip("|").split("|") for line in self.read().splitlines() if line.startswith("| ")]
        named = {name.strip(): (points.strip(), calls.split()) for name, points, calls in rows}
        return {name: calls for name, (points, calls) in named.items() if points.isdecimal() and name != _ALL}
