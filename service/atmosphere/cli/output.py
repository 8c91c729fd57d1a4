"""How commands show what they have: tables for people, JSON for machines; results on stdout, the rest on stderr."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def console(*, stderr: bool = False) -> Console:
    """A console that follows the current stream: colour in a terminal, plain text in a pipe."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False, markup=False)


def print_json(value: Any) -> None:
    """One JSON value on stdout."""
    print(json.dumps(value, indent=2))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | None]], *, empty: str) -> None:
    """A table, or `empty` when it would have no row."""
    filled = [[cell or "" for cell in row] for row in rows]
    if not filled:
        print(empty)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in filled:
        table.add_row(*row)
    console().print(table)


def note(text: str) -> None:
    """A remark for people, on stderr so that it never mixes with a result."""
    console(stderr=True).print(text, style="dim")
