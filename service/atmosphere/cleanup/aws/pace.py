"""The time of a pass: its budget, its heartbeat, and its work in parallel. Only the pass's own thread beats."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from atmosphere.cleanup.aws.quotas import Queue
from atmosphere.cleanup.model import OutOfTime

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from atmosphere.ports import Clock

T = TypeVar("T")

BEAT_EVERY: Final = timedelta(seconds=15)
_LOOK_UP_EVERY: Final = 2.0  # seconds between looks at the clock while workers work
_CLOSING: Final = timedelta(seconds=15)  # kept free at the end of a pass, for what is in flight and for the report


class Pace:
    """Says when to beat, when to stop, and runs tasks side by side meanwhile."""

    def __init__(self, *, clock: Clock, beat: Callable[[], None], budget: timedelta, workers: int) -> None:
        self.clock = clock
        self._beat = beat
        self._workers = workers
        self._ends = clock.now() + max(budget - _CLOSING, budget / 2)
        self._next_beat = clock.now()
        self.stopped = False

    def now(self) -> datetime:
        """The time."""
        return self.clock.now()

    @property
    def left(self) -> timedelta:
        """What is left of the budget; never negative."""
        return max(self._ends - self.now(), timedelta(0))

    def tick(self) -> None:
        """Beat if it is time. Whatever the beat raises (superseded) stops the workers and flies."""
        now = self.now()
        if now < self._next_beat:
            return
        self._next_beat = now + BEAT_EVERY
        try:
            self._beat()
        except BaseException:
            self.stopped = True
            raise

    def confirm(self) -> None:
        """Beat now, whenever the last time was: what follows relies on nothing having changed."""
        self._next_beat = self.now()
        self.tick()

    def check(self) -> None:
        """Called between the steps of long work, in any thread; raises `OutOfTime`."""
        if self.stopped or not self.left:
            raise OutOfTime

    def sleep(self, duration: timedelta) -> None:
        """Sleep, and keep beating; raises `OutOfTime` if the budget does not allow it."""
        if duration > self.left:
            raise OutOfTime
        until = self.now() + duration
        while (rest := until - self.now()) > timedelta(0):
            self.clock.sleep(min(rest, BEAT_EVERY / 2))
            self.tick()

    def side_by_side(self, tasks: Sequence[Callable[[], T]], services: Sequence[str] = ()) -> list[T]:
        """The results of all tasks, in order; the first exception stops what has not begun and flies.

        `services` names whom each task asks, if no more of one service may run at a time than `quotas` allows.
        """
        if not tasks:
            return []
        queue = Queue(services or [""] * len(tasks))
        results: dict[int, T] = {}
        workers = min(self._workers, len(tasks))
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(self._serve, queue, tasks, results) for _ in range(workers)]
            try:
                self._await(futures)
            except BaseException:
                self.stopped = True
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [results[number] for number in range(len(tasks))]

    def _serve(self, queue: Queue, tasks: Sequence[Callable[[], T]], results: dict[int, T]) -> None:
        while (number := queue.take()) is not None:
            try:
                self.check()
                results[number] = tasks[number]()
            except BaseException:
                self.stopped = True
                raise
            finally:
                queue.give_back(number)

    def _await(self, futures: list[Future[None]]) -> None:
        pending: set[Future[None]] = set(futures)
        while pending:
            done, pending = wait(pending, _LOOK_UP_EVERY, return_when=FIRST_EXCEPTION)
            failures = [failure for future in done if (failure := future.exception())]
            if failures:  # what stopped the others says more than that they were stopped
                raise min(failures, key=lambda failure: isinstance(failure, OutOfTime))
            self.tick()
