"""`atmosphere baseline adopt --pool`: the same items in each environment that is dirty or held because of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from atmosphere.cli.exits import Exit
from atmosphere.cli.output import note, print_json, print_table
from atmosphere.client import pools

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.cli.connection import Connection


def adopt_in_pool(
    connection: Connection,
    pool: str,
    items: Sequence[str],
    *,
    reason: str,
    clean: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Adopt and show where, or only show it. A refusal by the service ends the command with a failure at the end."""
    client = connection.client()
    found = pools.blocked_by(client, pool, items)
    if not dry_run:
        found = [pools.adopt(client, each, reason=reason, clean=clean) for each in found]
    if as_json:
        print_json([_plain(each) for each in found])
    else:
        _print(found, pool)
    if not found or any(each.error for each in found):
        raise click.exceptions.Exit(Exit.PROBLEMS)
    if dry_run:
        note("nothing was adopted (--dry-run)")


def _plain(each: pools.Adoption) -> dict[str, Any]:
    return {
        "environment": f"aws://{'/'.join(each.place)}",
        "items": list(each.items),
        "requester": each.requester,
        "error": each.error,
    }


def _print(found: Sequence[pools.Adoption], pool: str) -> None:
    rows = [
        (f"aws://{'/'.join(each.place)}", item, each.requester, each.error or "")
        for each in found
        for item in each.items
    ]
    empty = f"no environment of {pool} is dirty or held because of these items"
    print_table(("environment", "item", "last requester", "refused"), rows, empty=empty)
