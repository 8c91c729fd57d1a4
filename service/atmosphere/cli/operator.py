"""Commands for operators: history, environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from atmosphere.cli.acting import TEXTS, act_command
from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.doctor import doctor_command
from atmosphere.cli.environments import list_command
from atmosphere.cli.following import print_report, progress_table
from atmosphere.cli.options import (
    EPILOG,
    Group,
    Question,
    environment_key,
    history_question,
    json_option,
)
from atmosphere.cli.output import console, plain, print_facts, print_json, print_table, shown

if TYPE_CHECKING:
    from atmosphere.client.results import EnvironmentState, HistoryLine


@click.command(epilog=EPILOG)
@history_question
@json_option
@connected(caller="operator")
def history(connection: Connection, *, question: Question, as_json: bool) -> None:
    """Show the allocations of ENVIRONMENT (ACCOUNT/REGION) and the acts of operators, newest first."""
    lines = connection.client().history(**question)
    if as_json:
        print_json({"entries": [plain(line) for line in lines]})
        return
    columns = ("at", "environment", "what", "who", "requester or reason", "ended", "outcome")
    print_table(columns, map(_history_row, lines), empty="nothing is recorded")


def _history_row(line: HistoryLine) -> tuple[str | None, ...]:
    outcome = f"{line.outcome} (by {line.ended_by})" if line.outcome else None
    why = line.reason or line.requester
    return (
        shown(line.at),
        f"aws://{line.account}/{line.region}",
        line.kind,
        line.who,
        why,
        shown(line.ended_at),
        outcome,
    )


@click.group(cls=Group, epilog=EPILOG)
def environment() -> None:
    """Show and check environments, and clean, reinstate, discard, hold, resume or release one or many."""


environment.add_command(list_command)


@environment.command("show", epilog=EPILOG)
@click.argument("environment", callback=environment_key)
@json_option
@connected(caller="operator")
def show_command(connection: Connection, *, environment: tuple[str, str], as_json: bool) -> None:
    """Show ENVIRONMENT (ACCOUNT/REGION) with the report of its last cleanup."""
    found = connection.client().environment(*environment)
    if as_json:
        print_json(plain(found))
        return
    _show(found)
    print_report(found)


def show_environment(found: EnvironmentState, *, as_json: bool) -> None:
    """An environment after an act, on stdout."""
    if as_json:
        print_json(plain(found))
    else:
        _show(found)


def _show(found: EnvironmentState) -> None:
    print_facts({name: value for name, value in plain(found).items() if name not in {"cleanup", "progress"}})
    if found.progress is not None:
        console().print(progress_table(found))


environment.add_command(doctor_command)
for _name in TEXTS:
    environment.add_command(act_command(_name, _show))
