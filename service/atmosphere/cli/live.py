"""`--watch`: rows that are asked for again every few seconds, until Ctrl-C.

A terminal shows the table anew, in place. Elsewhere a line is printed for each row that is new, has changed or is gone;
with `--json`, an object on one line whenever something has changed.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

import click

from atmosphere.cli.output import console, note, print_table, shown
from atmosphere.core.inert import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

EVERY: Final = 5.0  # seconds between two questions
Row = tuple[str | None, ...]

watch_option = click.option(
    "--watch", is_flag=True, help=f"Show it again every {EVERY:.0f} s, until Ctrl-C; in a pipe, what has changed."
)


class Watched:
    """What was shown last, and where it is shown."""

    def __init__(self, columns: Sequence[str], *, empty: str, as_json: bool) -> None:
        self._columns = columns
        self._empty = empty
        self._as_json = as_json
        self._last: Mapping[str, Row] | None = None
        self._said = ""

    def show(self, at: datetime, rows: Sequence[Row], value: Mapping[str, Any]) -> None:
        """The rows of this moment, of which the first cell says which one it is; `value` is them as JSON."""
        if self._as_json:
            self._line(json.dumps(value))
        elif console().is_terminal:
            console().clear()
            print_table(self._columns, rows, empty=self._empty)
            note(f"{shown(at)}; Ctrl-C ends it")
        else:
            self._changes(at, rows)

    def _line(self, text: str) -> None:
        if text != self._said:
            print(text, flush=True)
        self._said = text

    def _changes(self, at: datetime, rows: Sequence[Row]) -> None:
        before, now = self._last, {str(row[0]): row for row in rows}
        if not now and before != now:
            print(f"{shown(at)}  {self._empty}", flush=True)
        for name, row in now.items():
            if (before or {}).get(name) != row:
                print(f"{shown(at)}  {visible('  '.join(cell for cell in row if cell))}", flush=True)
        for name in (before or {}).keys() - now.keys():
            print(f"{shown(at)}  {visible(name)}  gone", flush=True)
        self._last = now


def repeat(look: Callable[[], None]) -> None:
    """Look again and again; ends by Ctrl-C, or with what `look` raises."""
    while True:
        look()
        time.sleep(EVERY)
