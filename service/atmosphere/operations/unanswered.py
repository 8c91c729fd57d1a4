"""The 503 for a dependency that did not answer. It says so where something may have been done all the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from atmosphere.core.errors import Unavailable
from atmosphere.ports import OutcomeUnknown, Unreachable

MAY_BE_DONE: Final = (
    "a service that this one depends on did not answer; what was asked may have been done all the same: look, or ask "
    "again"
)
_SOON: Final = timedelta(seconds=2)


def unanswered(down: Unreachable) -> Unavailable:
    """The refusal for a read or a commit that failed."""
    return Unavailable(MAY_BE_DONE if isinstance(down, OutcomeUnknown) else None, retry_after=_SOON)
