"""Extensions of CloudFormation's registry that are part of the baseline: their state is put back, or told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from moto import mock_aws

from tests.cleanup.faults import Reply
from tests.cleanup.test_contents import Room

if TYPE_CHECKING:
    from collections.abc import Iterator

HOOK: Final = "arn:aws:cloudformation:us-east-1:123456789012:type/hook/Ours-Own-Hook"
VERSIONS: Final = (f"{HOOK}/00000001", f"{HOOK}/00000002")


@pytest.fixture(autouse=True)
def _moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        yield


class Registered(Room):
    """A hook with two versions, and its configuration; whoever sets a default version takes it from the other."""

    default: str = VERSIONS[0]
    configuration: str | None = None

    def _break(self, **event: Any) -> Any:
        name, asked = event["model"].name, event["params"].get("body", {})
        if name in ("ListTypes", "ListTypeVersions", "DescribeType", "SetTypeDefaultVersion"):
            return Reply(200), getattr(self, name)(asked)
        if name == "BatchDescribeTypeConfigurations":
            if self.configuration is None:
                return Reply(), {"Error": {"Code": "TypeConfigurationNotFoundException", "Message": "none"}}
            told = {"Configuration": self.configuration, "Alias": "default", "TypeArn": HOOK}
            return Reply(200), {"TypeConfigurations": [told]}
        return super()._break(**event)

    def ListTypes(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802  as AWS calls it
        return {"TypeSummaries": [{"TypeArn": HOOK}] if asked["Type"] == "HOOK" else []}

    def ListTypeVersions(self, _: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        return {"TypeVersionSummaries": [{"Arn": arn} for arn in VERSIONS]}

    def DescribeType(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        return {"Arn": asked["Arn"], "IsDefaultVersion": asked["Arn"] == self.default}

    def SetTypeDefaultVersion(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        self.default = asked["Arn"]
        return {}


def test_the_default_version_of_a_kept_extension_is_put_back() -> None:
    room = Registered()
    room.capture()
    room.default = VERSIONS[1]
    assert set(room.changed()) == {f"AWS::CloudFormation::HookVersion:{arn}@us-east-1" for arn in VERSIONS}
    room.put_back()
    assert room.default == VERSIONS[0]


def test_the_configuration_of_a_kept_hook_is_compared_by_a_digest() -> None:
    room = Registered()
    room.configuration = '{"FailureMode": "WARN", "key": "between-us"}'
    kept = room.capture()
    assert "between-us" not in kept.to_json()
    assert room.changed() == {}
    room.configuration = '{"FailureMode": "FAIL", "key": "between-us"}'
    assert len(room.changed()) == len(VERSIONS)
    assert room.restorer.compare(fresh=True).restorable == []  # a digest cannot be put back


def test_a_configuration_where_there_was_none_is_seen() -> None:
    room = Registered()
    room.capture()
    room.configuration = "{}"
    assert len(room.changed()) == len(VERSIONS)


def test_what_changed_beside_the_default_version_is_left_when_that_is_put_back() -> None:
    room = Registered()
    room.capture()
    room.default, room.configuration = VERSIONS[1], "{}"
    restorer = room.restorer
    assert [drift.item.id for drift in restorer.compare(fresh=True).restorable] == [VERSIONS[0]]
    assert restorer.restore() == {}
    compared = restorer.compare(fresh=True)
    assert (room.default, compared.restorable, len(compared.found)) == (VERSIONS[0], [], len(VERSIONS))
