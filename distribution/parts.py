"""Which modules of the service a distribution holds: its roots, and everything that these import."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = ROOT / "service"
PACKAGE: Final = SOURCE / "atmosphere"
TYPED: Final = PACKAGE / "py.typed"

CALLERS: Final = ("main", "allocate", "run", "credentials", "service")
"""Modules of the command that callers use. The others are for operators, or need the service itself."""


def client_files() -> list[Path]:
    """The files of the distribution `atmosphere-client`: the client, the pytest plugin, the command for callers."""
    roots = [*(PACKAGE / "client").glob("*.py"), *(PACKAGE / "cli" / f"{name}.py" for name in CALLERS)]
    return sorted({*_closed(roots), TYPED})


def service_files() -> list[Path]:
    """The files of the distribution `atmosphere-service` in the package `atmosphere`: all that the callers' has not."""
    theirs = set(client_files())
    found = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted(path for path in found if path not in theirs)


def _closed(roots: Iterable[Path]) -> set[Path]:
    found: set[Path] = set()
    left = list(roots)
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += [*_packages(path), *_imported(path)]
    return found


def _packages(path: Path) -> Iterator[Path]:
    """The `__init__.py` of each package around a module."""
    for parent in path.parents:
        if parent == SOURCE:
            return
        yield parent / "__init__.py"


def _imported(path: Path) -> Iterator[Path]:
    """What a module imports of ours, also where only type checkers do."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                file = SOURCE.joinpath(*name.split(".")).with_suffix(".py")
                if file.is_file():
                    yield file
