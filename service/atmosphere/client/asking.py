"""What a caller asks for, and what it is told while it waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from atmosphere.client.errors import ServiceError
    from atmosphere.client.proof import ReleaseToken

_OUTCOME_BYTES: Final = 100


class Constraint(TypedDict):
    """One thing an environment has to have: type `region`, `account` or `capability`, and a value for it."""

    type: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One of several environments that are asked for at once."""

    name: str
    constraints: Sequence[Constraint] = ()
    role: str | None = None


class Options(TypedDict, total=False):
    """What may be asked for beside the pool, as `AtmosphereClient.allocate` takes it."""

    constraints: Sequence[Constraint]
    environments: Sequence[Wanted]
    accounts: str | None
    duration_seconds: int | None
    role: str | None
    session_policy: str | None
    heartbeat_seconds: int | None
    release_token: ReleaseToken | None
    wait_seconds: float
    on_wait: Callable[[Waiting], None] | None
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a caller may show while it waits: why, where in the queue (if told), and the seconds waited so far.

    `estimate` is how long it may still take, in seconds, from and to, if the service can say it.
    """

    code: str
    message: str
    waited: float
    next_try: float
    position: int | None = None
    waiting: int | None = None
    estimate: tuple[int, int] | None = None


def cut(outcome: str) -> str:
    """An outcome of at most 100 bytes, cut between characters."""
    return outcome.encode()[:_OUTCOME_BYTES].decode(errors="ignore")


def given(**values: Any) -> dict[str, Any]:
    """What was given of these."""
    return {name: value for name, value in values.items() if value is not None}


def wanted(entry: Wanted) -> dict[str, Any]:
    """One of a request's `environments`."""
    return given(name=entry.name, constraints=list(entry.constraints), role=entry.role)


def waiting(refusal: ServiceError, *, waited: float, next_try: float) -> Waiting:
    """What a 423 says."""
    details: Mapping[str, Any] = refusal.details
    return Waiting(
        code=refusal.code,
        message=refusal.message,
        waited=waited,
        next_try=next_try,
        position=details.get("position"),
        waiting=details.get("waiting"),
        estimate=_estimate(details.get("estimatedWaitSeconds")),
    )


def _estimate(value: object) -> tuple[int, int] | None:
    match value:
        case {"from": int(least), "to": int(most)}:
            return least, most
    return None
