"""What somebody sees who did not get an environment, or not at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.journeys.action.acting import step
from tests.journeys.action.forwarder import Harm
from tests.journeys.action.records import ids
from tests.journeys.action.scene import NARROW
from tests.journeys.api import until

if TYPE_CHECKING:
    from tests.journeys.action.scene import Scene

pytestmark = pytest.mark.emulator

LOST = [Harm.REFUSED, Harm.DROPPED, Harm.REPLY_LOST]


def errors(output: str) -> list[str]:
    """The errors that were shown on the run's page."""
    return re.findall(r"::error[^\n]*", output)


def test_waits_for_its_turn_and_says_so(scene: Scene, narrow: str) -> None:
    run = scene.start(scene.lease(pool=NARROW), step("$PROBE; echo waited=${{ steps.lease.outputs.waited-seconds }}"))
    until(lambda: any(one.status == 423 for one in scene.door.of("POST")), "the action has to wait")
    assert scene.ask("DELETE", f"/allocations/{narrow}", {"outcome": "success"}).status == 200
    assert run.ended() == 0, run.output
    scene.given_back()
    _, _, rest = run.output.partition("::group::")
    inside, closed, _ = rest.partition("::endgroup::")
    assert closed
    assert "pool-busy" in inside
    assert "probe: 444444444444 us-east-1\n" in run.output
    assert re.search(r"waited=[1-9]\d*\b", run.output)


def test_gives_up_when_it_has_waited_long_enough(scene: Scene, narrow: str) -> None:
    output = scene.fails(scene.lease(pool=NARROW, wait_timeout="1s"))
    scene.never_asked()
    (error,) = errors(output)
    assert "pool-busy" in error
    assert "wait-timeout" in error


def test_what_goes_wrong_on_the_way_is_asked_for_again_under_the_same_id(scene: Scene) -> None:
    for harm in LOST:
        scene.door.harm(harm, "POST")
    scene.does(scene.lease())
    scene.given_back()
    tokens = {one.header("authorization") for one in scene.door.of("POST")}
    assert len(tokens) == len(LOST) + 1, "a token is accepted once, so each request needs its own"


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        pytest.param({"pool": "unheard-of"}, ["forbidden", "unheard-of"], id="unknown pool"),
        pytest.param({"constraints": "capability=unheard-of"}, ["unsatisfiable"], id="unsatisfiable"),
        pytest.param({"audience": "https://elsewhere.example.com"}, ["unauthenticated", "audience"], id="audience"),
        pytest.param({"wait_timeout": "soon", "mask_aws_account_id": "yes"}, ["wait-timeout", "soon"], id="inputs"),
    ],
)
def test_what_can_never_succeed_fails_at_once(scene: Scene, inputs: dict[str, str], words: list[str]) -> None:
    output = scene.fails(scene.lease(**inputs), step("echo never"))
    scene.never_asked()
    assert len(ids(scene.door)) <= 1
    assert not scene.door.of("DELETE"), "nothing can have been taken"
    assert all(word in " ".join(errors(output)) for word in words), errors(output)


def test_a_forgotten_permission_is_named(scene: Scene) -> None:
    output = scene.fails(scene.lease(auth="oidc"), environment={})
    scene.never_asked()
    (error,) = errors(output)
    assert "id-token: write" in error


def test_nobody_is_there(scene: Scene) -> None:
    scene.door.shut()
    output = scene.fails(scene.lease(wait_timeout="2s"))
    scene.never_asked()
    (error,) = errors(output)
    assert "127.0.0.1" in error
    assert "endpoint" in error
