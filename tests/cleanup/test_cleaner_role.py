"""A role for cleaning only: no test gets it, the cleanup works under it, and nothing removes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from atmosphere.cleanup.model import GLOBAL, Finished, Resource, Verdict
from atmosphere.core.model import RoleArn
from tests.cleanup.conftest import ACCOUNT, EXTERNAL_ID, ROLE, role_arn
from tests.cleanup.land import TRUST, Land, LandAccounts, make_admin_role, root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CLEANER = RoleArn(f"arn:aws:iam::{ACCOUNT}:role/AtmosphereCleaner")
ITEM = Resource("AWS::IAM::Role", "AtmosphereCleaner", GLOBAL)
USED = ((role_arn(), EXTERNAL_ID),)


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        make_admin_role()
        yield


class Entering(LandAccounts):
    """Remembers which role was entered under which session name."""

    entered: list[tuple[str, str]]

    def _assume(self, role: RoleArn, name: str, **keywords: Any) -> Mapping[str, str]:
        self.entered.append((role.rpartition("/")[2], name.partition(".")[0]))
        return super()._assume(role, name, **keywords)


def a_land(*types: str, in_baseline: bool = True) -> Land:
    """An account with both roles, the cleaner's added before or after the baseline was captured."""
    if in_baseline:
        root("iam").create_role(RoleName="AtmosphereCleaner", AssumeRolePolicyDocument=TRUST)
    land = Land("AWS::IAM::Role", *types)
    if not in_baseline:
        root("iam").create_role(RoleName="AtmosphereCleaner", AssumeRolePolicyDocument=TRUST)
    land.changes["registration"] = replace(land.assignment().registration, cleaner=CLEANER)
    return land


def entering(land: Land) -> list[tuple[str, str]]:
    entered: list[tuple[str, str]] = []
    land.faulty(Entering).entered = entered
    return entered


def denied(role: str) -> bool:
    return bool(root("iam").list_role_policies(RoleName=role)["PolicyNames"])


def test_the_cleanup_enters_the_cleaner_s_role_and_only_canaries_enter_the_tests_role() -> None:
    land = a_land()
    land.changes["roles_used"] = USED
    entered = entering(land)
    land.clean()
    assert {("AtmosphereCleaner", "atmosphere-clean"), (ROLE, "atmosphere")} == set(entered)


def test_without_one_the_admin_role_cleans() -> None:
    land = Land("AWS::IAM::Role")
    entered = entering(land)
    assert land.clean().verdict is Verdict.CLEAN
    assert set(entered) == {(ROLE, "atmosphere-clean")}


@pytest.mark.parametrize("in_baseline", [True, False])
def test_it_stays_even_if_it_came_after_the_baseline(in_baseline: bool) -> None:  # noqa: FBT001
    land = a_land(in_baseline=in_baseline)
    root("iam").create_role(RoleName="leftover", AssumeRolePolicyDocument=TRUST)
    assert land.clean().verdict is Verdict.CLEAN
    names = {role["RoleName"] for role in root("iam").list_roles()["Roles"]}
    assert names == {ROLE, "AtmosphereCleaner"}


def test_one_that_a_test_made_again_is_dirty() -> None:
    land = a_land()
    iam = root("iam")
    iam.delete_role(RoleName="AtmosphereCleaner")
    iam.create_role(RoleName="AtmosphereCleaner", AssumeRolePolicyDocument=TRUST)
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "baseline-changed")


def test_one_that_is_gone_is_dirty() -> None:
    land = a_land()
    root("iam").delete_role(RoleName="AtmosphereCleaner")
    land.faulty(LandAccounts)  # moto lets a role be assumed that does not exist
    assert land.clean().reason == "baseline-missing"


def test_it_is_watched_like_the_roles_of_tests_and_never_given_to_one() -> None:
    assignment = a_land().assignment()
    assert assignment.role_resources == sorted([ITEM, Resource("AWS::IAM::Role", ROLE, GLOBAL)])
    assert CLEANER not in assignment.registration.roles.values()


def test_the_room_for_a_revocation_is_reserved_on_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    land = a_land()
    land.changes["capture_only"] = True
    stop = Finished(Verdict.BLOCKED, "stop")
    monkeypatch.setattr("atmosphere.cleanup.baseline.capture._complete_scan", lambda _: stop)
    assert land.clean().reason == "stop"
    assert denied("AtmosphereCleaner")
    assert denied(ROLE)


def test_lingering_sessions_of_it_end_too() -> None:
    land = a_land()
    land.changes["roles_used"] = USED
    land.clean()
    assert denied("AtmosphereCleaner")
    assert denied(ROLE)
