"""Builds the wheel `atmosphere-client`: `python -m distribution.client DIRECTORY` (docs/adr/0022)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any, Final

from distribution.parts import ROOT, SOURCE, client_files

NAME: Final = "atmosphere-client"
_WITH_COMMAND: Final = ("click", "rich")  # what the command needs beside the client's boto3
_BUILD: Final = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


def build(directory: Path) -> Path:
    """The wheel, made in this directory from the tree as it is."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="atmosphere-wheel-") as place:
        stage(Path(place))
        command = [sys.executable, "-W", "ignore", "-c", _BUILD, str(directory.resolve())]
        subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = directory.glob(f"{NAME.replace('-', '_')}-*.whl")
    return wheel


def stage(place: Path) -> None:
    """A project with only the files of this distribution."""
    for file in client_files():
        target = place / file.relative_to(SOURCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)
    shutil.copy2(ROOT / "LICENSE", place)
    shutil.copy2(ROOT / "docs" / "python-client.md", place / "README.md")
    (place / "pyproject.toml").write_text(_project(), encoding="utf-8")


def _project() -> str:
    service: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    command = service["optional-dependencies"]["cli"]
    return f"""\
[build-system]
requires = ["setuptools>=80"]
build-backend = "setuptools.build_meta"

[project]
name = "{NAME}"
version = "{service["version"]}"
description = "Python client, command and pytest plugin of Atmosphere: clean AWS environments for integration tests"
readme = "README.md"
license = "{service["license"]}"
license-files = ["LICENSE"]
requires-python = "{service["requires-python"]}"
dependencies = {_named(service["dependencies"], ("boto3",))}

[project.optional-dependencies]
cli = {_named(command, _WITH_COMMAND)}

[project.scripts]
atmosphere = "atmosphere.cli.main:main"

[project.entry-points.pytest11]
atmosphere = "atmosphere.client.pytest_plugin"

[tool.setuptools]
packages = ["atmosphere", "atmosphere.cli", "atmosphere.client", "atmosphere.core", "atmosphere.status"]

[tool.setuptools.package-data]
atmosphere = ["py.typed"]
"""


def _named(requirements: list[str], names: tuple[str, ...]) -> list[str]:
    """The requirements of these packages, as the service has them."""
    return [each for each in requirements if each.startswith(tuple(f"{name}>=" for name in names))]


if __name__ == "__main__":
    print(build(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")))
