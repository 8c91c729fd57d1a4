"""Each statement of the organization's policy is tried by a call that has no effect where it is not denied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from atmosphere.adapters.organization import InForce, probe, tried
from atmosphere.core.model import ADMIN, RoleArn
from atmosphere.ports import Unreachable
from tests.builders import KEY, a_registration

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = RoleArn(f"arn:aws:iam::{KEY.account}:role/AtmosphereAdmin")
REGISTRATION = a_registration(roles={ADMIN: ROLE})
STATEMENTS = ["ProtectRoles", "ProtectCleaner", "ProtectSignIn", "ProtectStackSets", "ProtectSettings"]
BY_SCP = "not authorized to perform: x with an explicit deny in a service control policy"
BY_ROLE = "not authorized to perform: x because no identity-based policy allows the x action"
EXISTING = {"delete_role": "NoSuchEntity", "delete_saml_provider": "NoSuchEntity"}


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        yield


class Answering:
    """Clients that answer each operation with an error, or with success."""

    def __init__(self, code: str | None, message: str = "") -> None:
        self.code, self.message = code, message
        self.asked: dict[str, dict[str, Any]] = {}

    def __call__(self, _: str) -> Answering:
        return self

    def __getattr__(self, operation: str) -> Any:
        def call(**asked: Any) -> None:
            self.asked[operation] = asked
            if self.code:
                raise ClientError({"Error": {"Code": self.code, "Message": self.message}}, operation)

        return call


def answers(clients: Any) -> dict[str, InForce]:
    return {each.statement: each.in_force for each in tried(clients, REGISTRATION, "abc")}


@pytest.mark.parametrize("code", ["AccessDenied", "UnauthorizedOperation"])
def test_what_the_organization_denies_is_in_force(code: str) -> None:
    assert answers(Answering(code, BY_SCP)) == dict.fromkeys(STATEMENTS, InForce.YES)


def test_a_refusal_by_another_policy_shows_nothing() -> None:
    assert answers(Answering("AccessDenied", BY_ROLE)) == dict.fromkeys(STATEMENTS, InForce.UNKNOWN)


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("NoSuchEntity", {"ProtectRoles", "ProtectCleaner", "ProtectSignIn"}),
        (None, {"ProtectStackSets"}),
        ("DryRunOperation", {"ProtectSettings"}),
    ],
)
def test_a_call_that_was_allowed_shows_that_the_statement_is_not_in_force(code: str | None, missing: set[str]) -> None:
    found = answers(Answering(code))
    assert {name for name, answer in found.items() if answer is InForce.NO} == missing
    assert {answer for name, answer in found.items() if name not in missing} == {InForce.UNKNOWN}


def test_the_calls_name_nothing_that_exists_and_the_last_is_a_dry_run() -> None:
    clients = Answering("AccessDenied", BY_SCP)
    answers(clients)
    assert clients.asked == {
        "delete_role": {"RoleName": "stacksets-exec-atmosphere-probe-abc"},
        "delete_role_policy": {"RoleName": "AtmosphereCleaner", "PolicyName": "atmosphere-probe-abc"},
        "delete_saml_provider": {
            "SAMLProviderArn": f"arn:aws:iam::{KEY.account}:saml-provider/AWSSSO_atmosphere-probe-abc"
        },
        "delete_stack": {"StackName": "StackSet-atmosphere-probe-abc"},
        "modify_managed_resource_visibility": {"DefaultVisibility": "visible", "DryRun": True},
    }


def test_an_account_without_the_policy_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("atmosphere.adapters.organization.tried", lambda *arguments: seen.extend(arguments))
    probe(REGISTRATION, profile=None, unique="abc")
    client_of = seen[0]
    assert client_of("sts").get_caller_identity()["Arn"].endswith("AtmosphereAdmin/atmosphere-probe-abc")
    client_of("iam").create_role(RoleName="stacksets-exec-1", AssumeRolePolicyDocument="{}")
    found = answers(lambda service: client_of(service) if service == "iam" else Answering("X"))
    assert found["ProtectRoles"] is InForce.NO
    assert [role["RoleName"] for role in client_of("iam").list_roles()["Roles"]] == ["stacksets-exec-1"]


def test_an_admin_role_that_cannot_be_assumed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "AssumeRole")

    monkeypatch.setattr("atmosphere.adapters.organization._assumed", refuse)
    with pytest.raises(Unreachable, match="AtmosphereAdmin cannot be assumed: AccessDenied"):
        probe(REGISTRATION, profile=None, unique="abc")
