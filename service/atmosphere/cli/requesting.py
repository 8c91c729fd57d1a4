"""One allocate request as the command's options say it, and what people see while it waits."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from atmosphere.cli.explaining import explained
from atmosphere.cli.output import harmless, note, overwrite, stderr_is_terminal
from atmosphere.client.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.cli.asked import Asked
    from atmosphere.client.asking import Waiting
    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.proof import ReleaseToken
    from atmosphere.client.results import Granted

_MINUTES: Final = 600  # seconds; from here on they are shown


def granted(
    client: AtmosphereClient,
    asked: Asked,
    allocation: str,
    token: ReleaseToken,
    on_wait: Callable[[Waiting], None],
    *,
    heartbeat_seconds: int | None = None,
) -> Granted:
    """What the service grants; raises `ServiceError` with what to do."""
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
            heartbeat_seconds=heartbeat_seconds,
            release_token=token,
            wait_seconds=asked.wait,
            on_wait=on_wait,
            key=allocation,
        )
    except ServiceError as refusal:
        raise explained(refusal, client, pool=asked.pool, roles=asked.roles) from refusal


class WaitingLine:
    """Shows a wait on stderr: one line that changes in a terminal, a line for each try elsewhere."""

    def __init__(self) -> None:
        self._shown = False

    def show(self, waiting: Waiting) -> None:
        """Why it waits, at which position, for how long, and how long it may still take."""
        if not stderr_is_terminal():
            note(text(waiting))
            return
        columns = shutil.get_terminal_size().columns
        overwrite(harmless(text(waiting))[: columns - 1])
        self._shown = True

    def clear(self) -> None:
        """Make room for other output."""
        if self._shown:
            overwrite("")
            self._shown = False


def text(waiting: Waiting) -> str:
    """A wait in one line."""
    of = f" of {waiting.waiting}" if waiting.waiting is not None else ""
    place = f", position {waiting.position}{of}" if waiting.position is not None else ""
    estimate = "" if waiting.estimate is None else f", about {_range(*waiting.estimate)} more"
    return f"{waiting.code}{place}: waited {waiting.waited:.0f} s{estimate}, next try in {waiting.next_try:.0f} s"


def _range(least: int, most: int) -> str:
    return f"{least} to {most} s" if most < _MINUTES else f"{least // 60} to {-(-most // 60)} min"
