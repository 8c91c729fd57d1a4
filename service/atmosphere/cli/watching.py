"""Whether the allocation of `atmosphere run` still lasts: heartbeats if the service has them, else its deadline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from atmosphere.cli.output import note
from atmosphere.client.errors import ALREADY_ENDED, Ended
from atmosphere.client.heartbeats import BEATS, Heartbeats

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.errors import ServiceError
    from atmosphere.client.proof import ReleaseToken
    from atmosphere.client.results import Granted

_CHECK_EVERY: Final = 30.0  # seconds, from the deadline on
_CONFLICT: Final = 409


def watching(
    client: AtmosphereClient, token: ReleaseToken, grant: Granted, *, over: Callable[[ServiceError], None]
) -> Heartbeats:
    """A thread that is not started yet. An outage is reported once, and once again when it is over."""
    troubled: list[Exception] = []

    def trouble(failure: Exception) -> None:
        if not troubled:
            note(f"the service did not take a heartbeat, and is tried again while the command runs: {failure}")
        troubled.append(failure)

    def send() -> None:
        if grant.heartbeat_seconds:
            client.heartbeat(grant.id, token)
        else:
            _check(client, grant)
        if troubled:
            note("the service takes heartbeats again")
            troubled.clear()

    if grant.heartbeat_seconds:
        return Heartbeats(send, grant.heartbeat_seconds / BEATS, over=over, trouble=trouble)
    first = max(0.0, grant.expires_at.timestamp() - time.time())
    return Heartbeats(send, _CHECK_EVERY, first=first, over=over, trouble=trouble)


def _check(client: AtmosphereClient, grant: Granted) -> None:
    found = client.get(grant.id)
    if found.status == "ended":
        raise Ended(_CONFLICT, ALREADY_ENDED, f"its outcome is {found.outcome!r}", details={"outcome": found.outcome})
