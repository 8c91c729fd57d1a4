"""The authorizer's handler: policies, what handlers are told, what the log says and what it never says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.adapters.memory import MemorySnapshot
from atmosphere.contract import AUTHORIZER_FAILED, REPOSITORY_RENAMED, Env
from atmosphere.core.access import VerifiedCaller
from atmosphere.core.github import GITHUB_COM, RepositoryId
from atmosphere.core.model import RuleName
from atmosphere.core.tokens import RefusedToken
from atmosphere.handlers import authorize
from atmosphere.handlers.authorize import Undecided
from atmosphere.handlers.identity import identify
from tests.identity.keyserver import DOWN, KeyServer, key_set
from tests.identity.world import ABSENT, ARN, ENTERPRISE, JWKS, WORKFLOW, World, a_rule, key_pair, published

if TYPE_CHECKING:
    import logging

ALLOCATIONS: Final = "arn:aws:execute-api:us-east-1:111111111111:abc123/v1/{}/github/allocations{}"
RELEASE: Final = f"atmosphere-release.{'x' * 43}"
ID: Final = "/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"


def said(lines: list[logging.LogRecord], name: str = "authorize") -> dict[str, Any]:
    """The last line with this message, as its keys."""
    return next(line.__dict__ for line in reversed(lines) if line.getMessage() == name)


def test_a_token_is_let_in_for_this_call_only_and_its_run_is_described(world: World) -> None:
    policy = world.policy(world.token())
    assert policy["policyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": ARN}],
    }
    assert policy["principalId"] == f"github:{GITHUB_COM}:123456:7000000001"
    assert policy["context"] == {
        "auth": "github",
        "rules": "example",
        "issuer": GITHUB_COM,
        "repository_id": "123456",
        "repository": "example-org/example-repo",
        "run_id": "7000000001",
        "run_attempt": "1",
        "check_run_id": "8000000001",
        "event": "push",
        "ref": "refs/heads/main",
        "workflow": WORKFLOW,
        "actor": "octocat",
    }


def test_all_matching_rules_are_named_in_their_order(world: World) -> None:
    world.configure(
        a_rule(name=RuleName("b")),
        a_rule(name=RuleName("no"), refs=("refs/heads/release",)),
        a_rule(name=RuleName("a"), refs=("refs/heads/main",)),
    )
    assert world.policy(world.token())["context"]["rules"] == "b,a"


def test_what_a_token_leaves_out_is_empty_for_handlers(world: World) -> None:
    context = world.policy(world.token(check_run_id=ABSENT, actor=ABSENT, job_workflow_ref=ABSENT))["context"]
    assert (context["check_run_id"], context["actor"], context["workflow"]) == ("", "", "")
    assert all(isinstance(value, str) for value in context.values())


def test_handlers_read_the_same_run_and_owner_out_of_it(world: World) -> None:
    policy = world.policy(world.token())
    caller = identify({"resource": "/github/allocations", "requestContext": {"authorizer": policy["context"]}})
    assert isinstance(caller, VerifiedCaller)
    assert (caller.owner, caller.rules) == (policy["principalId"], ("example",))
    assert caller.run is not None
    assert caller.run.check_run_id == "8000000001"


def test_a_refused_one_is_denied_this_call_and_told_nothing(world: World) -> None:
    policy = world.policy(world.token(ref="refs/heads/x", repository_id="9"))
    assert policy == {
        "principalId": "nobody",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": ARN}],
        },
        "context": {},
    }


def test_a_bad_token_raises_exactly_what_the_gateway_knows(world: World) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$") as raised:
        world.policy("no.such.token")
    assert type(raised.value) is Exception
    assert raised.value.__suppress_context__


def test_the_log_names_the_closest_rule_and_the_claim(world: World) -> None:
    world.configure(
        a_rule(name=RuleName("elsewhere"), repository_id=RepositoryId("9")),
        a_rule(name=RuleName("releases"), events=("release",)),
        a_rule(name=RuleName("main"), refs=("refs/heads/main",)),
    )
    with world.logged() as lines:
        world.policy(world.token(ref="refs/heads/secret-plan"))
    line = said(lines)
    assert {name: line[name] for name in ("status", "code", "reason", "rule", "claim", "repositoryId", "runId")} == {
        "status": 403,
        "code": "forbidden",
        "reason": "no rule matches",
        "rule": "main",
        "claim": "ref",
        "repositoryId": "123456",
        "runId": "7000000001",
    }
    assert line["unmatched"] == {"main": "ref", "releases": "event_name", "elsewhere": "repository_id"}
    assert "secret-plan" not in json.dumps(line, default=str)


def test_without_any_rule_a_genuine_token_is_refused(world: World) -> None:
    world.configure()
    assert world.ask(world.token()).status == 403


def test_a_renamed_repository_is_let_in_and_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with world.logged() as lines:
        world.policy(world.token(repository="example-org/new-name"))
    assert said(lines, "repository renamed")["rule"] == "example"
    assert f'"{REPOSITORY_RENAMED}":[1.0]' in capsys.readouterr().out
    with world.logged() as lines:
        world.policy(world.token(repository="Example-Org/Example-Repo"))
    assert [line.getMessage() for line in lines] == ["authorize"]


def test_a_log_line_has_the_request_id_that_the_access_log_has(world: World) -> None:
    event = {"type": "TOKEN", "authorizationToken": f"Bearer {world.token()}", "methodArn": ARN}
    with world.logged() as lines:
        authorize.handle(event, world.app, request_id="lambda-request-1")
    assert said(lines)["requestId"] == "lambda-request-1"


def _table_down(world: World) -> None:
    world.used.failing = True


def _keys_down(world: World) -> None:
    world.server.published[JWKS[GITHUB_COM]] = DOWN


def _snapshot_down(world: World) -> None:
    world.app.snapshots = MemorySnapshot(None)


def _bad_stand_in(world: World) -> None:
    world.app.environ = {Env.LOOPBACK_ISSUER: "http://127.0.0.1.example.com"}


@pytest.mark.parametrize("breaking", [_table_down, _keys_down, _snapshot_down, _bad_stand_in])
def test_what_cannot_be_decided_is_neither_401_nor_403_and_counted(
    world: World, capsys: pytest.CaptureFixture[str], breaking: Any
) -> None:
    breaking(world)
    with pytest.raises(Undecided) as raised:
        world.policy(world.token())
    assert raised.value.__suppress_context__
    assert f'"{AUTHORIZER_FAILED}":[1.0]' in capsys.readouterr().out


def test_a_token_that_met_a_table_that_was_down_can_be_used_later(world: World) -> None:
    token = world.token()
    world.used.failing = True
    assert world.ask(token).status == 503
    world.used.failing = False
    assert world.ask(token).status == 200


def test_a_use_is_remembered_until_no_clock_accepts_the_token(world: World) -> None:
    world.policy(world.token())
    assert [int(until.timestamp()) for until in world.used.used.values()] == [world.now + 295 + 30 + 5]


@pytest.mark.parametrize(
    ("token", "arn", "status"),
    [
        (RELEASE, ALLOCATIONS.format("DELETE", ID), 200),
        (RELEASE, ALLOCATIONS.format("POST", f"{ID}/heartbeat"), 200),
        (RELEASE, ALLOCATIONS.format("POST", ID), 403),
        (RELEASE, ALLOCATIONS.format("GET", f"{ID}/heartbeat"), 403),
        (RELEASE, ALLOCATIONS.format("DELETE", f"{ID}/heartbeat"), 403),
        (RELEASE, ALLOCATIONS.format("POST", f"{ID}/heartbeats"), 403),
        (RELEASE, ALLOCATIONS.format("POST", f"{ID}/x/heartbeat"), 403),
        (RELEASE, ALLOCATIONS.format("POST", f"{ID}/heartbeat").replace("/github", ""), 403),
        (RELEASE, ALLOCATIONS.format("POST", ""), 403),
        (RELEASE, ALLOCATIONS.format("GET", ID), 403),
        (RELEASE, ALLOCATIONS.format("POST", f"{ID}/credentials"), 403),
        (RELEASE, ALLOCATIONS.format("DELETE", f"{ID}/credentials"), 403),
        (RELEASE, ALLOCATIONS.format("DELETE", "").replace("/github", ""), 403),
        (RELEASE[:-1], ALLOCATIONS.format("DELETE", ID), 401),
        (f"{RELEASE}x", ALLOCATIONS.format("DELETE", ID), 401),
        (f"{RELEASE}\n", ALLOCATIONS.format("DELETE", ID), 401),
        (RELEASE.replace("xx", "x="), ALLOCATIONS.format("DELETE", ID), 401),
        (RELEASE.upper(), ALLOCATIONS.format("DELETE", ID), 401),
    ],
)
def test_a_release_token_passes_to_the_routes_that_know_it(world: World, token: str, arn: str, status: int) -> None:
    assert world.ask(token, arn).status == status
    assert world.used.used == {}
    assert world.server.asked == []


def test_handlers_learn_of_a_release_token_only_that_it_is_one(world: World) -> None:
    assert world.policy(RELEASE, ALLOCATIONS.format("DELETE", ID))["context"] == {"auth": "release"}


def test_a_release_token_needs_neither_configuration_nor_keys(world: World) -> None:
    world.app.snapshots = MemorySnapshot(None)
    assert world.ask(RELEASE, ALLOCATIONS.format("DELETE", ID)).status == 200


@pytest.fixture
def beside_an_issuer(key_server: KeyServer) -> World:
    """A deployment on one machine: a token issuer of its own stands in for github.com."""
    world = World(key_server, environ={Env.LOOPBACK_ISSUER: key_server.url})
    key_server.published["/.well-known/jwks"] = key_set(published(key_pair("stand-in"), "local"))
    return world


def _local(world: World, **changes: Any) -> str:
    return world.token(header={"kid": "local"}, key=key_pair("stand-in"), **({"iss": world.server.url} | changes))


def test_the_stand_in_counts_as_github_com(beside_an_issuer: World) -> None:
    policy = beside_an_issuer.policy(_local(beside_an_issuer))
    assert policy["context"]["issuer"] == GITHUB_COM
    assert policy["principalId"].startswith(f"github:{GITHUB_COM}:")
    assert beside_an_issuer.server.asked == ["/.well-known/jwks"]


def test_beside_the_stand_in_github_com_itself_still_works(beside_an_issuer: World) -> None:
    assert beside_an_issuer.ask(beside_an_issuer.token()).status == 200


@pytest.mark.parametrize(
    "changes", [{"iss": GITHUB_COM}, {"iss": ENTERPRISE}, {"iss": "http://127.0.0.1:1"}, {"iss": "http://127.0.0.1"}]
)
def test_the_stand_ins_keys_are_good_for_nobody_else(beside_an_issuer: World, changes: dict[str, str]) -> None:
    assert beside_an_issuer.ask(_local(beside_an_issuer, **changes)).status == 401


def test_the_stand_ins_tokens_are_checked_like_any_other(beside_an_issuer: World) -> None:
    world = beside_an_issuer
    assert world.ask(_local(world, aud="elsewhere")).status == 401
    assert world.ask(_local(world, exp=world.now - 31)).status == 401
    assert world.ask(_local(world, repository_id="9")).status == 403
    token = _local(world)
    assert [world.ask(token).status for _ in range(2)] == [200, 401]


@pytest.mark.parametrize("environ", [{}, {Env.LOOPBACK_ISSUER: ""}])
def test_without_the_variable_a_loopback_issuer_is_a_stranger(key_server: KeyServer, environ: dict[str, str]) -> None:
    world = World(key_server, environ=environ)
    key_server.published["/.well-known/jwks"] = key_set(published(key_pair("stand-in"), "local"))
    assert world.ask(_local(world)).status == 401
    assert key_server.asked == []


def test_no_token_nor_part_of_one_is_ever_said(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever comes of a token, lines, metrics and exceptions hold none of it."""
    canary = "canary-4711"
    good = world.token(actor=canary)
    tokens = [
        good,
        good,
        world.token(actor=canary, aud=canary),
        world.token(sub=canary, repository_id="9"),
        world.token(header={"kid": canary}),
        world.token(header={"kid": f"/{canary}"}),
        world.token(iss=f"https://{canary}"),
        world.token(jti=f"{canary}\n"),
        world.token(event_name=canary),
        f"{canary}.{canary}.{canary}",
        canary,
        RELEASE,
    ]
    texts = [*(part for token in tokens for part in token.split(".") if len(part) > 20), RELEASE[-43:], canary]
    with world.logged() as lines:
        raised = [str(fault) for token in tokens if (fault := _fault(world, token))]
    heard = capsys.readouterr().out + json.dumps([line.__dict__ for line in lines], default=str) + "".join(raised)
    assert set(raised) == {"Unauthorized"}
    assert [text for text in texts if text in heard] == []


def _fault(world: World, token: str) -> Exception | None:
    try:
        world.policy(token)
    except Exception as fault:  # noqa: BLE001 -- as Lambda does
        return fault
    return None


def test_a_refusal_is_named_by_what_was_wrong() -> None:
    assert RefusedToken("exp has passed").claim == "exp"
    assert "exp" not in RefusedToken("exp has passed").message
