"""The time of a pass: it beats, it stops, and it tells its workers."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.model import OutOfTime, PassState, Phase, Verdict
from tests.cleanup.catalogue.derived import derived
from tests.cleanup.catalogue.page import LINES
from tests.cleanup.context import some_workers
from tests.cleanup.fakes.crowd import Crowd
from tests.cleanup.scene import Scene

if TYPE_CHECKING:
    from tests.cleanup.fakes.refusing import Demand, Refusing


class Beats:
    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.at = [clock.now()]

    def __call__(self) -> None:
        self.at.append(self.clock.now())


def test_a_long_sleep_beats_at_least_every_twenty_seconds():
    clock = FakeClock()
    beats = Beats(clock)
    some_workers(clock, beats)[1].sleep(timedelta(seconds=120))
    gaps = [later - earlier for earlier, later in zip(beats.at, beats.at[1:], strict=False)]
    assert len(gaps) >= 6
    assert max(gaps) <= timedelta(seconds=20)


def test_the_budget_ends_before_the_pass_must():
    clock = FakeClock()
    budget, _, _ = some_workers(clock)
    budget.check()
    clock.advance(timedelta(seconds=230))
    with pytest.raises(OutOfTime):
        budget.check()


def test_nobody_sleeps_beyond_the_budget():
    clock = FakeClock()
    began = clock.now()
    with pytest.raises(OutOfTime):
        some_workers(clock)[1].sleep(timedelta(seconds=300))
    assert clock.now() == began


def test_a_failed_beat_stops_the_workers_and_flies():
    class SupersededError(Exception):
        pass

    def beat() -> None:
        raise SupersededError

    clock = FakeClock()
    budget, _, workers = some_workers(clock, beat, count=4)
    stopped = threading.Event()

    def work() -> None:
        while True:
            try:
                budget.check()
            except OutOfTime:
                stopped.set()
                raise

    with pytest.raises(SupersededError):
        workers.run([work, work])
    assert stopped.is_set()


def test_results_come_in_the_order_of_the_tasks():
    _, _, workers = some_workers(FakeClock(), count=4)
    assert workers.run([partial(int, number) for number in range(20)]) == list(range(20))


def test_tasks_really_run_side_by_side():
    barrier = threading.Barrier(3, timeout=10)
    assert sorted(some_workers(FakeClock(), count=4)[2].run([barrier.wait] * 3)) == [0, 1, 2]


def test_an_exception_of_one_task_flies_and_the_rest_is_not_begun():
    begun: list[int] = []

    def task(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise ValueError(number)

    with pytest.raises(ValueError, match="1"):
        some_workers(FakeClock())[2].run([partial(task, number) for number in range(50)])
    assert begun == [0, 1]


class Slow(Crowd):
    """An AWS where each deletion takes a minute, and everything is gone then."""

    def _told_of(self, demand: Demand, member: Refusing, operation: str, asked: Any) -> Any:
        if operation == demand.removes:
            self.clock.advance(timedelta(minutes=1))
        return super()._told_of(demand, member, operation, asked)


def test_after_deletions_that_took_long_it_looks_again_at_once(monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    scene = Scene(types=("AWS::EC2::PlacementGroup",))
    parents = [line for line in LINES if line.type == "AWS::EC2::PlacementGroup" and line.retried]
    aws = Slow([replace(demand, tries=0) for demand in derived(parents, copies=3)], scene.clock)
    scene.accounts = lambda: aws
    naps: list[timedelta] = []

    def sleep(duration: timedelta) -> None:
        naps.append(duration)
        scene.clock.advance(duration)

    monkeypatch.setattr(scene.clock, "sleep", sleep)
    result = scene.one_pass(PassState(phase=Phase.CLEAR))
    assert result.verdict is Verdict.AGAIN
    assert aws.left() == []
    assert len(naps) == 1
    assert naps[0] < timedelta(seconds=1)
