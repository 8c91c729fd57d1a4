"""The transition table alone names the next status of an environment: no other module writes one of its own."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE: Final = Path(__file__).parents[2] / "service" / "atmosphere"
TABLE: Final = SERVICE / "core" / "lifecycle.py"
WRITES: Final = SERVICE / "core" / "changes.py"
READS: Final = {"Is": 2, "_status": 1, "_cleaning": 1}  # calls in `changes` whose first arguments are only compared
OTHERS: Final = sorted(path for path in SERVICE.rglob("*.py") if path not in {TABLE, WRITES})


def _is_status(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "Status"


def _is_member(node: ast.AST) -> bool:
    """`Status.X`, `Status["X"]` or `Status("x")`."""
    return (isinstance(node, ast.Attribute | ast.Subscript) and _is_status(node.value)) or (
        isinstance(node, ast.Call) and _is_status(node.func)
    )


def _is_field(node: ast.AST | None) -> bool:
    """The key, the item or the attribute `status`."""
    if isinstance(node, ast.Subscript):
        return _is_field(node.slice)
    if isinstance(node, ast.Attribute):
        return node.attr == "status"
    return isinstance(node, ast.Constant) and node.value == "status"


def _given(tree: ast.AST) -> Iterator[ast.expr]:
    """What a module gives to a field `status`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            yield from (value for key, value in zip(node.keys, node.values, strict=True) if _is_field(key))
        elif isinstance(node, ast.Assign):
            yield from (node.value for target in node.targets if _is_field(target))
        elif isinstance(node, ast.keyword) and node.arg == "status":
            yield node.value


def _named(tree: ast.AST) -> list[str]:
    """The values for a field `status` that name one."""
    return [ast.unparse(value) for value in _given(tree) if any(map(_is_member, ast.walk(value)))]


def _made(tree: ast.AST) -> list[str]:
    """The writes and the rows that a module makes."""
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if call.rpartition(".")[2] in {"Update", "Delete", "Environment"}]


def test_no_other_module_writes_an_environment_or_names_its_status() -> None:
    sources = {str(path.relative_to(SERVICE)): path.read_text() for path in OTHERS}
    trees = {name: ast.parse(source) for name, source in sources.items() if "atmosphere.core" in source}
    found = {name: _made(tree) + _named(tree) for name, tree in trees.items()}
    assert {name: writes for name, writes in found.items() if writes} == {}


def _compared(tree: ast.AST) -> Iterator[ast.AST]:
    """What is expected of a row or compared with it, or what a decision is about."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield from ast.walk(node)
        elif isinstance(node, ast.Call):
            for argument in node.args[: READS.get(ast.unparse(node.func), 0)]:
                yield from ast.walk(argument)


def test_a_write_names_a_status_to_compare_it_and_sets_what_was_decided() -> None:
    tree = ast.parse(WRITES.read_text())
    elsewhere = {*ast.walk(tree)} - {*_compared(tree)}
    assert [node for node in elsewhere if _is_status(node)] == []
    assert {ast.unparse(value) for value in _given(tree)} == {"decision.to", "AllocationStatus.ENDED"}


@pytest.mark.parametrize(
    "source",
    [
        'sets = {"status": Status.DIRTY}',
        'sets = {"status": Status.FREE if clean else Status.DIRTY}',
        'sets = {"status": Status("dirty")}',
        'sets["status"] = Status.DIRTY',
        "row.status = Status.DIRTY",
        "replace(row, status=Status.DIRTY)",
    ],
)
def test_a_status_that_is_written_is_found(source: str) -> None:
    assert _named(ast.parse(source))


def test_a_status_that_is_compared_is_not_taken_for_a_write() -> None:
    source = 'Is("status", Status.FREE); row.status is Status.FREE; store.holding(pool, Status.FREE)'
    assert not _named(ast.parse(source))
