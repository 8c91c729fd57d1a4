"""The options of `atmosphere allocate` and `run` that say what is asked for, gathered into one value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.options import json_option
from atmosphere.cli.parameters import Form, Span, policy
from atmosphere.client import shorthand
from atmosphere.client.requester import requester

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from atmosphere.client.asking import Constraint, Wanted

R = TypeVar("R")

_WAIT: Final = "30m"
_SHORTEST, _LONGEST = 900, 10800  # seconds of an allocation
_ONLY: Final = "default"  # the name of an environment that is asked for alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of the command that are about what is asked for, and how it is handed over."""

    pool: str
    requester: str
    regions: tuple[str, ...]
    accounts: tuple[str, ...]
    capabilities: tuple[Any, ...]
    role: str | None
    environments: tuple[Wanted, ...]
    distinct: str | None
    duration: float | None
    session_policy: str | None
    key: UUID | None
    wait: float
    as_json: bool
    profile_file: Path | None = None
    export: bool = False

    def check(self) -> None:
        """Raises `UsageError` for options that exclude each other."""
        single = {"--in-region": self.regions, "--in-account": self.accounts, "--capability": self.capabilities}
        given = [name for name, value in (single | {"--role": self.role}).items() if value]
        if self.environments and given:
            raise click.UsageError(f"{given[0]} does not go with --environment: write it into each environment's text")
        if self.distinct and not self.environments:
            raise click.UsageError("--accounts goes with --environment only")
        if self.export and len(self.environments) > 1:
            raise click.UsageError("--export sets the credentials of one environment only: use --profile-file")

    @property
    def names(self) -> list[str]:
        """The names of the environments, in their order."""
        return [wanted.name for wanted in self.environments] or [_ONLY]

    @property
    def roles(self) -> list[str]:
        """The roles that are asked for by name."""
        return [role for role in (self.role, *(wanted.role for wanted in self.environments)) if role]

    def constraints(self) -> list[Constraint]:
        """Those of an environment that is asked for alone."""
        listed: list[Constraint] = []
        if self.regions:
            listed.append({"type": "region", "value": list(self.regions)})
        if self.accounts:
            listed.append({"type": "account", "value": list(self.accounts)})
        return listed + [{"type": "capability", "value": value} for value in self.capabilities]


def _capability(text: str) -> Any:
    return shorthand.capability(text, "=")


_POOL: Final = click.option("--pool", required=True, help="The pool to take from.")
_REQUESTER: Final = "Text that shows people who asked, e.g. the URL of a build"
_WHAT: Final = (
    click.option("--in-region", "regions", multiple=True, help="Only in this region; may be repeated."),
    click.option("--in-account", "accounts", multiple=True, help="Only in this account; may be repeated."),
    click.option(
        "--capability",
        "capabilities",
        multiple=True,
        type=Form("NAME[=VALUE]", _capability),
        help="NAME, or NAME=VALUE to match a value (JSON if it is valid JSON, otherwise text); may be repeated.",
    ),
    click.option("--role", help="One of the environment's named roles (default: admin)."),
    click.option(
        "--environment",
        "environments",
        multiple=True,
        type=Form("TEXT", shorthand.environment),
        help="One of several environments at once: 'NAME region=R,R capability=NAME:VALUE role=ROLE'; repeat it.",
    ),
    click.option(
        "--accounts",
        "distinct",
        type=click.Choice(["distinct", "any"]),
        help="With --environment: in different accounts, or in any (default: distinct).",
    ),
    click.option(
        "--duration",
        type=Span(least=_SHORTEST, most=_LONGEST),
        help="How long the allocation lasts at most, e.g. 45m or 3h (15m to 3h; default: the service's).",
    ),
    click.option(
        "--session-policy", type=Form("JSON|FILE", policy), help="An IAM policy that restricts the credentials."
    ),
    click.option(
        "--key", type=click.UUID, help="The id that the allocation gets: repeated with it, this is one allocation."
    ),
    click.option(
        "--wait", type=Span(), default=_WAIT, show_default=True, help="How long to wait for a free environment."
    ),
    json_option,
)
_OPTIONS: Final = (
    _POOL,
    click.option("--requester", required=True, help=f"{_REQUESTER}."),
    *_WHAT,
    click.option(
        "--profile-file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write an AWS config file with a profile that renews the credentials.",
    ),
    click.option("--export", is_flag=True, help="Print shell lines that set the credentials (secret)."),
)
_OPTIONS_OF_A_RUN: Final = (
    _POOL,
    click.option("--requester", default=requester, help=f"{_REQUESTER} (default: the build's address, or the user)."),
    *_WHAT,
)


def asking(command: Callable[[Connection, Asked], None]) -> Callable[..., None]:
    """Add the options of `allocate`; the command gets them as one value."""

    def gather(connection: Connection, **given: Any) -> None:
        command(connection, Asked(**given))

    return _with(_OPTIONS, gather, command)


def asking_to_run(command: Callable[..., int]) -> Callable[..., int]:
    """Add those of `run`; the command gets them as one value, and its own options by name."""
    names = {each.name for each in fields(Asked)}

    def gather(connection: Connection, **given: Any) -> int:
        asked = Asked(**{name: given.pop(name) for name in names & given.keys()})
        return command(connection, asked, **given)

    return _with(_OPTIONS_OF_A_RUN, gather, command)


def _with(
    options: Sequence[Callable[..., Any]], gather: Callable[..., R], command: Callable[..., R]
) -> Callable[..., R]:
    gather.__doc__ = command.__doc__
    wrapped: Callable[..., R] = connected(caller="runner")(gather)
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped
