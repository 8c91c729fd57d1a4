"""Past a size a module or a function hides a second idea."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
MODULES: Final = sorted(path for room in ("service", "infra", "action") for path in (ROOT / room).rglob("*.py"))
MAX_MODULE: Final = 250
MAX_FUNCTION: Final = 40
# Lists that are one idea, however long: what all agree on, the nouns, the doors, every write, what is asked.
LISTS: Final = {
    "service/atmosphere/contract.py": 425,
    "service/atmosphere/core/model.py": 305,
    "service/atmosphere/core/changes.py": 590,
    "service/atmosphere/core/request.py": 330,
    "service/atmosphere/ports.py": 355,
}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_holds_one_idea(path: Path) -> None:
    length = len(path.read_text().splitlines())
    assert length <= LISTS.get(_name(path), MAX_MODULE), f"{_name(path)} has {length} lines: look for the second idea"


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_function_does_one_thing(path: Path) -> None:
    long = [f"{name} ({length} lines)" for name, length in _functions(path) if length > MAX_FUNCTION]
    assert not long, f"{_name(path)}: {long}"


def test_no_exception_to_the_size_is_left_over() -> None:
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in LISTS}
    assert all(MAX_MODULE < length <= LISTS[name] for name, length in lengths.items()), lengths
