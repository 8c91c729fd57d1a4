"""Every call of a port passes a line, where it is counted and where one of them can be disturbed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from atmosphere.ports import Conflict, OutcomeUnknown, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

R = TypeVar("R")


class Crash(BaseException):
    """The process dies here: nothing in it may catch this."""


class Fault(StrEnum):
    """What can go wrong with one call."""

    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    DOWN = "down"
    """Nothing happened, and the caller is told that it could not be reached."""
    REPLY_LOST = "reply lost"
    """It happened, and the caller is not told."""
    REQUEST_LOST = "request lost"
    """It did not happen, and the caller cannot know."""
    LOST = "lost"
    """A commit finds a row changed, whose new value it is not shown."""
    CLASH = "clash"
    """A commit met another one on its way: a conflict without a row to show."""


@dataclass(frozen=True, slots=True)
class Trap:
    """Disturbs the call that is number `at` (from 1) once it is laid."""

    at: int
    fault: Fault | None = None
    meanwhile: Callable[[], object] | None = None
    """What others do just before that call."""

    def before(self, name: str) -> None:
        """On the way there."""
        if self.meanwhile:
            self.meanwhile()
        if self.fault is Fault.CRASH_BEFORE:
            raise Crash(name)
        if self.fault is Fault.DOWN:
            raise Unreachable(name)
        if self.fault is Fault.REQUEST_LOST:
            raise OutcomeUnknown(name) if name == "commit" else Unreachable(name)
        if self.fault is Fault.CLASH and name == "commit":
            raise Conflict({})
        if self.fault is Fault.LOST and name == "commit":
            raise Conflict({1: None})

    def after(self, name: str) -> None:
        """On the way back."""
        if self.fault is Fault.CRASH_AFTER:
            raise Crash(name)
        if self.fault is Fault.REPLY_LOST:
            raise OutcomeUnknown(name) if name == "commit" else Unreachable(name)


class Line:
    """All calls of a world's ports, in order; what happens inside a `meanwhile` is not counted."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.sprung = 0  # traps so far
        self._trap: Trap | None = None
        self._dead = False

    @property
    def counts(self) -> Counter[str]:
        """How often each was called."""
        return Counter(self.calls)

    def lay(self, trap: Trap | None) -> None:
        """Count calls from here on; disturb one of them. None takes the last trap away."""
        self.calls.clear()
        self._trap, self._dead = trap, False

    def forget(self) -> None:
        """The last call was none: the page before it had said that it was the last."""
        self.calls.pop()

    def carry(self, name: str, call: Callable[[], R]) -> R:
        """One call."""
        trap = self.sent(name)
        try:
            result = call()
        except Exception:  # what is refused is an answer, too
            self.answered(name, trap)
            raise
        self.answered(name, trap)
        return result

    def sent(self, name: str) -> Trap | None:
        """A call is on its way; the trap that waits for its answer.

        Once the process has died, nothing that unwinds in it reaches the outside.
        """
        if self._dead:
            raise Crash(name)
        self.calls.append(name)
        trap = self._trap
        if trap is None or len(self.calls) != trap.at:
            return None
        self._trap = None
        self.sprung += 1
        counted = list(self.calls)
        self._meet(trap.before, name)
        self.calls[:] = counted
        return trap

    def answered(self, name: str, trap: Trap | None) -> None:
        """Its answer is on its way back."""
        if trap is not None:
            self._meet(trap.after, name)

    def _meet(self, moment: Callable[[str], None], name: str) -> None:
        try:
            moment(name)
        except Crash:
            self._dead = True
            raise


class Watched:
    """A port on the line. A page of an iterator is a call of its own, and no page at all is one, as on DynamoDB."""

    def __init__(self, port: object, line: Line) -> None:
        self._port = port
        self._line = line

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*arguments: Any, **named: Any) -> Any:
            if name in {"free", "holding"}:
                return self._pages(name, method(*arguments, **named))
            return self._line.carry(name, lambda: method(*arguments, **named))

        return call

    def _pages(self, name: str, pages: Iterator[Any]) -> Iterator[Any]:
        end, first = object(), True
        while (page := self._line.carry(name, lambda: next(pages, end))) is not end:
            first = False
            yield page
        if not first:
            self._line.forget()
