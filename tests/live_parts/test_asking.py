"""The live suite runs only where somebody asked for it, by the number of the account, and never with other tests."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from tests.live.optin import VARIABLES, Asked, NotAsked, asked, confirmed, is_embedded
from tests.live_parts.suite import FILES, written

ROOT: Final = Path(__file__).parents[2]
ENOUGH: Final = {"ATMOSPHERE_LIVE": "111111111111", "ATMOSPHERE_LIVE_STACK": "atmosphere"}


class Session:
    """As a boto3 session whose STS knows one account, or no one."""

    def __init__(self, account: str, region: str = "us-east-1") -> None:
        self._account = account
        self.region_name = region

    def client(self, _: str) -> Any:
        return self

    def get_caller_identity(self) -> dict[str, str]:
        if not self._account:
            raise ClientError({"Error": {"Code": "ExpiredToken"}}, "GetCallerIdentity")
        return {"Account": self._account}


def sure(variables: dict[str, str]) -> Asked:
    wanted = asked(variables)
    assert isinstance(wanted, Asked)
    return wanted


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({}, "ATMOSPHERE_LIVE is not set"),
        (ENOUGH | {"ATMOSPHERE_LIVE": "yes"}, "not an account's number"),
        (ENOUGH | {"ATMOSPHERE_LIVE": "1" * 13}, "not an account's number"),
        (ENOUGH | {"ATMOSPHERE_LIVE_STACK": " "}, "neither ATMOSPHERE_LIVE_ENDPOINT nor ATMOSPHERE_LIVE_STACK"),
        *((ENOUGH | {"ATMOSPHERE_LIVE_BUDGET": text}, "not an amount") for text in ("0", "-1", "much", "NaN", "inf")),
    ],
)
def test_who_says_too_little_is_refused_with_what_to_set(variables: dict[str, str], why: str) -> None:
    refused = asked(variables)
    assert isinstance(refused, NotAsked)
    assert why in refused.why


def test_the_account_and_a_stack_are_enough() -> None:
    wanted = sure(ENOUGH)
    assert (wanted.budget, wanted.ledger) == (Decimal("1.00"), Path("build/live/ledger.jsonl"))
    assert (wanted.pool, wanted.role, wanted.stranger, wanted.domain) == ("", "", "", "")


def test_an_endpoint_is_used_without_its_slash() -> None:
    assert (
        sure(ENOUGH | {"ATMOSPHERE_LIVE_ENDPOINT": "https://a.example.com/v1/"}).endpoint == "https://a.example.com/v1"
    )


@pytest.mark.parametrize(
    ("session", "why"),
    [
        (Session("222222222222"), "the credentials are of account 222222222222 and ATMOSPHERE_LIVE says 111111111111"),
        (Session(""), "(ExpiredToken)"),
        (Session("111111111111", region=""), "set AWS_REGION"),
    ],
)
def test_credentials_that_do_not_fit_are_refused(session: Session, why: str) -> None:
    refused = confirmed(sure(ENOUGH), session)
    assert isinstance(refused, NotAsked)
    assert why in refused.why


def test_credentials_of_the_account_are_accepted() -> None:
    assert confirmed(sure(ENOUGH), Session("111111111111")) == sure(ENOUGH)


def test_only_an_address_of_this_machine_is_the_embedded_aws() -> None:
    assert is_embedded("http://127.0.0.1:4566")
    assert not is_embedded("https://sts.us-east-1.amazonaws.com")
    assert not is_embedded("https://127.0.0.1.example.com")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """A command in an environment in which nobody asked."""
    environment = {"PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_without_the_variables_the_command_ends_with_2_and_says_what_to_set() -> None:
    asked_for, tidied = run("tests.live"), run("tests.live.leave")
    assert (asked_for.returncode, tidied.returncode) == (2, 2)
    assert "ATMOSPHERE_LIVE is not set" in tidied.stderr
    assert [name for name in VARIABLES if f"  {name}: " not in asked_for.stderr] == []


def test_without_the_variables_every_test_is_skipped_with_the_reason() -> None:
    ran = run("pytest", "tests/live", "-q", "-p", "no:randomly", "-p", "no:cacheprovider")
    assert ran.returncode == 0, ran.stdout
    assert f"\n{sum(test.cases for test in written())} skipped in " in ran.stdout
    assert "ATMOSPHERE_LIVE is not set" in ran.stdout


def test_neither_half_of_make_test_runs_them() -> None:
    """One half leaves out what is marked, the other one runs what is marked for the embedded AWS."""
    recipe = (ROOT / "Makefile").read_text()
    assert '-m "not live and not emulator $(MARKS)"' in recipe
    for path in FILES:
        text = path.read_text()
        assert "\npytestmark = pytest.mark.live\n" in text, path.name
        assert "mark.emulator" not in text, path.name


def test_each_test_takes_the_account_and_says_what_it_proves() -> None:
    assert [test.name for test in written() if "live" not in test.given] == []
    assert [test.name for test in written() if not test.proves.startswith("Proves ")] == []
