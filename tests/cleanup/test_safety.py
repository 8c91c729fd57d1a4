"""What a cleanup never does: act in the wrong account, outside its limits, or call clean what it could not see."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cleanup.model import Verdict
from atmosphere.cleanup.state.baseline import baseline_name
from atmosphere.core.model import ADMIN, EnvironmentKey
from tests.cleanup.conftest import ACCOUNT, EXTERNAL_ID, HUB, REGION, ROLE, role_arn
from tests.cleanup.faults import Crash, FaultyAccounts

if TYPE_CHECKING:
    from tests.cleanup.conftest import Ground

pytestmark = pytest.mark.emulator

USED = ((role_arn(), EXTERNAL_ID),)


def seed(ground: Ground) -> None:
    """A small bit of everything that takes several steps."""
    template = {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket"},
            "Repo": {"Type": "AWS::ECR::Repository"},
            "Topic": {"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain"},
        }
    }
    ground.make_stack("app", template)
    ground.root("cloudformation").update_termination_protection(StackName="app", EnableTerminationProtection=True)
    s3 = ground.root("s3")
    [bucket] = ground.buckets()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="a")
    ecr = ground.root("ecr")
    name = ecr.describe_repositories()["repositories"][0]["repositoryName"]
    ecr.put_image(repositoryName=name, imageManifest='{"schemaVersion": 2}', imageTag="one")
    ground.root("logs").create_log_group(logGroupName="/loose")


def what_is_there(ground: Ground) -> dict[str, Any]:
    return {
        "stacks": ground.stacks(),
        "buckets": ground.buckets(),
        "repositories": len(ground.root("ecr").describe_repositories()["repositories"]),
        "topics": len(ground.root("sns").list_topics()["Topics"]),
        "groups": len(ground.root("logs").describe_log_groups()["logGroups"]),
    }


CLEAN = {"stacks": [], "buckets": [], "repositories": 0, "topics": 0, "groups": 0}


# --- the right account
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"service_account": ACCOUNT}, "blocked-account"),
        ({"settings": {"blocked_accounts": (ACCOUNT,)}}, "blocked-account"),
        ({"registration": {"roles": {ADMIN: role_arn(account="333333333333")}}}, "wrong-account"),
        ({"key": EnvironmentKey(HUB, REGION)}, "blocked-account"),
        ({"roles_used": ((role_arn(account="333333333333"), EXTERNAL_ID),)}, "wrong-account"),
    ],
)
def test_another_account_is_never_touched(registered, changes, reason):
    registered.make_role(account="333333333333")
    seed(registered)
    before = what_is_there(registered)
    result = registered.clean(**changes)
    assert (result.verdict, result.reason) == (Verdict.DIRTY, reason)
    assert (what_is_there(registered), registered.journal(), result.state.mutations) == (before, [], 0)


def test_sts_has_the_last_word_on_which_account_it_is(registered):
    class Elsewhere(FaultyAccounts):
        """Whatever role is asked for, one of another account is assumed."""

        def _assume(self, role: Any, name: str, **more: Any) -> Any:
            return super()._assume(role.replace(ACCOUNT, "333333333333"), name, **more)

    registered.make_role(account="333333333333")
    result = registered.one_pass(registered.assignment(), accounts=Elsewhere(registered.base))
    assert (result.verdict, result.reason, registered.journal()) == (Verdict.DIRTY, "wrong-account", [])


def test_an_admin_role_that_cannot_be_assumed_is_told_and_may_recover(registered):
    registered.root("iam").update_assume_role_policy(
        RoleName=ROLE, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []})
    )
    result = registered.clean()
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, "role-unusable")
    assert "trust policy" in registered.report(result)["explanation"]


# --- limits
# -------------------------------------------------------------------------------------------------------------


def test_nothing_is_changed_at_or_after_the_deadline(registered):
    seed(registered)
    before = what_is_there(registered)
    result = registered.clean(roles_used=USED, deadline=datetime.now(UTC))
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "deadline")
    assert (what_is_there(registered), registered.journal()) == (before, [])


def test_a_plan_tells_what_would_go_and_changes_nothing(registered):
    seed(registered)
    before = what_is_there(registered)
    accounts = FaultyAccounts(registered.base, plan=True)
    result = registered.one_pass(registered.assignment(roles_used=USED), accounts=accounts)
    assert (result.verdict, result.reason, accounts.mutations) == (Verdict.DIRTY, "planned", [])
    assert what_is_there(registered) == before
    assert {entry["type"] for entry in registered.report(result)["blockers"]} == {
        "AWS::CloudFormation::Stack",
        "AWS::Logs::LogGroup",
    }


def test_a_capture_reserves_the_space_of_a_revocation_once_and_changes_nothing_else(ground):
    seed(ground)
    for mutations in (["PutRolePolicy"], []):
        accounts = FaultyAccounts(ground.base)
        result = ground.one_pass(ground.assignment(capture_only=True), accounts=accounts)
        assert (result.verdict, accounts.mutations) == (Verdict.CLEAN, mutations)
    policy = ground.root("iam").get_role_policy(RoleName=ROLE, PolicyName=f"AtmosphereRevoke-{REGION}")
    assert "2000-01-01" in str(policy["PolicyDocument"])  # which denies no session


def test_without_a_baseline_the_keys_die_and_nothing_is_deleted(ground):
    seed(ground)
    before = what_is_there(ground)
    result = ground.clean(roles_used=USED)
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "no-baseline")
    assert what_is_there(ground) == before
    assert {entry["operation"] for entry in ground.journal()} == {"PutRolePolicy"}


def test_a_region_that_the_baseline_does_not_tell_of_is_not_cleaned(registered):
    result = registered.clean(registration={"regions": ("eu-west-1",)})
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "no-baseline")


def test_a_stack_that_owns_something_of_the_baseline_is_reported_and_left(ground):
    ground.make_stack("app", {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}, "B": {"Type": "AWS::S3::Bucket"}}})
    [bucket] = ground.buckets()
    assert ground.capture().verdict is Verdict.CLEAN
    name = baseline_name(EnvironmentKey(ACCOUNT, REGION))
    baseline = json.loads(ground.store.texts[name])
    baseline["items"] = [row for row in baseline["items"] if row[0] != "AWS::CloudFormation::Stack"]
    ground.store.texts[name] = json.dumps(baseline)  # as if the test had imported the bucket into a stack of its own
    result = ground.clean()
    assert (result.verdict, ground.stacks(), ground.buckets()) == (Verdict.DIRTY, ["app"], [bucket])
    assert "owns-kept-resource" in {entry["code"] for entry in ground.report(result)["blockers"]}


def test_something_of_the_baseline_that_is_gone_keeps_the_environment_from_being_clean(ground):
    ground.root("sqs").create_queue(QueueName="needed")
    assert ground.capture().verdict is Verdict.CLEAN
    ground.root("sqs").delete_queue(QueueUrl=ground.root("sqs").list_queues()["QueueUrls"][0])
    result = ground.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "baseline-missing")


def test_something_of_the_baseline_made_anew_is_not_taken_for_the_old_one(ground):
    ground.root("ecr").create_repository(repositoryName="needed")
    assert ground.capture().verdict is Verdict.CLEAN
    ground.root("ecr").delete_repository(repositoryName="needed")
    ground.clock.sleep(timedelta(seconds=1.1))  # the repository's time of creation has whole seconds
    ground.root("ecr").create_repository(repositoryName="needed")
    assert ground.clean().reason == "baseline-changed"


def test_a_superseded_cleanup_changes_nothing_more(registered):
    class SupersededError(Exception):
        pass

    def beat() -> None:
        raise SupersededError

    seed(registered)
    before = what_is_there(registered)
    with pytest.raises(SupersededError):
        registered.one_pass(registered.assignment(roles_used=USED), beat=beat)
    assert (what_is_there(registered), registered.journal()) == (before, [])


# --- what cannot be seen is not clean
# -----------------------------------------------------------------------------------

LISTINGS = [
    "DescribeStacks",
    "ListStacks",
    "ListBuckets",
    "DescribeRepositories",
    "DescribeLogGroups",
    "DescribeParameters",
    "ListQueues",
    "ListTopics",
    "ListTables",
    "ListFunctions",
    "ListRoles",
]


@pytest.mark.parametrize("operation", LISTINGS)
def test_a_listing_that_fails_is_never_taken_for_an_empty_one(registered, operation):
    registered.capture(sweep_globals=True)
    registered.accounts = FaultyAccounts(
        registered.base, judge=lambda asked, _: "AccessDeniedException" if asked == operation else None
    )
    result = registered.clean(sweep_globals=True)
    assert result.verdict is Verdict.BLOCKED
    assert result.reason.startswith("unknown:")
    assert "AccessDeniedException" in registered.report(result)["unknown"].values()


@pytest.mark.parametrize("operation", ["DescribeStacks", "ListQueues"])
def test_a_baseline_is_not_captured_from_a_listing_that_fails(ground, operation, monkeypatch):
    monkeypatch.setattr("atmosphere.cleanup.baseline.capture._NAP", timedelta(0))
    accounts = FaultyAccounts(ground.base, judge=lambda asked, _: "InternalFailure" if asked == operation else None)
    result = ground.one_pass(ground.assignment(capture_only=True), accounts=accounts)
    assert (result.verdict, ground.store.get(baseline_name(EnvironmentKey(ACCOUNT, REGION)))) == (
        Verdict.BLOCKED,
        None,
    )


def test_a_listing_that_recovers_lets_the_environment_be_clean(registered):
    failures = iter(["Throttled"] * 2)
    registered.accounts = FaultyAccounts(
        registered.base, judge=lambda asked, _: next(failures, None) if asked == "ListQueues" else None
    )
    assert registered.clean().verdict is Verdict.CLEAN


# --- killed at any line
# -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_cleanup_killed_after_any_change_ends_the_same_when_it_runs_again(ground, emulator):
    """The crash matrix: one run for each change that an undisturbed cleanup makes."""
    steps = 0
    while True:
        steps += 1
        emulator.reset()
        ground.store.texts.clear()
        ground.make_role()
        assert ground.capture().verdict is Verdict.CLEAN
        seed(ground)
        ground.accounts = FaultyAccounts(ground.base, crash_after=steps)
        try:
            result = ground.clean(roles_used=USED)
        except Crash:
            ground.accounts = FaultyAccounts(ground.base)
            result = ground.clean(roles_used=USED)
            assert (result.verdict, what_is_there(ground)) == (Verdict.CLEAN, CLEAN), f"killed after change {steps}"
        else:
            break
    assert (result.verdict, what_is_there(ground)) == (Verdict.CLEAN, CLEAN)
    assert steps > 8


def test_a_cleanup_killed_between_deleting_a_stack_and_reading_what_it_left_finds_it_all_the_same(registered):
    seed(registered)

    def judge(operation: str, _: dict[str, Any]) -> str | None:
        if operation == "DescribeStackEvents":
            raise Crash
        return None

    registered.accounts = FaultyAccounts(registered.base, judge=judge)
    with pytest.raises(Crash):
        registered.clean(roles_used=USED)
    registered.accounts = FaultyAccounts(registered.base)
    assert registered.clean(roles_used=USED).verdict is Verdict.CLEAN
    assert what_is_there(registered) == CLEAN


def test_two_passes_of_one_cleanup_at_the_same_time_do_no_harm(registered):
    seed(registered)
    assignment = registered.assignment(roles_used=USED)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(registered.clean, [assignment, assignment]))
    assert {result.verdict for result in results} == {Verdict.CLEAN}
    assert what_is_there(registered) == CLEAN
