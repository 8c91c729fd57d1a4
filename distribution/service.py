"""The wheel `atmosphere-service`: all subcommands, the service's own code, and the CDK construct (docs/adr/0027).

`infra/` is in it as the package `atmosphere_cdk`, because an import package called `infra` may be anybody's. The locks
of the Lambdas are beside it, so an installed construct puts the same assets together as a checkout.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Final

from distribution import client
from distribution.parts import ROOT, service_files
from distribution.wheels import build_from, copy_into, named, project
from infra.dependencies import TOKENS_LOCK, pins

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "atmosphere-service"
CONSTRUCT: Final = "atmosphere_cdk"
DATA: Final = {
    "requirements": ("lambda.txt", "authorizer.txt", "emulator.txt"),
    "requirements/emulator": ("package.json", "package-lock.json"),
    "config": ("environments.yaml", "access.yaml", "settings.yaml"),
}
"""What else is beside its modules, by directory: locks, and the example configuration of a local run."""
_IN_THE_TREE: Final = re.compile(r"\binfra(?=\.[a-z]| import )")
_OF_CALLERS: Final = ("click", "rich")  # what the client's extra `cli` brings


def build(directory: Path) -> Path:
    """The wheel, made in this directory from the tree as it is."""
    return build_from(stage, NAME, directory)


def stage(place: Path) -> None:
    """A project with only the files of this distribution."""
    copy_into(place, service_files())
    _stage_construct(place / CONSTRUCT)
    shutil.copy2(ROOT / "LICENSE", place)
    shutil.copy2(ROOT / "docs" / "construct.md", place / "README.md")
    (place / "pyproject.toml").write_text(_project(), encoding="utf-8")


def _stage_construct(place: Path) -> None:
    infra = ROOT / "infra"
    for file in (*infra.rglob("*.py"), *infra.glob("*.json")):
        target = place / file.relative_to(infra)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(renamed(file.read_text(encoding="utf-8")), encoding="utf-8")
    for directory, names in DATA.items():
        (place / directory).mkdir()
        for name in names:
            shutil.copy2(ROOT / directory / name, place / directory)
    (place / "py.typed").touch()


def renamed(text: str) -> str:
    """A module of `infra`, as one of the package that is installed."""
    return _IN_THE_TREE.sub(CONSTRUCT, text)


def _project() -> str:
    service = project()
    extras = service["optional-dependencies"]
    command = [each for each in extras["cli"] if each not in named(extras["cli"], _OF_CALLERS)]
    construct = [*extras["infra"], "pip>=24"]  # fetches the wheels of the Lambdas
    lambdas = [f"{name}=={version}" for name, version in pins(TOKENS_LOCK).items()]
    return f"""\
[build-system]
requires = ["setuptools>=80"]
build-backend = "setuptools.build_meta"

[project]
name = "{NAME}"
version = "{service["version"]}"
description = "{service["description"]}"
readme = "README.md"
license = "{service["license"]}"
license-files = ["LICENSE"]
requires-python = "{service["requires-python"]}"
dependencies = {[f"{client.NAME}[cli]=={service['version']}", *command]}

[project.optional-dependencies]
infra = {construct}
local = {[*construct, *lambdas]}

[tool.setuptools.packages.find]
namespaces = true
include = ["atmosphere*"]

[tool.setuptools.package-data]
"*" = ["*.json", "*.txt", "*.yaml", "py.typed"]
"""
