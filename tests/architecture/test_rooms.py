"""A module of cleanup exists for an idea: one that only its neighbor imports belongs into it, whatever the size cap."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE: Final = Path(__file__).parents[2] / "service"
MODULES: Final = {
    ".".join(path.relative_to(SERVICE).with_suffix("").parts): path
    for path in (SERVICE / "atmosphere").rglob("*.py")
    if path.name != "__init__.py"
}
TABLES: Final = ("atmosphere.cleanup.catalogue", "atmosphere.cleanup.contents")  # a module for each family, by design
IDEAS: Final = {
    "scan.once": "an account that answers a listing once; inventory decides what is listed",
    "clearing": "the rounds of a pass; engine is the frame: revoke, capture or clear, and how a pass ends",
    "delete.stacks": "what CloudFormation is asked for; deletion is the round as a whole",
    "scan.arns": "which type and id an ARN is, one row a form",
    "delete.ordering": "the order of stacks, pure but for one hint; StackDeletion acts on it",
    "delete.unblocking": "a state of a stack of its own, DELETE_FAILED, with its own proof that something is gone",
    "verdict.entering": "which roles AWS or operators vouch for, by who may enter them; staying applies it to a scan",
    "revoke.lingering": "which other roles a test may have entered, decided as IAM does",
    "report.advice": "what to do about a single resource that refuses the admin role, one row a type",
    "report.console": "addresses of AWS's console, one row a type",
}
"""Modules with one importer in their own package that are ideas of their own, and why."""


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def only_importers() -> dict[str, str]:
    importers: dict[str, set[str]] = defaultdict(set)
    for name, path in MODULES.items():
        for target in imported(path):
            if target in MODULES and target != name:
                importers[target].add(name)
    return {
        name: next(iter(users))
        for name, users in importers.items()
        if len(users) == 1 and name.startswith("atmosphere.cleanup.") and not name.startswith(TABLES)
    }


ALONE: Final = {
    name.removeprefix("atmosphere.cleanup."): user
    for name, user in only_importers().items()
    if name.rpartition(".")[0] == user.rpartition(".")[0]
}


@pytest.mark.parametrize("name", sorted(ALONE))
def test_a_module_that_only_its_neighbor_imports_is_an_idea_of_its_own(name: str) -> None:
    assert name in IDEAS, f"only {ALONE[name]} imports it: fold it in, or say here what idea it is"


def test_no_reason_is_left_over() -> None:
    assert IDEAS.keys() <= {name.removeprefix("atmosphere.cleanup.") for name in MODULES}
    assert IDEAS.keys() - ALONE.keys() == set(), "these have other importers now"
