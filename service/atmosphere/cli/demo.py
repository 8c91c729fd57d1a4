"""`atmosphere local demo`: the story of `local/demo.py`, told on this terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click
from rich import box
from rich.table import Table

from atmosphere.cli.output import console
from atmosphere.local.demo import SETTINGS, TICKER, Demo
from atmosphere.local.emulator import ROOT
from atmosphere.local.service import LocalService

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.local.progress import Progress


class Terminal:
    """Tells the story line by line, each with the seconds since the start."""

    def __init__(self) -> None:
        self._console = console()
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
    """Start a local service with short times, tell the story, stop; raises `DemoFailed`."""
    terminal = Terminal()
    with LocalService(ROOT / "config", settings=SETTINGS, ticker=TICKER, progress=progress) as service:
        Demo(service.description, terminal).run()
    terminal.say("every claim of this story was checked; nothing is left running")


@click.command(epilog="Exit codes: 0 every claim held, 1 one did not or the service could not start, 2 wrong usage.")
def demo() -> None:
    """Tell the whole life of an allocation, with real output, in about a minute."""
    from atmosphere.cli.local import progress_for_people  # noqa: PLC0415 -- `local` adds this command

    tell(progress_for_people())
