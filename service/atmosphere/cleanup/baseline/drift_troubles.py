"""What drift of the baseline means for a cleanup, and what a report says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.contents.base import difference
from atmosphere.cleanup.model import Meaning, Resource, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atmosphere.cleanup.contents.base import Drift

CHANGED: Final = "baseline-changed"


def troubles_of(drifts: Iterable[Drift]) -> dict[Resource, Trouble]:
    """What a report says of them; of one resource more than one thing may have changed.

    Of what nothing can be put back, no attempt changes anything.
    """
    messages: dict[Resource, list[str]] = {}
    restorable: set[Resource] = set()
    for drift in drifts:
        messages.setdefault(drift.item, []).append(f"{drift.content.name}: {difference(drift.before, drift.now)}")
        restorable |= {drift.item} if drift.restorable else set()
    return {
        item: Trouble(
            code=CHANGED,
            message="; ".join(told),
            attempts=0,
            meaning=Meaning.PASSING if item in restorable else Meaning.FATAL,
        )
        for item, told in messages.items()
    }


def with_failure(drift: Trouble, failure: Trouble | None) -> Trouble:
    """What a report says of a drift whose restoration failed."""
    if failure is None:
        return drift
    return replace(
        drift,
        message=f"{drift.message}; it could not be put back: {failure.code}: {failure.message}",
        attempts=failure.attempts,
        meaning=failure.meaning,
    )
