"""What people meet has a row in the documents: codes, exit codes, subcommands, options of a deployment."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.cli.exits import Exit, RunExit
from atmosphere.cli.main import atmosphere as command
from atmosphere.config.schema import schemas
from atmosphere.core.errors import Code
from atmosphere.handlers.http import INTERNAL, STATUS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
MANUAL: Final = (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "config" / "README.md")


@cache
def text(document: str) -> str:
    return (ROOT / document).read_text()


def rows(document: str, heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    section = text(document).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row] for row in found[2:]]


def test_each_code_is_explained_with_its_status() -> None:
    told = {row[1]: int(row[0]) for row in rows("docs/errors.md", "Refusals of the API")}
    assert told == {str(code): STATUS[code] for code in Code} | {INTERNAL: 500}


def test_each_exit_code_is_explained() -> None:
    told = {int(row[0]) for row in rows("docs/errors.md", "Exit codes of the command")}
    assert told == {int(code) for code in Exit}
    of_run = text("docs/runners.md").partition("\n## Exit codes\n")[2].partition("\n## ")[0]
    assert {int(code) for code in RunExit} <= {int(number) for number in re.findall(r"\| (\d+)", of_run)}


@pytest.mark.parametrize("name", sorted(command.commands or command.list_commands(None)))  # type: ignore[arg-type]
def test_each_subcommand_is_shown_somewhere(name: str) -> None:
    assert any(f"atmosphere {name}" in document.read_text() for document in MANUAL)


def keys(schema: dict[str, Any]) -> Iterator[str]:
    """Every key that the file may have, in objects within objects, too."""
    for each in (schema, *schema.get("$defs", {}).values()):
        yield from each.get("properties", {})


@pytest.mark.parametrize("key", sorted(set(keys(json.loads(schemas()["deployment.json"])))))
def test_each_option_of_a_deployment_is_explained(key: str) -> None:
    assert f"`{key}`" in text("docs/deployment.md") + text("config/README.md")
