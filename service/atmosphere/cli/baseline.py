"""Commands for operators: baseline show, drop, adopt, recapture."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import click

from atmosphere.cli.adopting import adopt_in_pool
from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.operator import show_environment
from atmosphere.cli.options import EPILOG, Group, environment_key, json_option, reason_option
from atmosphere.cli.output import note, plain, print_facts, print_json, print_table

if TYPE_CHECKING:
    from atmosphere.client.baselines import BaselineItem, BaselineState


@click.group(cls=Group, epilog=EPILOG)
def baseline() -> None:
    """Show or change the baseline: what existed before the first test and must survive cleaning."""


@baseline.command("show", epilog=EPILOG)
@click.argument("environment", callback=environment_key)
@json_option
@connected(caller="operator")
def show_command(connection: Connection, *, environment: tuple[str, str], as_json: bool) -> None:
    """Show the baseline of ENVIRONMENT (ACCOUNT/REGION): its origin, and each item in it."""
    found = connection.client().baseline(*environment)
    if as_json:
        print_json(plain(found))
        return
    _print_about(found)
    print_table(("item", "fingerprint", "contents"), map(_row, found.items), empty="the baseline is empty")


def _print_about(found: BaselineState) -> None:
    about = {name: value for name, value in plain(found).items() if name not in {"items", "types", "unknown"}}
    about["regions"] = ", ".join(found.regions)
    about["types"] = f"{len(found.types)} (--json lists them)"
    about["unwatched"] = ", ".join(f"{name} ({code})" for name, code in sorted(found.unwatched.items()))
    print_facts(about)


def _row(entry: BaselineItem) -> tuple[str | None, ...]:
    contents = None if entry.contents is None else json.dumps(entry.contents)
    return entry.item, "read by the next cleanup" if entry.adopting else entry.fingerprint, contents


def _amended(found: BaselineState, *, as_json: bool) -> None:
    for item in found.unknown:
        note(f"{item} was not in the baseline")
    if as_json:
        print_json({name: value for name, value in plain(found).items() if name != "items"})
    else:
        _print_about(found)


@baseline.command("drop", epilog=EPILOG)
@click.argument("environment", callback=environment_key)
@click.argument("items", nargs=-1, required=True)
@reason_option
@json_option
@connected(caller="operator")
def drop_command(
    connection: Connection, *, environment: tuple[str, str], items: tuple[str, ...], reason: str, as_json: bool
) -> None:
    """Drop ITEMS (TYPE:ID@REGION, as `show` prints them) from the baseline of ENVIRONMENT (ACCOUNT/REGION).

    Those that still exist are leftovers in the next cleanup.
    """
    _amended(connection.client().amend_baseline(*environment, "drop", items, reason=reason), as_json=as_json)


@baseline.command("adopt", epilog=EPILOG)
@click.argument("words", nargs=-1, required=True, metavar="[ENVIRONMENT] ITEMS...")
@click.option("--pool", help="Adopt ITEMS in each environment of this pool that is dirty or held because of them.")
@click.option("--clean", is_flag=True, help="With --pool: then start a cleanup of those that are dirty.")
@click.option("--dry-run", is_flag=True, help="With --pool: only show where ITEMS would be adopted.")
@reason_option
@json_option
@connected(caller="operator")
def adopt_command(
    connection: Connection,
    *,
    words: tuple[str, ...],
    pool: str | None,
    clean: bool,
    dry_run: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Add ITEMS (TYPE:ID@REGION) to the baseline of ENVIRONMENT (ACCOUNT/REGION), as the next cleanup finds them.

    Also use it to accept changed items. With --pool, name no environment; `{account}` and `{region}` in ITEMS are
    replaced by those of each environment.
    """
    if pool is not None:
        adopt_in_pool(connection, pool, words, reason=reason, clean=clean, dry_run=dry_run, as_json=as_json)
        return
    if clean or dry_run:
        raise click.UsageError("--clean and --dry-run need --pool")
    environment, items = environment_key(click.get_current_context(), _ENVIRONMENT, words[0]), words[1:]
    if environment is None or not items:
        raise click.UsageError("name an environment and at least one item, or --pool and at least one item")
    _amended(connection.client().amend_baseline(*environment, "adopt", items, reason=reason), as_json=as_json)


_ENVIRONMENT: Final = click.Argument(["environment"])


@baseline.command("recapture", epilog=EPILOG)
@click.argument("environment", callback=environment_key)
@reason_option
@json_option
@connected(caller="operator")
def recapture(connection: Connection, *, environment: tuple[str, str], reason: str, as_json: bool) -> None:
    """Make everything that is in ENVIRONMENT (ACCOUNT/REGION) now its baseline. It must be free, dirty or held."""
    found = connection.client().operate(*environment, "recapture", reason=reason)
    show_environment(found, as_json=as_json)
