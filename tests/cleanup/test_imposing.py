"""How the Deny gets onto a role that a test left no room on, and how what carried it instead is put back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from atmosphere.cleanup.model import Finished, Verdict
from atmosphere.cleanup.revoke.denial import NOBODY, Denials, policy_document, whole_document
from atmosphere.cleanup.revoke.iam import DenialRefused
from atmosphere.cleanup.revoke.imposing import Imposing
from atmosphere.cleanup.revoke.reserving import reserve
from atmosphere.core.model import Region
from tests.cleanup.conftest import REGION, role_arn
from tests.cleanup.faults import Reply
from tests.cleanup.test_contents import ALLOW, NOW, OWNER, TRUST, Room

if TYPE_CHECKING:
    from collections.abc import Iterator

ELSEWHERE = Region("eu-west-1")
NAME = "AtmosphereRevoke-us-east-1"
BOUND = f"arn:aws:iam::{OWNER}:policy/{NAME}.Admin"
LATER = NOW + timedelta(seconds=5)
NARROW = ALLOW.replace('"*"', '"sqs:*"', 1)
"""A boundary that allows less than everything."""


@pytest.fixture(autouse=True)
def _moto() -> Iterator[None]:
    with mock_aws():
        yield


class Role:
    """The admin role of a room, whose quota is as full as `full` says; IAM refuses what `refused` says."""

    def __init__(self, *, boundary: bool = False, alone: bool = True) -> None:
        self.room = Room(alone=alone)
        self.iam = self.room.root("iam")
        self.iam.create_role(RoleName="Admin", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.put("own", ALLOW)
        if boundary:
            policy = self.iam.create_policy(PolicyName="theirs", PolicyDocument=NARROW)["Policy"]["Arn"]
            self.iam.put_role_permissions_boundary(RoleName="Admin", PermissionsBoundary=policy)
        self.room.capture()
        self.refused: dict[str, str] = {}
        self.room.account.session.register("before-call", self._full)

    def put(self, name: str, text: str) -> None:
        self.iam.put_role_policy(RoleName="Admin", PolicyName=name, PolicyDocument=text)

    def _full(self, **event: Any) -> Any:
        operation = event["model"].name
        code = self.refused.get(operation)
        full = operation == "PutRolePolicy" and any(name.startswith("fill") for name in self.inline())
        if code is None and not full:
            return None
        return Reply(), {"Error": {"Code": code or "LimitExceeded", "Message": "on purpose"}}

    def inline(self) -> list[str]:
        return sorted(self.iam.list_role_policies(RoleName="Admin")["PolicyNames"])

    def boundary(self) -> str | None:
        found = self.iam.get_role(RoleName="Admin")["Role"].get("PermissionsBoundary", {})
        arn: str | None = found.get("PermissionsBoundaryArn")
        return arn

    def statements(self) -> list[dict[str, Any]]:
        version = self.iam.get_policy(PolicyArn=BOUND)["Policy"]["DefaultVersionId"]
        document = self.iam.get_policy_version(PolicyArn=BOUND, VersionId=version)["PolicyVersion"]["Document"]
        found: list[dict[str, Any]] = document["Statement"]
        return found

    @property
    def imposing(self) -> Imposing:
        return Imposing(self.room.context, Denials.of(self.room.assignment))


def the_deny(text: str) -> dict[str, Any]:
    [statement] = json.loads(text)["Statement"]
    found: dict[str, Any] = statement
    return found


def test_where_there_is_room_it_is_an_inline_policy() -> None:
    role = Role()
    assert role.imposing.deny("Admin", LATER)
    assert (role.inline(), role.boundary()) == ([NAME, "own"], None)
    assert role.imposing.standing("Admin") == LATER


@pytest.mark.parametrize("alone", [True, False])
def test_where_a_test_filled_the_room_what_it_put_there_goes(*, alone: bool) -> None:
    role = Role(alone=alone)
    role.room.assignment = replace(role.room.assignment, neighbours=() if alone else (ELSEWHERE,))
    for name in ("fill-1", "fill-2"):
        role.put(name, ALLOW)
    role.put("AtmosphereRevoke-eu-west-1", policy_document(ELSEWHERE, NOW))
    assert role.imposing.deny("Admin", LATER)
    neighbours = [] if alone else ["AtmosphereRevoke-eu-west-1"]  # another environment's revocation stays in force
    assert role.inline() == [*neighbours, NAME, "own"]
    assert role.imposing.standing("Admin") == LATER


def _rewritten(role: Role) -> None:
    role.refused["PutRolePolicy"] = "LimitExceeded"  # as a policy of the baseline was made longer


def _locked(role: Role) -> None:
    role.refused["PutRolePolicy"] = "AccessDenied"


def _stuck(role: Role) -> None:
    role.put("fill", ALLOW)
    role.refused["DeleteRolePolicy"] = "AccessDenied"


WAYS = [_rewritten, _locked, _stuck]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("alone", [True, False])
def test_where_that_does_not_help_a_boundary_carries_it(way: Any, *, alone: bool) -> None:
    role = Role(alone=alone)
    way(role)
    assert role.imposing.deny("Admin", LATER)
    deny = whole_document(LATER) if alone else policy_document(REGION, LATER)
    assert role.boundary() == BOUND
    assert role.statements() == [{"Effect": "Allow", "Action": "*", "Resource": "*"}, the_deny(deny)]
    assert role.imposing.standing("Admin") == LATER


def test_a_boundary_allows_no_more_than_the_one_before_and_moves_its_cut_off() -> None:
    role = Role(boundary=True)
    _locked(role)
    for number in range(8):  # of a policy's versions there are five at most
        cut_off = LATER + timedelta(seconds=number)
        assert role.imposing.deny("Admin", cut_off)
        assert role.statements() == [*json.loads(NARROW)["Statement"], the_deny(whole_document(cut_off))]
    assert role.imposing.standing("Admin") == cut_off


def test_an_older_inline_deny_does_not_hide_the_boundarys_later_one() -> None:
    role = Role()
    role.imposing.deny("Admin", LATER)
    _locked(role)
    role.imposing.deny("Admin", LATER + timedelta(seconds=9))
    assert role.imposing.standing("Admin") == LATER + timedelta(seconds=9)


@pytest.mark.parametrize("operation", ["CreatePolicy", "PutRolePermissionsBoundary"])
@pytest.mark.parametrize("code", ["LimitExceeded", "AccessDenied"])
def test_what_is_refused_for_good_ends_at_once_and_says_until_when_keys_live(operation: str, code: str) -> None:
    role = Role()
    role.iam.update_role(RoleName="Admin", MaxSessionDuration=3 * 3600)
    _locked(role)
    role.refused[operation] = code
    with pytest.raises(DenialRefused) as refused:
        role.imposing.deny("Admin", LATER)
    ended = refused.value.finished(role.room.account, NOW)
    assert (ended.verdict, ended.reason) == (Verdict.DIRTY, "revocation-refused")
    assert f"iam:{operation}" in ended.explanation
    for hours in (1, 3):
        assert (NOW + timedelta(hours=hours)).strftime("until %Y-%m-%d %H:%M UTC") in ended.explanation


def test_where_iam_does_not_say_how_long_sessions_are_it_may_be_the_longest() -> None:
    role = Role()
    role.refused["GetRole"] = "AccessDenied"
    ended = DenialRefused("Admin", "PutRolePolicy", "AccessDenied").finished(role.room.account, NOW)
    assert (NOW + timedelta(hours=12)).strftime("until %Y-%m-%d %H:%M UTC") in ended.explanation


def test_a_role_that_is_gone_needs_no_deny() -> None:
    role = Role()
    assert not role.imposing.deny("Gone", LATER)
    assert role.imposing.standing("Gone") is None


def test_a_capture_changes_nothing_else() -> None:
    role = Role()
    role.put("fill", ALLOW)
    role.room.assignment = replace(role.room.assignment, capture_only=True)
    with pytest.raises(DenialRefused):
        role.imposing.deny("Admin", LATER)
    assert role.inline() == ["fill", "own"]


@pytest.mark.parametrize("boundary", [True, False])
def test_the_boundary_is_put_back_when_an_inline_deny_holds_what_it_held(*, boundary: bool) -> None:
    role = Role(boundary=boundary)
    before = role.boundary()
    role.put("fill", ALLOW)
    role.refused["DeleteRolePolicy"] = "AccessDenied"
    role.imposing.deny("Admin", LATER)
    assert "boundary" in role.room.changed()["AWS::IAM::Role:Admin@global"]
    role.room.restorer.compare(fresh=True)
    restorer = role.room.restorer
    assert restorer.compare(fresh=True).restorable
    restorer.restore()
    assert role.boundary() == BOUND  # nothing else denies yet
    role.iam.delete_role_policy(RoleName="Admin", PolicyName="fill")
    role.imposing.deny("Admin", LATER - timedelta(seconds=1))
    restorer.compare(fresh=True)
    restorer.restore()
    assert role.boundary() == BOUND  # what denies is older
    role.refused.clear()
    role.imposing.deny("Admin", LATER)
    role.room.put_back()
    assert role.boundary() == before
    assert BOUND not in [policy["Arn"] for policy in role.iam.list_policies(Scope="Local")["Policies"]]


def test_a_boundary_of_another_name_is_only_told_of() -> None:
    role = Role()
    policy = role.iam.create_policy(PolicyName="AtmosphereRevoke-us-east-1.Other", PolicyDocument=ALLOW)["Policy"][
        "Arn"
    ]
    role.iam.put_role_permissions_boundary(RoleName="Admin", PermissionsBoundary=policy)
    assert role.room.restorer.compare(fresh=True).restorable == []


# --- the room, at registration ----------------------------------------------------------------------------------------


def test_registration_keeps_the_room_and_denies_nobody() -> None:
    role = Role()
    assert reserve(role.room.context, role_arn("Admin")) is None
    assert role.imposing.standing("Admin", whole=False) == NOBODY
    text = role.iam.get_role_policy(RoleName="Admin", PolicyName=NAME)["PolicyDocument"]
    assert len(json.dumps(text)) >= len(json.dumps(json.loads(whole_document(LATER))))  # a later one fits
    assert role.room.changed() == {}


def test_registration_leaves_a_deny_that_is_in_force() -> None:
    role = Role()
    role.imposing.deny("Admin", LATER)
    assert reserve(role.room.context, role_arn("Admin")) is None
    assert role.imposing.standing("Admin") == LATER


@pytest.mark.parametrize("code", ["LimitExceeded", "AccessDenied"])
def test_registration_demands_the_room(code: str) -> None:
    role = Role()
    role.refused["PutRolePolicy"] = code
    refused = reserve(role.room.context, role_arn("Admin"))
    assert isinstance(refused, Finished)
    assert (refused.verdict, refused.reason) == (Verdict.DIRTY, "role-preflight")
    assert "characters of room" in refused.explanation
