"""What the service checks of itself from outside: one row for each request that has to be refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Check(StrEnum):
    """The checks, in the order in which they are made; each is explained in docs/operations.md."""

    ANONYMOUS = "anonymous"
    ANONYMOUS_GITHUB = "anonymous-github"
    STRANGER = "stranger"
    ALLOCATE = "allocate"
    RELEASE = "release"


REFUSED: dict[Check, int] = {Check.ANONYMOUS: 403, Check.ANONYMOUS_GITHUB: 401, Check.STRANGER: 403}
"""The documented status of each refusal; no other will do."""
DONE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How a check went: the status that was wanted and the one that came, None if no answer did."""

    check: Check
    wanted: int
    got: int | None

    @property
    def passed(self) -> bool:
        """Whether the answer was the documented one: no answer is none."""
        return self.got == self.wanted
