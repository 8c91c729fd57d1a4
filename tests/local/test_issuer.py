"""The stand-in for GitHub's token issuer: real signatures, any claim, and nothing without the request token."""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import jwt
import pytest

from atmosphere.core.access import AccessRules
from atmosphere.core.github import GITHUB_COM, Issuer, RepositoryId
from atmosphere.core.github_rules import SAFE_EVENTS, GitHubRule
from atmosphere.core.model import PoolName, RuleName
from atmosphere.core.settings import Settings
from atmosphere.core.snapshot import Snapshot
from atmosphere.local.issuer import TokenIssuer
from atmosphere.local.job import claims, first_rule
from atmosphere.local.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AUDIENCE = "https://atmosphere.example.com"
RULE = GitHubRule(
    name=RuleName("r"),
    issuer=GITHUB_COM,
    repository_id=RepositoryId("42"),
    repository_owner_id="7",
    repository="an-owner/a-repo",
    pools=(PoolName("demo"),),
)


@pytest.fixture
def issuer() -> Iterator[TokenIssuer]:
    made = TokenIssuer(claims(RULE), audience=AUDIENCE)
    made.start()
    yield made
    made.stop()


def get(url: str, authorization: str | None = None) -> tuple[int, Any]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        headers = {"Authorization": authorization} if authorization else {}
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        reply = connection.getresponse()
        return reply.status, json.load(reply)
    finally:
        connection.close()


def token(issuer: TokenIssuer, **query: str | list[str]) -> str:
    told = issuer.description
    more = urlencode(query, doseq=True)
    status, body = get(f"{told['tokenRequestUrl']}&{more}", f"Bearer {told['tokenRequestToken']}")
    assert status == 200
    value: str = body["value"]
    return value


def read(text: str) -> dict[str, Any]:
    return jwt.decode(text, options={"verify_signature": False})


def test_a_token_is_verified_with_the_published_keys(issuer: TokenIssuer) -> None:
    _, configuration = get(f"{issuer.url}/.well-known/openid-configuration")
    assert configuration["issuer"] == issuer.url
    _, published = get(configuration["jwks_uri"])
    (key,) = jwt.PyJWKSet.from_dict(published).keys
    text = token(issuer)
    assert jwt.get_unverified_header(text) == {"alg": "RS256", "typ": "JWT", "kid": key.key_id}
    found = jwt.decode(text, key, algorithms=["RS256"], audience=AUDIENCE, issuer=issuer.url)
    assert (found["repository_id"], found["repository_owner_id"]) == ("42", "7")
    assert set(published["keys"][0]) == {"kty", "n", "e", "kid", "use", "alg"}, "nothing private"


def test_its_times_are_those_of_github(issuer: TokenIssuer) -> None:
    found = read(token(issuer))
    assert (found["exp"] - found["iat"], found["iat"] - found["nbf"]) == (300, 600)
    assert abs(found["iat"] - time.time()) < 60


def test_all_tokens_are_about_one_job_and_none_is_like_another(issuer: TokenIssuer) -> None:
    first, second = read(token(issuer)), read(token(issuer))
    assert {name for name in first if first[name] != second[name]} - {"iat", "nbf", "exp"} == {"jti"}


@pytest.mark.parametrize(
    ("query", "name", "expected"),
    [
        ({"audience": "https://x.example.com"}, "aud", "https://x.example.com"),
        ({"audience": ["a", "b"]}, "aud", ["a", "b"]),
        ({"aud": "direct"}, "aud", "direct"),
        ({"iss": "https://elsewhere.example.com"}, "iss", "https://elsewhere.example.com"),
        ({"run_id": "5"}, "run_id", "5"),
        ({"exp": "17"}, "exp", 17),
        ({"iat": "-1"}, "iat", -1),
        ({"exp": "soon"}, "exp", "soon"),
        ({"new": "claim"}, "new", "claim"),
        ({"jti": ""}, "jti", None),
        ({"exp": ""}, "exp", None),
        ({"event_name": ["push", "schedule"]}, "event_name", ["push", "schedule"]),
    ],
    ids=str,
)
def test_any_claim_can_be_set_and_removed(
    issuer: TokenIssuer, query: dict[str, str | list[str]], name: str, expected: object
) -> None:
    assert read(token(issuer, **query)).get(name) == expected


def test_the_query_that_is_there_already_is_no_claim(issuer: TokenIssuer) -> None:
    assert "?" in issuer.description["tokenRequestUrl"]
    assert "api-version" not in read(token(issuer))


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer x", "Basic {}", "{}", "Bearer {}x", "Bearer  {}", "Bearer \u00e4"]
)
def test_without_the_request_token_there_is_no_token(issuer: TokenIssuer, authorization: str | None) -> None:
    told = issuer.description
    sent = authorization.format(told["tokenRequestToken"]) if authorization else None
    status, body = get(told["tokenRequestUrl"], sent)
    assert (status, "value" in body) == (401, False)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_case_of_the_scheme_does_not_matter(issuer: TokenIssuer, scheme: str) -> None:
    told = issuer.description
    status, body = get(told["tokenRequestUrl"], f"{scheme} {told['tokenRequestToken']}")
    assert (status, "value" in body) == (200, True)


def test_anything_else_is_not_there(issuer: TokenIssuer) -> None:
    assert get(f"{issuer.url}/")[0] == 404


def test_what_is_stopped_answers_nobody_and_starts_again_with_the_same_key(issuer: TokenIssuer) -> None:
    _, before = get(f"{issuer.url}/.well-known/jwks")
    issuer.stop()
    with pytest.raises(ConnectionRefusedError):
        get(f"{issuer.url}/.well-known/jwks")
    issuer.start()
    assert get(f"{issuer.url}/.well-known/jwks")[1] == before


def test_each_issuer_has_a_key_of_its_own() -> None:
    one, other = (TokenIssuer(claims(RULE), audience=AUDIENCE).keys()["keys"][0] for _ in range(2))
    assert one["n"] != other["n"]
    assert one["kid"] != other["kid"]


def test_a_job_is_what_its_rule_asks_for() -> None:
    demanding = GitHubRule(
        name=RuleName("r"),
        issuer=GITHUB_COM,
        repository_id=RepositoryId("42"),
        repository_owner_id="7",
        repository="an-owner/a-repo",
        pools=(PoolName("demo"),),
        events=("release",),
        refs=("refs/tags/v1",),
        workflows=("an-owner/shared/.github/workflows/x.yml@refs/heads/main",),
        environment="production",
        runner="self-hosted",
    )
    made = claims(demanding)
    assert (made["event_name"], made["ref"], made["ref_type"]) == ("release", "refs/tags/v1", "tag")
    assert made["job_workflow_ref"] == demanding.workflows[0]
    assert (made["environment"], made["runner_environment"]) == ("production", "self-hosted")
    assert "environment" not in claims(RULE)
    assert claims(RULE)["event_name"] in SAFE_EVENTS


def test_the_job_is_that_of_the_first_rule_for_github_com() -> None:
    enterprise = GitHubRule(
        name=RuleName("e"),
        issuer=Issuer("https://token.actions.githubusercontent.com/acme"),
        repository_id=RepositoryId("1"),
        repository_owner_id="1",
        repository="a/b",
        pools=(),
    )
    settings = Settings(role_names=("Admin",))
    both = Snapshot(environments=(), access=AccessRules(github=(enterprise, RULE)), settings=settings)
    assert first_rule(both) == RULE
    none = Snapshot(environments=(), access=AccessRules(github=(enterprise,)), settings=settings)
    assert first_rule(none).pools == ()


def test_a_state_directory_keeps_the_port_unless_somebody_has_taken_it(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.open()
    port = state.issuer_port()
    assert state.issuer_port() == port
    taken = TokenIssuer(claims(RULE), audience=AUDIENCE, port=port)
    taken.start()
    try:
        other = state.issuer_port()
    finally:
        taken.stop()
    assert other != port
    assert state.issuer_port() == other
    state.close()
