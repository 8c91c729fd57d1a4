"""`atmosphere environment list`: every environment, or those of some pools and statuses, in an order of choice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from atmosphere.cli import draining
from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.live import Row, Watched, repeat, watch_option
from atmosphere.cli.options import environment_key, json_option
from atmosphere.cli.output import console, plain, print_json, print_table, shown
from atmosphere.cli.parameters import Span
from atmosphere.core.model import Status
from atmosphere.status.timeline import lasted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.results import EnvironmentState

_LIST: Final = (
    "Exit codes: 0 success, or gone; 1 refused, or it will not disappear by itself; 2 wrong usage; "
    "3 it is still there after --timeout."
)
_COLUMNS: Final = ("environment", "pool", "status", "since", "deadline", "allocation", "dirty because")
_SHORT: Final = ("environment", "pool", "status", "for", "dirty because")
"""The columns for a terminal in which the others leave no room; `environment show` has the rest."""
_ROOM: Final = 160  # columns
_NONE: Final = "no environment is registered"
_NO_MATCH: Final = "no environment matches"
_STATUSES: Final = [str(status) for status in Status]
_ORDERS: Final[dict[str, Callable[[EnvironmentState], tuple[Any, ...]]]] = {
    "environment": lambda each: (each.account, each.region),
    "pool": lambda each: (each.pool or "",),
    "status": lambda each: (_STATUSES.index(each.status) if each.status in _STATUSES else len(_STATUSES),),
    "since": lambda each: (each.since or datetime.max.replace(tzinfo=UTC),),
}
"""What is sorted by; what is alike stays in the order of account and region."""


@click.command("list", epilog=_LIST)
@click.option("--pool", "pools", multiple=True, help="Only environments of this pool; may be repeated.")
@click.option(
    "--status", "statuses", type=click.Choice(_STATUSES), multiple=True, help="Only with this status; may be repeated."
)
@click.option(
    "--sort",
    type=click.Choice(list(_ORDERS)),
    default="environment",
    show_default=True,
    help="The order; `since` puts what has not changed for longest first.",
)
@click.option(
    "--wait-gone",
    metavar="ACCOUNT/REGION",
    callback=environment_key,
    help="Wait until this one is gone.",
)
@click.option("--timeout", type=Span(), default="4h", show_default=True, help="With --wait-gone: how long to wait.")
@watch_option
@json_option
@connected(caller="operator")
def list_command(
    connection: Connection,
    *,
    pools: tuple[str, ...],
    statuses: tuple[str, ...],
    sort: str,
    wait_gone: tuple[str, str] | None,
    timeout: float,
    watch: bool,
    as_json: bool,
) -> None:
    """Show every environment, or those of some pools and statuses."""
    if wait_gone and (pools or statuses or watch):
        raise click.UsageError("--wait-gone is about one environment: it goes without --pool, --status and --watch")
    client = connection.client()
    if wait_gone:
        draining.wait_gone(client, wait_gone, seconds=timeout, as_json=as_json)
        return

    def found() -> list[EnvironmentState]:
        return _chosen(client, pools, statuses, sort)

    empty = _NO_MATCH if pools or statuses else _NONE
    if watch:
        _watch(found, empty, as_json=as_json)
    elif as_json:
        print_json(_plain(found()))
    else:
        columns, row = _fitting()
        print_table(columns, map(row, found()), empty=empty)


def _chosen(
    client: AtmosphereClient, pools: Sequence[str], statuses: Sequence[str], sort: str
) -> list[EnvironmentState]:
    rows = (each for each in client.environments() if not pools or each.pool in pools)
    return sorted((each for each in rows if not statuses or each.status in statuses), key=_ORDERS[sort])


def _watch(found: Callable[[], list[EnvironmentState]], empty: str, *, as_json: bool) -> None:
    columns, row = _fitting()
    watched = Watched(columns, empty=empty, as_json=as_json)

    def look() -> None:
        rows = found()
        watched.show(datetime.now(UTC), list(map(row, rows)), _plain(rows))

    repeat(look)


def _fitting() -> tuple[Sequence[str], Callable[[EnvironmentState], Row]]:
    out = console()
    return (_SHORT, _short_row) if out.is_terminal and out.width < _ROOM else (_COLUMNS, _row)


def _short_row(each: EnvironmentState) -> Row:
    lasts = lasted(datetime.now(UTC) - each.since) if each.since else None
    because = (each.dirty_reason or "").replace(":", ": ", 1)  # where it may be folded
    return f"{each.account}/{each.region}", each.pool, each.standing, lasts, because


def _plain(rows: Sequence[EnvironmentState]) -> dict[str, Any]:
    return {"environments": [plain(each) for each in rows]}


def _row(each: EnvironmentState) -> Row:
    return (
        f"aws://{each.account}/{each.region}",
        each.pool,
        each.standing,
        shown(each.since),
        shown(each.deadline),
        each.allocation,
        each.dirty_reason,
    )
