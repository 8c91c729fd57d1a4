"""Commands about cleaning: plan and verify scan from this machine, run asks the service, types lists the catalogue."""

from __future__ import annotations

import functools
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Final

import click

from atmosphere.cli.config import loaded
from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.covering import covers_command
from atmosphere.cli.exits import Exit
from atmosphere.cli.following import run_command
from atmosphere.cli.options import DATES, EPILOG, Group, environment_key, json_option
from atmosphere.cli.output import console, note, print_json
from atmosphere.cli.planning import print_plan, print_verdict
from atmosphere.client.errors import NotConnected, ServiceError
from atmosphere.core.model import AccountId, AllocationId, EnvironmentKey, Region
from atmosphere.core.sharing import is_alone, neighbours
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.state.store import TextStore
    from atmosphere.cleanup.surveying import Survey
    from atmosphere.core.snapshot import Snapshot

_PLAN: Final = "Exit codes: 0 the plan is complete, 2 wrong usage, 3 something could not be scanned."
_VERIFY: Final = "Exit codes: 0 clean, 1 leftovers or drift, 2 wrong usage, 3 something could not be scanned."
_ALLOWED: Final = timedelta(hours=1)


_BY_CONFIGURATION: Final = (
    "IAM and other global services are included, because the configuration has no other environment in this account. "
    "The service also counts environments that are draining: give --endpoint to include them."
)


class _Unknown(click.ClickException):
    """Something that the answer depends on could not be read."""

    exit_code = Exit.UNKNOWN


@click.group(cls=Group, epilog="Exit codes: 0 success; see each command for the others.")
def cleanup() -> None:
    """Plan and verify the cleaning of an environment from this machine, or run and follow it."""


cleanup.add_command(covers_command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """The options of commands that scan with the caller's own credentials, and query the service if one is named."""

    connection: Connection
    directory: Path
    bucket: str | None
    baseline_file: Path | None
    allocation: str | None
    since: datetime | None


_OPTIONS: Final = (
    click.option("--config", "directory", type=click.Path(path_type=Path), default="config", show_default=True),
    click.option(
        "--bucket", help="The service's bucket, to read the baseline, the ledger and deferred resources from."
    ),
    click.option(
        "--baseline",
        "baseline_file",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="A file with the baseline, in the format of the bucket.",
    ),
    click.option("--allocation", help="Also use the ledger of this allocation (with --bucket)."),
    click.option("--since", type=DATES, help="Also check what stacks left that were deleted since then (UTC)."),
)


def _looking(command: Callable[..., None]) -> Callable[..., None]:
    """Add the environment and the options to a command."""

    def look(connection: Connection, *, environment: tuple[str, str], **given: Any) -> None:
        own = {field.name: given.pop(field.name) for field in fields(Looking) if field.name in given}
        command(environment, Looking(connection=connection, **own), **given)

    looked: Callable[Concatenate[Connection, ...], None] = functools.update_wrapper(look, command)
    wrapped = connected(caller="operator", profile="The AWS profile to scan and to sign with.")(looked)
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return click.argument("environment", callback=environment_key)(json_option(wrapped))


@cleanup.command("plan", epilog=_PLAN)
@_looking
@click.option("--verbose", is_flag=True, help="Name every resource.")
def plan_command(environment: tuple[str, str], looking: Looking, *, as_json: bool, verbose: bool) -> None:
    """Show what a cleanup would do in ENVIRONMENT (ACCOUNT/REGION) now, and what is unknown.

    The scan runs on this machine with your AWS credentials, which must be allowed to assume the environment's admin
    role. It changes nothing and writes nothing.
    """
    found = _survey(environment, looking)
    if as_json:
        print_json({"answer": found.answer, "mutations": found.mutations, **found.report})
    else:
        print_plan(found, verbose=verbose)
    if found.answer == "unknown":
        raise click.exceptions.Exit(Exit.UNKNOWN)


@cleanup.command("verify", epilog=_VERIFY)
@_looking
def verify_command(environment: tuple[str, str], looking: Looking, *, as_json: bool) -> None:
    """Check whether ENVIRONMENT (ACCOUNT/REGION) is clean, by one of the two scans that a cleanup's proof needs.

    The scan runs on this machine with your AWS credentials, which must be allowed to assume the environment's admin
    role. It changes nothing and writes nothing.
    """
    found = _survey(environment, looking)
    if as_json:
        print_json({"answer": found.answer, "mutations": found.mutations, **found.report})
    else:
        print_verdict(found)
    code = {"clean": Exit.FINE, "leftovers": Exit.PROBLEMS, "unknown": Exit.UNKNOWN}[found.answer]
    if code:
        raise click.exceptions.Exit(code)


def _survey(environment: tuple[str, str], looking: Looking) -> Survey:
    from atmosphere.adapters.system import SystemClock  # noqa: PLC0415 -- what loads boto3 waits until it is needed
    from atmosphere.cleanup.aws.accounts import Accounts  # noqa: PLC0415
    from atmosphere.cleanup.surveying import survey  # noqa: PLC0415
    from atmosphere.faults import reaching  # noqa: PLC0415

    if (looking.bucket is None) == (looking.baseline_file is None):
        raise click.UsageError("no baseline: give either --bucket (the service's) or --baseline FILE")
    key = EnvironmentKey(AccountId(environment[0]), Region(environment[1]))
    assignment = _assignment(key, looking)
    try:
        with console(stderr=True).status(f"scanning {key}"), reaching(f"the scan of {key}"):
            aws = Accounts.to_look_at(looking.connection.profile)
            return survey(assignment, aws=aws, store=_store(key, looking), clock=SystemClock())
    except Unreachable as lost:
        raise _Unknown(f"{key} could not be scanned: {lost}") from lost


def _assignment(key: EnvironmentKey, looking: Looking) -> Assignment:
    from atmosphere.cleanup.model import Assignment  # noqa: PLC0415

    snapshot = loaded(looking.directory)
    registration = snapshot.registration(key)
    if registration is None:
        raise click.UsageError(f"{key} is not in {looking.directory / 'environments.yaml'}")
    known = _known(key, snapshot, looking.connection)
    return Assignment(
        allocation=AllocationId(looking.allocation or "none"),
        key=key,
        attempt=0,
        registration=registration,
        roles_used=(),
        started=looking.since.replace(tzinfo=UTC) if looking.since else None,
        deadline=datetime.now(UTC) + _ALLOWED,
        capture_only=False,
        sweep_globals=is_alone(key, known),
        neighbours=neighbours(key, known),
        settings=snapshot.settings,
        service_account=AccountId(""),
    )


def _known(key: EnvironmentKey, snapshot: Snapshot, connection: Connection) -> set[EnvironmentKey]:
    """By the configuration and, if a service is named, also by its rows: list no more than the service would sweep."""
    configured = {entry.key for entry in snapshot.environments}
    if not is_alone(key, configured):
        return configured
    if connection.is_given:
        return configured | _rows(key, connection)
    note(_BY_CONFIGURATION)
    return configured


def _rows(key: EnvironmentKey, connection: Connection) -> set[EnvironmentKey]:
    try:
        found = connection.client().environments()
    except (ServiceError, NotConnected) as failure:
        raise _Unknown(
            f"could not read the environments of account {key.account} from the service: {failure}; "
            "without --endpoint and --ready-file only the configuration decides"
        ) from failure
    return {EnvironmentKey(AccountId(each.account), Region(each.region)) for each in found}


def _store(key: EnvironmentKey, looking: Looking) -> TextStore:
    from atmosphere.adapters import clients  # noqa: PLC0415
    from atmosphere.adapters.s3 import S3Objects, S3Texts  # noqa: PLC0415
    from atmosphere.cleanup.state.baseline import baseline_name  # noqa: PLC0415
    from atmosphere.cleanup.state.store import MemoryTexts  # noqa: PLC0415

    if looking.bucket is not None:
        return S3Texts(S3Objects(clients.s3(looking.connection.profile), looking.bucket))
    store = MemoryTexts()
    if looking.baseline_file is not None:
        store.put(baseline_name(key), looking.baseline_file.read_text(encoding="utf-8"))
    return store


cleanup.add_command(run_command)


@cleanup.command("types", epilog=EPILOG)
@click.option(
    "--write", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Write the list into this page."
)
def types_command(*, write: Path | None) -> None:
    """List the types of resources that cleaning covers, as the Markdown of docs/cleanup.md."""
    from atmosphere.cleanup.report.describing import catalogue_table, replaced  # noqa: PLC0415

    if write is None:
        print(catalogue_table(), end="")
        return
    write.write_text(replaced(write.read_text(encoding="utf-8")), encoding="utf-8")
    print(write)
