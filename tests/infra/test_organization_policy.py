"""The organization's policy protects what organizations put into accounts, from tests and from nobody else."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import botocore.session
import pytest

FILE = Path(__file__).resolve().parents[2] / "infra" / "organization-policy.json"
POLICY: dict[str, Any] = json.loads(FILE.read_text())
ADMIN = "arn:aws:iam::222222222222:role/AtmosphereAdmin"
MOST = 5120  # characters; AWS Organizations user guide, "Quotas", before the quota was raised


def denied(action: str, resource: str, principal: str = ADMIN) -> bool:
    """As IAM decides; the policy has no other forms than these."""
    return any(
        any(fnmatchcase(action, each) for each in listed(statement["Action"]))
        and any(fnmatchcase(resource, each) for each in listed(statement["Resource"]))
        and not any(fnmatchcase(principal, each) for each in excepted(statement))
        for statement in POLICY["Statement"]
    )


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def excepted(statement: dict[str, Any]) -> list[str]:
    condition = statement.get("Condition", {"ArnNotLike": {"aws:PrincipalArn": []}})
    assert condition.keys() == {"ArnNotLike"}
    return list(condition["ArnNotLike"]["aws:PrincipalArn"])


def role(name: str) -> str:
    return f"arn:aws:iam::222222222222:role/{name}"


@pytest.mark.parametrize(
    "name",
    [
        "OrganizationAccountAccessRole",
        "AWSCloudFormationStackSetExecutionRole",
        "stacksets-exec-x",
        "AWSControlTowerExecution",
        "aws-controltower-ConfigRecorderRole",
    ],
)
@pytest.mark.parametrize("action", ["iam:CreateRole", "iam:DeleteRole", "iam:UpdateAssumeRolePolicy"])
def test_a_test_cannot_imitate_or_change_a_role_of_the_organization(action: str, name: str) -> None:
    assert denied(action, role(name))
    assert not denied(action, role(name), role("OrganizationAccountAccessRole"))
    assert not denied(action, role(name), role("AWSControlTowerExecution"))


@pytest.mark.parametrize("action", ["CreateStack", "CreateChangeSet", "ExecuteChangeSet", "UpdateStack", "DeleteStack"])
def test_a_test_cannot_make_or_change_a_stack_named_like_an_instance_of_a_stack_set(action: str) -> None:
    stack = "arn:aws:cloudformation:us-east-1:222222222222:stack/StackSet-x/1"
    assert denied(f"cloudformation:{action}", stack)
    for name in ("stacksets-exec-1", "AWSControlTowerExecution", "AWSCloudFormationStackSetExecutionRole"):
        assert not denied(f"cloudformation:{action}", stack, role(name))


@pytest.mark.parametrize(
    "action", ["iam:PutRolePolicy", "iam:DeleteRole", "iam:PassRole", "iam:UpdateAssumeRolePolicy"]
)
def test_nobody_but_the_cleaner_and_the_organization_changes_the_cleaner(action: str) -> None:
    assert denied(action, role("AtmosphereCleaner"))
    for name in ("AtmosphereCleaner", "OrganizationAccountAccessRole", "AWSControlTowerExecution", "stacksets-exec-1"):
        assert not denied(action, role("AtmosphereCleaner"), role(name))


@pytest.mark.parametrize("action", ["CreateSAMLProvider", "UpdateSAMLProvider", "DeleteSAMLProvider"])
def test_a_test_cannot_touch_the_provider_of_identity_center(action: str) -> None:
    assert denied(f"iam:{action}", "arn:aws:iam::222222222222:saml-provider/AWSSSO_1_DO_NOT_DELETE")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateRole", role("app")),
        ("iam:PutRolePolicy", role("AtmosphereAdmin")),
        ("cloudformation:CreateStack", "arn:aws:cloudformation:us-east-1:222222222222:stack/app/1"),
        ("iam:CreateSAMLProvider", "arn:aws:iam::222222222222:saml-provider/app"),
    ],
)
def test_what_tests_and_cleanups_do_is_not_denied(action: str, resource: str) -> None:
    assert not denied(action, resource)


@pytest.mark.parametrize("statement", POLICY["Statement"], ids=lambda statement: str(statement["Sid"]))
def test_every_principal_that_is_excepted_is_protected_itself(statement: dict[str, Any]) -> None:
    names = [principal.replace("*:role", "222222222222:role") for principal in excepted(statement)]
    assert all(denied("iam:CreateRole", name.replace("-*", "-x")) for name in names)


def test_every_action_exists() -> None:
    session = botocore.session.get_session()
    for action in (action for statement in POLICY["Statement"] for action in listed(statement["Action"])):
        service, _, operation = action.partition(":")
        assert operation == "*" or operation in session.get_service_model(service).operation_names, action


def test_it_fits_the_quota_of_a_policy() -> None:
    assert len(json.dumps(POLICY, separators=(",", ":"))) <= MOST
