"""A kept cluster of EKS is entered by nobody who came with a test, and by no role that tests are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.cleanup.fakes import refuse
from tests.cleanup.faults import Reply
from tests.cleanup.test_contents import OWNER, Room

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "AWS::EKS::Cluster:kept@us-east-1"
OPERATOR = f"arn:aws:iam::{OWNER}:role/ops/Operator"
ADMIN = f"arn:aws:iam::{OWNER}:role/path/Admin"
POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@pytest.fixture(autouse=True)
def _moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        yield


class Eks:
    """One cluster, and what EKS answers about its access entries."""

    def __init__(self) -> None:
        self.mode: str | None = "API"
        self.entries: dict[str, list[str]] = {OPERATOR: []}
        self.there = True
        self.vanishing = ""

    def list_clusters(self, **_: Any) -> dict[str, Any]:
        return {"clusters": ["kept"] if self.there else []}

    def describe_cluster(self, **_: Any) -> dict[str, Any]:
        if not self.there:
            raise refuse("ResourceNotFoundException", "no cluster")
        return {"cluster": {"name": "kept", "accessConfig": {"authenticationMode": self.mode} if self.mode else {}}}

    def list_access_entries(self, **_: Any) -> dict[str, Any]:
        if self.mode in (None, "CONFIG_MAP"):
            raise refuse("InvalidRequestException", "the authentication mode must be API or API_AND_CONFIG_MAP")
        return {"accessEntries": [*self.entries, *filter(None, [self.vanishing])]}

    def describe_access_entry(self, *, principalArn: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if principalArn not in self.entries:
            raise refuse("ResourceNotFoundException", "no entry")
        return {"accessEntry": {"principalArn": principalArn, "kubernetesGroups": []}}

    def list_associated_access_policies(self, *, principalArn: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        scope = {"type": "cluster"}
        policies = [{"policyArn": each, "accessScope": scope} for each in self.entries[principalArn]]
        return {"associatedAccessPolicies": policies}

    def delete_access_entry(self, *, principalArn: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        del self.entries[principalArn]
        return {}


@pytest.fixture
def eks() -> Eks:
    return Eks()


@pytest.fixture
def room(eks: Eks, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A room whose sessions ask this EKS."""
    enter = Room.enter

    def entering(self: Room, **keywords: Any) -> Any:
        account = enter(self, **keywords)
        account.session.register("before-parameter-build", _remember)
        account.session.register("before-call", answer)
        return account

    def _remember(**event: Any) -> None:
        event["context"]["asked"] = dict(event["params"])

    def answer(**event: Any) -> Any:
        if event["model"].service_model.service_name != "eks":
            return None
        try:
            return Reply(200), getattr(eks, xform_name(event["model"].name))(**event["context"]["asked"])
        except ClientError as error:
            return Reply(), {**error.response, "ResponseMetadata": {"HTTPStatusCode": 400}}

    monkeypatch.setattr(Room, "enter", entering)
    room = Room()
    room.capture()
    return room


def test_an_entry_that_a_test_made_goes(eks: Eks, room: Room) -> None:
    assert room.changed() == {}
    eks.entries["arn:aws:iam::999999999999:role/other"] = [POLICY]
    assert "999999999999" in room.changed()[ADDRESS]
    room.put_back()
    assert list(eks.entries) == [OPERATOR]


def test_an_entry_of_a_role_that_tests_are_given_goes_although_it_was_there_before(eks: Eks, room: Room) -> None:
    eks.entries[ADMIN] = [POLICY]
    room.capture()
    assert ADMIN in room.changed()[ADDRESS]
    room.put_back()
    assert list(eks.entries) == [OPERATOR]


@pytest.mark.parametrize("name", ["user/Admin", "role/NotAdmin"])
def test_an_entry_of_the_baseline_for_somebody_else_of_that_name_stays(eks: Eks, room: Room, name: str) -> None:
    eks.entries[f"arn:aws:iam::{OWNER}:{name}"] = [POLICY]
    room.capture()
    assert room.changed() == {}


def test_what_was_changed_or_taken_away_is_only_told_of(eks: Eks, room: Room) -> None:
    eks.entries[OPERATOR] = [POLICY]
    assert POLICY in room.changed()[ADDRESS]
    assert room.restorer.compare(fresh=True).restorable == []
    eks.entries.clear()
    assert OPERATOR in room.changed()[ADDRESS]
    assert room.restorer.compare(fresh=True).restorable == []


@pytest.mark.parametrize("mode", ["CONFIG_MAP", None])
def test_a_cluster_without_entries_is_watched_for_its_mode(eks: Eks, room: Room, mode: str | None) -> None:
    eks.mode = mode
    room.capture()
    assert room.changed() == {}
    eks.mode, eks.entries = "API_AND_CONFIG_MAP", {}
    assert "API_AND_CONFIG_MAP" in room.changed()[ADDRESS]


def test_what_goes_while_it_is_read_is_gone(eks: Eks, room: Room) -> None:
    eks.vanishing = ADMIN
    assert room.changed() == {}
    eks.there = False
    assert room.changed() == {}
