"""Refusals: the expected "no", each with a stable code that callers may rely on.

    Refused
    ├── InvalidRequest · Unsatisfiable          what was asked can never be given
    ├── Unauthenticated · Forbidden             who asks is not known, or may not
    ├── UnknownAllocation · UnknownEnvironment  not there, or not yours: the same answer
    ├── AlreadyEnded · Conflicting · KeyReused  it was decided before, otherwise
    ├── TooLarge
    ├── PoolBusy · QuotaReached · AllDirty      not now: try again after `retry_after`
    └── Unavailable                             a dependency failed

One table in `handlers/http.py` turns codes into HTTP. A fault (anything else) flies to the outermost doors.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


class Code(StrEnum):
    """The `code` of a refusal on the wire (docs/api/openapi.yaml)."""

    INVALID_REQUEST = "invalid-request"
    UNSATISFIABLE = "unsatisfiable"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    UNKNOWN_ALLOCATION = "unknown-allocation"
    UNKNOWN_ENVIRONMENT = "unknown-environment"
    ALREADY_ENDED = "already-ended"
    CONFLICT = "conflict"
    KEY_REUSED = "key-reused"
    TOO_LARGE = "too-large"
    POOL_BUSY = "pool-busy"
    QUOTA_REACHED = "quota-reached"
    ALL_DIRTY = "all-dirty"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a caller stands: its position (1 is next) of so many that wait, and how long that may take, in seconds."""

    position: int
    waiting: int
    estimate: tuple[int, int] | None = None


class Refused(Exception):
    """An expected "no". `retry_after` is set when asking again later can succeed."""

    code: Code
    default_message: str

    def __init__(self, message: str | None = None, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message or self.default_message)
        self.message = message or self.default_message
        self.retry_after = retry_after
        self.place: Place | None = None
        """Where the caller stands in line, if it does."""


class InvalidRequest(Refused):
    """The request has the wrong shape; the message says where and what would be right."""

    code = Code.INVALID_REQUEST
    default_message = "the request is not valid"


class Unsatisfiable(Refused):
    """No registered environment of the pool could ever match, so waiting is pointless."""

    code = Code.UNSATISFIABLE
    default_message = "no registered environment of this pool can ever match what was asked: change the constraints"


class Unauthenticated(Refused):
    """The token is missing, wrong, expired or used."""

    code = Code.UNAUTHENTICATED
    default_message = "who is asking could not be established"


class Forbidden(Refused):
    """Caller unknown, or pool unknown or not open to it: one body for all, so that pools cannot be probed."""

    code = Code.FORBIDDEN
    default_message = "this caller may not do this: an operator can allow it in config/access.yaml"


class UnknownAllocation(Refused):
    """No such allocation, or another owner's: identical answers."""

    code = Code.UNKNOWN_ALLOCATION
    default_message = "there is no such allocation"


class UnknownEnvironment(Refused):
    """No such environment is registered."""

    code = Code.UNKNOWN_ENVIRONMENT
    default_message = "there is no such environment"


class AlreadyEnded(Refused):
    """The allocation has ended (or is about to), so nothing more can be had from it."""

    code = Code.ALREADY_ENDED
    default_message = "this allocation has ended: allocate again"

    def __init__(
        self, message: str | None = None, *, outcome: str | None = None, retry_after: timedelta | None = None
    ) -> None:
        ended = f"this allocation has ended with the outcome {outcome!r}: allocate again" if outcome else None
        super().__init__(message or ended, retry_after=retry_after)
        self.outcome = outcome
        """How it ended, for its owner; None if it has not ended yet, or never began."""


class Conflicting(Refused):
    """The id is in use for something else, or the environment is not in a status that allows this."""

    code = Code.CONFLICT
    default_message = "this is in conflict with what is there"


class KeyReused(Refused):
    """The same Idempotency-Key came with another body."""

    code = Code.KEY_REUSED
    default_message = "this Idempotency-Key was used with another request: use a new UUID for a new request"


class TooLarge(Refused):
    """The body is over the limit."""

    code = Code.TOO_LARGE
    default_message = "the body is larger than 16 KiB"


class PoolBusy(Refused):
    """Everything that matches is in use or being cleaned: try again."""

    code = Code.POOL_BUSY
    default_message = "every matching environment is in use or being cleaned: try again later"


class QuotaReached(Refused):
    """The caller's rule holds as many environments as it may: try again when one was given back."""

    code = Code.QUOTA_REACHED
    default_message = "this caller holds as many environments as its rule allows: give one back, or try again later"


class AllDirty(Refused):
    """Nothing that matches is in use, being cleaned or free: an operator has to act first."""

    code = Code.ALL_DIRTY
    default_message = "every matching environment is dirty or held: an operator has to act; try again later"


class Unavailable(Refused):
    """A dependency did not answer. The message says whether something may have been done all the same."""

    code = Code.UNAVAILABLE
    default_message = "a service that this one depends on did not answer: try again"
