"""A short race and a short storm on the service that the journeys share; `make race` and `make faults` are long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from bench.race.course import race, storm
from bench.race.report import table
from bench.race.scene import Scene

if TYPE_CHECKING:
    from atmosphere.local.service import LocalService

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(600)]

SCENE: Final = Scene(
    pools=("bench", "workflows"),
    both=("workflows",),
    limits={},
    keyless=0.0,  # here an allocation that nobody knows would be held for hours
    abandoned=0.0,
)
PATIENCE: Final = 120.0  # seconds


def test_a_race_with_killed_workers_breaks_no_promise(local_service: LocalService) -> None:
    raced = race(local_service, SCENE, requests=80, threads=6, seed=1, kills=4, patience=PATIENCE)
    assert raced.holds, table(raced)
    assert raced.killed
    assert sum(answer.status == 200 for answer in raced.answered) > 20


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.01, 0.1, 0.3])
def test_a_storm_breaks_no_promise(local_service: LocalService, rate: float) -> None:
    stormed = storm(local_service, SCENE, rate=rate, lives=30, threads=6, seed=2, patience=PATIENCE)
    assert stormed.holds, table(stormed)
    assert len(stormed.faults) > 2
    assert stormed.calls["allocate"]
