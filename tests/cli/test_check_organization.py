"""`atmosphere config check-organization`: one answer for each statement and account, and an exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from atmosphere.adapters.organization import Finding, InForce
from atmosphere.cli.main import main
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from atmosphere.core.model import Registration

EXAMPLES = str(Path(__file__).resolve().parents[2] / "config")


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The accounts that were probed, in order; all statements are in force."""
    return answering(monkeypatch, InForce.YES)


def answering(monkeypatch: pytest.MonkeyPatch, *answers: InForce) -> list[str]:
    accounts: list[str] = []

    def probe(registration: Registration, **_: object) -> list[Finding]:
        accounts.append(registration.key.account)
        if not answers:
            raise Unreachable("the role cannot be assumed: AccessDenied")
        return [Finding("ProtectRoles", answer, "X") for answer in answers]

    monkeypatch.setattr("atmosphere.adapters.organization.probe", probe)
    return accounts


def test_each_account_is_probed_once(probed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check-organization", EXAMPLES, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [each["account"] for each in shown] == probed == list(dict.fromkeys(probed))
    assert {json.dumps(each["statements"]) for each in shown} == {'{"ProtectRoles": "in force"}'}


def test_one_environment_is_enough(probed: list[str]) -> None:
    assert main(["config", "check-organization", EXAMPLES, "--json"]) == 0
    first = probed[0]
    probed.clear()
    assert main(["config", "check-organization", EXAMPLES, "--environment", f"{first}/us-east-1"]) == 0
    assert probed == [first]
    assert main(["config", "check-organization", EXAMPLES, "--environment", "999999999999/us-east-1"]) == 2


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ((InForce.YES, InForce.YES), 0),
        ((InForce.YES, InForce.NO), 1),
        ((InForce.NO, InForce.UNKNOWN), 3),
        ((), 3),
    ],
)
def test_the_exit_code_tells_the_worst(
    monkeypatch: pytest.MonkeyPatch, answers: tuple[InForce, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, *answers)
    assert main(["config", "check-organization", EXAMPLES]) == code
    shown = capsys.readouterr().out
    assert all(str(answer) in shown for answer in answers)
    assert answers or "cannot be assumed" in shown
