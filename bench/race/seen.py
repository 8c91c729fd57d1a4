"""What a race leaves for its judge: what callers were told, and what the tables went through, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.core.changes import Row


class Kind(StrEnum):
    """What was asked."""

    ALLOCATE = "allocate"
    AGAIN = "allocate again"
    """With an Idempotency-Key that was used before."""
    RELEASE = "release"
    RELEASE_AGAIN = "release again"
    EARLY = "release before"
    """Of an id that nobody has allocated: it leaves a tombstone."""
    REFRESH = "refresh"
    HEARTBEAT = "heartbeat"
    LOOK = "look"
    HOLD = "hold"
    RESUME = "resume"
    CLEAN = "clean"
    REINSTATE = "reinstate"
    EVICT = "operator release"


ALLOCATES = frozenset({Kind.ALLOCATE, Kind.AGAIN})
RELEASES = frozenset({Kind.RELEASE, Kind.RELEASE_AGAIN, Kind.EARLY})
ACTS = {
    Kind.HOLD: "hold",
    Kind.RESUME: "resume",
    Kind.CLEAN: "clean",
    Kind.REINSTATE: "reinstate",
    Kind.EVICT: "release",
}
OK = 200
"""The only success."""
UNAVAILABLE = 503
INTERNAL = "internal"
BY_THE_GATEWAY = "the service failed to answer"
"""How the gateway's own `internal` begins (infra/replies.py). The embedded AWS has 502 without a code for it."""
_AT_THE_LIMIT = "Task timed out after"
_OF_THE_GATEWAY = frozenset({0, 502, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One request and its reply; status 0 where the connection ended without one.

    `allocation` is the id that was asked for (also as Idempotency-Key) or given, `environments` are paths: those given,
    or the one that an operator acted on. `requester` is unique to an allocate and its repetitions, `reason` to an act.
    """

    kind: Kind
    by: str
    sent: datetime
    got: datetime
    status: int
    code: str = ""
    message: str = ""
    allocation: str = ""
    requester: str = ""
    environments: tuple[str, ...] = ()
    deadline: datetime | None = None
    heartbeat: float | None = None
    reason: str = ""
    changed: bool = False

    @property
    def interrupted(self) -> bool:
        """Whether its function gave no reply, so that the gateway answered for it, or nobody."""
        return self.status in _OF_THE_GATEWAY or (self.code == INTERNAL and self.message.startswith(BY_THE_GATEWAY))

    @property
    def timed_out(self) -> bool:
        """Whether its function was ended at its time limit, as the embedded AWS says it: a slow machine does that."""
        return self.interrupted and _AT_THE_LIMIT in self.message

    @property
    def outcome(self) -> str:
        """The status with its code, as tables show it."""
        return f"{self.status} {self.code}".strip() if self.status else "no reply"


class Written(NamedTuple):
    """One change of one row; None is no row. `number` is its place in the order of all tables."""

    number: int
    at: datetime
    before: Row | None
    after: Row | None


class Killed(NamedTuple):
    """A worker of a function that was ended by SIGKILL."""

    at: datetime
    function: str
    pid: int
