"""`atmosphere environment clean|reinstate|discard|hold|resume|release`: on one environment, or on many of a pool."""

from __future__ import annotations

import functools
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import click

from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.exits import Exit
from atmosphere.cli.options import EPILOG, environment_key, json_option
from atmosphere.cli.output import note, plain, print_json, print_table
from atmosphere.client.acts import Done, act_on, select
from atmosphere.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.results import EnvironmentState

TEXTS: Final = {
    "clean": "Clean a dirty environment again.",
    "reinstate": "Declare a dirty environment clean, and return it to service.",
    "discard": "Remove a dirty environment that the configuration no longer names.",
    "hold": "Take an environment out of service; if it is in use or cleaning, when it would become free.",
    "resume": "End a hold; the environment is cleaned first.",
    "release": "End the allocation that holds an environment, with all of its environments; they are cleaned.",
}
_STATUSES: Final = click.Choice([str(each) for each in Status])
_HOW: Final = (
    "The reason is recorded in the history. Name one environment (ACCOUNT/REGION), or --pool and --status for all that "
    "match; --dry-run first shows what would happen."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """On what an act is done: one environment, or those of a pool with one of the statuses; why, and whether really."""

    environment: tuple[str, str] | None
    pool: str | None
    statuses: tuple[str, ...]
    reason: str | None
    dry_run: bool

    def check(self) -> None:
        """Raises `UsageError`."""
        if (self.environment is None) == (self.pool is None):
            raise click.UsageError("name either an environment (ACCOUNT/REGION) or --pool")
        if bool(self.pool) != bool(self.statuses):
            raise click.UsageError("--pool and --status go together: all environments that match both are meant")
        if not self.reason and not self.dry_run:
            raise click.UsageError("give the reason with --reason, or use --dry-run")


def _chosen(command: Callable[..., None]) -> Callable[..., None]:
    """Add what an act is done on; the command gets a `_Choice`."""

    @click.argument("environment", callback=environment_key, required=False)
    @click.option("--pool", help="All environments of this pool that have one of the statuses.")
    @click.option("--status", "statuses", type=_STATUSES, multiple=True, help="With --pool; may be repeated.")
    @click.option("--reason", help="The reason; it is recorded in the history. Not needed with --dry-run.")
    @click.option("--dry-run", is_flag=True, help="Only show what would happen.")
    @functools.wraps(command)
    def choose(*args: Any, **given: Any) -> None:
        choice = _Choice(**{each.name: given.pop(each.name) for each in fields(_Choice)})
        choice.check()
        command(*args, choice=choice, **given)

    return choose


def act_command(act: str, show_one: Callable[[EnvironmentState], None]) -> click.Command:
    """The command of one act. `show_one` prints an environment that was named."""

    @click.command(act, help=f"{TEXTS[act]} {_HOW}", epilog=EPILOG)
    @_chosen
    @json_option
    @connected(caller="operator")
    def operate(connection: Connection, *, choice: _Choice, as_json: bool) -> None:
        client = connection.client()
        if choice.environment is None:
            _many(client, act, choice, as_json=as_json)
            return
        before = client.environment(*choice.environment)
        after, changed = client.act(*choice.environment, act, reason=choice.reason, dry_run=choice.dry_run)
        if not changed:
            note(f"{act} did nothing: the environment is {after.standing or 'gone'} already")
        elif choice.dry_run:
            note(f"nothing was done (--dry-run): from {before.standing} it would be {after.standing or 'gone'}")
        if as_json:
            print_json({**plain(after), "changed": changed})
        else:
            show_one(after)

    return operate


def _many(client: AtmosphereClient, act: str, choice: _Choice, *, as_json: bool) -> None:
    """A refusal of one environment stops no other; it ends the command with a failure at the end."""
    rows, dry_run = select(client, choice.pool or "", choice.statuses), choice.dry_run
    done = [act_on(client, row, act, reason=choice.reason, dry_run=dry_run) for row in rows]
    if as_json:
        print_json({"dryRun": dry_run, "environments": [_plain(each) for each in done]})
    else:
        columns = ("environment", "status", "then", "result")
        print_table(columns, (_row(each, dry_run=dry_run) for each in done), empty="no environment matches")
    if dry_run:
        note("nothing was done (--dry-run)")
    if not done or any(each.error for each in done):
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _plain(each: Done) -> dict[str, Any]:
    return {
        "environment": f"aws://{each.before.account}/{each.before.region}",
        "before": each.before.status,
        "after": plain(each.after) if each.after else None,
        "changed": each.changed,
        "error": each.error,
    }


def _row(each: Done, *, dry_run: bool) -> tuple[str | None, ...]:
    did = "would be done" if dry_run else "done"
    result = each.error or (did if each.changed else "nothing to do")
    then = (each.after.status or "gone") if each.after else None
    return f"aws://{each.before.account}/{each.before.region}", each.before.status, then, result
