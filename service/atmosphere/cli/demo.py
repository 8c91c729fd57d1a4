"""Shows the demo of `local/demo.py` on this terminal, for `atmosphere local demo`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from rich import box
from rich.table import Table

from atmosphere.cli.output import console
from atmosphere.local import places
from atmosphere.local.demo import SETTINGS, TICKER, Demo
from atmosphere.local.service import LocalService

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.local.progress import Progress


PAGE: Final = places.CACHE / "status.html"
_WIDTH: Final = 150  # columns: a line of history is shown whole, in a log too


class Terminal:
    """Prints the demo line by line, each with the seconds since the start."""

    def __init__(self) -> None:
        self._console = console()
        self._console.width = max(self._console.width, _WIDTH)
        self._started = time.monotonic()
        self._acts = 0

    def act(self, title: str) -> None:
        """A heading with its number."""
        self._acts += 1
        self._console.print()
        self._console.print(f"{self._acts}. {title}", style="bold cyan")

    def say(self, text: str) -> None:
        """One line."""
        self._console.print(f"  {time.monotonic() - self._started:5.1f} s  {text}")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """One table."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in columns:
            table.add_column(column)
        for row in rows:
            table.add_row(*row)
        self._console.print(table)


def tell(progress: Progress) -> None:
    """Start a local service with short times, run the demo, stop; raises `DemoFailed`."""
    terminal = Terminal()
    with LocalService(places.EXAMPLE, settings=SETTINGS, ticker=TICKER, progress=progress) as service:
        Demo(service.description, terminal, PAGE).run()
    terminal.say("every claim above was checked; nothing is left running")
