"""Cleaning speaks to AWS through one door: `accounts` opens, with clients of `sessions`, so none escapes the guard."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM: Final = Path(__file__).parents[2] / "service" / "atmosphere" / "cleanup"
DOOR: Final = ROOM / "aws" / "accounts.py"
CLIENTS: Final = ROOM / "aws" / "sessions.py"
OTHERS: Final = sorted(path for path in ROOM.rglob("*.py") if path not in {DOOR, CLIENTS})
MAKERS: Final = {"Session", "create_client", "get_session", "resource", "setup_default_session"}
HARMLESS: Final = {"botocore.exceptions", "botocore.parsers"}
"""Where errors are defined: nothing in them makes a session or a client."""


def _modules(tree: ast.AST) -> Iterator[str]:
    """What is imported from AWS's libraries to run, types that are only checked left aside."""
    typing = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        if node not in typing:
            yield from (name for name in names if name.split(".")[0] in {"boto3", "botocore", "importlib"})


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(ROOM)))
def test_only_the_door_makes_sessions_and_clients(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert set(_modules(tree)) <= HARMLESS
    called = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert called.isdisjoint(MAKERS | {"import_module", "__import__"})
    assert "Clients" not in {name.id for name in ast.walk(tree) if isinstance(name, ast.Name)}


def _made(path: Path) -> list[str]:
    return sorted(
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"create_client", "client"}
    )


def test_every_client_is_one_of_a_watched_session() -> None:
    # the base's STS, who the account says that it is, and the account's own
    assert _made(DOOR) == ["account.client", "self._base.client", "self.session.client"]
    assert _made(CLIENTS) == ["self._session.create_client", "self.clients.client"]
