"""Commands for callers: allocate, credentials, deallocate, status."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.options import EPILOG, json_option
from atmosphere.cli.output import note, plain, print_facts, print_json, print_table, shown
from atmosphere.client.client import DEFAULT_WAIT

if TYPE_CHECKING:
    from atmosphere.client.asking import Constraint, Waiting
    from atmosphere.client.results import AllocationState, Granted, Place, Pool
    from atmosphere.core.model import SessionCredentials

_ORDER: Final = ("free", "in-use", "cleaning", "dirty", "held")


@click.command(epilog=EPILOG)
@click.option("--pool", required=True, help="The pool to take from.")
@click.option("--requester", required=True, help="Text that shows people who asked, e.g. the URL of a build.")
@click.option("--in-region", "regions", multiple=True, help="Only in this region; may be repeated.")
@click.option("--in-account", "accounts", multiple=True, help="Only in this account; may be repeated.")
@click.option(
    "--capability", "capabilities", multiple=True, help="NAME, or NAME=JSON to match a value; may be repeated."
)
@click.option("--role", help="One of the environment's named roles (default: admin).")
@click.option("--duration", type=click.IntRange(900, 10800), help="Seconds until the allocation ends.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=DEFAULT_WAIT,
    show_default=True,
    help="Seconds to wait for a free environment.",
)
@click.option(
    "--profile-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write an AWS config file with a profile that renews the credentials.",
)
@click.option("--export", is_flag=True, help="Print shell lines that set the credentials (secret).")
@json_option
@connected(caller="runner")
def allocate(
    connection: Connection,
    *,
    pool: str,
    requester: str,
    regions: tuple[str, ...],
    accounts: tuple[str, ...],
    capabilities: tuple[str, ...],
    role: str | None,
    duration: int | None,
    wait: float,
    profile_file: Path | None,
    export: bool,
    as_json: bool,
) -> None:
    """Allocate an environment, and wait until one is free. Credentials are printed only with --json or --export.

    --profile-file writes a file without secrets; its profile fetches and renews the credentials:
    AWS_CONFIG_FILE=FILE AWS_PROFILE=atmosphere your-test
    """
    grant = connection.client().allocate(
        pool,
        requester=requester,
        constraints=_constraints(regions, accounts, capabilities),
        role=role,
        duration_seconds=duration,
        wait_seconds=wait,
        on_wait=_tell,
    )
    if profile_file is not None:
        profile_file.write_text(_profile(connection, grant), encoding="utf-8")
    if as_json:
        print_json(_grant(grant))
    elif export:
        _print_exports(grant)
    else:
        print_facts(_facts(grant))


def _constraints(
    regions: tuple[str, ...], accounts: tuple[str, ...], capabilities: tuple[str, ...]
) -> list[Constraint]:
    listed: list[Constraint] = []
    if regions:
        listed.append({"type": "region", "value": list(regions)})
    if accounts:
        listed.append({"type": "account", "value": list(accounts)})
    return listed + [{"type": "capability", "value": _capability(text)} for text in capabilities]


def _capability(text: str) -> Any:
    name, equals, value = text.partition("=")
    if not equals:
        return name
    try:
        return {name: json.loads(value)}
    except ValueError as broken:
        raise click.BadParameter(f"{value!r} is not JSON; a string needs quotes: {name}='\"{value}\"'") from broken


def _tell(waiting: Waiting) -> None:
    place = f", position {waiting.position}" if waiting.position is not None else ""
    note(f"{waiting.code}{place}: waited {waiting.waited:.0f} s, next try in {waiting.next_try:.0f} s")


def _facts(grant: Granted) -> dict[str, str | None]:
    places = {place.name: _place(place) for place in grant.environments}
    return {"allocation": grant.id, "until": shown(grant.expires_at), **places}


def _place(place: Place) -> str:
    return f"aws://{place.account}/{place.region} ({place.pool}, {place.role})"


def _profile(connection: Connection, grant: Granted) -> str:
    sections = []
    for place in grant.environments:
        name = "atmosphere" if place is grant.environment else f"atmosphere-{place.name}"
        command = connection.command("credentials", grant.id, "--environment", place.name)
        sections.append(f"[profile {name}]\nregion = {place.region}\ncredential_process = {command}\n")
    return "\n".join(sections)


def _print_exports(grant: Granted) -> None:
    place = grant.environment
    keys = _held(place)
    values = {
        "ATMOSPHERE_ALLOCATION": grant.id,
        "AWS_REGION": place.region,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_SESSION_TOKEN": keys.session_token,
    }
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}")


def _held(place: Place) -> SessionCredentials:
    if place.credentials is None:
        raise click.ClickException("the service returned no credentials")
    return place.credentials


def _grant(grant: Granted) -> dict[str, Any]:
    return {
        "id": grant.id,
        "expiresAt": shown(grant.expires_at),
        "environments": [
            {
                "name": place.name,
                "role": place.role,
                "account": place.account,
                "region": place.region,
                "pool": place.pool,
                "capabilities": place.capabilities,
                "credentials": _process(_held(place)),
            }
            for place in grant.environments
        ],
    }


def _process(keys: SessionCredentials) -> dict[str, Any]:
    """The JSON that AWS tools expect of a `credential_process`."""
    return {
        "Version": 1,
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "SessionToken": keys.session_token,
        "Expiration": shown(keys.expiration),
    }


@click.command(epilog=EPILOG)
@click.argument("allocation")
@click.option("--environment", default=None, help="The environment's name, if there are several.")
@connected(caller="runner")
def credentials(connection: Connection, *, allocation: str, environment: str | None) -> None:
    """Print fresh credentials of ALLOCATION, as JSON for `credential_process` of AWS tools (secret)."""
    grant = connection.client().credentials(allocation)
    names = [place.name for place in grant.environments]
    if environment is not None and environment not in names:
        raise click.BadParameter(f"the allocation has no environment {environment!r}; it has {', '.join(names)}")
    print_json(_process(_held(grant.named(environment) if environment else grant.environment)))


@click.command(epilog=EPILOG)
@click.argument("allocation")
@click.option("--outcome", default="success", show_default=True, help="The outcome of the test, at most 100 bytes.")
@connected(caller="runner")
def deallocate(connection: Connection, *, allocation: str, outcome: str) -> None:
    """End ALLOCATION. Its credentials are revoked, and cleaning starts. You can repeat this safely."""
    connection.client().deallocate(allocation, outcome=outcome)
    print(f"{allocation} has ended")


@click.command(epilog=EPILOG)
@click.argument("allocation", required=False)
@json_option
@connected(caller="runner")
def status(connection: Connection, *, allocation: str | None, as_json: bool) -> None:
    """Show ALLOCATION, or, without it, every pool that the caller may use."""
    client = connection.client()
    if allocation is None:
        _show_pools(client.pools(), as_json=as_json)
    else:
        _show_allocation(client.get(allocation), as_json=as_json)


def _show_pools(pools: tuple[Pool, ...], *, as_json: bool) -> None:
    if as_json:
        print_json({"pools": [{"pool": pool.name, "counts": dict(pool.counts)} for pool in pools]})
        return
    rows = [(pool.name, *(str(pool.counts.get(status, 0)) for status in _ORDER)) for pool in pools]
    print_table(("pool", *_ORDER), rows, empty="this caller may not use any pool")


def _show_allocation(found: AllocationState, *, as_json: bool) -> None:
    fields = plain(found)
    del fields["environments"]
    if as_json:
        print_json({**fields, "environments": [_without_credentials(place) for place in found.environments]})
        return
    print_facts(fields | {place.name: _place(place) for place in found.environments})


def _without_credentials(place: Place) -> dict[str, Any]:
    return {name: value for name, value in plain(place).items() if name != "credentials"}
