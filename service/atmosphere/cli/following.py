"""`cleanup run`, and a cleanup watched to its end: a live table in a terminal, else a line for each change."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import click
from rich.live import Live
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from atmosphere.cleanup.report.markdown import markdown
from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.exits import Exit
from atmosphere.cli.options import environment_key, json_option, reason_option
from atmosphere.cli.output import console, harmless, note, plain, print_json, shown
from atmosphere.client.errors import ServiceError
from atmosphere.client.results import EnvironmentState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atmosphere.client.client import AtmosphereClient

_RUN: Final = "Exit codes: 0 clean, 1 dirty or refused, 2 wrong usage, 130 interrupted."
EVERY: Final = 2.0  # seconds between two questions
_GONE: Final = 404


def follow(
    client: AtmosphereClient, environment: tuple[str, str], *, sleep: Callable[[float], None] = time.sleep
) -> EnvironmentState:
    """Ask until the environment is not being cleaned any more; returns it as it is then. Raises `ServiceError`.

    `status` is None if it disappeared, as a deregistering one does when it is clean.
    """
    out = console(stderr=True)
    if not out.is_terminal:
        return _followed(client, environment, _Lines().tell, sleep)
    with Live(console=out, transient=True) as live:
        return _followed(client, environment, lambda state: live.update(progress_table(state)), sleep)


def _followed(
    client: AtmosphereClient,
    environment: tuple[str, str],
    tell: Callable[[EnvironmentState], None],
    sleep: Callable[[float], None],
) -> EnvironmentState:
    while True:
        try:
            state = client.environment(*environment)
        except ServiceError as refusal:
            if refusal.status != _GONE:
                raise
            return EnvironmentState(account=environment[0], region=environment[1])
        if state.status != "cleaning":
            return state
        tell(state)
        sleep(EVERY)


def verdict_of(state: EnvironmentState) -> None:
    """The end of a cleanup on stdout: what the environment became, and the report."""
    because = f" because of {harmless(state.dirty_reason)}" if state.dirty_reason else ""
    console().print(f"aws://{state.account}/{state.region} is {state.status or 'gone'}{because}", style="bold")
    print_report(state)


def print_report(state: EnvironmentState) -> None:
    """The report of the last cleanup, if there is one: rendered in a terminal, as Markdown elsewhere."""
    if state.cleanup is None:
        return
    text, out = markdown(state.cleanup), console()
    if out.is_terminal:
        out.print(Markdown(text))
    else:
        print(text, end="")


def _head(state: EnvironmentState) -> str:
    progress = state.progress or {}
    parts = [
        f"attempt {state.attempt}" if state.attempt is not None else "",
        f"pass {progress['pass']}" if progress else "",
        progress.get("phase", "starting"),
        f"until {shown(state.deadline)}" if state.deadline else "",
    ]
    return ", ".join(part for part in parts if part)


def _counts(progress: Mapping[str, Any]) -> list[tuple[str, int, int, int]]:
    names = sorted({*progress["left"], *progress["removed"]})
    return [
        (name, progress["left"].get(name, 0), progress["removed"].get(name, 0), progress["blocked"].get(name, 0))
        for name in names
    ]


def progress_table(state: EnvironmentState) -> Table:
    """How a cleanup stands."""
    table = Table(title=f"aws://{state.account}/{state.region}: {_head(state)}", title_justify="left")
    for column in ("type", "left", "removed", "with an error"):
        table.add_column(column)
    for name, *numbers in _counts(state.progress) if state.progress else ():
        table.add_row(name, *(str(number or "") for number in numbers))
    told = [f"{state.progress['unknown']} listings failed"] if state.progress and state.progress["unknown"] else []
    told += _waits(state.progress or {})
    if told:
        table.caption = Text("\n".join(told))  # no markup: tests choose the names
    return table


def _waits(progress: Mapping[str, Any]) -> list[str]:
    """What AWS is at work on, and since when; services of older versions do not say."""
    return [
        harmless(f"waiting for {each['type']}:{each['id']}@{each['region']}: {each['doing']} since {each['since']}")
        for each in progress.get("waitingFor", ())
    ]


class _Lines:
    """A line whenever something changed."""

    def __init__(self) -> None:
        self._last = ""

    def tell(self, state: EnvironmentState) -> None:
        left, removed, blocked = (
            sum((state.progress or {}).get(name, {}).values()) for name in ("left", "removed", "blocked")
        )
        line = f"{_head(state)}: {left} left, {removed} removed, {blocked} with an error"
        line = "; ".join([line, *_waits(state.progress or {})[:1]])
        if line != self._last:
            self._last = line
            note(line)


@click.command("run", epilog=_RUN)
@click.argument("environment", callback=environment_key)
@reason_option
@json_option
@connected(caller="operator")
def run_command(connection: Connection, *, environment: tuple[str, str], reason: str, as_json: bool) -> None:
    """Have the service clean the dirty ENVIRONMENT (ACCOUNT/REGION) again, and follow it to its end.

    If a cleanup is running already, follow that one. Ctrl-C stops following; the cleanup continues.
    """
    client = connection.client()
    before = client.environment(*environment)
    if before.status == "cleaning":
        note("a cleanup is already running")
    else:
        client.operate(*environment, "clean", reason=reason)
    after = follow(client, environment)
    if as_json:
        print_json(plain(after))
    else:
        verdict_of(after)
    if after.status == "dirty":
        raise click.exceptions.Exit(Exit.PROBLEMS)
