"""Heartbeats: says "still alive" for an allocation, in a thread, until it is stopped or the allocation has ended.

An allocation that asked for them ends with outcome `lost` when neither a heartbeat nor a refresh of its credentials
came for `heartbeat_seconds`. One beat is sent every third of that, so that two may be lost.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from atmosphere.client.errors import Ended, NotConnected, Refused, ServiceError, UnknownAllocation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BEATS: Final = 3
"""Beats in the time after which an allocation is lost."""
SHORTEST, LONGEST = 60, 3600  # seconds that the service takes
_INVALID: Final = 400
_FIELD: Final = "heartbeatSeconds"

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The answer to a heartbeat: without another one by `next_by`, the allocation is lost."""

    id: str
    expires_at: datetime
    next_by: datetime
    heartbeat_seconds: int


def beat(value: Mapping[str, Any]) -> Beat:
    """The reply to `POST /allocations/{id}/heartbeat`."""
    return Beat(
        id=value["id"],
        expires_at=datetime.fromisoformat(value["expiresAt"]),
        next_by=datetime.fromisoformat(value["nextHeartbeatBy"]),
        heartbeat_seconds=value["heartbeatSeconds"],
    )


class Heartbeats:
    """A thread that calls `send` after `first` seconds and then every `every`; `trouble` learns of what may pass.

    `over` is called once, from the thread, when the allocation has ended meanwhile.
    """

    def __init__(
        self,
        send: Callable[[], object],
        every: float,
        *,
        over: Callable[[ServiceError], None],
        trouble: Callable[[Exception], None] = lambda _: None,
        first: float | None = None,
    ) -> None:
        self._send = send
        self._every = every
        self._first = every if first is None else first
        self._over = over
        self._trouble = trouble
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="atmosphere-heartbeats", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more. One that is on its way is not waited for, and its answer does not matter."""
        self._stop.set()

    def _run(self) -> None:
        pause = self._first
        while not self._stop.wait(pause):
            pause = self._every
            try:
                self._send()
            except (Ended, UnknownAllocation) as end:
                if not self._stop.is_set():
                    self._over(end)
                return
            except (ServiceError, NotConnected) as passing:
                if not self._stop.is_set():
                    self._trouble(passing)


def if_known(ask: Callable[[int | None], Answer], seconds: int | None, tell: Callable[[str], None]) -> Answer:
    """Ask with heartbeats; a service that takes none, or not so often, is asked without, which `tell` learns."""
    try:
        return ask(seconds)
    except Refused as refusal:
        if seconds is None or refusal.status != _INVALID or _FIELD not in refusal.message:
            raise
        tell(
            f"the service takes no heartbeats like that ({refusal.message}): without them, if this process is killed, "
            "only the deadline ends the allocation"
        )
    return ask(None)
