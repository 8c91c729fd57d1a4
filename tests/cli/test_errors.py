"""Errors say what, why and what to do; with `--json` they are JSON too."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from atmosphere.cli.main import main
from tests.client.conftest import Answer, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.client.conftest import Service

ALLOCATE = ["allocate", "--pool", "dmo", "--requester", "me"]


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address that refuses connections: bound, and not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "VARIABLEKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")


def said(capsys: pytest.CaptureFixture[str]) -> str:
    text = capsys.readouterr().err
    assert "Traceback" not in text
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        ("https://example.com/v1/allocations", "ends in /allocations, which clients add themselves: remove it"),
        ("https://example.com/v1/github/", "ends in /github, which clients add themselves: remove it"),
        ("example.com/v1", "is not an address: write it with its scheme and its stage"),
        ("127.0.0.1:4566", "is not an address: write it with its scheme and its stage"),
        ("ftp://example.com/v1", "is not an address"),
        ("https://", "is not an address"),
        ("https://example.com:port/v1", "is not an address (Port"),
        ("https://example.com/v1?stage=1", "has a user, a query or a fragment"),
        ("http://example.com/v1", "is http, which exposes the credentials to the network: write https"),
    ],
)
def test_an_endpoint_that_cannot_be_one_is_refused_with_what_to_write(
    keys: None, endpoint: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--endpoint", endpoint]) == 1
    assert says in said(capsys)


def test_a_caller_that_the_ready_file_does_not_have_is_named_with_those_it_has(
    ready_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--as", "nobody"]) == 1
    assert "has no caller 'nobody': it has runner, operator, github" in said(capsys)


def test_missing_credentials_name_where_they_were_searched_and_how_to_give_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["status", "--endpoint", "https://example.com/v1"]) == 1
    text = said(capsys)
    assert "there are no AWS credentials to sign with: not in AWS_ACCESS_KEY_ID" in text
    assert "Give --profile NAME, or set AWS_PROFILE" in text


def test_a_profile_whose_command_fails_is_shown_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile broken]\ncredential_process = sh -c 'echo the session has expired >&2; exit 1'\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert main(["status", "--endpoint", "https://example.com/v1", "--profile", "broken"]) == 1
    assert "the session has expired" in said(capsys)


def test_an_unknown_profile_says_how_to_list_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["status", "--endpoint", "https://example.com/v1", "--profile", "crop"]) == 1
    assert "`aws configure list-profiles` lists those that exist" in said(capsys)


def test_a_pool_s_typo_is_answered_with_the_pools_that_the_caller_may_use(
    service: Service, ready_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [
        refused(403, "forbidden"),
        Answer(body={"pools": [{"pool": "release", "counts": {}}, {"pool": "demo", "counts": {}}]}),
    ]

    assert main(ALLOCATE) == 1

    assert "did you mean 'demo'? this caller may use demo, release" in said(capsys)


def test_a_caller_that_no_rule_allows_is_pointed_to_its_identity(
    service: Service, ready_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [refused(403, "forbidden")]
    assert main(ALLOCATE) == 1
    assert "check with `aws sts get-caller-identity` that they are the intended ones" in said(capsys)


def test_in_a_shell_with_an_environment_s_credentials_that_is_the_likeliest_cause(
    service: Service, ready_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATMOSPHERE_ALLOCATION", "0b8ab9c5")
    service.script = [refused(403, "forbidden")]
    assert main(ALLOCATE) == 1
    assert "the AWS variables of this shell are those of allocation 0b8ab9c5" in said(capsys)


def test_an_unknown_role_is_the_likeliest_cause_of_unsatisfiable(
    service: Service, ready_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [refused(400, "unsatisfiable")]
    assert main([*ALLOCATE, "--role", "raeder"]) == 1
    assert "no matching environment of pool 'dmo' has one named 'raeder'" in said(capsys)


def test_errors_are_json_with_json(
    service: Service, ready_file: Path, nowhere: str, keys: None, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [refused(423, "pool-busy", after=9, position=3)]

    def error(*words: str) -> dict[str, object]:
        capsys.readouterr()
        assert main([*words, "--json"]) != 0
        shown = capsys.readouterr()
        assert shown.out == ""
        found: dict[str, object] = json.loads(shown.err.splitlines()[-1])
        return found

    busy = error(*ALLOCATE, "--wait", "0")
    assert (busy["code"], busy["message"], busy["status"], busy["position"]) == (
        "pool-busy",
        "no: pool-busy",
        423,
        3,
    )
    assert error("allocate")["code"] == "usage"
    assert error("status", "--as", "nobody")["code"] == "not-connected"


def test_an_unexpected_failure_is_json_with_json(
    monkeypatch: pytest.MonkeyPatch, ready_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("something odd")

    monkeypatch.setattr("atmosphere.cli.service._show_pools", fail)
    monkeypatch.setattr("atmosphere.client.client.AtmosphereClient.pools", lambda _: ())

    assert main(["status", "--json"]) == 1

    assert json.loads(capsys.readouterr().err) == {"message": "ZeroDivisionError: something odd", "code": "failed"}
