"""EFS and Backup.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Stage
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step
from atmosphere.cleanup.catalogue.vaults import HOLDS, InVault

# by default nothing says that a listing has more than the first
_VAULTS: Final = (
    {},
    *({"ByVaultType": kind} for kind in ("LOGICALLY_AIR_GAPPED_BACKUP_VAULT", "RESTORE_ACCESS_BACKUP_VAULT")),
)
_OF_OTHER_VAULTS: Final = "VaultType && VaultType != 'BACKUP_VAULT' && (CreationDate || 'unknown')"
_FILE_SYSTEM: Final = "AWS::EFS::FileSystem"
_MOUNT_TARGET: Final = "AWS::EFS::MountTarget"
_FILE_SYSTEMS: Final = Listing("describe_file_systems", "FileSystemId", "CreationTime")
_ENDING: Final = "{}[0].LifeCycleState == 'deleting'"
_GONE: Final = "{}[0].LifeCycleState == 'deleted'"
_NOT_THERE: Final = ("FileSystemNotFound", "MountTargetNotFound", "AccessPointNotFound", "ReplicationNotFound")
_BACKUP: Final = Errors(absent=("ResourceNotFoundException",), busy=("InvalidRequestException",))
_AMAZONS: Final = "BackupVaultName == 'Default' || starts_with(BackupVaultName, 'aws/')"
# no one can delete the plan of EFS's automatic backups; it is known by its vault, whose name AWS keeps for itself
_CALLED_EFS: Final = "starts_with(BackupPlanName || '', 'aws/efs/') && (CreationDate || 'unknown')"
_INTO_EFS: Final = "!(BackupPlan.Rules[?TargetBackupVaultName != 'aws/efs/automatic-backup-vault'])"
_SELECTIONS: Final = Step(
    call=Call("delete_backup_selection", ("BackupPlanId", "SelectionId")),
    each=Listing("list_backup_selections", "SelectionId"),
)


def _part(name: str, listing: str, members: str, id_: str, remove: str) -> Row:
    return Row(
        name=name,
        service="efs",
        stage=Stage.SLOW,
        listing=Listing(listing, id_, unless="LifeCycleState == 'deleted'", parent=_FILE_SYSTEMS, of="FileSystemId"),
        see=Call(listing, id_),
        shows=members,
        gone=_GONE.format(members),
        ending=_ENDING.format(members),
        remove=Call(remove),
        errors=Errors(absent=_NOT_THERE, busy=("DependencyTimeout",)),
    )


_EFS: Final = (
    _part(_MOUNT_TARGET, "describe_mount_targets", "MountTargets", "MountTargetId", "delete_mount_target"),
    _part("AWS::EFS::AccessPoint", "describe_access_points", "AccessPoints", "AccessPointId", "delete_access_point"),
    Row(
        name=_FILE_SYSTEM,
        service="efs",
        stage=Stage.SLOW,  # its mount targets take a minute
        after=(_MOUNT_TARGET, "AWS::EFS::AccessPoint"),
        listing=Listing("describe_file_systems", "FileSystemId", "CreationTime", unless="LifeCycleState == 'deleted'"),
        see=Call("describe_file_systems", "FileSystemId"),
        shows="FileSystems",
        gone=_GONE.format("FileSystems"),
        ending=_ENDING.format("FileSystems"),
        strip=(
            Step(
                call=Call("delete_mount_target", ("", "MountTargetId")),
                each=Listing("describe_mount_targets", "MountTargetId", of="FileSystemId"),
            ),
        ),
        # as the source or the destination; EFS takes it away on both sides
        unnamed=True,
        rare=(
            Step(
                call=Call("delete_replication_configuration", ("", "SourceFileSystemId")),
                each=Listing(
                    "describe_replication_configurations",
                    "SourceFileSystemId",
                    members="Replications[?!(Destinations[?Status == 'DELETING'])]",
                    of="FileSystemId",
                ),
            ),
        ),
        remove=Call("delete_file_system"),
        errors=Errors(absent=_NOT_THERE, busy=("FileSystemInUse",)),
    ),
)

ROWS: Final = (
    *_EFS,
    Row(
        name="AWS::Backup::BackupPlan",
        service="backup",
        listing=Listing("list_backup_plans", "BackupPlanId", unless="DeletionDate", late=_CALLED_EFS),
        reserved=_INTO_EFS,
        see=Call("get_backup_plan"),
        gone="DeletionDate",
        halt=(_SELECTIONS,),
        strip=(_SELECTIONS,),
        remove=Call("delete_backup_plan"),
        errors=_BACKUP,
    ),
    # A name of ours: CloudFormation has no such type. The id tells the vault, too. Those in Amazon's vaults count.
    InVault(
        name="AWS::Backup::RecoveryPoint",
        service="backup",
        after=("AWS::Backup::BackupPlan",),
        listing=Listing(
            "list_recovery_points_by_backup_vault",
            "RecoveryPointArn",
            "CreationDate",
            late=_OF_OTHER_VAULTS,
            parent=Listing("list_backup_vaults", "BackupVaultName", variants=_VAULTS),
            join="{parent}|{id}",
        ),
        see=Call("describe_recovery_point", ("BackupVaultName", "RecoveryPointArn")),
        parts=r"([^|]+)\|(.+)",
        ending="Status == 'DELETING'",
        failed="Status == 'EXPIRED' && (StatusMessage || 'the role that made it is gone, or lacks a right')",
        unnamed=True,
        rare=(HOLDS,),
        remove=Call("delete_recovery_point", ("BackupVaultName", "RecoveryPointArn")),
        errors=Errors(absent=_BACKUP.absent, busy=("InvalidResourceStateException",)),
    ),
    InVault(
        name="AWS::Backup::BackupVault",
        service="backup",
        after=("AWS::Backup::RecoveryPoint",),
        listing=Listing(
            "list_backup_vaults",
            "BackupVaultName",
            "CreationDate",
            unless=_AMAZONS,
            late=_OF_OTHER_VAULTS,
            variants=_VAULTS,
        ),
        see=Call("describe_backup_vault"),
        # a lock that may still be taken away is; its rules bind CloudFormation, too
        unprotect=(Step(call=Call("delete_backup_vault_lock_configuration"), when="Locked"),),
        remove=Call("delete_backup_vault"),
        errors=_BACKUP,
    ),
)
