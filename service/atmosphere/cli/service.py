"""Commands for callers: deallocate, status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.kept import kept, read
from atmosphere.cli.options import EPILOG, json_option
from atmosphere.cli.output import plain, print_facts, print_json, print_table
from atmosphere.client import as_reply

if TYPE_CHECKING:
    from atmosphere.client.results import AllocationState, Place, Pool

_ORDER: Final = ("free", "in-use", "cleaning", "dirty", "held")


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
        print_json({**fields, "environments": [as_reply.entry(place, secret=False) for place in found.environments]})
        return
    print_facts(fields | {place.name: _place(place) for place in found.environments})


def _place(place: Place) -> str:
    return f"aws://{place.account}/{place.region} ({place.pool}, {place.role})"
