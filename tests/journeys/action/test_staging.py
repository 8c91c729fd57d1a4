"""What act runs is what is committed, but for one line."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from tests.journeys.action.staging import COMMITTED, ROOT, STAGED, stage

if TYPE_CHECKING:
    from pathlib import Path


def test_the_copy_differs_in_one_line(tmp_path: Path) -> None:
    copy = stage(tmp_path)
    committed, staged = ((root / "action.yml").read_text().splitlines(keepends=True) for root in (ROOT, copy))
    changes = [line for line in difflib.ndiff(committed, staged) if line[0] in "+-"]
    assert [line[2:].strip() for line in changes] == [COMMITTED.strip(), STAGED.strip()]
    assert files(copy / "action") == files(ROOT / "action")


def files(directory: Path) -> dict[str, bytes]:
    """Everything that is written by people."""
    found = (path for path in directory.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(directory)): path.read_bytes() for path in found}
