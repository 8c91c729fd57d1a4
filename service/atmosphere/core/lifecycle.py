"""The transition table: the outcome of each event in each status, decided here and nowhere else.

    (none) --register--> cleaning --found-clean--> free --take--> in-use --let-go--> cleaning
    cleaning --found-dirty--> dirty --clean--> cleaning
    in-use --release--> cleaning
    in-use --orphaned--> dirty --reinstate--> free
    dirty --recheck--> cleaning
    free, dirty --hold--> held --resume--> cleaning
    free, dirty, held --recapture--> cleaning
    free --deregister--> (none)
    dirty --discard--> (none)

The marks of a row come first where it would become free: it is gone if it is deregistering, held if a hold was noted.
A hold of an environment that is in use or cleaning is noted until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from atmosphere.core.model import Environment, Mark, Status

Found: TypeAlias = Environment | Literal[Status.IN_USE] | None
"""A row; one that is in use and was not read, as its marks decide nothing before it is clean; no row."""


class Event(StrEnum):
    """What can happen to an environment."""

    REGISTER = "register"
    """The configuration names it, for the first time or again."""
    DEREGISTER = "deregister"
    """The configuration does not name it any more."""
    TAKE = "take"
    LET_GO = "let-go"
    """Its allocation ended: released, over with its run, or past its deadline."""
    ORPHANED = "orphaned"
    """Its allocation has no record."""
    FOUND_CLEAN = "found-clean"
    FOUND_DIRTY = "found-dirty"
    """Its cleaning gave up, or is past its deadline."""
    RETRY = "retry"
    """An attempt to clean it was blocked or fell silent: the next one follows."""
    RECHECK = "recheck"
    """The date has come from which AWS allows what it refused: it is cleaned again by itself."""
    CLEAN = "clean"
    REINSTATE = "reinstate"
    DISCARD = "discard"
    HOLD = "hold"
    RESUME = "resume"
    RECAPTURE = "recapture"
    RELEASE = "release"
    """An operator ends the allocation that holds it."""
    WATCH = "watch"
    """A scan of it while it is free, which changes nothing in it."""


class Kind(StrEnum):
    """The outcome of an event."""

    MOVE = "move"
    """The status changes to `Decision.to`."""
    MARK = "mark"
    """The status stays; something is noted on the row (a hold, a mark, the next attempt)."""
    GONE = "gone"
    """The row disappears."""
    NOTHING = "nothing"
    """It is so already: no effect, no error."""
    REFUSED = "refused"
    """Not from here: a conflict for an operator; a fault of the program if anything else asks."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of an event in a status; `to` is set for a move."""

    kind: Kind
    to: Status | None = None


def _move(to: Status) -> Decision:
    return Decision(Kind.MOVE, to)


_MARK: Final = Decision(Kind.MARK)
_GONE: Final = Decision(Kind.GONE)
_NOTHING: Final = Decision(Kind.NOTHING)
_REFUSED: Final = Decision(Kind.REFUSED)

_FREE, _IN_USE, _CLEANING, _DIRTY, _HELD = Status

# What is not in the table is refused. None is the status of what is not registered.
_TABLE: Final[dict[Event, dict[Status | None, Decision]]] = {
    Event.REGISTER: {None: _move(_CLEANING), **dict.fromkeys(Status, _MARK)},
    Event.DEREGISTER: {_FREE: _GONE, _IN_USE: _MARK, _CLEANING: _MARK, _DIRTY: _MARK, _HELD: _MARK},
    Event.TAKE: {_FREE: _move(_IN_USE)},
    Event.LET_GO: {_IN_USE: _move(_CLEANING)},
    Event.ORPHANED: {_IN_USE: _move(_DIRTY)},
    Event.FOUND_CLEAN: {_CLEANING: _move(_FREE)},
    Event.FOUND_DIRTY: {_CLEANING: _move(_DIRTY)},
    Event.RETRY: {_CLEANING: _MARK},
    Event.RECHECK: {_DIRTY: _move(_CLEANING)},
    Event.CLEAN: {_CLEANING: _NOTHING, _DIRTY: _move(_CLEANING)},
    Event.REINSTATE: {_FREE: _NOTHING, _DIRTY: _move(_FREE)},
    Event.DISCARD: {_DIRTY: _GONE},
    Event.HOLD: {_FREE: _move(_HELD), _IN_USE: _MARK, _CLEANING: _MARK, _DIRTY: _move(_HELD), _HELD: _NOTHING},
    Event.RESUME: {_FREE: _NOTHING, _IN_USE: _MARK, _CLEANING: _MARK, _HELD: _move(_CLEANING)},
    Event.RECAPTURE: {
        _FREE: _move(_CLEANING),
        _CLEANING: _NOTHING,
        _DIRTY: _move(_CLEANING),
        _HELD: _move(_CLEANING),
    },
    Event.RELEASE: {**dict.fromkeys(Status, _NOTHING), _IN_USE: _move(_CLEANING)},
    Event.WATCH: {_FREE: _MARK},
}


def decide(found: Found, event: Event) -> Decision:
    """The outcome of `event` for what was found."""
    if not isinstance(found, Environment):
        return _TABLE[event].get(found, _REFUSED)
    decision = _TABLE[event].get(found.status, _REFUSED)
    if decision == _move(Status.FREE):
        return _becoming_free(found)
    return _REFUSED if _marks_refuse(found, event) else decision


def _becoming_free(environment: Environment) -> Decision:
    if environment.mark is Mark.DEREGISTERING:
        return _GONE
    return _move(Status.HELD if environment.hold else Status.FREE)


def _marks_refuse(environment: Environment, event: Event) -> bool:
    if event is Event.DISCARD:  # the next deployment would only register it again
        return environment.mark is Mark.REGISTERED
    # a cleanup that deletes is under way; it is no recapture
    return event is Event.RECAPTURE and environment.status is Status.CLEANING and not environment.capture
