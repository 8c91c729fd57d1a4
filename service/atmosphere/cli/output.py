"""How commands show what they have: tables for people, JSON for machines; results on stdout, the rest on stderr."""

from __future__ import annotations

import errno
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from atmosphere.client.results import camel
from atmosphere.core.inert import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_UNFOLDED: Final = 1000  # columns
_TO_THE_START: Final = "\r\x1b[2K"  # and erase the line
_READABLE: Final = 12  # columns that folded text needs at least


class _Console(Console):
    """Rich's, which would end the command and redirect stdout where a pipe has no reader."""

    def on_broken_pipe(self) -> None:
        """Raise the error that this is called for."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def console(*, stderr: bool = False) -> Console:
    """A console that follows the current stream: colour in a terminal, plain text in a pipe."""
    return _Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False, markup=False)


def as_json(value: Any) -> str:
    """One JSON value as text."""
    return json.dumps(value, indent=2) + "\n"


def print_json(value: Any) -> None:
    """One JSON value on stdout."""
    print(as_json(value), end="")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | None]], *, empty: str) -> None:
    """A table, or `empty` when it would have no row. No cell can move the cursor or turn the reading direction.

    Only text with spaces is folded: ids, accounts and instants stay whole. Where a terminal is too narrow for that,
    each row becomes a block with a line for each cell.
    """
    filled = [[harmless(cell or "") for cell in row] for row in rows]
    if not filled:
        print(empty)
        return
    out = console()
    if not out.is_terminal:
        out.width = _UNFOLDED  # whoever reads a pipe searches for whole words
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_header=any(columns))
    for index, column in enumerate(columns):
        whole = not any(" " in row[index] for row in filled)
        table.add_column(column, overflow="fold", no_wrap=whole)
        table.columns[-1].min_width = None if whole else min(_READABLE, max(len(row[index]) for row in filled))
    for row in filled:
        table.add_row(*row)
    if any(columns) and Measurement.get(out, out.options.update_width(_UNFOLDED), table).minimum > out.width:
        _print_blocks(columns, filled)
    else:
        out.print(table)


def _print_blocks(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    for row in rows:
        print("\n".join(f"{column}: {cell}" for column, cell in zip(columns, row, strict=True) if cell), end="\n\n")


def as_facts(facts: Mapping[str, str | None]) -> str:
    """Names and values one below the other, as text."""
    width = max(map(len, facts))
    return "".join(f"{name.ljust(width)}  {harmless(value or '')}".rstrip() + "\n" for name, value in facts.items())


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
    if stderr_is_terminal():
        overwrite("")  # a line that shows a wait
    with suppress(OSError, ValueError):  # a remark that no one can read must not stop what the command does
        console(stderr=True).print(harmless(text), style="dim")


def overwrite(text: str) -> None:
    """Show this in place of the terminal's current line, on stderr."""
    with suppress(OSError, ValueError):  # as above
        sys.stderr.write(f"{_TO_THE_START}{text}")
        sys.stderr.flush()


def stderr_is_terminal() -> bool:
    """Whether people see what is on stderr at once."""
    return sys.stderr is not None and sys.stderr.isatty()
