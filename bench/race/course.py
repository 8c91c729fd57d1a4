"""The course of a race and of a storm: start watching, ask, wait until everything rests, and hand all to the judge."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from atmosphere.core.changes import Delete
from atmosphere.core.model import PoolName, RuleName, Status
from bench.race.judge import Record, verdicts
from bench.race.load import Load
from bench.race.scene import GRACE
from bench.race.storm import Storm
from bench.race.stream import Streams
from bench.race.weather import BOUNDS, Weather, traced
from bench.race.workers import Killer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from atmosphere.core.changes import Change
    from atmosphere.core.model import Environment
    from atmosphere.local.service import LocalService
    from bench.race.scene import Scene
    from bench.race.seen import Answered, Killed, Written

_POLL: Final = 0.5  # seconds
_COMMIT: Final = 100  # changes of a transaction
_RESTING: Final = frozenset({Status.FREE, Status.DIRTY, Status.HELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a course came to: everything that was seen, and what is broken, by property."""

    title: str
    seed: int
    seconds: float
    answered: Sequence[Answered] = field(repr=False)
    written: Sequence[Written] = field(repr=False)
    killed: Sequence[Killed] = ()
    faults: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[str, Sequence[int]] = field(default_factory=dict, repr=False)
    at_rest: Mapping[str, int] = field(default_factory=dict)
    broken: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether every property does."""
        return not any(self.broken.values())


def race(
    service: LocalService,
    scene: Scene,
    *,
    requests: int,
    threads: int,
    seed: int,
    kills: float,
    patience: float,
    progress: Callable[[int], None] = lambda _: None,
) -> Result:
    """So many requests by so many threads, with `kills` of a worker for each hundred of them.

    Raises `TimeoutError` if not everything rests `patience` seconds after the last of them.
    """
    streams, began = Streams(service), time.monotonic()
    load = Load(service=service, scene=scene, requests=requests, threads=threads, seed=seed, progress=progress)
    killer = Killer(service, random.Random(seed), lambda done: done < len(load.answered) * kills / 100)  # noqa: S311
    with streams.watching():
        killer.start()
        try:
            load.run()
        finally:
            killer.stop()
        load.give_back()
        rows = _rested(service, scene, patience)
        written = streams.written()
    _nobody_waits(service, scene)
    result = Result(
        title=f"{threads} threads, {requests} requests",
        seed=seed,
        seconds=time.monotonic() - began,
        answered=load.answered,
        written=written,
        killed=killer.killed,
        at_rest=_counted(rows),
    )
    return _judged(scene, result)


def storm(
    service: LocalService,
    scene: Scene,
    *,
    rate: float,
    lives: int,
    threads: int,
    seed: int,
    patience: float,
    progress: Callable[[int], None] = lambda _: None,
) -> Result:
    """So many lives of an allocation while `rate` of all AWS calls fail; then fair weather, until everything rests.

    What is dirty then is cleaned, so that another storm on the same service begins with everything free.
    """
    streams, began, weather = Streams(service), time.monotonic(), Weather(rate, seed)
    load = Storm(service=service, scene=scene, requests=lives, threads=threads, seed=seed, progress=progress)
    with traced(service), streams.watching(), _exposed(service, weather):
        load.run()
        service.tap.expose(None)
        load.give_back()
        rows = _rested(service, scene, patience)
        written = streams.written()
    _nobody_waits(service, scene)
    result = Result(
        title=f"{rate:.0%} of all AWS calls fail, {lives} allocations",
        seed=seed,
        seconds=time.monotonic() - began,
        answered=load.answered,
        written=written,
        faults=dict(weather.faults),
        calls=weather.calls(),
        at_rest=_counted(rows),
    )
    judged = _judged(scene, result)
    load.tend()
    _rested(service, scene, patience)
    return judged


@contextmanager
def _exposed(service: LocalService, weather: Weather) -> Iterator[None]:
    service.tap.expose(weather)
    try:
        yield
    finally:
        service.tap.expose(None)


def _rested(service: LocalService, scene: Scene, patience: float) -> list[Environment]:
    """The rows, once all rest or the patience is over: then the judge names those that do not."""
    end = time.monotonic() + patience
    store = service.store()
    while True:
        rows = [row for row in store.environments() if row.pool in scene.pools]
        if all(row.status in _RESTING for row in rows) or time.monotonic() > end:
            return rows
        time.sleep(_POLL)


def _nobody_waits(service: LocalService, scene: Scene) -> None:
    """Who waited in one course is not before those of the next."""
    store = service.store()
    for pool in scene.pools:
        rows: list[Change] = [Delete(target=row.id, expects=()) for row in store.waiters(PoolName(pool))]
        for start in range(0, len(rows), _COMMIT):
            store.commit(rows[start : start + _COMMIT], token=str(uuid4()))


def _counted(rows: Sequence[Environment]) -> dict[str, int]:
    return dict(Counter(f"{row.status} ({row.dirty_reason})" if row.dirty_reason else str(row.status) for row in rows))


def _judged(scene: Scene, result: Result) -> Result:
    record = Record(
        answered=result.answered,
        written=result.written,
        limits={RuleName(rule): limit for rule, limit in scene.limits.items()},
        grace=timedelta(seconds=GRACE),
        ended=datetime.now(UTC),
        kills=len(result.killed),
        calls=result.calls,
        bounds=BOUNDS,
    )
    return replace(result, broken=verdicts(record))
