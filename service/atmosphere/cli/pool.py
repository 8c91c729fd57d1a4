"""Commands for operators: pool show, pool resume."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.exits import Exit
from atmosphere.cli.live import Watched, repeat, watch_option
from atmosphere.cli.options import EPILOG, Group, json_option, reason_option
from atmosphere.cli.output import plain, print_facts, print_json, print_table, shown
from atmosphere.client import pools

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.client.breakers import PoolBreaker
    from atmosphere.client.client import AtmosphereClient


@click.group(cls=Group, epilog=EPILOG)
def pool() -> None:
    """Show why a pool is held, and resume it."""


@pool.command("show", epilog=EPILOG)
@click.argument("pool")
@watch_option
@json_option
@connected(caller="operator")
def show_command(connection: Connection, *, pool: str, watch: bool, as_json: bool) -> None:
    """Show whether cleanups of POOL delete nothing, since when, and why."""
    client = connection.client()
    if watch:
        _watch(client, pool, as_json=as_json)
        return
    found = client.breaker(pool)
    if as_json:
        print_json(plain(found))
    else:
        _print(found)


@pool.command("resume", epilog=EPILOG)
@click.argument("pool")
@click.option("--clean", is_flag=True, help="Also start a cleanup of each environment that is dirty because of it.")
@reason_option
@json_option
@connected(caller="operator")
def resume_command(connection: Connection, *, pool: str, clean: bool, reason: str, as_json: bool) -> None:
    """Let cleanups of POOL delete again. The reason is recorded in the history of the environments that it names."""
    client = connection.client()
    found = client.resume_pool(pool, reason=reason)
    cleaned = pools.clean_after(client, found, reason=reason) if clean else []
    if as_json:
        print_json({**plain(found), "cleaned": [_plain(each) for each in cleaned]})
    else:
        _print(found)
        _print_cleaned(cleaned)
    if any(each.error for each in cleaned):
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _watch(client: AtmosphereClient, pool: str, *, as_json: bool) -> None:
    watched = Watched(("", ""), empty="", as_json=as_json)

    def look() -> None:
        found = client.breaker(pool)
        watched.show(datetime.now(UTC), list(_facts(found).items()), plain(found))

    repeat(look)


def _print(found: PoolBreaker) -> None:
    print_facts(_facts(found))


def _facts(found: PoolBreaker) -> dict[str, str | None]:
    return {
        "pool": found.name,
        "held since": shown(found.since),
        "because of": found.thing,
        "in": ", ".join(f"aws://{account}/{region}" for account, region in found.environments) or None,
    }


def _plain(each: pools.Cleaned) -> dict[str, str | None]:
    return {"environment": f"aws://{'/'.join(each.place)}", "error": each.error}


def _print_cleaned(cleaned: Sequence[pools.Cleaned]) -> None:
    if cleaned:
        rows = [(f"aws://{'/'.join(each.place)}", each.error or "started") for each in cleaned]
        print_table(("environment", "cleanup"), rows, empty="")
