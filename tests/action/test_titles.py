"""What a failed step is called is what the documentation explains."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
CODE: Final = ROOT / "action" / "python" / "atmosphere_action"
LAST_RESORT: Final = {"Atmosphere", "Atmosphere: a bug"}


def _titles() -> set[str]:
    explain = (CODE / "explain.py").read_text()
    found = set(re.findall(r'\btitle = "([^"]+)"', (CODE / "errors.py").read_text()))
    found |= set(re.findall(r'^    "[a-z-]+": \(\s*"([^"]+)"', explain, re.MULTILINE))
    found |= set(re.findall(r'Explained\("([^"]+)"', explain))
    return {title.removesuffix(" yet") for title in found} - LAST_RESORT


def test_every_title_of_an_error_is_in_the_table_of_the_documentation() -> None:
    rows = {
        title.strip()
        for line in (ROOT / "docs" / "action.md").read_text().splitlines()
        if line.startswith("| ")
        for title in line.split("|")[1].split(",")
    }
    titles = _titles()
    assert len(titles) > 15
    assert titles <= rows, f"docs/action.md does not explain {sorted(titles - rows)}"
