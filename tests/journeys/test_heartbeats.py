"""Heartbeats through the whole service: kept alive by owner, refresh and release token on both trees; else lost."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import contextmanager
from itertools import cycle
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.contract import FunctionName
from bench.counting import counting
from tests.journeys.api import Api, until
from tests.journeys.workflows import Job
from tests.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atmosphere.local.service import LocalService
    from tests.replies import Reply

pytestmark = pytest.mark.emulator

POOL: Final = "workflows"
SECONDS: Final = 10  # on a busy machine a request may take some
ASK: Final = {"pool": POOL, "requester": "a heart", "heartbeatSeconds": SECONDS}


@contextmanager
def held(ask: Callable[..., Reply], **more: Any) -> Iterator[str]:
    asked = ASK | more
    answer = ask("POST", "/allocations", asked)
    assert answer.status == 200, answer.text
    assert answer.body["heartbeatSeconds"] == asked["heartbeatSeconds"]
    try:
        yield answer.body["id"]
    finally:
        ask("DELETE", f"/allocations/{answer.body['id']}", {"outcome": "success"})


@pytest.fixture
def runner(local_service: LocalService) -> Api:
    told = local_service.description
    api = Api(told["endpoint"], told["callers"]["runner"])
    api.until_free(POOL)
    return api


def test_it_lives_as_long_as_it_beats_on_either_tree_and_is_lost_after_that(
    local_service: LocalService, runner: Api
) -> None:
    secret = secrets.token_urlsafe(32)
    nobody = Job(local_service.description)
    token_hash = hashlib.sha256(secret.encode()).hexdigest()
    with held(runner.ask, releaseTokenHash=token_hash) as id_:
        place = f"/allocations/{id_}"
        beats: dict[str, Callable[[], Reply]] = {
            "owner": lambda: runner.ask("POST", f"{place}/heartbeat"),
            "refresh": lambda: runner.ask("POST", f"{place}/credentials"),
            "release token": lambda: nobody.ask("POST", f"{place}/heartbeat", token=f"atmosphere-release.{secret}"),
        }
        turns, long_enough = cycle(beats.values()), monotonic() + 1.5 * SECONDS

        def is_old() -> bool:
            assert next(turns)().status == 200
            return monotonic() > long_enough

        until(is_old, "it is older than a heartbeat")
        heard = beats["owner"]().body
        assert (heard["id"], heard["heartbeatSeconds"]) == (id_, SECONDS)
        assert heard["nextHeartbeatBy"] < heard["expiresAt"]
        assert runner.ask("GET", place).body["heartbeatSeconds"] == SECONDS

        until(lambda: runner.ask("GET", place).body["status"] == "ended", "the allocation is lost")
        ended = runner.ask("GET", place).body
        assert (ended["outcome"], ended["endedBy"]) == ("lost", "lost")
        for beat in beats.values():
            refused = beat()
            assert (refused.status, refused.body["code"], refused.body["outcome"]) == (409, "already-ended", "lost")
    runner.until_free(POOL)


def test_a_run_keeps_its_own_alive_and_nobody_elses(local_service: LocalService, runner: Api) -> None:
    job = Job(local_service.description)
    with held(job.ask, heartbeatSeconds=3600) as id_:
        place = f"/allocations/{id_}/heartbeat"
        assert job.ask("POST", place, {}).status == 200
        other = job.but(run_id="7999")
        unknown = f"/allocations/{'0' * 8}-0000-4000-8000-{'0' * 12}/heartbeat"
        answers = [other.ask("POST", place), other.ask("POST", unknown), runner.ask("POST", place)]
        assert {(answer.status, answer.text) for answer in answers} == {(404, answers[0].text)}
        assert job.ask("POST", place, {"outcome": "x"}).status == 400
    runner.until_free(POOL)


def test_a_heartbeat_is_one_read_and_one_write(local_service: LocalService, runner: Api) -> None:
    with held(runner.ask, heartbeatSeconds=3600) as id_:
        runner.ask("POST", f"/allocations/{id_}/heartbeat")  # the container is warm
        with counting(local_service, FunctionName.HEARTBEAT) as calls:
            assert runner.ask("POST", f"/allocations/{id_}/heartbeat").status == 200
        assert dict(calls) == {"dynamodb:GetItem": 1, "dynamodb:TransactWriteItems": 1}
    runner.until_free(POOL)
