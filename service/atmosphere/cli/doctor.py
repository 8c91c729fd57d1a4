"""`atmosphere environment doctor`: is an environment ready to be registered, and if not, what is to be done."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from atmosphere.cli.config import loaded
from atmosphere.cli.exits import Exit
from atmosphere.cli.options import environment_key, json_option
from atmosphere.cli.output import print_json, print_table
from atmosphere.contract import CLEANUP_SESSION, NAME, session_name
from atmosphere.core.doctor.checks import findings
from atmosphere.core.doctor.facts import Level
from atmosphere.core.model import AccountId, EnvironmentKey, Region
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.core.doctor.facts import Facts, Finding
    from atmosphere.core.model import Registration
    from atmosphere.core.snapshot import Snapshot

_EPILOG: Final = (
    "Exit codes: 0 everything is ok, 1 there are problems, 2 wrong usage, 3 no problem was found, but something could "
    "not be checked."
)


@click.command("doctor", epilog=_EPILOG)
@click.argument("environment", callback=environment_key)
@click.option("--config", "directory", type=click.Path(path_type=Path), default="config", show_default=True)
@click.option("--profile", help="The AWS profile of the OperatorRole, or of the environment's account.")
@click.option("--service-name", default=NAME, show_default=True, help="What the service's roles are called after.")
@json_option
def doctor_command(
    *, environment: tuple[str, str], directory: Path, profile: str | None, service_name: str, as_json: bool
) -> None:
    """Check whether ENVIRONMENT (ACCOUNT/REGION) is ready for tests, before or after you register it.

    The command assumes the environment's roles with the profile and reads; it changes nothing. What AWS can simulate is
    simulated; what could not be checked is `unknown`, never `ok`.
    """
    snapshot = loaded(directory)
    registration = _registration(snapshot, environment, directory)
    found = findings(_examined(registration, profile), registration, snapshot, service_name)
    if as_json:
        print_json({"environment": str(registration.key), "findings": [asdict(each) for each in found]})
    else:
        rows = [(str(each.level), each.check, each.text, each.advice) for each in found]
        print_table(("result", "check", "found", "what to do"), rows, empty="nothing was checked")
    if code := _code(found):
        raise click.exceptions.Exit(code)


def _registration(snapshot: Snapshot, environment: tuple[str, str], directory: Path) -> Registration:
    account, region = environment
    found = snapshot.registration(EnvironmentKey(AccountId(account), Region(region)))
    if found is None:
        place = directory / "environments.yaml"
        raise click.UsageError(f"{account}/{region} is not in {place}: add it there first, or correct the name")
    return found


def _examined(registration: Registration, profile: str | None) -> Facts:
    from atmosphere.adapters.doctor import examine  # noqa: PLC0415 -- what loads boto3 waits until it is needed

    name = session_name(CLEANUP_SESSION, registration.key.region, str(uuid.uuid4()))
    try:
        return examine(registration, profile=profile, session_name=name)
    except Unreachable as error:
        raise click.UsageError(f"{error}: `aws configure list-profiles` lists those that there are") from error


def _code(found: Sequence[Finding]) -> Exit:
    levels = {each.level for each in found}
    if Level.PROBLEM in levels:
        return Exit.PROBLEMS
    return Exit.UNKNOWN if Level.UNKNOWN in levels or not levels else Exit.FINE
