"""The wheel `atmosphere-client`: client, pytest plugin and the command of callers (docs/adr/0022)."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from distribution.parts import ROOT, client_files
from distribution.wheels import build_from, copy_into, named, project

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "atmosphere-client"
_WITH_COMMAND: Final = ("click", "rich")  # what the command needs beside the client's boto3


def build(directory: Path) -> Path:
    """The wheel, made in this directory from the tree as it is."""
    return build_from(stage, NAME, directory)


def stage(place: Path) -> None:
    """A project with only the files of this distribution."""
    copy_into(place, client_files())
    shutil.copy2(ROOT / "LICENSE", place)
    shutil.copy2(ROOT / "docs" / "python-client.md", place / "README.md")
    (place / "pyproject.toml").write_text(_project(), encoding="utf-8")


def _project() -> str:
    service = project()
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
dependencies = {named(service["dependencies"], ("boto3",))}

[project.optional-dependencies]
cli = {named(command, _WITH_COMMAND)}

[project.scripts]
atmosphere = "atmosphere.cli.main:main"

[project.entry-points.pytest11]
atmosphere = "atmosphere.client.pytest_plugin"

[tool.setuptools]
packages = ["atmosphere", "atmosphere.cli", "atmosphere.client", "atmosphere.core", "atmosphere.status"]

[tool.setuptools.package-data]
atmosphere = ["py.typed"]
"""
