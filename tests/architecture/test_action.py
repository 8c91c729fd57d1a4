"""The action runs on whatever Python a runner has: 3.8 or newer, and nothing that has to be installed."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTION: Final = Path(__file__).parents[2] / "action"
MODULES: Final = sorted(ACTION.rglob("*.py"))
OLDEST: Final = (3, 8)
OURS: Final = "atmosphere_action"
# What came to the standard library after 3.8 and is tempting.
YOUNGER: Final = frozenset(
    {"removeprefix", "removesuffix", "is_relative_to", "with_stem", "randbytes", "batched", "pairwise", "tomllib"}
    | {"zoneinfo", "graphlib", "to_thread", "StrEnum", "TaskGroup", "ExceptionGroup", "add_note", "UTC", "chdir"}
)
NOT_IN_3_8: Final = frozenset({"slots", "kw_only"})  # of a dataclass


def _name(path: Path) -> str:
    return str(path.relative_to(ACTION))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


def _strangers(tree: ast.AST) -> set[str]:
    return {name.partition(".")[0] for name in _imports(tree)} - sys.stdlib_module_names - {OURS}


def _younger(tree: ast.AST) -> set[str]:
    nodes = list(ast.walk(tree))
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names |= {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}
    keywords = {
        str(keyword.arg)
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dataclass"
        for keyword in node.keywords
    }
    return (names & YOUNGER) | (keywords & NOT_IN_3_8)


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 20


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_it_imports_the_standard_library_only(path: Path) -> None:
    assert not _strangers(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_the_oldest_python_can_read_it(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=OLDEST)

    assert not _younger(tree)
    if any(isinstance(node, ast.arg) for node in ast.walk(tree)):
        assert "from __future__ import annotations" in path.read_text()


@pytest.mark.parametrize(
    ("source", "strange", "young"),
    [
        ("import boto3", {"boto3"}, set()),
        ("from yaml import load", {"yaml"}, set()),
        ("'a'.removeprefix('b')", set(), {"removeprefix"}),
        ("dataclass(slots=True)", set(), {"slots"}),
        ("from datetime import UTC", set(), {"UTC"}),
    ],
)
def test_the_check_sees_what_it_looks_for(source: str, strange: set[str], young: set[str]) -> None:
    tree = ast.parse(source)

    assert (_strangers(tree), _younger(tree)) == (strange, young)


def _needs_more(*places: Path) -> str:
    """What of these needs a newer Python; annotations do not count, as they are not evaluated."""
    words = ("-t=3.8-", "--violations", "--no-tips", "--no-parse-comments")
    ran = subprocess.run(
        [Path(sys.executable).with_name("vermin"), *words, *places], capture_output=True, text=True, check=False
    )
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def test_a_static_check_finds_nothing_newer_than_the_oldest_python() -> None:
    """Machines with one Python only skip the next test."""
    assert _needs_more(ACTION / "python") == ""


@pytest.mark.parametrize(
    "source",
    [
        "from functools import cache",
        "import zoneinfo",
        "from random import randbytes",
        "with (open(a) as b, open(c) as d): ...",
    ],
)
def test_the_static_check_sees_what_is_newer(source: str, tmp_path: Path) -> None:
    (tmp_path / "newer.py").write_text(f"{source}\n")
    assert "Target versions not met" in _needs_more(tmp_path)


@pytest.mark.parametrize("minor", range(8, 15))
def test_every_python_of_this_machine_starts_it(minor: int) -> None:
    python = shutil.which(f"python3.{minor}")
    works = python and subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    if not python or not works:
        pytest.skip(f"no Python 3.{minor} on this machine")
    command = [python, "-I", "-B", "-X", "utf8", str(ACTION / "python"), "credentials", "/nowhere/lease-0.json"]

    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert ran.returncode == 1
    assert "its allocation ended with its job" in ran.stderr


def test_nothing_of_the_working_directory_or_the_variables_is_loaded(tmp_path: Path) -> None:
    for name in ("json.py", "atmosphere_action.py", "usercustomize.py"):
        (tmp_path / name).write_text("raise SystemExit('somebody else')")
    environ = {"PYTHONPATH": str(tmp_path), "PYTHONHOME": str(tmp_path), "PYTHONSTARTUP": str(tmp_path / "json.py")}
    command = [sys.executable, "-I", "-B", "-X", "utf8", str(ACTION / "python"), "other"]

    ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=60)

    assert ran.stderr.startswith("usage:")
