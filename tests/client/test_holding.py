"""An allocation that is held: kept alive by heartbeats, its credentials renewed, its end noticed."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.client.asking import Wanted
from atmosphere.client.errors import Busy, Ended, Refused, ServiceError, Unavailable, UnknownAllocation
from atmosphere.client.proof import ReleaseToken
from atmosphere.client.requester import requester
from atmosphere.client.results import granted as read_granted
from atmosphere.client.sessions import Renewing
from tests.client.conftest import ID, LOST, Answer, entry, granted, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from atmosphere.client.client import AtmosphereClient
    from tests.client.conftest import Arrived, Service

OFTEN = 0.03
BEAT = {"id": ID, "expiresAt": "2026-11-22T13:00:00Z", "nextHeartbeatBy": "2026-11-22T11:00:00Z"}


def beating() -> Answer:
    answer = granted()
    return Answer(body={**answer.body, "heartbeatSeconds": OFTEN})


def by_route(service: Service, **answers: Callable[[Arrived], Any]) -> None:
    """Answers by the last segment of the path; what has none is a grant or a release."""

    def answer(arrived: Arrived) -> Any:
        last = arrived.path.rpartition("/")[2]
        if last in answers:
            return answers[last](arrived)
        return Answer() if arrived.method == "DELETE" else beating()

    service.script = [answer]


def arrived_at(service: Service, last: str) -> list[Arrived]:
    return [each for each in service.arrived if each.path.endswith(last)]


def test_heartbeats_are_sent_while_the_block_runs_with_the_release_token(
    service: Service, client: AtmosphereClient
) -> None:
    thrice = threading.Event()

    def beat(_: Arrived) -> Answer:
        if len(arrived_at(service, "/heartbeat")) >= 3:
            thrice.set()
        return Answer(body={**BEAT, "heartbeatSeconds": OFTEN})

    by_route(service, heartbeat=beat)

    with client.allocation("demo", requester="me", heartbeat_seconds=60):
        assert thrice.wait(10)

    assert service.arrived[0].body["heartbeatSeconds"] == 60
    first = arrived_at(service, "/heartbeat")[0]
    assert first.path.endswith(f"/github/allocations/{ID}/heartbeat")
    assert first.headers["authorization"].startswith("Bearer atmosphere-release.")
    assert service.arrived[-1].body == {"outcome": "success"}


def test_the_end_of_the_block_says_that_the_allocation_had_been_lost(
    service: Service, client: AtmosphereClient
) -> None:
    by_route(service, heartbeat=lambda _: refused(409, "already-ended", outcome="lost"))

    with pytest.raises(Ended) as end, client.allocation("demo", requester="me", heartbeat_seconds=60) as held:
        wait_until(lambda: held.ended is not None)

    assert end.value.outcome == "lost"
    assert len(arrived_at(service, "/heartbeat")) == 1


def test_a_failure_in_a_block_that_was_lost_says_so_too(service: Service, client: AtmosphereClient) -> None:
    by_route(service, heartbeat=lambda _: refused(404, "unknown-allocation"))

    def use() -> None:
        with client.allocation("demo", requester="me", heartbeat_seconds=60) as held:
            wait_until(lambda: held.ended is not None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as failure:
        use()

    assert "had ended by then" in failure.value.__notes__[0]


def wait_until(true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if true():
            return
        pause.wait(0.01)
    pytest.fail("it did not come")


@pytest.mark.parametrize("answer", [LOST, refused(503, "unavailable"), refused(403, "forbidden"), Answer(body=b"x")])
def test_a_heartbeat_that_fails_is_followed_by_others(
    service: Service, client: AtmosphereClient, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    by_route(service, heartbeat=lambda _: answer)

    with client.allocation("demo", requester="me", heartbeat_seconds=60) as held:
        wait_until(lambda: len(arrived_at(service, "/heartbeat")) >= 2 and len(caplog.records) >= 2)
        assert held.ended is None

    assert "a heartbeat of allocation" in caplog.text


def test_a_service_without_heartbeats_is_asked_without(
    service: Service, client: AtmosphereClient, caplog: pytest.LogCaptureFixture
) -> None:
    message = "the body has keys that are not known: ['heartbeatSeconds']; known are ['pool']"
    service.script = [Answer(400, {"message": message, "code": "invalid-request"}), granted(), Answer()]

    with client.allocation("demo", requester="me", heartbeat_seconds=60):
        pass

    first, second, _ = service.arrived
    assert "heartbeatSeconds" not in second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert "takes no heartbeats like that" in caplog.text


def test_the_block_takes_all_that_can_be_asked_for(service: Service, client: AtmosphereClient) -> None:
    service.script = [granted(entry("a"), entry("b", "333333333333")), Answer()]
    token = ReleaseToken.new()

    with client.allocation(
        "demo",
        requester="me",
        environments=[Wanted(name="a"), Wanted(name="b")],
        accounts="any",
        session_policy='{"Statement": []}',
        release_token=token,
        key=ID,
    ) as held:
        assert held.named("b").account == "333333333333"
        assert [place.name for place in held.environments] == ["a", "b"]
        held.outcome = "failed: 2 tests"

    assert service.arrived[0].body["releaseTokenHash"] == token.hash
    assert service.arrived[0].headers["idempotency-key"] == ID
    assert service.arrived[-1].body == {"outcome": "failed: 2 tests"}


def test_what_a_child_process_gets_has_nothing_that_wins(
    service: Service, client: AtmosphereClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "corp")
    lasting = entry()
    lasting["credentials"]["expiration"] = "2099-11-22T11:00:00Z"
    service.script = [granted(lasting), Answer()]

    with client.allocation("demo", requester="me") as held:
        found = held.variables()

    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_REGION"], found["ATMOSPHERE_ALLOCATION"]) == (
        "an id",
        "us-east-1",
        ID,
    )
    assert "AWS_PROFILE" not in found
    assert found["PATH"] == os.environ["PATH"]
    assert found["AWS_SESSION_TOKEN"] == "a token"


# --- sessions


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> float:
        return self.now.timestamp()


def lasting(clock: Clock, seconds: float, word: str = "first", *, environments: int = 1) -> Any:
    places = [entry(f"e{index}") for index in range(environments)]
    for place in places:
        place["credentials"]["expiration"] = (clock.now + timedelta(seconds=seconds)).isoformat()
        place["credentials"]["secretAccessKey"] = word
    return read_granted(granted(*places).body)


def test_a_session_is_in_the_environment_s_region_and_ignores_the_caller_s_own_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "CALLER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    clock = Clock()
    session = Renewing(lasting(clock, 3600), lambda: pytest.fail("not yet"), clock).session("e0")

    assert session.region_name == "us-east-1"
    found = session.client("sts")._request_signer._credentials.get_frozen_credentials()  # type: ignore[attr-defined]
    assert (found.access_key, found.secret_key, found.token) == ("an id", "first", "a token")


def test_sessions_renew_their_credentials_together_and_at_most_once_a_minute() -> None:
    clock = Clock()
    asked: list[float] = []

    def ask() -> Any:
        asked.append(clock())
        return lasting(clock, 700, "second", environments=2)

    renewing = Renewing(lasting(clock, 1000, environments=2), ask, clock)
    assert renewing.keys("e0").secret_access_key == "first"
    assert asked == []

    clock.now += timedelta(seconds=100)
    assert [renewing.keys(name).secret_access_key for name in ("e0", "e1", "e0")] == ["second"] * 3
    assert len(asked) == 1

    clock.now += timedelta(seconds=61)
    renewing.keys("e1")
    assert len(asked) == 2


def test_a_refresh_that_fails_leaves_credentials_that_are_still_valid() -> None:
    clock = Clock()

    def fail() -> Any:
        raise Unavailable(503, "unavailable", "later")

    renewing = Renewing(lasting(clock, 1000), fail, clock)
    clock.now += timedelta(seconds=900)
    assert renewing.keys("e0").secret_access_key == "first"
    clock.now += timedelta(seconds=80)
    with pytest.raises(Unavailable):
        renewing.keys("e0")


def test_credentials_of_an_allocation_that_has_ended_are_an_error_at_once() -> None:
    clock = Clock()

    def ended() -> Any:
        raise Ended(409, "already-ended", "over")

    renewing = Renewing(lasting(clock, 1000), ended, clock)
    clock.now += timedelta(seconds=100)
    with pytest.raises(Ended):
        renewing.keys("e0")


def test_a_session_of_a_grant_asks_the_service_for_fresh_credentials(
    service: Service, client: AtmosphereClient
) -> None:
    soon = entry()
    soon["credentials"]["expiration"] = (datetime.now(UTC) + timedelta(seconds=20)).isoformat()
    later = entry()
    later["credentials"] |= {"expiration": "2099-01-01T00:00:00Z", "secretAccessKey": "fresh"}
    service.script = [granted(soon), granted(later)]

    session = client.session(client.allocate("demo", requester="me"))

    assert session.get_credentials().secret_key == "fresh"  # type: ignore[union-attr]
    assert service.arrived[-1].path.endswith(f"/allocations/{ID}/credentials")


# --- errors


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(423, "pool-busy"), Busy),
        (refused(403, "forbidden"), Refused),
        (refused(400, "unsatisfiable"), Refused),
        (refused(409, "already-ended"), Ended),
        (refused(404, "unknown-allocation"), UnknownAllocation),
        (refused(503, "unavailable"), Unavailable),
        (refused(429, "throttled"), Unavailable),
        (Answer(body=b"<html>"), Unavailable),
        (Answer(body={"no": "pools"}), Unavailable),
        (LOST, Unavailable),
    ],
)
def test_every_failure_has_a_kind(
    service: Service, client: AtmosphereClient, answer: Any, kind: type[ServiceError]
) -> None:
    service.script = [answer]
    with pytest.raises(ServiceError) as failure:
        client.pools()
    assert type(failure.value) is kind
    assert type(failure.value.with_remedy("do something")) is kind


# --- who asks


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"ATMOSPHERE_REQUESTER": "me", "BUILD_URL": "https://x"}, "me"),
        (
            {"GITHUB_SERVER_URL": "https://g", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"},
            "https://g/o/r/actions/runs/7",
        ),
        ({"CI_JOB_URL": "https://gitlab/7"}, "https://gitlab/7"),
        ({"BUILDKITE_BUILD_URL": "https://bk/7"}, "https://bk/7"),
        ({"CODEBUILD_BUILD_ARN": "arn:x"}, "arn:x"),
        ({"ATMOSPHERE_REQUESTER": "a\nb\x1b"}, "a b"),
        ({"ATMOSPHERE_REQUESTER": "é" * 1000}, "é" * 512),
    ],
)
def test_the_requester_is_what_people_can_follow(environ: dict[str, str], found: str) -> None:
    assert requester(environ) == found


def test_a_requester_without_a_build_is_the_user(tmp_path: Path) -> None:
    assert "@" in requester({})
