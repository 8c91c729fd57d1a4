"""A session that a test opened on a role of the baseline does not outlive its environment's cleaning."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from atmosphere.cleanup.model import Phase, Verdict
from atmosphere.cleanup.revoke.denial import policy_document
from atmosphere.core.model import ADMIN, RoleName
from tests.cleanup.conftest import ACCOUNT, EXTERNAL_ID, REGION, ROLE, role_arn
from tests.cleanup.faults import Crash, FaultyAccounts
from tests.cleanup.test_revocation import is_refused

if TYPE_CHECKING:
    from tests.cleanup.conftest import Ground

pytestmark = pytest.mark.emulator

USED = ((role_arn(), EXTERNAL_ID),)
WITHIN = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
POLICY = f"AtmosphereRevoke-{REGION}"


def make_role(ground: Ground, name: str, principal: Any) -> None:
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    iam = ground.root("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)


def enter(ground: Ground, name: str) -> boto3.Session:
    """A session of a role, opened from within the account."""
    keys = ground.root("sts").assume_role(RoleArn=role_arn(name), RoleSessionName="mine")["Credentials"]
    return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION)


def works(session: boto3.Session) -> bool:
    return not is_refused(session)


def policies(ground: Ground, role: str) -> list[str]:
    return sorted(ground.root("iam").list_role_policies(RoleName=role)["PolicyNames"])


def test_sessions_of_a_role_that_lets_in_its_account_end_with_the_allocation(ground: Ground) -> None:
    make_role(ground, "deploy", WITHIN)
    ground.capture(sweep_globals=True)
    mine = enter(ground, "deploy")
    assert works(mine)
    assert ground.clean(roles_used=USED, sweep_globals=True).verdict is Verdict.CLEAN
    assert not works(mine)
    assert works(enter(ground, "deploy"))  # who has business there opens a new one
    assert ground.clean(roles_used=USED, sweep_globals=True).verdict is Verdict.CLEAN  # what was written is no drift


def test_roles_that_a_test_cannot_enter_as_they_are_keep_their_sessions(ground: Ground) -> None:
    make_role(ground, "of-a-service", {"Service": "lambda.amazonaws.com"})
    make_role(ground, "of-others", {"AWS": "arn:aws:iam::999999999999:root"})
    ground.capture(sweep_globals=True)
    assert ground.clean(roles_used=USED, sweep_globals=True).verdict is Verdict.CLEAN
    assert [policies(ground, role) for role in ("of-a-service", "of-others")] == [["own"], ["own"]]


def test_a_session_that_a_test_opened_on_a_used_role_under_another_name_ends_too(ground: Ground) -> None:
    ground.capture(sweep_globals=True)
    mine = ground.session("a-name-of-my-own")  # as after opening the trust for a minute
    assert works(mine)
    assert ground.clean(roles_used=USED, sweep_globals=True).verdict is Verdict.CLEAN
    assert not works(mine)
    assert works(ground.session("the-next-tenant"))
    assert ground.clean(roles_used=USED, sweep_globals=True).verdict is Verdict.CLEAN


def test_a_role_of_the_registration_that_was_not_used_is_cut_off_too(ground: Ground) -> None:
    deployer = ground.make_role("Deployer")
    roles = {ADMIN: role_arn(), RoleName("deployer"): deployer}
    ground.capture(sweep_globals=True, registration={"roles": roles})
    mine = [ground.session("mine"), ground.session("mine", "Deployer")]
    used = ((deployer, EXTERNAL_ID),)
    result = ground.clean(roles_used=used, sweep_globals=True, registration={"roles": roles})
    assert result.verdict is Verdict.CLEAN
    assert [works(session) for session in mine] == [False, False]
    result = ground.clean(roles_used=USED, sweep_globals=True, registration={"roles": roles})
    assert result.verdict is Verdict.CLEAN


def test_a_cleanup_killed_after_it_ended_its_own_session_goes_on_with_a_new_one(ground: Ground) -> None:
    ground.capture(sweep_globals=True)
    ground.root("sqs").create_queue(QueueName="leftover")
    assignment = ground.assignment(roles_used=USED, sweep_globals=True)
    own = ground.accounts
    ground.accounts = FaultyAccounts(ground.base, crash_after=1)
    with pytest.raises(Crash):
        ground.one_pass(assignment)
    ground.accounts = own
    assert ground.clean(assignment).verdict is Verdict.CLEAN
    assert [entry["operation"] for entry in ground.journal()][-1] == "DeleteQueue"


def test_a_deny_that_names_sessions_is_replaced_where_the_account_is_the_environments_alone(ground: Ground) -> None:
    ground.capture(sweep_globals=True)
    assignment = ground.assignment(roles_used=USED, sweep_globals=True)
    first = ground.one_pass(assignment)
    narrow = policy_document(REGION, datetime.now(UTC) + timedelta(seconds=30))
    ground.root("iam").put_role_policy(RoleName=ROLE, PolicyName=POLICY, PolicyDocument=narrow)
    second = ground.one_pass(assignment, first.state)
    assert (second.verdict, second.state.phase) == (Verdict.AGAIN, Phase.REVOKE)


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": [role_arn("other"), ACCOUNT]}])
def test_whoever_lets_in_the_account_among_others_is_meant(ground: Ground, principal: Any) -> None:
    make_role(ground, "open", principal)
    ground.capture(sweep_globals=True)
    assert ground.clean(roles_used=USED, sweep_globals=True).verdict is Verdict.CLEAN
    assert policies(ground, "open") == [POLICY, "own"]


def test_in_an_account_of_several_environments_they_may_be_anothers(ground: Ground) -> None:
    make_role(ground, "deploy", WITHIN)
    ground.capture(sweep_globals=True)
    assert ground.clean(roles_used=USED).verdict is Verdict.CLEAN
    assert policies(ground, "deploy") == ["own"]


def test_nothing_is_deleted_before_these_sessions_end_too(ground: Ground) -> None:
    make_role(ground, "deploy", WITHIN)
    ground.capture(sweep_globals=True)
    ground.root("sqs").create_queue(QueueName="leftover")
    failed: list[str] = []

    def judge(operation: str, asked: dict[str, Any]) -> str | None:
        if operation == "PutRolePolicy" and asked["RoleName"] == "deploy" and not failed:
            failed.append(operation)
            return "ServiceFailure"
        return None

    ground.accounts = FaultyAccounts(ground.base, judge=judge)
    assignment = ground.assignment(roles_used=USED, sweep_globals=True)
    first = ground.one_pass(assignment)
    assert (first.verdict, first.reason) == (Verdict.AGAIN, "unreachable")
    assert ground.clean(assignment).verdict is Verdict.CLEAN
    assert [entry["operation"] for entry in ground.journal()][-1] == "DeleteQueue"
    assert policies(ground, "deploy") == [POLICY, "own"]
    assert failed


def test_a_user_that_cannot_be_deleted_is_dead_before_anything_is_deleted(ground: Ground) -> None:
    ground.capture(sweep_globals=True)
    ground.root("sqs").create_queue(QueueName="leftover")
    iam = ground.root("iam")
    iam.create_user(UserName="mine")
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="mine", PolicyName="all", PolicyDocument=json.dumps(allow))
    key = iam.create_access_key(UserName="mine")["AccessKey"]
    mine = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)
    assert works(mine)
    seen: list[bool] = []

    def judge(operation: str, _: dict[str, Any]) -> str | None:
        if operation == "DeleteQueue":
            seen.append(_is_served(mine))
        return "DeleteConflict" if operation == "DeleteUser" else None

    ground.accounts = FaultyAccounts(ground.base, judge=judge)
    result = ground.clean(sweep_globals=True)
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, "blocked:AWS::IAM::User")
    assert seen == [False]
    assert not _is_served(mine)


def _is_served(session: boto3.Session) -> bool:
    try:
        session.client("sqs").list_queues()
    except ClientError:
        return False
    return True
