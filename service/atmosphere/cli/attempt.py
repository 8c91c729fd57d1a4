"""One attempt to allocate, which keeps nothing that no one knows: what cannot be handed over is released.

The request runs in a thread; signals are read as events here, so that they never interrupt a step halfway.
"""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

from atmosphere.cli.exits import SIGNALLED
from atmosphere.cli.output import note
from atmosphere.client.asking import Waiting
from atmosphere.client.errors import NotConnected, ServiceError
from atmosphere.contract import ALLOCATE_IN_FLIGHT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.proof import ReleaseToken
    from atmosphere.client.results import Granted

    Ask = Callable[[Callable[[Waiting], None]], Granted]

Result = TypeVar("Result")

_SIGNALS: Final = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_GIVES_UP: Final = 3  # signals during one release


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal that arrived."""

    number: int


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a thread: what it returned, or what it raised."""

    value: Any = None
    failure: BaseException | None = None


class _Stopped(Exception):
    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@dataclass(slots=True)
class Attempt:
    """An allocate request under an id of our own, and a token that ends it. `tell` shows a wait.

    `may_be_held` is True from the request on, until it is refused or released.
    """

    client: AtmosphereClient
    allocation: str
    token: ReleaseToken
    tell: Callable[[Waiting], None]
    may_be_held: bool = False
    _events: SimpleQueue[Any] = field(default_factory=SimpleQueue, init=False)

    def run(self, ask: Ask, prepare: Callable[[Granted], str], write: Callable[[str], None]) -> None:
        """Ask, `prepare` what is handed over, and `write` it. A failure or a signal before the end releases it.

        After that, signals are ignored: the command has done its work and is about to exit with 0.
        """

        def hand_over(grant: Granted) -> None:
            text = prepare(grant)
            self._check()
            write(text)
            self._check()

        self.use(ask, hand_over)
        _ignore_signals()

    def use(self, ask: Ask, work: Callable[[Granted], Result]) -> Result:
        """Ask, and `work` with what is granted. A failure, or a signal while it is asked for, releases it."""
        try:
            self._check()
            return work(self._asked(ask))
        except BaseException as failure:
            self._release(failure)
            if isinstance(failure, _Stopped):
                raise click.exceptions.Exit(SIGNALLED + failure.number) from failure
            raise

    def end(self, outcome: str) -> bool:
        """Release what was used; whether that succeeded. Signals wait for it, but not for ever."""
        self._end(outcome, may_yet_come_seconds=0)
        return not self.may_be_held

    def next_event(self) -> Any:
        """What happens next: a `Signal`, the `Done` of what was started, or what was put."""
        return self._events.get()

    def put(self, event: Any) -> None:
        """Add an event, from any thread."""
        self._events.put(event)

    def listen(self, *, further: Sequence[str] = ()) -> None:
        """From now on signals, and those of these names, are events of this attempt."""
        for number in _heard(further):
            signal.signal(number, lambda number, _: self._events.put(Signal(number)))

    def _asked(self, ask: Ask) -> Granted:
        events = self._events
        self.may_be_held = True
        self.start(lambda: ask(events.put))
        while True:
            event = self._events.get()
            if isinstance(event, Signal):
                raise _Stopped(event.number)
            if isinstance(event, Waiting):
                self.tell(event)
            else:
                granted: Granted = _result(event)
                return granted

    def _check(self) -> None:
        for event in self._pending():
            if isinstance(event, Signal):
                raise _Stopped(event.number)

    def _pending(self) -> Iterator[Any]:
        while not self._events.empty():
            yield self._events.get()

    def start(self, work: Callable[[], Any]) -> None:
        """Do this in a thread, whose end is the event `Done`."""
        events = self._events

        def run() -> None:
            try:
                events.put(Done(work()))
            except BaseException as failure:  # noqa: BLE001 raised again where the event is read
                events.put(Done(failure=failure))

        threading.Thread(target=run, daemon=True).start()

    def _release(self, failure: BaseException) -> None:
        """End what may have been taken; further signals wait for it, but not for ever."""
        refused = isinstance(failure, ServiceError | NotConnected) and not failure.unknown_outcome
        if refused or not self.may_be_held:
            self.may_be_held = False
            return
        outcome = f"failed: {failure}" if isinstance(failure, _Stopped) else f"failed: {type(failure).__name__}"
        note(f"releasing allocation {self.allocation}")
        self._end(outcome, may_yet_come_seconds=ALLOCATE_IN_FLIGHT)

    def _end(self, outcome: str, *, may_yet_come_seconds: float) -> None:
        self._events = SimpleQueue()  # what the request still has to say is of no interest
        self.listen()
        self.start(
            lambda: self.client.end(
                self.allocation, self.token, outcome=outcome, may_yet_come_seconds=may_yet_come_seconds
            )
        )
        try:
            self._wait_for_release()
            self.may_be_held = False
        except (ServiceError, NotConnected) as second:
            note(
                f"allocation {self.allocation} may still be in use: it could not be released ({second}). "
                f"Run `atmosphere deallocate {self.allocation}`, or wait for its deadline"
            )

    def _wait_for_release(self) -> None:
        signals = 0
        while True:
            event = self._events.get()
            if not isinstance(event, Signal):
                _result(event)
                return
            signals += 1
            if signals >= _GIVES_UP:
                _give_up(signals)
            note(f"still releasing allocation {self.allocation}; {_GIVES_UP - signals} more signals leave it in use")


def _give_up(signals: int) -> NoReturn:
    raise NotConnected(f"interrupted by {signals} signals")


def _result(done: Done) -> Any:
    if done.failure is not None:
        raise done.failure
    return done.value


def _heard(further: Sequence[str] = ()) -> list[signal.Signals]:
    """The signals that are not ignored already, as `nohup` and shells do for commands in the background."""
    if threading.current_thread() is not threading.main_thread():
        return []
    numbers = (*_SIGNALS, *(getattr(signal, name) for name in further if hasattr(signal, name)))
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def _ignore_signals() -> None:
    for number in _heard():
        signal.signal(number, signal.SIG_IGN)
