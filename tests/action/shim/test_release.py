"""Node's own release, which stands in for Python's: with the release token alone."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.action.shim.steps import OK, UNKNOWN, Ended, Service, Step

if TYPE_CHECKING:
    from collections.abc import Callable

ENDED = (409, {"code": "already-ended", "message": "the allocation has ended"})
HASTE = {"pauseMs": 1, "lookAgainMs": 50, "tryMs": 5_000}


@pytest.fixture
def release(step: Step, secret: str, allocation: str) -> Callable[..., Ended]:
    """Run it, an allocate having been sent some seconds `ago`, with shorter pauses than in earnest."""

    def run(endpoint: str, *, ago: float = 60, **limits: int) -> Ended:
        step.took(endpoint, secret=secret, allocation=allocation, ago=ago)
        script = json.dumps(str(step.action / "release.js"))
        given = f"{{...kept(process.env), ...{json.dumps(HASTE | limits)}}}"
        code = f"const {{kept, release}} = require({script}); release({given}).then((ok) => process.exit(ok ? 0 : 1))"
        ended = step.run("-e", code)
        assert secret not in ended.output
        return ended

    return run


def test_it_says_which_allocation_how_the_job_went_and_proves_it_by_the_token(
    release: Callable[..., Ended], secret: str, allocation: str
) -> None:
    with Service(OK) as service:
        assert release(f"{service.url}/v1").code == 0
    (request,) = service.requests
    assert (request.method, request.path) == ("DELETE", f"/v1/github/allocations/{allocation}")
    assert request.headers["Authorization"] == f"Bearer atmosphere-release.{secret}"
    assert request.body == {"outcome": "success"}


def test_what_has_ended_already_needs_no_release(release: Callable[..., Ended]) -> None:
    with Service(ENDED) as service:
        assert release(service.url).code == 0
    assert len(service.requests) == 1


@pytest.mark.parametrize("failure", [(500, {}), (503, {"code": "unavailable"}), (429, {}), (502, "<html>"), 0])
def test_a_failure_is_repeated(release: Callable[..., Ended], failure: Any) -> None:
    with Service(failure, failure, OK) as service:
        assert release(service.url).code == 0
    assert len(service.requests) == 3


def test_a_service_that_says_nothing_is_asked_again(release: Callable[..., Ended]) -> None:
    started = time.monotonic()
    with Service(60.0, OK) as service:
        assert release(service.url, tryMs=300).code == 0
    assert len(service.requests) == 2
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}),
        (200, "<html>sign in first</html>"),  # a proxy's page is no release
        (200, "null"),
        (404, "<html>not found</html>"),  # nor does it say that there is no such allocation
        (404, {"message": "Not Found"}),
        (409, {"code": "conflict"}),
        (403, {"code": "forbidden"}),
    ],
)
def test_it_gives_up_after_five_tries_and_says_so(release: Callable[..., Ended], answer: Any) -> None:
    with Service(answer) as service:
        ended = release(service.url)
    assert (ended.code, len(service.requests)) == (1, 5)
    assert ended.output.splitlines()[-1].startswith("Not released: ")


def test_where_nothing_listens_it_fails_after_its_tries(release: Callable[..., Ended], nowhere: str) -> None:
    ended = release(nowhere)
    assert ended.code == 1
    assert "ECONNREFUSED" in ended.output


def test_an_allocate_that_is_late_is_waited_for(release: Callable[..., Ended]) -> None:
    with Service(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, OK) as service:
        ended = release(service.url, ago=10)
    assert (ended.code, len(service.requests)) == (0, 7)
    assert "Released." in ended.output


def test_an_id_that_stays_unknown_35_seconds_after_asking_was_never_allocated(release: Callable[..., Ended]) -> None:
    asked = time.time() - 33.5
    with Service(UNKNOWN) as service:
        ended = release(service.url, ago=33.5, lookAgainMs=400)
    assert ended.code == 0
    assert "Nothing was allocated." in ended.output
    assert time.time() >= asked + 35
    assert len(service.requests) >= 3


def test_long_after_asking_an_unknown_id_is_final_at_once(release: Callable[..., Ended]) -> None:
    with Service(UNKNOWN) as service:
        assert release(service.url, ago=36).code == 0
    assert len(service.requests) == 1


def test_a_clock_that_was_set_back_does_not_make_it_wait_for_ever(release: Callable[..., Ended]) -> None:
    with Service(UNKNOWN) as service:
        ended = release(service.url, ago=-86_400, inFlightMs=300)
    assert ended.code == 0
    assert "Nothing was allocated." in ended.output


def test_a_redirect_is_not_followed(release: Callable[..., Ended]) -> None:
    with Service(OK) as elsewhere, Service((307, {}), location=f"{elsewhere.url}/x") as service:
        assert release(service.url).code == 1
    assert elsewhere.requests == []


def test_the_proxy_of_the_job_is_used(step: Step, secret: str, allocation: str) -> None:
    version = step.run("-p", "process.versions.node").output.split(".")
    if tuple(map(int, version[:2])) < (24, 5):
        pytest.skip("this node's fetch knows no proxy")
    with Service(OK) as proxy:
        step.took("http://service.example.com", secret=secret, allocation=allocation)
        step.env |= {"http_proxy": proxy.url}
        step.without_python()
        step.post(releaseMs=5_000)
    assert any("service.example.com" in request.path for request in proxy.requests)


@pytest.mark.parametrize(("name", "used"), [("HTTPS_PROXY", True), ("http_proxy", True), ("no_proxy", False)])
def test_node_is_told_of_a_proxy_when_it_starts(
    step: Step, secret: str, allocation: str, name: str, *, used: bool
) -> None:
    step.took("http://127.0.0.1:9", secret=secret, allocation=allocation)
    step.without_python()
    step.env[name] = "http://127.0.0.1:9"
    (step.action / "release.js").write_text("console.log(`proxy=${process.env.NODE_USE_ENV_PROXY}`)")
    assert re.findall(r"proxy=(\w+)", step.post().output) == ["1" if used else "undefined"]
