"""Every caller of the real template, as schemathesis makes its requests; what it finds is mended, never tolerated.

It has a service of its own: an operator who does everything leaves none that other journeys could use.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets as chance
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.contract import Env, issuer_digest
from atmosphere.core.github import GITHUB_COM
from atmosphere.core.model import Status
from atmosphere.local.service import LocalService
from tests.fuzz.description import Names, described
from tests.fuzz.run import Outcome, fuzz
from tests.fuzz.served import Served, nothing, release_token, signature, token_of
from tests.fuzz.wire import Asked
from tests.journeys.api import Api, until
from tests.journeys.conftest import SHORT, empty_lines, example
from tests.journeys.sweep import client
from tests.journeys.workflows import Job
from tests.quick import FEW_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fuzz.served import Proof

pytestmark = [pytest.mark.emulator, pytest.mark.slow, pytest.mark.timeout(1800)]

SECONDS: Final = int(os.environ.get("ATMOSPHERE_FUZZ_SECONDS", "60"))
"""For a caller that is let in; the others get a third."""
SEED: Final = int(os.environ.get("ATMOSPHERE_FUZZ_SEED", "16"))
EXAMPLES: Final = 20
POOLS: Final = ("demo", "release", "europe", "bench", "workflows")
RUN: Final = "17000000160"
GONE: Final = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    config = example(tmp_path_factory.mktemp("fuzz"))
    settings = {name: value for name, value in SHORT.items() if name != "min_heartbeat_seconds"}  # the file has 60
    with LocalService(config, settings=settings | FEW_TYPES, ticker=1.0) as started:
        _warm(started)
        yield started


def _warm(service: LocalService) -> None:
    """Start every function of the API: the seconds that this takes are not the first caller's."""
    runner = Api(service.description["endpoint"], service.description["callers"]["runner"])
    place = f"/allocations/{GONE}"
    first = (
        ("POST", "/allocations"),
        ("GET", place),
        ("DELETE", place),
        ("POST", f"{place}/credentials"),
        ("POST", f"{place}/heartbeat"),
        ("POST", "/pools/demo/resume"),
        ("POST", "/github/webhook"),
    )
    with ThreadPoolExecutor(len(first)) as threads:
        for _ in threads.map(lambda request: runner.ask(request[0], request[1], {}), first):
            pass


@pytest.fixture
def runner(service: LocalService) -> Api:
    return Api(service.description["endpoint"], service.description["callers"]["runner"])


@pytest.fixture
def asks(
    request: pytest.FixtureRequest,
    service: LocalService,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Outcome]:
    """Let a caller ask; nothing is in use afterwards, and all differences are an error."""

    def ask(
        proof: Proof,
        *,
        github: bool = False,
        seconds: int = SECONDS,
        as_text: bool = False,
        known: tuple[str, ...] = (),
    ) -> Outcome:
        places = [(row.key.account, row.key.region) for row in service.store().environments()]
        document = described(Names(POOLS[-1:] if github else POOLS, places, known), github=github)
        empty_lines(service)
        caller = Served(service.description["endpoint"], proof, as_text=as_text, leave=lambda: empty_lines(service))
        outcome = fuzz(document, caller, examples=EXAMPLES, seed=SEED, seconds=seconds)
        record_property("calls", sum(outcome.calls.values()))
        with capsys.disabled():
            print(f"\n{request.node.name}, seed {SEED}: {outcome}")  # noqa: T201 `make fuzz` shows it
        assert not outcome.differences, "\n".join(outcome.differences)
        rows = service.store().environments()
        assert [row.key for row in rows if row.status is Status.IN_USE and row.allocation not in known] == []
        return outcome

    return ask


@pytest.fixture
def webhook_secret(service: LocalService) -> bytes:
    """As an operator reads it, to tell GitHub."""
    name = service.description["functions"]["webhook"]
    told = client(service, "lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    arn = json.loads(told[Env.WEBHOOK_SECRETS])[issuer_digest(GITHUB_COM)]
    found: dict[str, Any] = client(service, "secretsmanager").get_secret_value(SecretId=arn)
    return str(found["SecretString"]).encode()


def test_a_runner(service: LocalService, asks: Callable[..., Outcome]) -> None:
    outcome = asks(signature(service.description["callers"]["runner"]), as_text=True)
    assert outcome.allocations
    assert {200, 400, 403, 404} <= set(outcome.calls)


def test_an_operator(service: LocalService, asks: Callable[..., Outcome]) -> None:
    keys = service.description["callers"]["operator"]
    try:
        outcome = asks(signature(keys))
    finally:
        _put_right(Api(service.description["endpoint"], keys))
    assert {200, 400, 404} <= set(outcome.calls)


def _put_right(operator: Api) -> None:
    """Resume and reinstate until everything is free, as an operator would."""
    remedies = {"held": "resume", "dirty": "reinstate"}

    def free() -> bool:
        for pool in POOLS:
            operator.ask("POST", f"/pools/{pool}/resume", {"reason": "after the fuzz"})
        rows = operator.ask("GET", "/environments").body["environments"]
        for row in rows:
            act = "resume" if row["hold"] else remedies.get(row["status"])
            if act is not None:
                place = f"/environments/{row['account']}/{row['region']}"
                operator.ask("POST", f"{place}/{act}", {"reason": "after the fuzz"})
        return all(row["status"] == "free" and not row["hold"] for row in rows)

    until(free, "everything is free")


def test_a_stranger(service: LocalService, asks: Callable[..., Outcome]) -> None:
    outcome = asks(signature(service.description["callers"]["stranger"]), seconds=SECONDS // 3)
    assert set(outcome.calls) == {403}


def test_a_workflow_and_github_itself(
    service: LocalService, asks: Callable[..., Outcome], webhook_secret: bytes
) -> None:
    job = Job(service.description, {"run_id": RUN})
    outcome = asks(token_of(job, webhook_secret), github=True)
    assert outcome.allocations
    assert {200, 400, 403, 404} <= set(outcome.calls)


def test_a_holder_of_a_release_token(service: LocalService, runner: Api, asks: Callable[..., Outcome]) -> None:
    secret = chance.token_urlsafe(32)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    runner.until_free("demo")
    empty_lines(service)
    wanted = {"pool": "demo", "requester": "fuzz", "releaseTokenHash": digest, "heartbeatSeconds": 3600}
    granted = runner.ask("POST", "/allocations", wanted)
    assert granted.status == 200, granted.body["code"]
    try:
        outcome = asks(release_token(secret), github=True, seconds=SECONDS // 3, known=(granted.body["id"],))
        end = Asked("DELETE", f"/github/allocations/{granted.body['id']}", "", {}, b'{"outcome": "fuzzed"}')
        assert Served(service.description["endpoint"], release_token(secret))(end).status == 200
    finally:
        runner.ask("DELETE", f"/allocations/{granted.body['id']}", {"outcome": "fuzzed"})
    assert {401, 403, 404} <= set(outcome.calls)


@pytest.mark.parametrize("github", [False, True], ids=["signed tree", "GitHub tree"])
def test_nobody(asks: Callable[..., Outcome], github: bool) -> None:  # noqa: FBT001 a parameter of a test
    outcome = asks(nothing, github=github, seconds=SECONDS // 3)
    assert set(outcome.calls) == ({401, 403} if github else {403})
