"""Buckets that resist: locked objects, refills, policies that deny everybody."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cleanup.catalogue.buckets import Buckets, ObjectsRemain
from atmosphere.cleanup.model import Verdict
from tests.cleanup.faults import FaultyAccounts

if TYPE_CHECKING:
    from tests.cleanup.conftest import Ground

pytestmark = pytest.mark.emulator


def locked_bucket(ground: Ground) -> Any:
    s3 = ground.root("s3")
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    return s3


def test_objects_that_cannot_be_deleted_are_counted_although_the_reply_is_200(registered):
    s3 = locked_bucket(registered)
    until = datetime.now(UTC) + timedelta(days=1)
    for key in ("held-1", "held-2"):
        s3.put_object(Bucket="locked", Key=key, Body=b"x", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until)
    s3.put_object(Bucket="locked", Key="free", Body=b"x")
    result = registered.clean()
    [blocker] = registered.report(result)["blockers"]
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "refused-until")
    assert (blocker["id"], blocker["code"]) == ("locked", "AccessDenied")
    assert blocker["message"].startswith("2 x AccessDenied; first: held-1")
    assert [version["Key"] for version in s3.list_object_versions(Bucket="locked")["Versions"]] == ["held-1", "held-2"]


def test_a_governance_lock_is_bypassed(registered):
    s3 = locked_bucket(registered)
    s3.put_object(
        Bucket="locked",
        Key="kept-for-a-day",
        Body=b"x",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=datetime.now(UTC) + timedelta(days=1),
    )
    assert registered.clean().verdict is Verdict.CLEAN
    assert registered.buckets() == []


def test_a_legal_hold_is_lifted(registered):
    s3 = locked_bucket(registered)
    for key in ("held-1", "held-2"):
        s3.put_object(Bucket="locked", Key=key, Body=b"x", ObjectLockLegalHoldStatus="ON")
    s3.put_object(Bucket="locked", Key="free", Body=b"x")
    assert registered.clean().verdict is Verdict.CLEAN
    assert registered.buckets() == []


def refilling(ground: Ground, *, times: int) -> FaultyAccounts:
    """Somebody writes into the bucket whenever it is about to be deleted."""
    left = [times]

    def judge(operation: str, names: dict[str, Any]) -> None:
        if operation == "DeleteBucket" and left[0] > 0:
            left[0] -= 1
            ground.root("s3").put_object(Bucket=names["Bucket"], Key="log", Body=b"x")

    return FaultyAccounts(ground.base, judge=judge)


def test_a_bucket_that_is_refilled_goes_in_a_later_round(registered):
    registered.root("s3").create_bucket(Bucket="logs")
    registered.accounts = refilling(registered, times=1)
    assert registered.clean().verdict is Verdict.CLEAN


def test_a_bucket_that_is_refilled_for_ever_is_reported(registered):
    registered.root("s3").create_bucket(Bucket="logs")
    registered.accounts = refilling(registered, times=1000)
    result = registered.clean()
    assert result.verdict is Verdict.BLOCKED
    assert registered.report(result)["blockers"][0]["code"] == "BucketNotEmpty"


def test_a_policy_that_denies_deleting_is_removed_first(registered):
    s3 = registered.root("s3")
    s3.create_bucket(Bucket="closed")
    s3.put_object(Bucket="closed", Key="a", Body=b"x")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject*", "Resource": "arn:aws:s3:::closed/*"}
    s3.put_bucket_policy(Bucket="closed", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    assert registered.clean().verdict is Verdict.CLEAN
    operations = [entry["operation"] for entry in registered.journal()]
    assert operations.index("DeleteBucketPolicy") < operations.index("DeleteObjects")


def test_buckets_of_other_regions_are_not_this_environments(registered):
    s3 = registered.root("s3", "eu-west-1")
    s3.create_bucket(Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert registered.clean().verdict is Verdict.CLEAN
    assert registered.buckets() == ["elsewhere"]


def test_emptying_stops_when_it_is_time(ground):
    class NowError(Exception):
        pass

    def check() -> None:
        raise NowError

    class Direct:
        def client(self, service: str, region: str) -> Any:
            return ground.root(service, region)

    s3 = ground.root("s3")
    s3.create_bucket(Bucket="big")
    s3.put_object(Bucket="big", Key="a", Body=b"x")
    with pytest.raises(NowError):
        Buckets().prepare(Direct(), "us-east-1", "big", check)  # type: ignore[arg-type]
    assert s3.list_objects_v2(Bucket="big")["KeyCount"] == 1


def test_the_most_frequent_code_speaks_for_all():
    remain = ObjectsRemain({"AccessDenied": 1, "InternalError": 5}, "a")
    assert (remain.code, str(remain)) == ("InternalError", "1 x AccessDenied, 5 x InternalError; first: a")
