"""What building each wheel has in common: a project in a scratch directory, made into equal bytes by equal input."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from distribution.parts import ROOT, SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_BUILD: Final = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
_EPOCH: Final = "315532800"  # 1980-01-01, the oldest time that a zip can hold


def copy_into(place: Path, files: Iterable[Path]) -> None:
    """Copy files of the service's source, with their directories."""
    for file in files:
        target = place / file.relative_to(SOURCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)


def build_from(stage: Callable[[Path], None], name: str, directory: Path) -> Path:
    """The wheel of the project that `stage` writes, made in `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="atmosphere-wheel-") as place:
        stage(Path(place))
        command = [sys.executable, "-W", "ignore", "-c", _BUILD, str(directory.resolve())]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": _EPOCH}
        subprocess.run(command, cwd=place, env=environment, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = directory.glob(f"{name.replace('-', '_')}-{project()['version']}-*.whl")
    return wheel


def project() -> dict[str, Any]:
    """The table `project` of the tree's pyproject.toml: each wheel takes its version and its requirements from it."""
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def named(requirements: list[str], names: tuple[str, ...]) -> list[str]:
    """The requirements of these packages, as the tree has them."""
    return [each for each in requirements if each.startswith(tuple(f"{name}>=" for name in names))]
