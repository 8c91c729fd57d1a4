"""Commands for callers: deallocate, status (which also writes the operators' page)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.kept import kept, read
from atmosphere.cli.live import Row, Watched, repeat, watch_option
from atmosphere.cli.options import EPILOG, json_option
from atmosphere.cli.output import plain, print_facts, print_json, print_table
from atmosphere.client import as_reply

if TYPE_CHECKING:
    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.results import AllocationState, Place, Pool

_ORDER: Final = ("free", "in-use", "cleaning", "dirty", "held")
_COLUMNS: Final = ("pool", *_ORDER, "waiting")
_NONE: Final = "this caller may not use any pool"


@click.command(epilog=EPILOG)
@click.argument("allocation")
@click.option("--outcome", default="success", show_default=True, help="The outcome of the test, at most 100 bytes.")
@connected(caller="runner")
def deallocate(connection: Connection, *, allocation: str, outcome: str) -> None:
    """End ALLOCATION. Its credentials are revoked, and cleaning starts. You can repeat this safely.

    Also works where AWS_* are those of the environment, if this machine allocated it.
    """
    from atmosphere.client.proof import ReleaseToken  # noqa: PLC0415 what loads boto3 waits until it is needed

    files = kept(allocation)
    secret = (read(files.lease) or {}).get("releaseToken")
    if secret:
        connection.client().end(allocation, ReleaseToken(secret), outcome=outcome)
    else:
        connection.client().deallocate(allocation, outcome=outcome)
    files.remove()
    print(f"{allocation} has ended")


@click.command(epilog=EPILOG)
@click.argument("allocation", required=False)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a page about everything into FILE, for operators: pools, queues, the last day, what is dirty and why.",
)
@watch_option
@json_option
@connected(caller="runner")
def status(connection: Connection, *, allocation: str | None, page: Path | None, watch: bool, as_json: bool) -> None:
    """Show ALLOCATION, or, without it, every pool that the caller may use."""
    if sum(map(bool, (allocation, page, watch))) > 1:
        raise click.UsageError("ALLOCATION, --html and --watch exclude each other")
    if page is not None:
        _write_page(connection, page, as_json=as_json)
        return
    client = connection.client()
    if allocation is not None:
        _show_allocation(client.get(allocation), as_json=as_json)
    elif watch:
        _watch_pools(client, as_json=as_json)
    else:
        _show_pools(client.pools(), as_json=as_json)


def _write_page(connection: Connection, page: Path, *, as_json: bool) -> None:
    """What a local run shows, its operator sees, unless --as names somebody."""
    from atmosphere.status.writing import write  # noqa: PLC0415 only this needs it

    write(connection.unless_named("operator").client(), page)
    if as_json:
        print_json({"file": str(page)})
    else:
        print(f"{page} shows it")


def _show_pools(pools: tuple[Pool, ...], *, as_json: bool) -> None:
    if as_json:
        print_json(_plain(pools))
    else:
        print_table(_COLUMNS, _rows(pools), empty=_NONE)


def _watch_pools(client: AtmosphereClient, *, as_json: bool) -> None:
    watched = Watched(_COLUMNS, empty=_NONE, as_json=as_json)

    def look() -> None:
        pools = client.pools()
        watched.show(datetime.now(UTC), _rows(pools), _plain(pools))

    repeat(look)


def _rows(pools: tuple[Pool, ...]) -> list[Row]:
    return [(pool.name, *(str(pool.counts.get(status, 0)) for status in _ORDER), _waiting(pool)) for pool in pools]


def _waiting(pool: Pool) -> str | None:
    """Services of older versions do not tell."""
    return None if pool.waiting is None else str(pool.waiting)


def _plain(pools: tuple[Pool, ...]) -> dict[str, Any]:
    listed = [{"pool": pool.name, "counts": dict(pool.counts), "waiting": pool.waiting} for pool in pools]
    return {"pools": listed}


def _show_allocation(found: AllocationState, *, as_json: bool) -> None:
    fields = plain(found)
    del fields["environments"]
    if as_json:
        print_json({**fields, "environments": [as_reply.entry(place, secret=False) for place in found.environments]})
        return
    print_facts(fields | {place.name: _place(place) for place in found.environments})


def _place(place: Place) -> str:
    return f"aws://{place.account}/{place.region} ({place.pool}, {place.role})"
