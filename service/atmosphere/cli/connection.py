"""Options that say which service to call and as whom, shared by the commands that call it."""

from __future__ import annotations

import functools
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.client.client import AtmosphereClient

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The options as they were given."""

    endpoint: str | None
    profile: str | None
    region: str | None
    ready_file: Path | None
    caller: str

    @property
    def is_given(self) -> bool:
        """Whether a service was named."""
        return self.ready_file is not None or self.endpoint is not None

    def client(self) -> AtmosphereClient:
        """A client of that service; raises `NotConnected`, or a usage error if no service was named."""
        from atmosphere.client.connect import from_chain, from_ready_file  # noqa: PLC0415 boto3 waits until it is needed

        if self.ready_file is not None:
            return from_ready_file(self.ready_file, self.caller)
        if self.endpoint is None:
            raise click.UsageError("no service: give --endpoint (or ATMOSPHERE_ENDPOINT), or --ready-file")
        return from_chain(self.endpoint, profile=self.profile, region=self.region)

    def unless_named(self, caller: str) -> Connection:
        """The same, as this caller of a local run if --as names none."""
        return self if _named("caller") else replace(self, caller=caller)

    def words(self, *words: str) -> list[str]:
        """A command that does `words` at the same service, from any directory; holds no secret."""
        program = Path(sys.executable).parent / "atmosphere"
        return [str(program) if program.exists() else "atmosphere", *words, *self._options()]

    def short_words(self, *words: str) -> list[str]:
        """The same for people, who have the command in their PATH; quoted."""
        return [shlex.quote(word) for word in ("atmosphere", *words, *self._options())]

    def _options(self) -> list[str]:
        given = {
            "--endpoint": self.endpoint if self.ready_file is None else None,
            "--profile": self.profile,
            "--region": self.region,
            "--ready-file": str(self.ready_file.resolve()) if self.ready_file else None,
            "--as": self.caller if self.ready_file else None,
        }
        return [part for name, value in given.items() if value is not None for part in (name, value)]


def _named(option: str) -> bool:
    """Whether an option is on the command line, and not from a variable."""
    return click.get_current_context().get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE


def connected(
    *, caller: str, profile: str = "The AWS profile to sign with."
) -> Callable[[Callable[Concatenate[Connection, P], R]], Callable[P, R]]:
    """Add the options to a command and hand it a `Connection`.

    `caller` is the local run's caller without --as, `profile` says what --profile is for.
    """
    options = (
        click.option(
            "--endpoint", envvar="ATMOSPHERE_ENDPOINT", help="The service's address [env ATMOSPHERE_ENDPOINT]."
        ),
        click.option("--profile", help=profile),
        click.option("--region", help="The region to sign for (default: the region in the endpoint)."),
        click.option(
            "--ready-file",
            type=click.Path(path_type=Path, dir_okay=False),
            envvar="ATMOSPHERE_READY_FILE",
            help="The file that `atmosphere local up --ready-file` wrote [env ATMOSPHERE_READY_FILE].",
        ),
        click.option("--as", "caller", default=caller, show_default=True, help="The caller, with --ready-file."),
    )

    def add(command: Callable[Concatenate[Connection, P], R]) -> Callable[P, R]:
        @functools.wraps(command)
        def connect(*args: P.args, **given: P.kwargs) -> R:
            own: dict[str, Any] = dict(given)
            if _named("endpoint") and not _named("ready_file"):
                own["ready_file"] = None  # only a variable names one
            names = ("endpoint", "profile", "region", "ready_file", "caller")
            connection = Connection(**{name: own.pop(name) for name in names})
            return command(connection, *args, **own)

        wrapped: Callable[P, R] = connect
        for option in reversed(options):
            wrapped = option(wrapped)
        return wrapped

    return add
