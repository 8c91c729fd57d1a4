"""The table of docs/cleanup.md: what AWS demands before a deletion, and what cleaning does about it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

PAGE: Final = Path(__file__).parents[3] / "docs" / "cleanup.md"
SECTION: Final = PAGE.read_text().partition("## What AWS demands before a deletion")[2].partition("\n## ")[0]


class Line(NamedTuple):
    """A line of the table."""

    type: str
    demands: str
    does: str

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations of AWS that cleaning calls for it, as boto3 names them."""
        return tuple(dict.fromkeys(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", self.does)))

    @property
    def after(self) -> tuple[str, ...]:
        """The types that are deleted first."""
        told = re.search(r"after ((?:`AWS::\w+::\w+`(?:, )?)+)", self.does)
        return tuple(re.findall(r"`([^`]+)`", told[1])) if told else ()

    @property
    def retried(self) -> str:
        """The code of a refusal that ends by itself."""
        told = re.search(r"retried while AWS answers `(\w[\w.]*)`", self.does)
        return told[1] if told else ""

    @property
    def is_not_covered(self) -> bool:
        """Whether cleaning can do nothing about it at all."""
        return self.does.startswith("not covered")


LINES: Final = [
    Line(*cells) for cells in re.findall(r"^\| `(AWS::\w+::\w+)` \| (.+?) \| (.+?) \|$", SECTION, re.MULTILINE)
]
NOTHING: Final = set(re.findall(r"`([^`]+)`", SECTION.rpartition("AWS demands nothing for these types: ")[2]))
