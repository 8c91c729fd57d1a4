"""Refusals that end on a date: cool-downs, locks, what AWS itself deletes later.

Until then no attempt helps, so such a refusal is final, and the environment is cleaned again when the date has come. A
row says which refusals of a type these are, by code and message, and how AWS tells the date; where it does not, the
time that its documentation gives counts from the refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.model import Resource
    from atmosphere.core.model import Region

Ends = Callable[["Account", "Region", str, datetime], datetime | None]
"""When the refusal of an id ends, which was met at an instant; None where it has no date. Raises `ClientError`."""


@dataclass(frozen=True, slots=True)
class Dated:
    """`refusal` matches `CODE: MESSAGE`."""

    refusal: re.Pattern[str]
    ends: Ends


def ends(account: Account, item: Resource, refusal: str, now: datetime) -> datetime | None:
    """When AWS will allow what it refused with this `CODE: MESSAGE`, None if that has no date. Raises `ClientError`."""
    row = _ROWS.get(item.type)
    if row is None or not row.refusal.search(refusal):
        return None
    return row.ends(account, item.region, item.id, now)


def _after(time: timedelta, _: Account, __: Region, ___: str, now: datetime) -> datetime:
    return now + time


def _snapshot(account: Account, region: Region, identity: str, _: datetime) -> datetime | None:
    """The end of a lock in compliance mode; any other can be taken off."""
    found = account.client("ec2", region).describe_locked_snapshots(SnapshotIds=[identity])["Snapshots"]
    return next((lock["LockExpiresOn"] for lock in found if lock["LockState"] == "compliance"), None)


def _certificate(account: Account, region: Region, identity: str, _: datetime) -> datetime | None:
    """ACM deletes certificates that it got by ACME one year after they expire."""
    found: Mapping[str, Any] = account.client("acm", region).describe_certificate(CertificateArn=identity)
    certificate = found["Certificate"]
    expires: datetime | None = certificate.get("NotAfter")
    if certificate.get("CertificateKeyPairOrigin") != "ACME" or expires is None:
        return None
    return expires + timedelta(days=365)


def _recovery_point(account: Account, region: Region, identity: str, now: datetime) -> datetime | None:
    """The end of the retention that a vault's lock demands, where the lock itself can no longer be taken off."""
    client = account.client("backup", region)
    name, _, point = identity.partition("|")
    vault = client.describe_backup_vault(BackupVaultName=name)
    if not vault.get("Locked") or vault.get("LockDate") is None or vault["LockDate"] > now:
        return None
    told = client.describe_recovery_point(BackupVaultName=name, RecoveryPointArn=point)
    least = vault.get("MinRetentionDays")
    kept: datetime | None = told["CreationDate"] + timedelta(days=least) if least else None
    deleted: datetime | None = told.get("CalculatedLifecycle", {}).get("DeleteAt")
    return kept or deleted


_DAY: Final = timedelta(hours=24)
_ROWS: Final[Mapping[str, Dated]] = {
    # EC2 user guide, "Protect an AMI from deregistration": 24 hours after the protection is taken off
    "AWS::EC2::Image": Dated(re.compile(r"deregistration.protection|cool.?down", re.IGNORECASE), partial(_after, _DAY)),
    # EBS user guide, "Amazon EBS snapshot lock"; EC2 API reference, DescribeLockedSnapshots
    "AWS::EC2::Snapshot": Dated(re.compile(r"lock", re.IGNORECASE), _snapshot),
    # DynamoDB developer guide, "Global tables": a source of a new replica for 24 hours
    "AWS::DynamoDB::Table": Dated(re.compile(r"source region.*24 hours", re.IGNORECASE), partial(_after, _DAY)),
    # ACM API reference, DeleteCertificate
    "AWS::CertificateManager::Certificate": Dated(re.compile(""), _certificate),
    # AWS Backup developer guide, "Vault Lock"
    "AWS::Backup::RecoveryPoint": Dated(re.compile(r"lock|retention", re.IGNORECASE), _recovery_point),
    # Lambda developer guide, "Deleting Lambda@Edge functions and replicas": within a few hours
    "AWS::Lambda::Function": Dated(re.compile(r"replicated function"), partial(_after, timedelta(hours=4))),
}
