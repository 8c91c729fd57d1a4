"""`atmosphere config plan`: what putting a configuration in force would change, for people, comments and programs."""

from __future__ import annotations

import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from atmosphere.cli import plan_markdown
from atmosphere.cli.bases import NotComparable, compare
from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.exits import Exit
from atmosphere.cli.options import json_option
from atmosphere.cli.output import harmless, note, print_json, print_table
from atmosphere.cli.plan_words import access_sentence, change_of_capacity, standing
from atmosphere.cli.problems import print_problems
from atmosphere.config.load import check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.cli.bases import Compared
    from atmosphere.config.plan import Step
    from atmosphere.config.problems import Problem

_EPILOG: Final = (
    "Exit codes: 0 nothing changes, 1 the configuration has errors, 2 wrong usage, 3 it is not known what it would "
    "change, 4 something changes."
)


class Format(StrEnum):
    """For whom a plan is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


@click.command("plan", epilog=_EPILOG)
@click.argument("directory", type=click.Path(path_type=Path), default="config")
@click.option(
    "--against",
    required=True,
    metavar="deployed|REVISION|DIR",
    help="What it replaces: `deployed` asks the service what is in force (operators); else a git revision or a folder.",
)
@click.option("--format", "form", type=click.Choice([each.value for each in Format]), default="text", show_default=True)
@json_option
@connected(caller="operator")
def plan_command(connection: Connection, *, directory: Path, against: str, form: Format, as_json: bool) -> None:
    """Show what changes when the configuration in DIRECTORY (default: config) is put in force.

    Against `deployed`, also who holds each environment that changes, and until when. Nothing is changed.
    """
    form = Format.JSON if as_json else Format(form)
    checked = check(directory)
    if checked.configured is None:
        _refuse(directory, checked.problems, form)
    try:
        compared = compare(checked.configured, directory, against, connection)
    except NotComparable as unknown:
        _give_up(directory, str(unknown), form)
    _SHOW[form](directory, compared)
    raise click.exceptions.Exit(Exit.CHANGES if compared.plan.steps else Exit.FINE)


def _refuse(directory: Path, problems: Sequence[Problem], form: Format) -> NoReturn:
    print_problems(directory, problems)
    if form is Format.MARKDOWN:
        print(plan_markdown.refused(directory, problems), end="")
    elif form is Format.JSON:
        print_json({"ok": False, "problems": [asdict(problem) for problem in problems]})
    raise click.exceptions.Exit(Exit.PROBLEMS)


def _give_up(directory: Path, why: str, form: Format) -> NoReturn:
    print(f"no plan: {harmless(why)}", file=sys.stderr)
    if form is Format.MARKDOWN:
        print(plan_markdown.not_compared(directory, why), end="")
    elif form is Format.JSON:
        print_json({"ok": False, "unknown": why})
    raise click.exceptions.Exit(Exit.UNKNOWN)


def _as_markdown(directory: Path, compared: Compared) -> None:
    print(plan_markdown.planned(directory, compared), end="")


def _as_json(_: Path, compared: Compared) -> None:
    print_json({"ok": True, "changes": bool(compared.plan.steps), **_fields(compared)})


def _fields(compared: Compared) -> dict[str, Any]:
    about = {"against": compared.against, "before": compared.before or None, "after": compared.after}
    return about | {"notCompared": compared.not_compared or None} | asdict(compared.plan)


def _as_text(_: Path, compared: Compared) -> None:
    plan = compared.plan
    note(f"compared with {compared.against}")
    if compared.not_compared:
        note(compared.not_compared)
    if not plan.steps:
        print("nothing changes")
        return
    print_table(("what", "which", "details", "now", "effect"), map(_row, plan.steps), empty="")
    for change in plan.access:
        print(harmless(access_sentence(change, str)))
    pools = [each for each in plan.capacity if each.before != each.after]
    if pools:
        rows = [(e.pool, str(e.before), str(e.after), change_of_capacity(e.before, e.after)) for e in pools]
        print_table(("pool", "before", "after", ""), rows, empty="")


def _row(step: Step) -> tuple[str, ...]:
    return step.kind, step.subject, "\n".join(step.details), standing(step.now, str), step.effect


_SHOW: Final = {Format.TEXT: _as_text, Format.MARKDOWN: _as_markdown, Format.JSON: _as_json}
