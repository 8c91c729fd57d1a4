"""What a policy of the organization denies is final at the first attempt, and the report says so."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from atmosphere.cleanup.model import Verdict
from atmosphere.core.organization import Organization
from atmosphere.faults import ORGANIZATION_DENIES, is_denied_by_organization
from tests.cleanup.conftest import EXTERNAL_ID, REGION, role_arn
from tests.cleanup.fakes import FakeStack, Manner, Part
from tests.cleanup.land import Land, LandAccounts, make_admin_role, root
from tests.cleanup.scene import KEY, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WHO = "User: arn:aws:sts::222222222222:assumed-role/Admin/x is not authorized to perform: sqs:DeleteQueue"
BY_SCP = f"{WHO} on resource: arn:aws:sqs:us-east-1:222222222222:left with an explicit deny in a service control policy"
BY_RCP = f"{WHO} on resource: r with an explicit deny in a resource control policy"
NOT_ALLOWED = f"{WHO} because no service control policy allows the sqs:DeleteQueue action"
NAMED = f"{BY_SCP}: arn:aws:organizations::111111111111:policy/o-exampleorg1/service_control_policy/p-examplepol"
ENCODED = f"You are not authorized to perform this operation. {BY_SCP}. Encoded authorization failure message: xyz"
IN_ACCOUNT = f"{WHO} on resource: r with an explicit deny in a resource-based policy"
TOPIC = "AWS::SNS::Topic"


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        make_admin_role()
        yield


def answering(land: Land, answers: Mapping[str, str]) -> Counter[str]:
    """AWS answers these operations so from now on; returns how often each operation is asked."""
    asked = Counter[str]()

    def judge(operation: str, _: dict[str, Any]) -> str | None:
        asked[operation] += 1
        return answers.get(operation)

    land.faulty(LandAccounts, judge=judge)
    return asked


@pytest.mark.parametrize("message", [BY_SCP, BY_RCP, NOT_ALLOWED, NAMED, ENCODED])
@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_the_organization_is_recognized_by_what_aws_says(code: str, message: str) -> None:
    assert is_denied_by_organization(ClientError({"Error": {"Code": code, "Message": message}}, "X"))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDenied", IN_ACCOUNT),
        ("AccessDenied", f"{WHO} because no identity-based policy allows the sqs:DeleteQueue action"),
        ("AccessDenied", "Access Denied"),
        ("AccessDenied", ""),
        ("ValidationError", BY_SCP),
    ],
)
def test_nothing_else_is_taken_for_the_organization(code: str, message: str) -> None:
    assert not is_denied_by_organization(ClientError({"Error": {"Code": code, "Message": message}}, "X"))


def test_a_denied_deletion_ends_the_cleanup_at_the_first_attempt() -> None:
    land = Land()
    root("sqs").create_queue(QueueName="left")
    asked = answering(land, {"DeleteQueue": f"AccessDenied: {BY_SCP}"})
    began = land.clock.now()
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, ORGANIZATION_DENIES)
    assert asked["DeleteQueue"] == 1
    assert land.clock.now() - began < land.limits.quiet_time
    (blocker,) = land.report(result)["blockers"]
    assert (blocker["code"], blocker["attempts"], blocker["message"]) == (ORGANIZATION_DENIES, 1, BY_SCP)
    assert "a policy of the organization denies" in land.report(result)["explanation"]
    assert blocker["next"]["command"].startswith(f"atmosphere baseline adopt {KEY.path} AWS::SQS::Queue:")


def test_a_denial_from_within_the_account_is_tried_again() -> None:
    land = Land()
    root("sqs").create_queue(QueueName="left")
    asked = answering(land, {"DeleteQueue": f"AccessDenied: {IN_ACCOUNT}"})
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, "blocked:AWS::SQS::Queue")
    assert asked["DeleteQueue"] > 1


def test_what_is_not_denied_still_goes_first_and_the_denied_is_not_tried_again() -> None:
    land = Land(TOPIC)
    root("sqs").create_queue(QueueName="left")
    topics = iter([f"{TOPIC}Busy", f"{TOPIC}Busy"])
    asked = Counter[str]()

    def judge(operation: str, _: dict[str, Any]) -> str | None:
        asked[operation] += 1
        if operation == "DeleteQueue":
            return f"AccessDenied: {BY_SCP}"
        return next(topics, None) if operation == "DeleteTopic" else None

    root("sns").create_topic(Name="left")
    land.faulty(LandAccounts, judge=judge)
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, ORGANIZATION_DENIES)
    assert (asked["DeleteQueue"], asked["DeleteTopic"]) == (1, 3)
    assert [blocker["type"] for blocker in land.report(result)["blockers"]] == ["AWS::SQS::Queue"]


def test_a_denied_listing_ends_the_cleanup_too() -> None:
    land = Land(TOPIC)
    asked = answering(land, {"ListTopics": f"AuthorizationError: {BY_SCP}"})
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, ORGANIZATION_DENIES)
    assert asked["ListTopics"] == 1
    assert land.report(result)["unknown"] == {f"{TOPIC}@{REGION}": ORGANIZATION_DENIES}


def test_a_listing_that_failed_otherwise_is_still_asked_again() -> None:
    land = Land(TOPIC)
    root("sqs").create_queue(QueueName="left")
    answering(land, {"ListTopics": "InternalError", "DeleteQueue": f"AccessDenied: {BY_SCP}"})
    assert land.clean().verdict is Verdict.BLOCKED


def test_a_stack_whose_member_the_organization_protects_is_not_deleted_again_and_again() -> None:
    scene = Scene(FakeStack("app", [Part("AWS::Timestream::Database", "db", Manner.FULL)]))
    scene.world.denials["db"] = BY_SCP
    result = scene.clean()
    blockers = scene.blockers(result)
    assert (result.verdict, result.reason) == (Verdict.DIRTY, ORGANIZATION_DENIES)
    assert {name: each["code"] for name, each in blockers.items()} == dict.fromkeys(("app", "db"), ORGANIZATION_DENIES)
    assert len(scene.world.deletions) == 2  # the second while Cloud Control had not answered yet


# --- the revocation ---


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (NAMED, "by the organization's policy arn:aws:organizations::111111111111:policy/o-exampleorg1/"),
        (BY_SCP, "by a policy of the organization"),
        (IN_ACCOUNT, None),
    ],
)
def test_a_revocation_that_the_organization_denies_says_so(message: str, named: str | None) -> None:
    land = Land(roles_used=((role_arn(), EXTERNAL_ID),))
    answering(land, {"PutRolePolicy": f"AccessDenied: {message}", "CreatePolicy": f"AccessDenied: {message}"})
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "revocation-refused")
    explanation = land.report(result)["explanation"]
    assert (named in explanation) if named else ("organization" not in explanation)
    assert ("have that policy allow it" in explanation) is (named is not None)
    assert ("put the role's policies, boundary and trust back" in explanation) is (named is None)


# --- what it names and the rules do not admit ---


def test_the_report_says_why_a_role_that_is_named_did_not_stay() -> None:
    land = Land("AWS::IAM::Role")
    registration = land.assignment().registration
    land.changes["registration"] = replace(
        registration, organization=Organization(roles=("arn:aws:iam::*:role/stacksets-exec-*",))
    )
    foreign = {"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [foreign]})
    root("iam").create_role(RoleName="stacksets-exec-1", AssumeRolePolicyDocument=document)
    result = land.clean()
    assert result.verdict is Verdict.CLEAN
    [(address, why)] = land.report(result)["refused"].items()
    assert address == "AWS::IAM::Role:stacksets-exec-1@global"
    assert "999999999999 may enter it" in why
    assert "999999999999 may enter it" in land.store.texts[str(result.report_key).replace(".json", ".md")]
