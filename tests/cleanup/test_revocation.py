"""Every session that an allocation was given is refused before anything is deleted, and seen to be refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from atmosphere import contract
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.model import Phase, Verdict
from atmosphere.cleanup.revoke import canaries
from atmosphere.cleanup.revoke.denial import policy_document
from atmosphere.core.model import ADMIN, RoleName
from tests.cleanup.conftest import ALLOCATION, EXTERNAL_ID, REGION, ROLE, role_arn
from tests.cleanup.faults import FaultyAccounts

if TYPE_CHECKING:
    import boto3

    from tests.cleanup.conftest import Ground

pytestmark = pytest.mark.emulator

USED = ((role_arn(), EXTERNAL_ID),)
TEST_SESSION = contract.session_name(contract.TEST_SESSION, REGION, ALLOCATION)


def is_refused(session: boto3.Session) -> bool:
    try:
        session.client("sqs").list_queues()
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"AccessDenied", "AccessDeniedException"}:
            raise
        return True
    return False


def standing(ground: Ground, role: str = ROLE, region: str = REGION) -> str:
    policy = ground.root("iam").get_role_policy(RoleName=role, PolicyName=f"AtmosphereRevoke-{region}")[
        "PolicyDocument"
    ]
    text: str = policy["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
    return text


def test_old_keys_are_refused_before_anything_is_deleted_and_others_are_not(registered):
    old = registered.session(TEST_SESSION)
    cleaner = registered.session(contract.session_name(contract.CLEANUP_SESSION, REGION, ALLOCATION))
    sibling = registered.session(contract.session_name(contract.TEST_SESSION, "eu-west-1", ALLOCATION))
    registered.root("sqs").create_queue(QueueName="leftover")
    assert not is_refused(old)
    assert registered.clean(roles_used=USED).verdict is Verdict.CLEAN
    assert [is_refused(session) for session in (old, cleaner, sibling)] == [True, False, False]
    assert [entry["operation"] for entry in registered.journal()] == ["PutRolePolicy", "DeleteQueue"]


def test_the_next_tenant_gets_keys_that_work_at_once(registered):
    result = registered.clean(roles_used=USED)
    assert datetime.now(UTC) > result.state.cut_off
    assert not is_refused(registered.session(TEST_SESSION))


def test_an_environment_is_not_clean_before_the_cut_off_has_passed(registered):
    skipped = tuple(entry.name for entry in CATALOGUE)  # so that two passes are quicker than the skew
    assignment = registered.assignment(
        roles_used=USED, settings={"clock_skew": timedelta(seconds=4), "skipped_types": skipped}
    )
    first = registered.one_pass(assignment)
    assert first.state.cut_off >= datetime.now(UTC) + timedelta(seconds=1)
    early = registered.one_pass(assignment, first.state)
    assert (early.verdict, early.wait > timedelta(seconds=0.5)) == (Verdict.AGAIN, True)
    registered.clock.sleep(early.wait)
    assert registered.one_pass(assignment, early.state).verdict is Verdict.CLEAN


def test_a_repeated_revocation_moves_the_cut_off_forward_only(registered):
    registered.clean(roles_used=USED)
    first = standing(registered)
    registered.clean(roles_used=USED)
    second = standing(registered)
    assert second >= first
    far = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    registered.root("iam").put_role_policy(
        RoleName=ROLE, PolicyName=f"AtmosphereRevoke-{REGION}", PolicyDocument=policy_document(REGION, far)
    )
    assert registered.clean(roles_used=USED).verdict is Verdict.CLEAN
    assert standing(registered) >= far.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_cut_off_that_no_cleanup_can_have_written_holds_nothing_up(registered):
    registered.root("iam").put_role_policy(
        RoleName=ROLE,
        PolicyName=f"AtmosphereRevoke-{REGION}",
        PolicyDocument=policy_document(REGION, datetime(2099, 1, 1, tzinfo=UTC)),
    )
    result = registered.clean(roles_used=USED)
    assert (result.verdict, result.reason) == (
        Verdict.DIRTY,
        "canary-unseen",
    )  # its own canary could not be seen at work
    assert standing(registered) < "2099"
    assert registered.clean(roles_used=USED).verdict is Verdict.CLEAN


def test_a_cut_off_that_another_pass_writes_meanwhile_is_not_lowered(registered):
    far = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=4)
    reads = count()

    def judge(operation: str, _: object) -> None:
        if operation == "GetRolePolicy" and next(reads) == 1:  # the canary has been seen, the cut-off not been chosen
            registered.root("iam").put_role_policy(
                RoleName=ROLE, PolicyName=f"AtmosphereRevoke-{REGION}", PolicyDocument=policy_document(REGION, far)
            )

    registered.accounts = FaultyAccounts(registered.base, judge=judge)
    assert registered.clean(roles_used=USED).verdict is Verdict.CLEAN
    assert standing(registered) >= far.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert datetime.now(UTC) > far


def test_every_role_that_was_used_is_revoked(registered):
    deployer = registered.make_role("Deployer")
    old = registered.session(TEST_SESSION, "Deployer")
    roles = {ADMIN: role_arn(), RoleName("deployer"): deployer}
    result = registered.clean(roles_used=(*USED, (deployer, EXTERNAL_ID)), registration={"roles": roles})
    assert result.verdict is Verdict.CLEAN
    assert is_refused(old)
    assert standing(registered, "Deployer") == standing(registered)


def test_a_role_that_may_only_use_s3_is_seen_through_s3(registered):
    narrow = registered.make_role("Narrow", actions="s3:*")
    roles = {ADMIN: role_arn(), RoleName("narrow"): narrow}
    assert registered.clean(roles_used=((narrow, EXTERNAL_ID),), registration={"roles": roles}).verdict is Verdict.CLEAN


def test_a_role_that_cannot_be_seen_at_work_is_denied_all_the_same_and_the_environment_is_dirty(registered):
    blind = registered.make_role("Blind", actions="ec2:DescribeVpcs")
    registered.root("sqs").create_queue(QueueName="leftover")
    result = registered.clean(roles_used=((blind, EXTERNAL_ID),))
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "canary-unseen")
    assert standing(registered, "Blind")
    assert len(registered.root("sqs").list_queues()["QueueUrls"]) == 1


def test_a_role_whose_trust_the_test_changed_is_denied_all_the_same_and_the_environment_is_dirty(registered):
    closed = registered.make_role("Closed")
    registered.root("iam").update_assume_role_policy(
        RoleName="Closed", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []})
    )
    result = registered.clean(roles_used=((closed, EXTERNAL_ID),))
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "canary-unseen")
    assert standing(registered, "Closed")


def test_the_sessions_of_a_role_that_is_gone_are_dead_and_its_absence_is_reported(registered):
    deployer = registered.make_role("Deployer")
    registered.root("iam").delete_role_policy(RoleName="Deployer", PolicyName="permissions")
    registered.root("iam").delete_role(RoleName="Deployer")
    roles = {ADMIN: role_arn(), RoleName("deployer"): deployer}
    result = registered.clean(roles_used=((deployer, EXTERNAL_ID),), registration={"roles": roles})
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "baseline-missing")
    assert [blocker["id"] for blocker in registered.report(result)["blockers"]] == ["Deployer"]


def test_nothing_is_deleted_while_the_canary_is_still_served(registered, monkeypatch):
    monkeypatch.setattr(canaries.Probe, "refused", lambda _: False)
    registered.root("sqs").create_queue(QueueName="leftover")
    result = registered.clean(roles_used=USED)
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "canary-not-refused")
    assert {entry["operation"] for entry in registered.journal()} == {"PutRolePolicy"}


def test_deleting_waits_until_every_replica_refuses(registered, monkeypatch):
    genuine = canaries.Probe.refused
    calls = count()
    monkeypatch.setattr(
        canaries.Probe, "refused", lambda probe: genuine(probe) if next(calls) not in {0, 2, 3} else False
    )
    assert registered.clean(roles_used=USED).verdict is Verdict.CLEAN
    assert next(calls) >= 6


def test_a_deny_that_somebody_removes_is_put_back_before_the_environment_is_clean(registered):
    assignment = registered.assignment(roles_used=USED)
    first = registered.one_pass(assignment)
    registered.root("iam").delete_role_policy(RoleName=ROLE, PolicyName=f"AtmosphereRevoke-{REGION}")
    second = registered.one_pass(assignment, first.state)
    assert (second.verdict, second.state.phase) == (Verdict.AGAIN, Phase.REVOKE)
    assert registered.clean(assignment).verdict is Verdict.CLEAN
    assert standing(registered)


def test_a_weaker_policy_of_the_same_name_does_not_stand(registered):
    document: dict[str, Any] = json.loads(policy_document(REGION, datetime.now(UTC) + timedelta(days=1)))
    document["Statement"][0]["Action"] = "s3:*"
    registered.root("iam").put_role_policy(
        RoleName=ROLE, PolicyName=f"AtmosphereRevoke-{REGION}", PolicyDocument=json.dumps(document)
    )
    old = registered.session(TEST_SESSION)
    assert registered.clean(roles_used=USED).verdict is Verdict.CLEAN
    assert is_refused(old)


def test_registering_tells_what_to_grant_a_role_that_could_never_be_seen(ground):
    blind = ground.make_role("Blind", actions="ec2:DescribeVpcs")
    result = ground.capture(registration={"roles": {ADMIN: role_arn(), RoleName("blind"): blind}})
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "role-preflight")
    assert "s3:list_buckets" in ground.report(result)["explanation"]
