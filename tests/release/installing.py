"""An empty environment with wheels of ours and what they require, taken from this environment instead of an index."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement


def required(*names: str) -> set[str]:
    """Distributions of this environment with all that they require."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = re.sub(r"[-_.]+", "-", left.pop()).lower()
        if name not in found:
            found.add(name)
            wanted = (Requirement(text) for text in distribution(name).requires or ())
            left += [each.name for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    return found


def installed(place: Path, *names: str, wheels: tuple[Path, ...]) -> Path:
    """The programs of an empty environment that has these wheels and these distributions, and nothing else."""
    venv.create(place, with_pip=False)
    (site,) = place.glob("lib/python*/site-packages")
    for name in required(*names):
        known = distribution(name)
        for top in {file.parts[0] for file in known.files or () if file.parts[0] not in {"..", "__pycache__"}}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(known.locate_file(top))))
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "--disable-pip-version-check"]
    command = [*pip, "install", "--quiet", "--no-index", "--no-deps", *map(str, wheels)]
    if wheels:
        subprocess.run(command, check=True, timeout=240)
    return place / "bin"


def ran(*words: str | Path, env: dict[str, str], cwd: Path, timeout: int = 120) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with this environment and no other."""
    return subprocess.run(words, env=env, cwd=cwd, capture_output=True, text=True, check=False, timeout=timeout)
