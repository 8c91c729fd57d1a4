"""The transition table: every status times every event, decided here and nowhere else.

    (none) --register--> cleaning --found-clean--> free --take--> in-use --let-go--> cleaning
                            |  ^                    |                                  |
                            |  +---- clean ---- dirty <------- found-dirty, overdue ---+
                            |  +---- resume --- held  <-- hold (of free or dirty)
                            |  +---- recapture (of free, dirty or held)
                            +--> gone             found-clean of a deregistering one

`hold` of an environment that is in use or cleaning is remembered and takes effect where it would become free.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from atmosphere.core.model import Environment, Mark, Status


class Event(StrEnum):
    """What can happen to a registered environment."""

    TAKE = "take"
    LET_GO = "let-go"
    FOUND_CLEAN = "found-clean"
    FOUND_DIRTY = "found-dirty"
    BLOCKED = "blocked"
    OVERDUE = "overdue"
    SILENT = "silent"
    CLEAN = "clean"
    REINSTATE = "reinstate"
    DISCARD = "discard"
    HOLD = "hold"
    RESUME = "resume"
    RECAPTURE = "recapture"
    DEREGISTER = "deregister"


class Kind(StrEnum):
    """What an event comes to."""

    MOVE = "move"
    """The status changes to `Decision.to`."""
    MARK = "mark"
    """The status stays; something is noted on the row (a hold, a mark, the next attempt)."""
    GONE = "gone"
    """The row disappears."""
    NOTHING = "nothing"
    """Late or repeated: no effect, no error."""
    REFUSED = "refused"
    """Not from here: a conflict for whoever asked."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an event comes to in a status; `to` is set for a move."""

    kind: Kind
    to: Status | None = None


def _move(to: Status) -> Decision:
    return Decision(Kind.MOVE, to)


_MARK: Final = Decision(Kind.MARK)
_GONE: Final = Decision(Kind.GONE)
_NOTHING: Final = Decision(Kind.NOTHING)
_REFUSED: Final = Decision(Kind.REFUSED)

_FREE, _IN_USE, _CLEANING, _DIRTY, _HELD = (
    Status.FREE,
    Status.IN_USE,
    Status.CLEANING,
    Status.DIRTY,
    Status.HELD,
)

# Columns: free, in-use, cleaning, dirty, held.
_TABLE: Final[dict[Event, tuple[Decision, Decision, Decision, Decision, Decision]]] = {
    Event.TAKE: (_move(_IN_USE), _REFUSED, _REFUSED, _REFUSED, _REFUSED),
    Event.LET_GO: (_NOTHING, _move(_CLEANING), _NOTHING, _NOTHING, _NOTHING),
    Event.FOUND_CLEAN: (_NOTHING, _NOTHING, _move(_FREE), _NOTHING, _NOTHING),
    Event.FOUND_DIRTY: (_NOTHING, _NOTHING, _move(_DIRTY), _NOTHING, _NOTHING),
    Event.BLOCKED: (_NOTHING, _NOTHING, _MARK, _NOTHING, _NOTHING),
    Event.OVERDUE: (_NOTHING, _move(_CLEANING), _move(_DIRTY), _NOTHING, _NOTHING),
    Event.SILENT: (_NOTHING, _NOTHING, _MARK, _NOTHING, _NOTHING),
    Event.CLEAN: (_REFUSED, _REFUSED, _NOTHING, _move(_CLEANING), _REFUSED),
    Event.REINSTATE: (_NOTHING, _REFUSED, _REFUSED, _move(_FREE), _REFUSED),
    Event.DISCARD: (_REFUSED, _REFUSED, _REFUSED, _GONE, _REFUSED),
    Event.HOLD: (_move(_HELD), _MARK, _MARK, _move(_HELD), _NOTHING),
    Event.RESUME: (_NOTHING, _MARK, _MARK, _REFUSED, _move(_CLEANING)),
    Event.RECAPTURE: (_move(_CLEANING), _REFUSED, _REFUSED, _move(_CLEANING), _move(_CLEANING)),
    Event.DEREGISTER: (_GONE, _MARK, _MARK, _MARK, _MARK),
}
_COLUMN: Final = {status: index for index, status in enumerate((_FREE, _IN_USE, _CLEANING, _DIRTY, _HELD))}


def decide(environment: Environment, event: Event) -> Decision:
    """What `event` comes to for this row; whatever would become free obeys the row's marks first."""
    decision = _TABLE[event][_COLUMN[environment.status]]
    if decision == _move(Status.FREE):
        return _becoming_free(environment)
    if event is Event.DISCARD and environment.mark is Mark.REGISTERED:
        return _REFUSED  # the next deployment would only register it again
    if event is Event.RECAPTURE and environment.status is _CLEANING and environment.capture:
        return _NOTHING  # it is under way
    return decision


def _becoming_free(environment: Environment) -> Decision:
    if environment.mark is Mark.DEREGISTERING:
        return _GONE
    if environment.hold:
        return _move(Status.HELD)
    return _move(Status.FREE)
