"""`atmosphere environment doctor`: a line for each check, the worst as the exit code, and usage that is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cli.main import main
from atmosphere.core.doctor.facts import Unread
from atmosphere.core.model import AccountId
from tests.core.test_doctor import facts

if TYPE_CHECKING:
    from atmosphere.core.doctor.facts import Facts
    from atmosphere.core.model import Registration

EXAMPLES = str(Path(__file__).resolve().parents[2] / "config")
HERE = "444444444444/us-east-1"


def doctor(*words: str) -> int:
    return main(["environment", "doctor", *words, "--config", EXAMPLES])


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What AWS says of the environment; a test changes it."""
    changed: dict[str, Any] = {}

    def examine(registration: Registration, **_: object) -> Facts:
        read = facts(registration)
        here = replace(
            read.roles[0],
            arn=registration.admin_role,
            account=registration.key.account,
            trust=json.loads(json.dumps(read.roles[0].trust).replace('"example"', '"atmosphere-example"')),
        )
        return replace(read, roles=(replace(here, **changed),))

    monkeypatch.setattr("atmosphere.adapters.doctor.examine", examine)
    return changed


def test_what_is_ready_is_ok_in_every_line(answers: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert answers == {}
    assert doctor(HERE, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["environment"] == f"aws://{HERE}"
    assert {each["level"] for each in shown["findings"]} == {"ok"}
    assert set(shown["findings"][0]) == {"check", "level", "text", "advice"}


@pytest.mark.parametrize(
    ("role", "code", "level"),
    [
        ({"account": AccountId("999999999999")}, 1, "problem"),
        (
            {"account": Unread("AccessDenied", refused=True), "trust": Unread("AccessDenied", refused=True)},
            1,
            "problem",
        ),
        ({"account": Unread("ThrottlingException")}, 3, "unknown"),
    ],
)
def test_the_worst_line_is_the_exit_code(
    answers: dict[str, Any], role: dict[str, Any], code: int, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answers.update(role)
    assert doctor(HERE) == code
    assert level in {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("999999999999/us-east-1",), "is not in"),
        (("us-east-1",), "is not ACCOUNT/REGION"),
        ((HERE, "--profile", "nowhere"), "the AWS profile 'nowhere' cannot be used (ProfileNotFound)"),
        ((), "Missing argument"),
    ],
)
def test_wrong_usage_is_one_sentence(words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(*words) == 2
    assert said in capsys.readouterr().err


def test_without_credentials_nothing_is_ok_but_what_the_files_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert doctor(HERE, "--json") == 3
    found = json.loads(capsys.readouterr().out)["findings"]
    assert {each["check"] for each in found if each["level"] == "ok"} == {"cleaner", "siblings"}
    assert {each["level"] for each in found} == {"ok", "unknown"}
