"""Backup vaults and recovery points: what a vault's own policy or a legal hold keeps is let go of once AWS refuses.

A policy that denies the deletion is replaced by one without that denial, as it may deny its own deletion, too; nothing
that it allows is taken away. A legal hold is cancelled only where it is younger than the recovery point that it holds:
one that is older is not the test's. Source: the AWS Backup API reference (DeleteRecoveryPoint, CancelLegalHold,
PutBackupVaultAccessPolicy), its developer guide on legal holds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from operator import eq, ge
from typing import TYPE_CHECKING, Any, Final

import jmespath  # type: ignore[import-untyped]  # comes with botocore
from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.calls import Call, Listing, Step
from atmosphere.cleanup.catalogue.row import Row
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.core.model import Region

_DENIED: Final = "AccessDeniedException"
_ABSENT: Final = "ResourceNotFoundException"
_EVERYTHING: Final = {"Effect": "Deny", "NotAction": []}
_NEEDED: Final = ("deleterecoverypoint", "deletebackupvault", "deletebackupvaultaccesspolicy")
_NOTHING: Final = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "backup:DeleteRecoveryPoint",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
"""A statement that bears on no call of the cleanup, and allows nothing: a policy has to have one."""

HOLDS: Final = Step(
    call=Call(
        "cancel_legal_hold", ("", "", "LegalHoldId"), {"CancelDescription": "its recovery point is being deleted"}
    ),
    each=Listing(
        "list_recovery_points_by_legal_hold",
        "RecoveryPointArn",
        parent=Listing(
            "list_legal_holds",
            "LegalHoldId",
            members="LegalHolds[?contains(['CREATING', 'ACTIVE'], Status)]",
            of=(),
            where=("CreationDate", ge, "CreationDate"),
        ),
        where=("RecoveryPointArn", eq, "RecoveryPointArn"),
        join="{parent}",
    ),
)
"""Legal holds on a recovery point that are not older than it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InVault(Row):
    """A vault, or what is in one: the first part of the id is the vault's name."""

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        try:
            Row.delete(self, account, region, identity, check)
        except ClientError as error:
            if code_of(error) != _DENIED or not self._open(account, region, identity, check):
                raise
            Row.delete(self, account, region, identity, check)

    def _open(self, account: Account, region: Region, identity: str, check: Check) -> bool:
        """Take what denies the deletion out of the vault's policy; whether there was such a thing."""
        vault, client = self.parts_of(identity)[0], self._client(account, region)
        policy = _policy(client, vault)
        left = [each for each in policy if not _forbids(each)]
        if left == policy:
            return False
        check()
        text = json.dumps({"Version": "2012-10-17", "Statement": left or [_NOTHING]})
        client.put_backup_vault_access_policy(BackupVaultName=vault, Policy=text)
        return True


def _policy(client: Any, vault: str | None) -> list[Mapping[str, Any]]:
    """The statements of its policy; one that denies to be read denies everything."""
    try:
        text = client.get_backup_vault_access_policy(BackupVaultName=vault).get("Policy")
    except ClientError as error:
        if code_of(error) == _ABSENT:
            return []
        if code_of(error) != _DENIED:
            raise
        return [_EVERYTHING]
    statements = json.loads(text or "{}").get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _forbids(statement: Mapping[str, Any]) -> bool:
    """Whether it may deny what the cleanup needs; `NotAction` denies all but a few."""
    if statement.get("Effect") != "Deny" or statement == _NOTHING:
        return False
    actions = jmespath.search("[Action][]", statement)
    names = [action.lower().removeprefix("backup:") for action in actions if action]
    return "NotAction" in statement or any(fnmatchcase(need, name) for need in _NEEDED for name in names)
