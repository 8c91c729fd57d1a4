"""`atmosphere allocate`: asks, waits, and hands over an environment, or several at once."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from atmosphere.cli.asked import Asked, asking
from atmosphere.cli.attempt import Attempt
from atmosphere.cli.explaining import explained
from atmosphere.cli.handing_over import HandingOver, written
from atmosphere.cli.kept import sweep
from atmosphere.cli.options import EPILOG
from atmosphere.cli.output import note
from atmosphere.client.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.cli.connection import Connection
    from atmosphere.client.asking import Waiting
    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.proof import ReleaseToken
    from atmosphere.client.results import Granted


@click.command(epilog=f"{EPILOG} Also: 130 interrupted, 143 ended by SIGTERM; then nothing is held.")
@asking
def allocate(connection: Connection, asked: Asked) -> None:
    """Allocate an environment, and wait until one is free. Credentials are printed only with --json or --export.

    With --profile-file, the profile of the file fetches and renews the credentials as the caller that you are now;
    the command prints how to run a test with it. If the command fails or is interrupted, nothing is held.
    """
    from atmosphere.client.proof import ReleaseToken  # noqa: PLC0415 what loads boto3 waits until it is needed

    asked.check()
    _check_output()
    handing = HandingOver.prepared(connection, asked)
    client, token = connection.client(), ReleaseToken(handing.secret or ReleaseToken.new().secret)
    sweep(time.time())
    attempt = Attempt(client, handing.allocation, token, _tell)
    attempt.listen()
    try:
        handing.keep(token.secret)
        attempt.run(lambda on_wait: _granted(client, asked, handing.allocation, token, on_wait), handing.text, written)
    except BaseException:
        if not attempt.may_be_held:
            handing.files.remove()
        raise
    handing.say_next()


def _check_output() -> None:
    """Without an output no one would ever learn the allocation's id."""
    if sys.stdout is None:
        raise click.ClickException("standard output is closed: nothing was allocated")


def _granted(
    client: AtmosphereClient, asked: Asked, allocation: str, token: ReleaseToken, on_wait: Callable[[Waiting], None]
) -> Granted:
    try:
        return client.allocate(
            asked.pool,
            requester=asked.requester,
            constraints=asked.constraints(),
            environments=asked.environments,
            accounts=asked.distinct,
            role=asked.role,
            duration_seconds=None if asked.duration is None else round(asked.duration),
            session_policy=asked.session_policy,
            release_token=token,
            wait_seconds=asked.wait,
            on_wait=on_wait,
            key=allocation,
        )
    except ServiceError as refusal:
        raise explained(refusal, client, pool=asked.pool, roles=asked.roles) from refusal


def _tell(waiting: Waiting) -> None:
    place = f", position {waiting.position}" if waiting.position is not None else ""
    estimate = "" if waiting.estimate is None else ", about {} to {} s more".format(*waiting.estimate)
    note(f"{waiting.code}{place}: waited {waiting.waited:.0f} s{estimate}, next try in {waiting.next_try:.0f} s")
