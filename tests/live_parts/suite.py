"""The tests of the live suite as they are written: read from the files, because running them needs an account."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITE: Final = Path(__file__).parents[1] / "live"
FILES: Final = sorted(SUITE.glob("test_*.py"))


@dataclass(frozen=True, slots=True)
class Written:
    """A test: its name, what it is given, what it says that it proves, in how many cases, and why only on AWS."""

    file: str
    name: str
    given: tuple[str, ...]
    proves: str
    cases: int
    only_on_aws: str


def written() -> Iterator[Written]:
    """Every test of the suite."""
    for path in FILES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                marks = {
                    ast.unparse(mark.func): mark.args for mark in node.decorator_list if isinstance(mark, ast.Call)
                }
                cases = marks.get("pytest.mark.parametrize")
                reason = marks.get("pytest.mark.only_on_aws")
                yield Written(
                    path.name,
                    node.name,
                    tuple(argument.arg for argument in node.args.args),
                    ast.get_docstring(node) or "",
                    len(ast.literal_eval(cases[1])) if cases else 1,
                    ast.literal_eval(reason[0]) if reason else "",
                )
