"""Refusals that end on a date: final at the first attempt, reported with the date, and looked at again then."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cleanup.model import Verdict
from tests.cleanup.fakes import FakeStack, Manner, Part, refuse
from tests.cleanup.scene import Scene, in_account
from tests.cleanup.test_custom_resources import function
from tests.cleanup.test_long_tail import content

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.cleanup.engine import PassResult

pytestmark = pytest.mark.usefixtures("moto_account")

NOW = datetime(2026, 11, 22, 13, tzinfo=UTC)
LATER = datetime(2027, 1, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POINT = "arn:aws:backup:us-east-1:222222222222:recovery-point:1"
CERTIFICATE = "arn:aws:acm:us-east-1:222222222222:certificate/1"
TABLE = {"TableName": "t", "TableStatus": "ACTIVE"}


@dataclass(frozen=True)
class Case:
    """A leftover, what AWS answers, and when its refusal ends."""

    type: str
    id: str
    answers: dict[str, Any]
    ends: datetime
    make: Callable[[], object] = lambda: None
    also: dict[str, Any] = field(default_factory=dict)


IMAGE = {"ImageId": "ami-1", "State": "available", "CreationDate": "2026-11-22T12:00:00.000Z"}
CASES = {
    "an image whose protection cools down": Case(
        "AWS::EC2::Image",
        "ami-1",
        {
            "DescribeImages": {"Images": [IMAGE]},
            "DisableImageDeregistrationProtection": {"Return": "true"},
            "DeregisterImage": refuse("OperationNotPermitted", "ami-1 has deregistration protection in its cooldown"),
        },
        NOW + timedelta(hours=24),
    ),
    "a locked snapshot": Case(
        "AWS::EC2::Snapshot",
        "snap-1",
        {
            "DescribeSnapshots": {"Snapshots": [{"SnapshotId": "snap-1", "State": "completed", "StartTime": NOW}]},
            "DeleteSnapshot": refuse("SnapshotLocked", "The snapshot snap-1 is locked."),
            "DescribeLockedSnapshots": {
                "Snapshots": [{"SnapshotId": "snap-1", "LockState": "compliance", "LockExpiresOn": LATER}]
            },
        },
        LATER,
    ),
    "a table that was the source of a replica": Case(
        "AWS::DynamoDB::Table",
        "t",
        {
            "ListTables": {"TableNames": ["t"]},
            "DescribeTable": {"Table": TABLE},
            "DeleteTable": refuse(
                "ValidationException",
                "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to "
                "the table in the last 24 hours.",
            ),
        },
        NOW + timedelta(hours=24),
    ),
    "a certificate that came by ACME": Case(
        "AWS::CertificateManager::Certificate",
        CERTIFICATE,
        {
            "ListCertificates": {"CertificateSummaryList": [{"CertificateArn": CERTIFICATE, "DomainName": "x"}]},
            "DescribeCertificate": {
                "Certificate": {
                    "CertificateArn": CERTIFICATE,
                    "NotAfter": LATER - timedelta(days=365),
                    "CertificateKeyPairOrigin": "ACME",
                }
            },
            "DeleteCertificate": refuse("InvalidArgsException", "no"),
        },
        LATER,
    ),
    "a recovery point under a vault lock": Case(
        "AWS::Backup::RecoveryPoint",
        f"vault|{POINT}",
        {
            "ListBackupVaults": {"BackupVaultList": [{"BackupVaultName": "vault", "CreationDate": NOW}]},
            "ListRecoveryPointsByBackupVault": {"RecoveryPoints": [{"RecoveryPointArn": POINT, "CreationDate": NOW}]},
            "DescribeRecoveryPoint": {"RecoveryPointArn": POINT, "Status": "COMPLETED", "CreationDate": NOW},
            "DescribeBackupVault": {
                "BackupVaultName": "vault",
                "Locked": True,
                "LockDate": NOW - timedelta(days=3),
                "MinRetentionDays": 7,
            },
            "DeleteRecoveryPoint": refuse("InvalidRequestException", "the vault lock demands a longer retention"),
        },
        NOW + timedelta(days=7),
    ),
    "a replica at the edge": Case(
        "AWS::Lambda::Function",
        "edge",
        {
            "DeleteFunction": refuse(
                "InvalidParameterValueException",
                "unable to delete edge because it is a replicated function.",
            )
        },
        NOW + timedelta(hours=4),
        make=lambda: function("edge"),
    ),
}


def scene_of(case: Case) -> Scene:
    case.make()
    scene = Scene(types=(case.type,))
    answer(scene, case)
    return scene


def answer(scene: Scene, case: Case) -> None:
    for operation, reply in case.answers.items():
        scene.world.answers[operation] = lambda reply=reply: reply  # type: ignore[misc]


def told(scene: Scene, result: PassResult) -> dict[str, Any]:
    return content(scene, result)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_final_at_the_first_attempt_and_the_report_says_when_it_ends(case: Case) -> None:
    scene = scene_of(case)
    result = scene.clean()
    assert (result.verdict, result.reason, scene.passes) == (Verdict.DIRTY, "refused-until", 1)
    assert result.retry_at is not None
    assert timedelta(0) <= result.retry_at - MINUTE - case.ends < MINUTE
    blocker = scene.blockers(result)[case.id]
    assert (blocker["attempts"], blocker["meaning"]) == (1, "fatal")
    assert timedelta(0) <= datetime.fromisoformat(blocker["until"]) - case.ends < MINUTE
    assert "cleaned again then" in blocker["next"]["what"]
    report = told(scene, result)
    assert report["retryAt"] == result.retry_at.isoformat()
    assert "the environment is cleaned again then, by itself" in report["explanation"]
    assert f"until {blocker['until']}" in scene.store.texts[str(result.report_key).replace(".json", ".md")]


def test_objects_under_a_compliance_lock() -> None:
    s3 = in_account("s3")
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket="locked", Key="k", Body=b"x", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=LATER)
    version = s3.list_object_versions(Bucket="locked")["Versions"][0]["VersionId"]
    locked = {"Key": "k", "VersionId": version, "Code": "AccessDenied", "Message": "protected by object lock"}
    scene = Scene()
    scene.world.answers["DeleteObjects"] = lambda: {"Errors": [locked]}  # moto leaves the version out
    result = scene.clean()
    assert (result.verdict, result.reason, result.retry_at) == (Verdict.DIRTY, "refused-until", LATER + MINUTE)
    assert scene.blockers(result)["locked"]["until"] == LATER.isoformat()


def test_a_refusal_of_the_same_type_without_a_date_is_none() -> None:
    case = CASES["a locked snapshot"]
    scene = scene_of(case)
    scene.world.answers["DescribeLockedSnapshots"] = lambda: {"Snapshots": []}
    result = scene.clean()
    assert (result.verdict, result.retry_at) == (Verdict.BLOCKED, None)


def test_a_date_that_cannot_be_read_is_no_date() -> None:
    scene = scene_of(CASES["a locked snapshot"])
    scene.world.answers["DescribeLockedSnapshots"] = lambda: refuse("UnauthorizedOperation", "no")
    assert scene.clean().verdict is Verdict.BLOCKED


def test_beside_something_that_needs_a_person_no_date_is_waited_for() -> None:
    scene = scene_of(CASES["a locked snapshot"])
    scene.remember("AWS::SQS::Queue", "https://sqs.us-east-1.amazonaws.com/222222222222/gone")
    result = scene.clean()
    assert (result.verdict, result.reason, result.retry_at) == (Verdict.DIRTY, "baseline-missing", None)


def test_beside_something_that_goes_later_it_waits_for_the_last_date() -> None:
    locked, image = CASES["a locked snapshot"], CASES["an image whose protection cools down"]
    scene = Scene(types=(locked.type, image.type))
    answer(scene, locked)
    answer(scene, image)
    result = scene.clean()
    assert (result.verdict, result.retry_at) == (Verdict.DIRTY, LATER + MINUTE)


def test_what_is_only_in_use_by_it_waits_with_it() -> None:
    image, snapshot = CASES["an image whose protection cools down"], CASES["a locked snapshot"]
    scene = Scene(types=(image.type, snapshot.type))
    answer(scene, snapshot)
    answer(scene, image)
    in_use = refuse("InvalidSnapshot.InUse", "The snapshot snap-1 is currently in use by ami-1")
    scene.world.answers["DeleteSnapshot"] = lambda: in_use
    result = scene.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "refused-until")
    assert scene.blockers(result)["snap-1"]["until"] is None


def test_a_stack_that_is_held_by_it_is_not_tried_for_ever() -> None:
    function("edge")
    edge = Part("AWS::Lambda::Function", "edge", Manner.FULL, probe=lambda: True)
    scene = Scene(FakeStack("app", [edge]))
    answer(scene, CASES["a replica at the edge"])
    result = scene.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "refused-until")
    assert scene.blockers(result).keys() == {"app", "edge"}
    assert len(scene.world.deletions) == 1


def test_nobody_waits_for_years() -> None:
    scene = scene_of(CASES["a locked snapshot"])
    far = {"SnapshotId": "snap-1", "LockState": "compliance", "LockExpiresOn": LATER.replace(year=2096)}
    scene.world.answers["DescribeLockedSnapshots"] = lambda: {"Snapshots": [far]}
    result = scene.clean()
    assert (result.verdict, result.reason, result.retry_at) == (Verdict.DIRTY, "refused-until", None)
    assert "2096-01-05" in told(scene, result)["explanation"]
