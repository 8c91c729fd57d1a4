"""The software bills of materials of a release, in CycloneDX: what the locks name, with versions and hashes.

A bill of the wheels alone would say less: they require ranges, and the locks are what was tested and what AWS gets.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

from distribution.parts import ROOT

if TYPE_CHECKING:
    from pathlib import Path

BILLS: Final = {
    "atmosphere-functions.cdx.json": "authorizer.txt",  # of all functions on AWS; most carry less
    "atmosphere-command.cdx.json": "cli.txt",  # of the command and the construct, as the workflows install them
}


def write(directory: Path) -> list[Path]:
    """Each bill in this directory; equal input gives equal bytes."""
    return [_written(directory / name, lock) for name, lock in BILLS.items()]


def _written(path: Path, lock: str) -> Path:
    program = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements"]
    options = ["--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON", "-o", str(path.resolve())]
    subprocess.run([*program, f"requirements/{lock}", *options], cwd=ROOT, check=True)
    return path
