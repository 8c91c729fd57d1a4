"""`environment list --wait-gone`: progress, the end of it, and why it may never come."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import Credentials

from atmosphere.cli import draining
from atmosphere.cli.main import main
from atmosphere.client.client import AtmosphereClient
from atmosphere.client.errors import ServiceError
from tests.client.conftest import Answer, SteppedPace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.conftest import Service

KEY = "555555555555/eu-west-1"
PLACE = f"aws://{KEY}"
WAIT = ("environment", "list", "--wait-gone", KEY)
GONE = Answer(404, {"code": "unknown-environment", "message": "this environment is not registered"})
DOWN = Answer(503, {"code": "unavailable", "message": "a dependency failed"})


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch, ready_file: Path) -> None:
    monkeypatch.setattr(draining, "EVERY", 0.0)


def row(status: str, **more: Any) -> Answer:
    told = {"account": "555555555555", "region": "eu-west-1", "pool": "europe", "registration": "deregistering"}
    return Answer(200, {**told, "status": status, **more})


def ask_once_each(service: Service) -> None:
    """With a client that does not repeat a question by itself."""
    keys = Credentials("operator", "signs")
    client = AtmosphereClient(service.endpoint, credentials=keys, retry_seconds=0, pace=SteppedPace())
    draining.wait_gone(client, ("555555555555", "eu-west-1"), seconds=60, as_json=False, sleep=lambda _: None)


IN_USE = row("in-use", allocation="0b1c2d3e", deadline="2026-11-22T13:00:00Z")


def test_it_says_how_far_it_is_and_ends_when_it_is_gone(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [IN_USE, IN_USE, row("cleaning"), GONE]

    assert main(WAIT) == 0

    done = capsys.readouterr()
    assert done.out == f"{PLACE} is gone\n"
    assert done.err.splitlines() == [
        f"{PLACE}: in-use by allocation 0b1c2d3e until 2026-11-22T13:00:00Z",
        f"{PLACE}: cleaning",
    ]
    assert service.arrived[0].path.endswith(f"/environments/{KEY}")


def test_what_is_gone_already_is_gone(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [GONE]

    assert main([*WAIT, "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == {"account": "555555555555", "region": "eu-west-1", "gone": True}


@pytest.mark.parametrize(
    ("state", "because"),
    [
        (row("free", registration="registered"), "the configuration in force names it"),
        (row("dirty", dirtyReason="blocked"), "dirty because of blocked, and stays until you clean, reinstate or"),
        (row("held"), "stays until you resume it"),
    ],
)
def test_what_will_not_disappear_by_itself_is_told_at_once(
    service: Service, capsys: pytest.CaptureFixture[str], state: Answer, because: str
) -> None:
    service.script = [row("cleaning"), state]

    assert main(WAIT) == 1

    done = capsys.readouterr()
    assert done.out == ""
    assert f"{PLACE} will not disappear by itself: " in done.err
    assert because in done.err


def test_what_is_dirty_until_a_date_is_waited_for(service: Service) -> None:
    service.script = [row("dirty", dirtyReason="refused-until", retryAt="2026-11-23T10:00:00Z"), row("cleaning"), GONE]

    assert main(WAIT) == 0


def test_a_wait_that_takes_too_long_is_neither_success_nor_failure(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [IN_USE]

    assert main([*WAIT, "--timeout", "0"]) == 3

    assert "is still there after 0 s: in-use by allocation 0b1c2d3e" in capsys.readouterr().err


def test_silence_is_not_gone(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [row("cleaning"), DOWN, GONE]

    ask_once_each(service)

    assert "not known at the moment" in capsys.readouterr().err


def test_a_service_that_is_down_from_the_start_is_a_failure(service: Service) -> None:
    service.script = [DOWN]

    with pytest.raises(ServiceError, match="unavailable"):
        ask_once_each(service)


@pytest.mark.parametrize("answer", [Answer(403, {"code": "forbidden", "message": "no"}), Answer(404, {})])
def test_a_service_that_never_said_anything_is_a_failure(service: Service, answer: Answer) -> None:
    service.script = [answer]

    assert main(WAIT) == 1


def test_a_refusal_is_never_taken_for_gone(service: Service) -> None:
    service.script = [row("cleaning"), Answer(404, {"code": "unknown-allocation", "message": "no"})]

    assert main(WAIT) == 1
