"""How commands show what they have: tables for people, JSON for machines; results on stdout, the rest on stderr."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.console import Console
from rich.table import Table

from atmosphere.client.results import camel
from atmosphere.core.inert import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_UNFOLDED: Final = 1000  # columns


def console(*, stderr: bool = False) -> Console:
    """A console that follows the current stream: colour in a terminal, plain text in a pipe."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False, markup=False)


def print_json(value: Any) -> None:
    """One JSON value on stdout."""
    print(json.dumps(value, indent=2))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | None]], *, empty: str) -> None:
    """A table, or `empty` when it would have no row. No cell can move the cursor or turn the reading direction."""
    filled = [[harmless(cell or "") for cell in row] for row in rows]
    if not filled:
        print(empty)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in filled:
        table.add_row(*row)
    out = console()
    if not out.is_terminal:
        out.width = _UNFOLDED  # whoever reads a pipe searches for whole words
    out.print(table)


def print_facts(facts: Mapping[str, Any]) -> None:
    """Names and values one below the other; what is no text is JSON."""
    rows = [(name, value if isinstance(value, str | None) else json.dumps(value)) for name, value in facts.items()]
    print_table(("", ""), rows, empty="nothing")


def plain(value: Any) -> dict[str, Any]:
    """A result as JSON values, spelled as on the wire."""
    return {camel(name): shown(item) if isinstance(item, datetime) else item for name, item in asdict(value).items()}


def shown(at: datetime | None) -> str | None:
    """An instant as everything here writes it: ISO 8601, UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def harmless(text: str) -> str:
    """The text, line by line, without what moves a terminal's cursor or turns the reading direction."""
    return "\n".join(map(visible, text.split("\n")))


def note(text: str) -> None:
    """A remark for people, on stderr so that it never mixes with a result."""
    console(stderr=True).print(harmless(text), style="dim")
