"""Tasks of a pass in parallel, within the budget and within what each service takes at the same time."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Final, TypeVar

from atmosphere.cleanup.aws.quotas import Queue
from atmosphere.cleanup.model import OutOfTime

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atmosphere.cleanup.aws.budget import Budget, Heartbeat

T = TypeVar("T")

_TICK_EVERY: Final = 2.0  # seconds between ticks of the heartbeat while workers work


class Workers:
    """At most `count` threads. The calling thread keeps the heartbeat meanwhile."""

    def __init__(self, count: int, *, budget: Budget, heartbeat: Heartbeat) -> None:
        self._count = count
        self._budget = budget
        self._heartbeat = heartbeat

    def run(self, tasks: Sequence[Callable[[], T]], services: Sequence[str] = ()) -> list[T]:
        """The results of all tasks, in order; the first exception stops what has not begun and propagates.

        `services` names the service that each task calls, if no more of one may run at a time than `quotas` allows.
        """
        if not tasks:
            return []
        queue = Queue(services or [""] * len(tasks))
        results: dict[int, T] = {}
        count = min(self._count, len(tasks))
        with ThreadPoolExecutor(count) as pool:
            futures = [pool.submit(self._serve, queue, tasks, results) for _ in range(count)]
            try:
                self._await(futures)
            except BaseException:
                self._budget.stopped = True
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [results[number] for number in range(len(tasks))]

    def _serve(self, queue: Queue, tasks: Sequence[Callable[[], T]], results: dict[int, T]) -> None:
        while (number := queue.take()) is not None:
            try:
                self._budget.check()
                results[number] = tasks[number]()
            except BaseException:
                self._budget.stopped = True
                raise
            finally:
                queue.give_back(number)

    def _await(self, futures: list[Future[None]]) -> None:
        pending: set[Future[None]] = set(futures)
        while pending:
            done, pending = wait(pending, _TICK_EVERY, return_when=FIRST_EXCEPTION)
            failures = [failure for future in done if (failure := future.exception())]
            if failures:  # what stopped the others says more than that they were stopped
                raise min(failures, key=lambda failure: isinstance(failure, OutOfTime))
            self._heartbeat.tick()
