"""Rounds: a commit that loses its race is tried again, a bounded number of times, with a pause only in between."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest

from atmosphere.adapters.memory import FakeClock, SeededIds
from atmosphere.operations.rounds import Rounds
from atmosphere.ports import Conflict, Unreachable

if TYPE_CHECKING:
    from datetime import datetime

SEEDS: Final = range(50)


class Race:
    """Loses the first `lost` rounds; knows when each was run, and its number."""

    def __init__(self, rounds: Rounds, *, lost: int, seed: int = 0) -> None:
        self.rounds = rounds
        self.lost = lost
        self.clock = FakeClock()
        self.ids = SeededIds(seed)
        self.began: list[datetime] = []
        self.numbers: list[int] = []

    def once(self, number: int) -> str:
        self.began.append(self.clock.now())
        self.numbers.append(number)
        if len(self.numbers) <= self.lost:
            raise Conflict({})
        return "won"

    def run(self) -> str:
        return self.rounds.run(self.once, clock=self.clock, ids=self.ids, exhausted=lambda: Unreachable("too many"))

    @property
    def pauses(self) -> list[timedelta]:
        return [after - before for before, after in pairwise(self.began)]


@pytest.mark.parametrize("lost", range(4))
def test_a_lost_race_is_run_again_until_one_is_won(lost: int) -> None:
    race = Race(Rounds(limit=4), lost=lost)
    assert race.run() == "won"
    assert race.numbers == list(range(lost + 1))


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_after_the_last_round_it_ends_as_the_caller_says_with_the_conflict_as_cause(limit: int) -> None:
    race = Race(Rounds(limit=limit, pauses=range(10, 201)), lost=limit)
    with pytest.raises(Unreachable, match="too many") as ended:
        race.run()
    assert isinstance(ended.value.__cause__, Conflict)
    assert race.numbers == list(range(limit))
    assert race.clock.now() == race.began[-1], "a pause that no round follows helps no one"


def test_what_is_no_lost_race_ends_it_at_once() -> None:
    race = Race(Rounds(limit=5), lost=0)

    def broken(_number: int) -> str:
        raise KeyError

    with pytest.raises(KeyError):
        race.rounds.run(broken, clock=race.clock, ids=race.ids, exhausted=RuntimeError)


def test_without_pauses_the_rounds_follow_each_other() -> None:
    race = Race(Rounds(limit=5), lost=4)
    race.run()
    assert race.pauses == [timedelta()] * 4


def test_pauses_are_drawn_from_the_whole_span() -> None:
    drawn = set[int]()
    for seed in SEEDS:
        race = Race(Rounds(limit=9, pauses=range(10, 14)), lost=8, seed=seed)
        race.run()
        drawn |= {pause // timedelta(milliseconds=1) for pause in race.pauses}
    assert drawn == {10, 11, 12, 13}
