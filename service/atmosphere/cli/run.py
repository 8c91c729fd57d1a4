"""`atmosphere run`: allocates, runs a command in the environment, and releases it, however the command ends."""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import click

from atmosphere.cli import profile_file
from atmosphere.cli.asked import Asked, asking_to_run
from atmosphere.cli.attempt import Attempt
from atmosphere.cli.child import FORWARDED, Child, Ending, Over, check_command
from atmosphere.cli.handing_over import HandingOver, place_text
from atmosphere.cli.kept import sweep
from atmosphere.cli.output import note, shown
from atmosphere.cli.parameters import Form, Span
from atmosphere.cli.requesting import WaitingLine, granted
from atmosphere.cli.watching import watching
from atmosphere.client import variables
from atmosphere.client.heartbeats import BEATS, LONGEST, SHORTEST, if_known

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atmosphere.cli.connection import Connection
    from atmosphere.client.asking import Waiting
    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.proof import ReleaseToken
    from atmosphere.client.results import Granted

_BEAT: Final = "60s"
_OFF: Final = "off"
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CODES: Final = (
    "Exit codes: those of the command, 128 + N if signal N ended it. Also: 2 wrong usage, 75 nothing was free within "
    "--wait, 124 the allocation ended first, 125 refused or failed before the command was started, 126 the command "
    "cannot be executed, 127 it was not found."
)


class Way(StrEnum):
    """How the command gets credentials."""

    VARIABLES = "variables"
    PROFILE = "profile"


def _assignment(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not _VARIABLE.fullmatch(name):
        raise ValueError(f"{text!r} is not NAME=VALUE: write for example TF_VAR_account={{account}}")
    return name, value


class _Beat(Span):
    """A time, or `off`."""

    name = "time|off"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        return 0.0 if value == _OFF else super().convert(value, param, ctx)


@click.command(epilog=_CODES, context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--credentials",
    "way",
    type=click.Choice([way.value for way in Way]),
    default=Way.VARIABLES.value,
    show_default=True,
    help="Give the command keys in variables, which last an hour at most, or a profile that renews them.",
)
@click.option(
    "--env",
    "settings",
    multiple=True,
    type=Form("NAME=VALUE", _assignment),
    help="Also set this variable for the command; {account}, {region}, {pool}, {role} and {allocation} in VALUE are "
    "replaced, with several environments {NAME.account} too; may be repeated.",
)
@click.option(
    "--heartbeat",
    type=_Beat(least=SHORTEST / BEATS, most=LONGEST / BEATS),
    default=_BEAT,
    show_default=True,
    help="Send a heartbeat this often; without three of them, the service ends the allocation. Or: off.",
)
@asking_to_run
def run(  # noqa: PLR0917 click gives them by name
    connection: Connection,
    asked: Asked,
    command: tuple[str, ...],
    way: str,
    settings: tuple[tuple[str, str], ...],
    heartbeat: float,
) -> int:
    """Allocate an environment, run COMMAND in it, and release it when COMMAND ends.

    Signals are forwarded to COMMAND. If this process is killed, missing heartbeats end the allocation.
    """
    asked.check()
    if Way(way) is Way.VARIABLES and len(asked.environments) > 1:
        raise click.UsageError("variables hold the credentials of one environment only: use --credentials profile")
    check_command(command)
    from atmosphere.client.proof import ReleaseToken  # noqa: PLC0415 what loads boto3 waits until it is needed

    handing = HandingOver.prepared(connection, asked)
    token = ReleaseToken(handing.secret or ReleaseToken.new().secret)
    client = connection.client()
    sweep(time.time())
    seconds = round(heartbeat * BEATS) or None
    return _Run(handing, client, token, Way(way), settings, seconds).until_over(command)


@dataclass(slots=True)
class _Run:
    """One run: what is asked for, and what the command gets."""

    handing: HandingOver
    client: AtmosphereClient
    token: ReleaseToken
    way: Way
    settings: Sequence[tuple[str, str]]
    heartbeat_seconds: int | None

    def until_over(self, command: Sequence[str]) -> int:
        """Ask, run the command, release; the exit code."""
        line = WaitingLine()
        attempt = Attempt(self.client, self.handing.allocation, self.token, line.show)
        attempt.listen(further=FORWARDED)
        try:
            self._prepare()
            ending = attempt.use(self._ask, lambda grant: self._work(attempt, line, command, grant))
            released = attempt.end(ending.outcome)
        finally:
            line.clear()
            if not attempt.may_be_held:
                self.handing.files.remove()
        if self.handing.asked.as_json:
            summary = {"id": attempt.allocation, "exitCode": ending.code, "outcome": ending.outcome}
            print(json.dumps(summary | {"released": released}), file=sys.stderr)
        return ending.code

    def _prepare(self) -> None:
        """What can fail before anything is asked for."""
        if self.way is Way.PROFILE:
            self.handing.files.create_place()
            self.handing.add_profiles(self.handing.files.place / "config")
        self.handing.keep(self.token.secret)

    def _ask(self, on_wait: Callable[[Waiting], None]) -> Granted:
        asked, allocation = self.handing.asked, self.handing.allocation
        return if_known(
            lambda seconds: granted(self.client, asked, allocation, self.token, on_wait, heartbeat_seconds=seconds),
            self.heartbeat_seconds,
            note,
        )

    def _work(self, attempt: Attempt, line: WaitingLine, command: Sequence[str], grant: Granted) -> Ending:
        environ = self._environ(grant)
        line.clear()
        note(f"allocation {grant.id} until {shown(grant.expires_at)}: {', '.join(map(place_text, grant.environments))}")
        watch = watching(self.client, self.token, grant, over=lambda end: attempt.put(Over(end)))
        watch.start()
        try:
            return Child(attempt, command, environ).run()
        finally:
            watch.stop()

    def _environ(self, grant: Granted) -> dict[str, str]:
        """The variables of the command. Raises `ClickException`."""
        self.handing.record(grant)
        first = grant.environment
        if self.way is Way.PROFILE:
            assert self.handing.profiles is not None  # noqa: S101 made in _prepare
            path = str(self.handing.profiles.path)
            environ = variables.without(variables.OVER_A_PROFILE)
            own = variables.by_profile(path, profile_file.FIRST, first.region)
        else:
            if first.credentials is None:
                raise click.ClickException("the service returned no credentials")
            environ = variables.without(variables.OVER_KEYS)
            own = variables.by_keys(variables.parts(first.credentials), first.region)
        further = {name: filled(value, grant) for name, value in self.settings}
        return {**environ, **variables.names(grant.id, first.name), **own, **further}


def filled(value: str, grant: Granted) -> str:
    """The value of a variable with what is known of the environments in place of its names."""
    for prefix, place in (("", grant.environment), *((f"{place.name}.", place) for place in grant.environments)):
        facts = {"account": place.account, "region": place.region, "pool": place.pool, "role": place.role}
        for name, fact in facts.items():
            value = value.replace(f"{{{prefix}{name}}}", fact)
    return value.replace("{allocation}", grant.id)
