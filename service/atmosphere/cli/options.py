"""Arguments, options and words that several commands share."""

from __future__ import annotations

import functools
import re
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, TypedDict

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

EPILOG: Final = "Exit codes: 0 success, 1 refused or failed, 2 wrong usage."
DATES: Final = click.DateTime(("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"))
_SENTENCE: Final = 1000  # characters; no first sentence is longer
_ACCOUNT: Final = re.compile(r"[0-9]{12}")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
reason_option = click.option("--reason", required=True, help="The reason; it is recorded in the history.")


class Group(click.Group):
    """Lists its commands with the whole of their first sentences, which click would cut at the end of a line."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 click calls it so
        """See `click.Group`."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(_SENTENCE)) for name, each in self.commands.items()])


def environment_key(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, str] | None:
    """`ACCOUNT/REGION`, with or without `aws://`."""
    if value is None:
        return None
    account, _, region = value.removeprefix("aws://").partition("/")
    if not (_ACCOUNT.fullmatch(account) and region):
        raise click.BadParameter(f"{value!r} is not ACCOUNT/REGION, e.g. 222222222222/us-east-1", ctx=ctx, param=param)
    return account, region


class Question(TypedDict):
    """What of the history is asked for, as the client takes it."""

    environment: str | None
    requester: str | None
    since: datetime | None
    until: datetime | None


def history_question(command: Callable[..., None]) -> Callable[..., None]:
    """Add an environment or `--requester`, and the span; the command gets a `Question`."""

    @click.argument("environment", callback=environment_key, required=False)
    @click.option("--requester", help="A requester, in all environments, instead of one environment.")
    @click.option("--since", type=DATES, help="Not before this instant (UTC).")
    @click.option("--until", type=DATES, help="Not after this instant (UTC).")
    @functools.wraps(command)
    def ask(*args: Any, environment: tuple[str, str] | None, requester: str | None, **given: Any) -> None:
        if (environment is None) == (requester is None):
            raise click.UsageError("name either an environment (ACCOUNT/REGION) or --requester")
        question = Question(
            environment="/".join(environment) if environment else None,
            requester=requester,
            since=_utc(given.pop("since")),
            until=_utc(given.pop("until")),
        )
        command(*args, question=question, **given)

    return ask


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None
