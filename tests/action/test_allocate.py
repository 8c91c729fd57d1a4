"""Asking and waiting, in stepped time, against a service on loopback."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere_action.allocate import Asking
from atmosphere_action.errors import ActionError, Refused, TokenTrouble, Unanswered, WaitedTooLong
from atmosphere_action.proof import Bearer
from atmosphere_action.runner import Runner
from atmosphere_action.service import Service as Api
from tests.action.conftest import Stepped
from tests.client.conftest import LOST, Answer, refused

if TYPE_CHECKING:
    from tests.action.conftest import Job
    from tests.client.conftest import Service


@dataclass
class Desk:
    """One asking, and what it said."""

    asking: Asking
    pace: Stepped
    out: io.StringIO

    def fails(self) -> ActionError:
        with pytest.raises(ActionError) as failure:
            self.asking.reply()
        return failure.value


@pytest.fixture
def desk(job: Job, service: Service) -> Desk:
    return make(job, service.endpoint)


def make(
    job: Job, endpoint: str, *, wait: float = 600, tokens: Any = lambda: "token", pace: Stepped | None = None
) -> Desk:
    pace, out = pace or Stepped(), io.StringIO()
    asking = Asking(
        service=Api(endpoint),
        proof=Bearer(tokens),
        runner=Runner(job.environ, out),
        pace=pace,
        allocation=job.allocation,
        body={"pool": "demo"},
        wait_seconds=wait,
    )
    return Desk(asking, pace, out)


def test_the_service_says_when_to_ask_again(desk: Desk, service: Service) -> None:
    service.script = [refused(423, "pool-busy", after=7), refused(423, "all-dirty", after=30), Answer(200, {"id": 1})]

    assert desk.asking.reply() == {"id": 1}

    assert desk.pace.slept == [7, 30]
    assert desk.asking.waited == 37
    assert desk.out.getvalue().splitlines()[-1] == "::endgroup::"


def test_what_is_had_at_once_needs_no_group(desk: Desk, service: Service) -> None:
    service.script = [Answer(200, {})]

    desk.asking.reply()

    assert desk.out.getvalue() == ""


def test_the_last_try_is_at_the_end_of_the_time_to_wait(job: Job, service: Service) -> None:
    service.script = [refused(423, "pool-busy", after=40)]
    desk = make(job, service.endpoint, wait=100)

    failure = desk.fails()

    assert isinstance(failure, WaitedTooLong)
    assert desk.pace.slept == [40, 40, 20]
    assert "within 1 min 40 s (no: pool-busy (pool-busy, HTTP 423))" in str(failure)


def test_no_time_to_wait_is_one_try(job: Job, service: Service) -> None:
    service.script = [refused(423, "pool-busy", after=4)]
    desk = make(job, service.endpoint, wait=0)

    assert isinstance(desk.fails(), WaitedTooLong)
    assert len(service.arrived) == 1


def test_pauses_after_failures_grow_and_stay_bounded(job: Job, service: Service) -> None:
    service.script = [refused(500, "internal")]
    desk = make(job, service.endpoint, wait=600)

    failure = desk.fails()

    assert isinstance(failure, Refused)
    assert desk.pace.slept[:4] == [0.5, 1, 2, 4]
    assert max(desk.pace.slept) == 10  # the middle of 0 to 20 s
    assert sum(desk.pace.slept) == 600


def test_a_failing_service_that_says_when_is_not_asked_earlier(desk: Desk, service: Service) -> None:
    service.script = [refused(503, "unavailable", after=9), Answer(200, {})]

    desk.asking.reply()

    assert desk.pace.slept == [9]


def test_a_423_with_a_pause_of_nothing_is_no_storm(desk: Desk, service: Service) -> None:
    service.script = [refused(423, "pool-busy", after=0), Answer(423, {"code": "pool-busy"}), Answer(200, {})]

    desk.asking.reply()

    assert desk.pace.slept == [1, 5]


def test_where_there_is_no_connection_it_is_given_up_after_a_short_while(job: Job) -> None:
    desk = make(job, "http://127.0.0.1:9", wait=1800)

    assert isinstance(desk.fails(), Unanswered)
    assert 10 < sum(desk.pace.slept) <= 15
    assert job.values("STATE")["refused"] == "1"


def test_what_never_answered_is_given_up_long_before_the_time_to_wait(job: Job, service: Service) -> None:
    service.script = [LOST]
    desk = make(job, service.endpoint, wait=1800)

    assert isinstance(desk.fails(), Unanswered)
    assert 100 < sum(desk.pace.slept) <= 120


def test_a_service_that_answered_once_is_waited_for(job: Job, service: Service) -> None:
    service.script = [refused(423, "pool-busy", after=10), LOST]
    desk = make(job, service.endpoint, wait=900)

    assert isinstance(desk.fails(), Unanswered)
    assert sum(desk.pace.slept) == 900
    assert "refused" not in job.values("STATE")


def test_the_time_that_is_noted_is_after_the_token_came(job: Job, service: Service) -> None:
    service.script = [Answer(200, {})]
    pace = Stepped()

    def slow() -> str:
        pace.sleep(25)
        return "token"

    asking = make(job, service.endpoint, tokens=slow, pace=pace).asking
    start = pace.date()

    asking.reply()

    assert float(job.values("STATE")["asked"]) == start + 25


def test_without_a_token_nothing_was_asked(job: Job, service: Service) -> None:
    def none() -> str:
        raise TokenTrouble("not now")

    desk = make(job, service.endpoint, wait=30, tokens=none)

    assert isinstance(desk.fails(), TokenTrouble)
    assert "asked" not in job.values("STATE")
    assert not service.arrived


@pytest.mark.parametrize("details", [{"position": "2"}, {"position": True}, {"position": 1, "waiting": "x"}, {}])
def test_odd_places_in_the_queue_are_not_shown(desk: Desk, service: Service, details: dict[str, Any]) -> None:
    service.script = [refused(423, "quota-reached", after=1, **details), Answer(200, {})]

    desk.asking.reply()

    line = desk.out.getvalue().splitlines()[1]
    assert "no: quota-reached (quota-reached); waited 0 s" in line
    assert ("Position 1:" in line) == (details.get("position") == 1 and details.get("waiting") == "x")


@pytest.mark.parametrize(
    ("estimate", "shown"),
    [
        ({"from": 40, "to": 1500}, "Position 2, about 40 s to 25 min more: no: pool-busy"),
        ({"from": 40}, "Position 2: no: pool-busy"),
        ({"from": True, "to": "x"}, "Position 2: no: pool-busy"),
        (None, "Position 2: no: pool-busy"),
    ],
)
def test_how_long_it_may_still_take_is_shown_where_the_service_says_it(
    desk: Desk, service: Service, estimate: object, shown: str
) -> None:
    service.script = [
        refused(423, "pool-busy", after=1, position=2, estimatedWaitSeconds=estimate),
        Answer(200, {}),
    ]

    desk.asking.reply()

    assert desk.out.getvalue().splitlines()[1].startswith(shown)
