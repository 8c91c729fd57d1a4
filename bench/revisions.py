"""Other revisions of this repository, to be measured in turn with this one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parents[1]
EARLIER: Final = "9aa7d6d"
"""Main of 2026-11-22 and some fixes: what the ratios of starting and testing are to."""
BEFORE_SHORT_STARTS: Final = "6f29e1e"
"""Main of 2026-11-29 before ADR 0024: what the ratio of a first request is to."""
_COMMAND: Final = "import sys; from atmosphere.cli.main import main; sys.exit(main())"
_STOP_LIMIT: Final = 60.0  # seconds
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


@contextmanager
def local_service(tree: Path, settings: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """`atmosphere local up` of that tree with these durations, from its description, which it yields, to its end.

    Raises `RuntimeError` if it does not start.
    """
    chosen = [f"--setting={name}={value}" for name, value in (settings or {}).items()]
    words = [sys.executable, "-c", _COMMAND, "local", "up", "--json", *chosen]
    with subprocess.Popen(words, cwd=tree, env=environment(tree), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        description = process.stdout.readline()
        try:
            if not description:
                raise RuntimeError(f"the local service of {tree} did not start: see its text above")
            yield json.loads(description)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_STOP_LIMIT)
