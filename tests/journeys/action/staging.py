"""The copy of the action that act can run: act does not know `$/`, so one line of it names the repository instead."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
ACTION: Final = "atmosphere/allocate@v1"
NESTED: Final = "atmosphere/allocate/action@v1"
COMMITTED: Final = "uses: $/action\n"
STAGED: Final = f"uses: {NESTED}\n"


def stage(directory: Path) -> Path:
    """A copy of what is committed in `action.yml` and `action/`, with that one line rewritten."""
    copy = directory / "stage"
    unwritten = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(ROOT / "action", copy / "action", ignore=unwritten)
    text = (ROOT / "action.yml").read_text()
    assert text.count(COMMITTED) == 1, "action.yml has to have exactly one nested step, and refer to it as `$/action`"
    (copy / "action.yml").write_text(text.replace(COMMITTED, STAGED))
    return copy
