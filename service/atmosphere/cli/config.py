"""`atmosphere config`: check the configuration, show what a change would do, write the JSON Schemas."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from atmosphere.cli.options import Group, environment_key, json_option
from atmosphere.cli.organization import check_accounts
from atmosphere.cli.output import console, print_json, print_table
from atmosphere.config.load import check, load
from atmosphere.config.plan import plan
from atmosphere.config.problems import ConfigProblems, Severity
from atmosphere.config.schema import stale, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.config.load import Checked
    from atmosphere.config.plan import Step
    from atmosphere.config.problems import Problem
    from atmosphere.core.snapshot import Snapshot

_EPILOG: Final = "Exit codes: 0 success (warnings included), 1 problems, 2 wrong usage."
_IN_FORCE: Final = "Exit codes: 0 in force everywhere, 1 not in force somewhere, 2 wrong usage, 3 unknown somewhere."
_STYLES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}
_Directory: Final = click.Path(path_type=Path)


@click.group(cls=Group, epilog=_EPILOG)
def config() -> None:
    """Check the configuration, and show what a change would do."""


@config.command("check", epilog=_EPILOG)
@click.argument("directory", type=_Directory, default="config")
@json_option
def check_command(*, directory: Path, as_json: bool) -> None:
    """List all problems in the files of DIRECTORY (default: config), with file, line and remedy."""
    checked = check(directory)
    if as_json:
        ok = checked.snapshot is not None
        print_json({"ok": ok, "problems": [asdict(problem) for problem in checked.problems]})
    else:
        _show(directory, checked)
    if checked.snapshot is None:
        raise click.exceptions.Exit(1)


def _show(directory: Path, checked: Checked) -> None:
    _show_problems(directory, checked.problems)
    if checked.snapshot is None:
        errors = sum(problem.severity is Severity.ERROR for problem in checked.problems)
        console(stderr=True).print(f"{errors} to fix; this configuration cannot be deployed", style="bold")
        return
    found = checked.snapshot
    console().print(
        f"{directory}: {len(found.environments)} environments in {len(found.pools)} pools, "
        f"{len(found.access.iam) + len(found.access.github)} rules, {len(found.access.operators)} operators: no errors",
        style="green",
    )


def _show_problems(directory: Path, problems: Sequence[Problem]) -> None:
    out = console(stderr=True)
    for problem in problems:
        where = f"{directory / problem.file}:{problem.line}: "
        out.print(where, end="")
        out.print(f"{problem.severity}: ", style=_STYLES[problem.severity], end="")
        out.print(f"{problem.path}: {problem.what}" if problem.path else problem.what)
        out.print(f"    {problem.remedy}", style="dim")


@config.command("check-organization", epilog=_IN_FORCE)
@click.argument("directory", type=_Directory, default="config")
@click.option("--environment", callback=environment_key, help="Only the account of this ACCOUNT/REGION.")
@click.option("--profile", help="The AWS profile that may assume the admin roles.")
@json_option
def check_organization_command(
    *, directory: Path, environment: tuple[str, str] | None, profile: str | None, as_json: bool
) -> None:
    """Check whether infra/organization-policy.json is in force in each account of DIRECTORY (default: config).

    The command assumes the admin role of one environment for each account, and makes one call for each statement of the
    policy. A call that is not denied has no effect, because it names nothing that exists or is a dry run.
    """
    check_accounts(loaded(directory), environment, profile=profile, as_json=as_json)


@config.command("plan", epilog=_EPILOG)
@click.argument("old", type=_Directory)
@click.argument("new", type=_Directory)
@json_option
def plan_command(*, old: Path, new: Path, as_json: bool) -> None:
    """Show what changes when the configuration in directory NEW replaces the one in OLD."""
    steps = plan(loaded(old), loaded(new))
    if as_json:
        print_json({"steps": [asdict(step) for step in steps]})
        return
    print_table(("what", "which", "details", "effect"), map(_row, steps), empty="nothing changes")


def _row(step: Step) -> tuple[str, ...]:
    return step.kind, step.subject, "\n".join(step.details), step.effect


def loaded(directory: Path) -> Snapshot:
    """The configuration, or its problems on stderr and exit code 1."""
    try:
        return load(directory)
    except ConfigProblems as refused:
        _show_problems(directory, refused.problems)
        raise click.exceptions.Exit(1) from refused


@config.command("schema", epilog=_EPILOG)
@click.argument("directory", type=_Directory, default="config")
@click.option("--write", "writes", is_flag=True, help="Write the schemas instead of comparing.")
def schema_command(*, directory: Path, writes: bool) -> None:
    """Compare the JSON Schemas in DIRECTORY/schema (default: config) with those of this release, or write them."""
    if writes:
        for path in write(directory):
            print(path)
        return
    old = stale(directory)
    for name in old:
        print(f"{directory / 'schema' / name} is missing or out of date: atmosphere config schema {directory} --write")
    if old:
        raise click.exceptions.Exit(1)
