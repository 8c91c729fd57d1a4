"""`atmosphere allocate`: asks, waits, and hands over an environment, or several at once."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from atmosphere.cli.asked import Asked, asking
from atmosphere.cli.attempt import Attempt
from atmosphere.cli.handing_over import HandingOver, written
from atmosphere.cli.kept import sweep
from atmosphere.cli.options import EPILOG
from atmosphere.cli.requesting import WaitingLine, granted

if TYPE_CHECKING:
    from atmosphere.cli.connection import Connection


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
    line = WaitingLine()
    attempt = Attempt(client, handing.allocation, token, line.show)
    attempt.listen()
    try:
        handing.keep(token.secret)
        attempt.run(lambda on_wait: granted(client, asked, handing.allocation, token, on_wait), handing.text, written)
    except BaseException:
        if not attempt.may_be_held:
            handing.files.remove()
        raise
    finally:
        line.clear()
    handing.say_next()


def _check_output() -> None:
    """Without an output no one would ever learn the allocation's id."""
    if sys.stdout is None:
        raise click.ClickException("standard output is closed: nothing was allocated")
