"""Other revisions of this repository, to be measured in turn with this one."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
EARLIER: Final = "9aa7d6d"
"""Main of 2026-11-22 and some fixes: what the ratios of starting and testing are to."""
_SET_UP: Final = (".venv", ".emulator", ".cache/npm", ".cache/wheels.ready")


@contextmanager
def tree_of(revision: str) -> Iterator[Path]:
    """A clone at the revision, with what set-up made here and today's locks; its caches are empty."""
    with tempfile.TemporaryDirectory(prefix="atmosphere-revision-") as scratch:
        tree = Path(scratch) / "tree"
        _git(ROOT, "clone", "--quiet", "--shared", "--no-checkout", str(ROOT), str(tree))
        _git(tree, "checkout", "--quiet", "--detach", revision)
        for lock in (ROOT / "requirements").glob("*.txt"):
            (tree / "requirements" / lock.name).write_bytes(lock.read_bytes())
        (tree / ".cache" / "assets").mkdir(parents=True)
        wheels = [path.relative_to(ROOT) for path in (ROOT / ".cache" / "assets").glob("wheels-*")]
        for made in (*map(Path, _SET_UP), *wheels):
            (tree / made).symlink_to(ROOT / made)
        yield tree


def _git(place: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=place, check=True)


def environment(tree: Path) -> dict[str, str]:
    """Of a process that imports what this tree has, with nothing of the caller's AWS settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "PYTHONPATH": str(tree / "service")}
