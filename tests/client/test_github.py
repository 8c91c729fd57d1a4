"""A client with GitHub tokens: a fresh one for each request; and release tokens, for when nothing else is left."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import Credentials

from atmosphere.client.client import AtmosphereClient
from atmosphere.client.connect import from_github, from_ready_file
from atmosphere.client.errors import NotConnected, ServiceError
from atmosphere.client.github import TokenRequest, token_request
from atmosphere.client.proof import ReleaseToken
from tests.client.conftest import ID, LOST, Answer, entry, granted, refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.conftest import Service, SteppedPace

GITHUB = "/_aws/execute-api/abc123/v1/github"
TOKEN = ReleaseToken("s" * 43)


class Tokens:
    """A source of tokens that can be told apart."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self) -> str:
        self.given += 1
        return f"token.number.{self.given}"


@pytest.fixture
def github(service: Service, pace: SteppedPace) -> AtmosphereClient:
    return AtmosphereClient(service.endpoint, tokens=Tokens(), pace=pace)


def test_every_question_goes_to_the_github_tree_with_a_token_of_its_own(
    service: Service, github: AtmosphereClient
) -> None:
    service.script = [granted(), granted(), Answer(body={"pool": "demo", "counts": {}}), Answer()]

    github.allocate("demo", requester="me")
    github.credentials(ID)
    github.pool("demo")
    github.deallocate(ID)

    assert [(arrived.method, arrived.path.removeprefix(GITHUB)) for arrived in service.arrived] == [
        ("POST", "/allocations"),
        ("POST", f"/allocations/{ID}/credentials"),
        ("GET", "/pools/demo"),
        ("DELETE", f"/allocations/{ID}"),
    ]
    assert [arrived.headers["authorization"] for arrived in service.arrived] == [
        f"Bearer token.number.{number}" for number in (1, 2, 3, 4)
    ]
    assert not any("x-amz-date" in arrived.headers for arrived in service.arrived)


def test_each_repeat_takes_a_fresh_token(service: Service, github: AtmosphereClient) -> None:
    """The service takes each token once, also if it could not answer."""
    service.script = [refused(503, "unavailable"), LOST, refused(423, "pool-busy", after=1), granted()]

    github.allocate("demo", requester="me")

    assert len({arrived.headers["authorization"] for arrived in service.arrived}) == 4


@pytest.mark.parametrize("by", ["signature", "token"])
def test_a_release_token_ends_an_allocation_of_either_tree(service: Service, pace: SteppedPace, by: str) -> None:
    known = {"credentials": Credentials("1", "2")} if by == "signature" else {"tokens": Tokens()}
    client = AtmosphereClient(service.endpoint, pace=pace, **known)

    client.release(ID, TOKEN, outcome="cancelled")

    (sent,) = service.arrived
    assert (sent.method, sent.path, sent.body) == ("DELETE", f"{GITHUB}/allocations/{ID}", {"outcome": "cancelled"})
    assert sent.headers["authorization"] == f"Bearer atmosphere-release.{'s' * 43}"
    assert "x-amz-date" not in sent.headers


def test_an_unknown_id_is_asked_for_again_while_it_may_yet_come(
    service: Service, client: AtmosphereClient, pace: SteppedPace
) -> None:
    unknown = refused(404, "unknown-allocation")
    service.script = [unknown, unknown, Answer()]

    client.release(ID, TOKEN, may_yet_come_seconds=35)
    assert len(service.arrived) == 3

    service.script = [unknown]
    start = pace.now()
    with pytest.raises(ServiceError) as refusal:
        client.release(ID, TOKEN, may_yet_come_seconds=35)
    assert refusal.value.status == 404
    assert pace.now() - start == 35


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_release_that_is_refused_is_not_repeated(service: Service, client: AtmosphereClient, status: int) -> None:
    service.script = [refused(status, "unknown-allocation" if status == 404 else "forbidden")]

    with pytest.raises(ServiceError):
        client.release(ID, TOKEN)

    assert len(service.arrived) == 1


def test_only_the_hash_of_a_release_token_is_sent_and_nothing_shows_it(
    service: Service, github: AtmosphereClient
) -> None:
    service.script = [granted()]
    token = ReleaseToken.new()

    github.allocate("demo", requester="me", release_token=token)

    (asked,) = service.arrived
    assert asked.body["releaseTokenHash"] == token.hash == sha256(token.secret.encode()).hexdigest()
    assert token.secret not in json.dumps([asked.body, asked.headers, asked.path])
    assert token.secret not in f"{token!r} {token}"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token.secret)
    assert ReleaseToken.new() != token


@pytest.mark.parametrize("status", [401, 403])
def test_the_block_gives_back_with_its_release_token_once_the_identity_has_expired(
    service: Service, github: AtmosphereClient, status: int
) -> None:
    service.script = [granted(), refused(status, "forbidden"), Answer()]

    with github.allocation("demo", requester="me"):
        pass

    asked, _, released = service.arrived
    secret = released.headers["authorization"].removeprefix("Bearer atmosphere-release.")
    assert sha256(secret.encode()).hexdigest() == asked.body["releaseTokenHash"]


def test_the_block_gives_back_where_the_runner_gives_no_more_tokens(service: Service, pace: SteppedPace) -> None:
    tokens = iter(["first"])

    def give() -> str:
        for token in tokens:
            return token
        raise ServiceError(0, "no-token", "the runner's token service gave no token")

    service.script = [granted(), Answer()]

    with AtmosphereClient(service.endpoint, tokens=give, pace=pace).allocation("demo", requester="me"):
        pass

    assert service.arrived[-1].headers["authorization"].startswith("Bearer atmosphere-release.")


def test_a_run_is_read(service: Service, github: AtmosphereClient) -> None:
    run = {
        "repository": "acme/app",
        "url": "https://github.com/acme/app/actions/runs/7/attempts/2",
        "attempt": "2",
        "job": None,
        "event": "push",
        "ref": "refs/heads/main",
        "workflow": "w",
        "actor": "octocat",
    }
    state = {
        "id": ID,
        "status": "active",
        "pool": "demo",
        "requester": "me",
        "startedAt": "2026-11-22T10:00:00Z",
        "expiresAt": "2026-11-22T13:00:00Z",
        "endedAt": None,
        "outcome": None,
        "endedBy": None,
        "askedBy": "acme/app@refs/heads/main",
        "run": run,
        "environments": [entry(keys=False)],
    }
    service.script = [
        Answer(body=state),
        Answer(body=state | {"run": None}),
        Answer(body=state | {"run": {"url": "x"}}),
    ]

    found = github.get(ID)

    assert found.asked_by == "acme/app@refs/heads/main"
    assert found.run is not None
    assert (found.run.repository, found.run.attempt, found.run.job) == ("acme/app", "2", None)
    assert github.get(ID).run is None
    with pytest.raises(ServiceError) as odd:
        github.get(ID)
    assert odd.value.code == "unreadable-reply"


@pytest.mark.parametrize("given", [{}, {"credentials": Credentials("1", "2"), "tokens": Tokens()}])
def test_a_client_has_one_identity(given: dict[str, object]) -> None:
    with pytest.raises(NotConnected, match="exactly one"):
        AtmosphereClient("http://127.0.0.1:1", **given)  # type: ignore[arg-type]


# --- the job's token service --------------------------------------------------------------------------------------


def a_request(service: Service, path: str = "/token?api-version=2.0", audience: str = "https://at me") -> TokenRequest:
    return TokenRequest(url=service.endpoint + path, request_token="the request's", audience=audience)


def test_a_token_is_asked_for_as_the_runner_wants_it(service: Service) -> None:
    service.script = [Answer(body={"count": 1, "value": "a.b.c"})]

    assert a_request(service)() == "a.b.c"
    assert a_request(service, "/token", "")() == "a.b.c"

    first, second = service.arrived
    assert first.path.endswith("/token?api-version=2.0&audience=https%3A%2F%2Fat+me")
    assert second.path.endswith("/token")
    assert first.headers["authorization"] == "Bearer the request's"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(401, {"value": "a.b.c"}),
        Answer(302, {"value": "a.b.c"}, {"Location": "http://127.0.0.1:1"}),
        Answer(200, b"<html>"),
        Answer(200, []),
        Answer(200, {"value": ""}),
        Answer(200, {"value": 1}),
        Answer(200, {"value": "a\r\nX-Other: 1"}),
        LOST,
    ],
)
def test_no_token_is_told_without_telling_any(service: Service, answer: object) -> None:
    service.script = [answer]

    with pytest.raises(ServiceError) as failure:
        a_request(service)()

    assert failure.value.code == "no-token"
    assert "a.b.c" not in str(failure.value)
    assert "the request's" not in f"{failure.value} {a_request(service)!r}"


def test_a_job_says_where_its_tokens_are() -> None:
    environ = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://runner/t", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "r"}
    assert token_request("us", environ) == TokenRequest(url="https://runner/t", request_token="r", audience="us")
    for missing in environ:
        with pytest.raises(NotConnected, match="id-token: write"):
            token_request("us", {name: value for name, value in environ.items() if name != missing})


def test_a_job_is_connected_by_its_environment(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", service.endpoint)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "r")
    service.script = [Answer(body={"value": "a.b.c"}), Answer()]

    from_github(service.endpoint, audience="us").deallocate(ID)

    assert service.arrived[-1].headers["authorization"] == "Bearer a.b.c"


def test_a_ready_file_gives_the_local_run_of_a_workflow(service: Service, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    github = {"tokenRequestUrl": f"{service.endpoint}/token", "tokenRequestToken": "r", "audience": "us"}
    ready.write_text(json.dumps({"endpoint": service.endpoint, "callers": {}, "github": github}))
    service.script = [Answer(body={"value": "a.b.c"}), Answer()]

    from_ready_file(ready, "github").deallocate(ID)

    assert service.arrived[-1].path.startswith(GITHUB)
    ready.write_text(json.dumps({"endpoint": service.endpoint, "callers": {}}))
    with pytest.raises(NotConnected, match="github"):
        from_ready_file(ready, "github")
