"""Where tokens and signing keys come from, each source against a loopback server or a real program."""

from __future__ import annotations

import json
import secrets
import stat
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere_action import identity, keys, metadata, oidc
from atmosphere_action.errors import KeysTrouble, NoIdentity, Refused, TokenTrouble
from atmosphere_action.proof import ReleaseToken
from atmosphere_action.service import Service as Api
from atmosphere_action.sigv4 import Keys
from tests.client.conftest import LOST, Answer, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.action.conftest import Runner
    from tests.client.conftest import Arrived, Service

OWN = {"AWS_ACCESS_KEY_ID": "I" * 20, "AWS_SECRET_ACCESS_KEY": "S" * 40}
NOWHERE = {"AWS_EC2_METADATA_DISABLED": "true", "PATH": ""}
ROLE = {"AccessKeyId": "an-id", "SecretAccessKey": "a-secret", "Token": "a-token", "Expiration": "2099-01-01T00:00:00Z"}
FOUND = Keys("an-id", "a-secret", "a-token")


def host(service: Service) -> str:
    return service.endpoint.partition("/_aws")[0]


@pytest.fixture
def aws(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """An `aws` that is a shell script; gives the variables under which it is found."""

    def make(script: str) -> dict[str, str]:
        program = tmp_path / "bin" / "aws"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return {**NOWHERE, "PATH": str(program.parent)}

    return make


def test_a_token_is_asked_for_with_its_audience_and_masked_first(runner: Runner) -> None:
    masked: list[str] = []
    environ = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{runner.endpoint}/token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "let-me",
    }

    token = oidc.tokens("https://a.example/?x&y", environ, masked.append)()

    assert masked == [token]
    (arrived,) = runner.arrived
    assert arrived.path.endswith("/token?api-version=2.0&audience=https%3A%2F%2Fa.example%2F%3Fx%26y")
    assert arrived.headers["authorization"] == "Bearer let-me"


@pytest.mark.parametrize(
    "answer",
    [Answer(500), Answer(200, b"<html>"), Answer(200, {}), Answer(200, {"value": "a\nb"}), Answer(200, []), LOST],
)
def test_a_runner_without_a_token_for_us_says_so(service: Service, answer: object) -> None:
    service.script = [answer]
    tokens = oidc.Tokens(url=service.endpoint, request_token="t", audience="a", mask=lambda _: None)

    with pytest.raises(TokenTrouble, match="the runner's token service"):
        tokens()


@pytest.mark.parametrize(
    ("name", "fork", "told"),
    [
        ("pull_request", True, "from a fork"),
        ("pull_request_target", True, "from a fork"),
        ("pull_request", False, "id-token: write"),
        ("push", True, "id-token: write"),
    ],
)
def test_why_there_is_no_token(tmp_path: Path, name: str, fork: object, told: str) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"head": {"repo": {"fork": fork}}}}))

    why = oidc.why_none({"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(event)})

    assert told in why


@pytest.mark.parametrize("content", ["", "[]", '{"pull_request": {"head": {"repo": null}}}', "{"])
def test_an_event_that_cannot_be_read_is_no_fork(tmp_path: Path, content: str) -> None:
    event = tmp_path / "event.json"
    event.write_text(content)

    assert not oidc.from_fork({"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event)})


def test_the_variables_come_first_and_are_kept() -> None:
    source = keys.found({**OWN, "AWS_SESSION_TOKEN": "T", "AWS_PROFILE": "x"})

    assert source() == Keys("I" * 20, "S" * 40, "T")
    assert keys.restored(json.loads(json.dumps(source.kept())), {})() == source()
    assert "S" * 40 not in repr(source)


def test_a_container_gives_the_keys_of_its_role(service: Service, tmp_path: Path) -> None:
    service.script = [Answer(body=ROLE)]
    token = tmp_path / "token"
    token.write_text("from-a-file\n")
    environ = {
        **NOWHERE,
        metadata.FULL: f"{service.endpoint}/creds",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "not-this",
        "http_proxy": "http://127.0.0.1:9",
    }

    source = keys.found(environ)

    assert source() == FOUND
    assert source.kept() == {"source": "container"}
    assert service.arrived[0].headers["authorization"] == "from-a-file"
    assert keys.restored(source.kept(), environ)() == FOUND


def test_a_container_with_a_relative_address(service: Service) -> None:
    service.script = [Answer(body=ROLE)]

    found = metadata.container({metadata.RELATIVE: "/v2/creds"}, base=host(service))

    assert found == FOUND
    assert service.arrived[0].path == "/v2/creds"


@pytest.mark.parametrize(
    "url", ["http://example.com/", "http://169.254.170.2.example.com/", "http://10.0.0.1/", "file:///etc/passwd"]
)
def test_a_container_address_may_not_lead_elsewhere(url: str) -> None:
    with pytest.raises(KeysTrouble, match="only https, loopback and AWS's own"):
        metadata.container({metadata.FULL: url})


@pytest.mark.parametrize(
    "url", ["http://169.254.170.23/v1", "http://[fd00:ec2::23]/v1", "https://creds.example", "http://localhost:1/"]
)
def test_addresses_that_a_container_may_have(url: str) -> None:
    assert metadata._allowed(url) == url


@pytest.mark.parametrize("answer", [Answer(403), Answer(200, b"no"), Answer(200, {"AccessKeyId": "x"}), LOST])
def test_a_container_endpoint_that_gives_nothing_is_no_silent_change_of_identity(
    service: Service, answer: object
) -> None:
    service.script = [answer]

    with pytest.raises(KeysTrouble):
        keys.found({**NOWHERE, metadata.FULL: service.endpoint})


def test_a_container_token_with_line_breaks_is_refused(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a\nb")

    with pytest.raises(KeysTrouble, match="line breaks"):
        metadata.container({metadata.FULL: "http://127.0.0.1:9/", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)})


def instance(role: bytes | None = b"runner-role") -> Callable[[Arrived], Answer]:
    """An instance's metadata that knows IMDSv2 only."""
    token = secrets.token_hex(20)

    def answer(arrived: Arrived) -> Answer:
        if arrived.method == "PUT":
            return Answer(200 if arrived.headers.get("x-aws-ec2-metadata-token-ttl-seconds") else 400, token.encode())
        if arrived.headers.get("x-aws-ec2-metadata-token") != token:
            return Answer(401)
        if arrived.path.endswith("security-credentials/"):
            return Answer(404) if role is None else Answer(200, role)
        return Answer(body=ROLE)

    return answer


def test_an_instance_gives_the_keys_of_its_role(service: Service) -> None:
    service.script = [instance()]

    assert metadata.instance({}, base=host(service)) == FOUND
    assert service.arrived[-1].path.endswith("/security-credentials/runner-role")


def test_an_instance_without_a_role_or_none_at_all_gives_none(service: Service) -> None:
    service.script = [instance(role=None)]

    assert metadata.instance({}, base=host(service)) is None
    assert metadata.instance({}, base="http://127.0.0.1:9") is None
    assert metadata.instance({"AWS_EC2_METADATA_DISABLED": "true"}, base=host(service)) is None


def test_metadata_passes_no_proxy(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.script = [Answer(body=ROLE)]
    monkeypatch.setenv("http_proxy", host(service))

    with pytest.raises(KeysTrouble):
        metadata.container({metadata.RELATIVE: "/creds"}, base="http://metadata.invalid")
    assert metadata.instance({}, base="http://metadata.invalid") is None

    assert not service.arrived


def test_the_cli_is_asked_without_keys_that_stand_in_variables(aws: Callable[[str], dict[str, str]]) -> None:
    told = json.dumps({"Version": 1, **{k: v for k, v in ROLE.items() if k != "Token"}, "SessionToken": "a-token"})
    environ = aws(f"""[ -z "$AWS_ACCESS_KEY_ID" ] && [ "$*" = "configure export-credentials --format process" ] && \
echo '{told}'""")

    source = keys.found(environ)

    assert source() == FOUND
    assert keys.restored(source.kept(), {**environ, **OWN})() == FOUND


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"])
def test_what_only_the_cli_can_follow_is_never_replaced_by_another_identity(service: Service, name: str) -> None:
    service.script = [Answer(body=ROLE)]

    with pytest.raises(KeysTrouble, match=f"{name} is set, which needs the AWS CLI"):
        keys.found({**NOWHERE, metadata.FULL: service.endpoint, name: "x"})

    assert not service.arrived


def test_what_the_cli_complains_about_is_passed_on(aws: Callable[[str], dict[str, str]]) -> None:
    environ = aws("echo 'the session has expired' >&2; exit 255")

    with pytest.raises(KeysTrouble, match="the session has expired"):
        keys.found({**environ, "AWS_PROFILE": "x"})
    with pytest.raises(NoIdentity, match="the session has expired"):
        keys.found(environ)


def test_no_keys_anywhere_is_told_with_a_cure() -> None:
    with pytest.raises(NoIdentity, match="configure credentials before this step"):
        keys.found(NOWHERE)


@pytest.mark.parametrize("kept", [{}, {"source": "other"}, {"source": None}])
def test_what_was_kept_and_is_damaged_is_no_source(kept: dict[str, Any]) -> None:
    with pytest.raises(KeysTrouble):
        keys.restored(kept, {})


def test_auto_takes_tokens_where_the_job_may_have_them(runner: Runner) -> None:
    tokens = {"ACTIONS_ID_TOKEN_REQUEST_URL": runner.endpoint, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t"}

    def tree(auth: str, environ: dict[str, str]) -> str:
        return identity.chosen(
            auth, endpoint="https://a.example", audience="a", environ=environ, mask=lambda _: None
        ).tree

    assert tree("auto", {**tokens, **OWN}) == "github"
    assert tree("iam", {**tokens, **OWN}) == "iam"
    assert tree("auto", OWN) == "iam"
    with pytest.raises(NoIdentity, match=r"id-token: write.*To sign with AWS credentials instead"):
        tree("auto", NOWHERE)
    with pytest.raises(NoIdentity, match=r"id-token: write.*AWS_PROFILE is set"):
        tree("auto", {**NOWHERE, "AWS_PROFILE": "for-later-steps"})
    with pytest.raises(KeysTrouble, match="AWS_PROFILE is set"):
        tree("iam", {**NOWHERE, "AWS_PROFILE": "for-later-steps"})
    with pytest.raises(NoIdentity, match="id-token: write"):
        tree("oidc", OWN)


def test_a_refused_request_names_its_request_id(service: Service) -> None:
    answer = refused(403, "forbidden")
    service.script = [Answer(answer.status, answer.body, {"X-Request-Id": "abc-\x7f123"})]

    with pytest.raises(Refused, match=r"no: forbidden \(forbidden, HTTP 403, request abc- 123\)"):
        Api(service.endpoint).ask("DELETE", "allocations", "x", proof=ReleaseToken("s"), body={})
