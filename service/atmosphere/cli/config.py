"""`atmosphere config`: check the configuration, show what a change would do, write the JSON Schemas."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from atmosphere.cli.annotations import annotation
from atmosphere.cli.options import Group, environment_key, json_option
from atmosphere.cli.organization import check_accounts
from atmosphere.cli.output import console, print_json
from atmosphere.cli.plan import plan_command
from atmosphere.cli.problems import print_problems
from atmosphere.config.load import check, load
from atmosphere.config.problems import ConfigProblems, Severity
from atmosphere.config.schema import stale, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.config.load import Checked
    from atmosphere.core.snapshot import Snapshot

_EPILOG: Final = "Exit codes: 0 success (warnings included), 1 problems, 2 wrong usage."
_IN_FORCE: Final = "Exit codes: 0 in force everywhere, 1 not in force somewhere, 2 wrong usage, 3 unknown somewhere."
_Directory: Final = click.Path(path_type=Path)


class Format(StrEnum):
    """For whom problems are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


@click.group(cls=Group, epilog=_EPILOG)
def config() -> None:
    """Check the configuration, and show what a change would do."""


@config.command("check", epilog=_EPILOG)
@click.argument("directory", type=_Directory, default="config")
@click.option(
    "--format",
    "form",
    type=click.Choice([each.value for each in Format]),
    default="text",
    show_default=True,
    help="`github` prints workflow commands, which GitHub shows at the lines of a pull request.",
)
@json_option
def check_command(*, directory: Path, form: Format, as_json: bool) -> None:
    """List all problems in the files of DIRECTORY (default: config), with file, line and remedy."""
    checked = check(directory)
    _SHOW[Format.JSON if as_json else Format(form)](directory, checked)
    if checked.snapshot is None:
        raise click.exceptions.Exit(1)


def _as_json(_: Path, checked: Checked) -> None:
    ok = checked.snapshot is not None
    print_json({"ok": ok, "problems": [asdict(problem) for problem in checked.problems]})


def _as_annotations(directory: Path, checked: Checked) -> None:
    for problem in checked.problems:
        print(annotation(directory, problem))
    _sum_up(directory, checked)


def _as_text(directory: Path, checked: Checked) -> None:
    print_problems(directory, checked.problems)
    _sum_up(directory, checked)


_SHOW: Final = {Format.TEXT: _as_text, Format.JSON: _as_json, Format.GITHUB: _as_annotations}


def _sum_up(directory: Path, checked: Checked) -> None:
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


config.add_command(plan_command)


def loaded(directory: Path) -> Snapshot:
    """The configuration, or its problems on stderr and exit code 1."""
    try:
        return load(directory)
    except ConfigProblems as refused:
        print_problems(directory, refused.problems)
        raise click.exceptions.Exit(1) from refused


def _written(directory: Path) -> Sequence[Path]:
    try:
        return write(directory)
    except OSError as fault:
        what = fault.strerror or type(fault).__name__
        raise click.ClickException(f"the schemas cannot be written to {directory / 'schema'}: {what}") from fault


@config.command("schema", epilog=_EPILOG)
@click.argument("directory", type=_Directory, default="config")
@click.option("--write", "writes", is_flag=True, help="Write the schemas instead of comparing.")
def schema_command(*, directory: Path, writes: bool) -> None:
    """Compare the JSON Schemas in DIRECTORY/schema (default: config) with those of this release, or write them."""
    if writes:
        print(*_written(directory), sep="\n")
        return
    old = stale(directory)
    for name in old:
        print(f"{directory / 'schema' / name} is missing or out of date: atmosphere config schema {directory} --write")
    if old:
        raise click.exceptions.Exit(1)
