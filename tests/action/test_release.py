"""Giving back, in stepped time: as the owner first, with the release token where that cannot be."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere_action.errors import NotReleased, TokenTrouble
from atmosphere_action.proof import Bearer, ReleaseToken
from atmosphere_action.release import Releasing
from atmosphere_action.runner import Runner
from atmosphere_action.service import Service as Api
from tests.action.conftest import Stepped
from tests.client.conftest import LOST, Answer, refused

if TYPE_CHECKING:
    from tests.client.conftest import Arrived, Service

UNKNOWN = refused(404, "unknown-allocation")


@dataclass
class Desk:
    releasing: Releasing
    pace: Stepped
    token: ReleaseToken
    owner: Any

    def release(self) -> str:
        return self.releasing.release(self.owner, self.token)


def make(endpoint: str, *, ago: float = 300, **more: Any) -> Desk:
    pace = Stepped()
    releasing = Releasing(
        service=Api(endpoint),
        runner=Runner({}, io.StringIO()),
        pace=pace,
        allocation="0b8ab9c5-6d5b-4f0b-9a52-2f6a4f1f3f10",
        asked=pace.date() - ago,
        **{"outcome": "success", **more},
    )
    return Desk(releasing, pace, ReleaseToken(secrets.token_urlsafe(32)), Bearer(lambda: "token"))


@pytest.fixture
def desk(service: Service) -> Desk:
    return make(service.endpoint)


def proofs(service: Service) -> list[str]:
    kinds = {"token": "owner"}
    return [
        kinds.get(arrived.headers["authorization"].removeprefix("Bearer "), "release") for arrived in service.arrived
    ]


def test_the_owner_gives_back(desk: Desk, service: Service) -> None:
    service.script = [Answer()]

    assert desk.release() == "Released"
    assert proofs(service) == ["owner"]


def test_what_had_ended_is_fine(desk: Desk, service: Service) -> None:
    service.script = [refused(409, "already-ended")]

    assert desk.release() == "It had already ended"


def test_what_the_owner_does_not_have_is_final_at_once(service: Service) -> None:
    service.script = [UNKNOWN]
    desk = make(service.endpoint, ago=0)

    assert desk.release() == "Nothing is held"
    assert len(service.arrived) == 1


@pytest.mark.parametrize(
    "answer",
    [refused(401, "unauthenticated"), refused(403, "forbidden"), refused(400, "invalid-request"), Answer(404, b"<>")],
)
def test_an_owner_who_is_not_let_in_has_the_release_token(desk: Desk, service: Service, answer: Answer) -> None:
    service.script = [answer, Answer()]

    assert desk.release() == "Released"
    assert proofs(service) == ["owner", "release"]
    assert desk.pace.slept == []
    assert service.arrived[1].headers["authorization"] == f"Bearer atmosphere-release.{desk.token.secret}"


def test_an_owner_without_a_proof_has_the_release_token(desk: Desk, service: Service) -> None:
    def none() -> str:
        raise TokenTrouble("no")

    service.script = [Answer()]
    desk.owner = Bearer(none)

    assert desk.release() == "Released"
    assert proofs(service) == ["release"]


def test_an_unknown_id_is_asked_for_until_no_allocate_can_be_on_its_way(service: Service) -> None:
    service.script = [UNKNOWN]
    desk = make(service.endpoint, ago=3)
    desk.owner = None

    assert desk.release() == "Nothing is held"
    assert desk.pace.slept == [5] * 7  # 3 + 35 >= 35
    assert set(proofs(service)) == {"release"}


def test_an_answer_is_no_younger_than_its_question(service: Service) -> None:
    """Asked 30 s after the allocate was sent, answered 10 s later: it may have come into being in between."""
    desk = make(service.endpoint, ago=30)
    desk.owner = None

    def slow(_: Arrived) -> Answer:
        desk.pace.sleep(10)
        return UNKNOWN

    service.script = [slow, Answer()]

    assert desk.release() == "Released"


def test_an_allocation_that_comes_late_is_given_back(service: Service) -> None:
    service.script = [UNKNOWN, UNKNOWN, Answer()]
    desk = make(service.endpoint, ago=0)
    desk.owner = None

    assert desk.release() == "Released"


@pytest.mark.parametrize("trouble", [refused(503, "unavailable"), refused(429, "throttled"), LOST, Answer(502, b"<>")])
def test_failures_are_repeated_as_the_owner_and_then_with_the_token(
    desk: Desk, service: Service, trouble: object
) -> None:
    service.script = [trouble, trouble, Answer()]

    assert desk.release() == "Released"
    assert proofs(service) == ["owner"] * 3


def test_a_service_that_stays_down_is_given_up_within_the_budget(desk: Desk, service: Service) -> None:
    service.script = [refused(503, "unavailable")]
    start = desk.pace.now()

    with pytest.raises(NotReleased, match="HTTP 503"):
        desk.release()

    assert 40 < desk.pace.now() - start <= 52
    assert {"owner", "release"} == set(proofs(service))
    assert max(desk.pace.slept) <= 5


def test_a_service_that_nobody_reaches_is_left_to_node_sooner() -> None:
    desk = make("http://127.0.0.1:9")
    start = desk.pace.now()

    with pytest.raises(NotReleased, match=r"127\.0\.0\.1:9 refuses connections"):
        desk.release()

    assert 10 < desk.pace.now() - start <= 20


def test_a_connection_that_is_lost_later_on_is_worth_the_whole_budget(desk: Desk, service: Service) -> None:
    service.script = [LOST]
    start = desk.pace.now()

    with pytest.raises(NotReleased):
        desk.release()

    assert desk.pace.now() - start > 40


def test_a_refusal_that_no_repeating_helps_ends_it(desk: Desk, service: Service) -> None:
    service.script = [refused(403, "forbidden"), refused(400, "invalid-request")]

    with pytest.raises(NotReleased, match="invalid-request"):
        desk.release()
    assert len(service.arrived) == 2


def test_a_page_of_something_else_is_no_release(desk: Desk, service: Service) -> None:
    service.script = [Answer(404, b"<html>"), Answer(200, b"<html>")]

    with pytest.raises(NotReleased):
        desk.release()


def test_a_404_that_is_not_the_services_is_not_believed(desk: Desk, service: Service) -> None:
    service.script = [Answer(404, {"message": "no such stage"})]

    with pytest.raises(NotReleased, match="no such stage"):
        desk.release()


def test_a_long_outcome_is_cut_between_characters(service: Service) -> None:
    service.script = [Answer()]

    make(service.endpoint, outcome="é" * 80).release()

    assert service.arrived[0].body == {"outcome": "é" * 50}
