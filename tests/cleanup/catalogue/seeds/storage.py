"""Seeds of EFS and Backup."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Seed, StandIn
from tests.cleanup.catalogue.seeds.common import role_arn
from tests.cleanup.catalogue.seeds.network import subnets
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from tests.cleanup.catalogue.frame import Clients


def _make_file_system(clients: Clients, token: str) -> str:
    identity: str = clients("efs").create_file_system(CreationToken=token, Encrypted=True)["FileSystemId"]
    return identity


def _make_mount_target(clients: Clients, file_system: str) -> str:
    [first, *_] = subnets(clients)
    made = clients("efs").create_mount_target(FileSystemId=file_system, SubnetId=first)
    identity: str = made["MountTargetId"]
    return identity


class Unreplicated:
    """Replications, of which there are none: moto does not know any."""

    def describe_replication_configurations(self, **_: Any) -> dict[str, Any]:
        raise refuse("ReplicationNotFound", "it is not replicated")


def _file_system(clients: Clients) -> str:
    identity = _make_file_system(clients, "seeded-files")
    _make_mount_target(clients, identity)
    return identity


def _mount_target(clients: Clients) -> str:
    return _make_mount_target(clients, _make_file_system(clients, "seeded-mounted"))


def _access_point(clients: Clients) -> str:
    made = clients("efs").create_access_point(
        ClientToken="seeded", FileSystemId=_make_file_system(clients, "seeded-entered")
    )
    identity: str = made["AccessPointId"]
    return identity


class Plans:
    """Backup plans that cannot be deleted while resources are assigned to them, and are known ever after.

    EFS makes one by itself, with its first file system that is backed up. moto has neither that nor assignments.
    """

    def __init__(self) -> None:
        efs = {"BackupPlanId": "efs", "BackupPlanName": "aws/efs/automatic-backup-plan"}
        self._plans: dict[str, dict[str, Any]] = {"efs": efs}
        self._selections: dict[str, list[str]] = {}

    def create_backup_plan(self, *, BackupPlan: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        identity = f"plan-{len(self._plans)}"
        self._plans[identity] = {"BackupPlanId": identity, "BackupPlanName": BackupPlan["BackupPlanName"]}
        return {"BackupPlanId": identity}

    def create_backup_selection(self, *, BackupPlanId: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._selections.setdefault(BackupPlanId, []).append("selection")
        return {"SelectionId": "selection"}

    def list_backup_plans(self, **_: Any) -> dict[str, Any]:
        return {"BackupPlansList": [*self._plans.values()]}

    def get_backup_plan(self, *, BackupPlanId: str) -> dict[str, Any]:  # noqa: N803
        if BackupPlanId not in self._plans:
            raise refuse("ResourceNotFoundException", "no such plan")
        return self._plans[BackupPlanId]

    def list_backup_selections(self, *, BackupPlanId: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"BackupSelectionsList": [{"SelectionId": each} for each in self._selections.get(BackupPlanId, ())]}

    def delete_backup_selection(self, *, BackupPlanId: str, SelectionId: str) -> dict[str, Any]:  # noqa: N803
        self._selections[BackupPlanId].remove(SelectionId)
        return {}

    def delete_backup_plan(self, *, BackupPlanId: str) -> dict[str, Any]:  # noqa: N803
        if self._selections.get(BackupPlanId):
            raise refuse("InvalidRequestException", "selections have to be deleted first")
        self._plans[BackupPlanId]["DeletionDate"] = datetime(2026, 11, 22, tzinfo=UTC)
        return {}


def _plan(clients: Clients) -> str:
    backup = clients("backup")
    rule = {"RuleName": "daily", "TargetBackupVaultName": "seeded-vault", "ScheduleExpression": "cron(0 5 * * ? *)"}
    made = backup.create_backup_plan(BackupPlan={"BackupPlanName": "seeded-plan", "Rules": [rule]})
    identity: str = made["BackupPlanId"]
    selection = {"SelectionName": "seeded", "IamRoleArn": role_arn(clients, "seeded-backup-role", "backup")}
    backup.create_backup_selection(BackupPlanId=identity, BackupSelection=selection)
    return identity


def _backs_up(clients: Clients, identity: str) -> object:
    return clients("backup").list_backup_selections(BackupPlanId=identity)["BackupSelectionsList"]


_VAULTS: Final = ("Default", "aws/efs/automatic-backup-vault", "seeded-vault")


class Vaults:
    """Vaults, Amazon's among them, of which ours is locked. moto has no recovery points, and locks in its own way."""

    def __init__(self) -> None:
        self._locked: dict[str, bool] = dict.fromkeys(_VAULTS[:2], False)
        self._points: dict[str, str] = {}

    def create_backup_vault(self, *, BackupVaultName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._locked[BackupVaultName] = False
        return {}

    def put_backup_vault_lock_configuration(self, *, BackupVaultName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._locked[BackupVaultName] = True
        return {}

    def delete_backup_vault_lock_configuration(self, *, BackupVaultName: str) -> dict[str, Any]:  # noqa: N803
        self._locked[BackupVaultName] = False
        return {}

    def start_backup_job(self, *, BackupVaultName: str, ResourceArn: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        arn = f"arn:aws:backup:us-east-1:222222222222:recovery-point:{len(self._points):032}"
        self._points[arn] = BackupVaultName
        return {"BackupJobId": ResourceArn, "RecoveryPointArn": arn}

    def list_backup_vaults(self, **_: Any) -> dict[str, Any]:
        return {"BackupVaultList": [self._vault(name) for name in self._locked]}

    def describe_backup_vault(self, *, BackupVaultName: str) -> dict[str, Any]:  # noqa: N803
        if BackupVaultName not in self._locked:
            raise refuse("ResourceNotFoundException", "no such vault")
        return self._vault(BackupVaultName)

    def list_recovery_points_by_backup_vault(self, *, BackupVaultName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        points = [arn for arn, vault in self._points.items() if vault == BackupVaultName]
        return {"RecoveryPoints": [{"RecoveryPointArn": arn, "CreationDate": _NOW} for arn in points]}

    def describe_recovery_point(self, *, BackupVaultName: str, RecoveryPointArn: str) -> dict[str, Any]:  # noqa: N803
        if self._points.get(RecoveryPointArn) != BackupVaultName:
            raise refuse("ResourceNotFoundException", "no such recovery point")
        return {"RecoveryPointArn": RecoveryPointArn, "Status": "COMPLETED"}

    def delete_recovery_point(self, *, BackupVaultName: str, RecoveryPointArn: str) -> dict[str, Any]:  # noqa: N803
        self.describe_recovery_point(BackupVaultName=BackupVaultName, RecoveryPointArn=RecoveryPointArn)
        del self._points[RecoveryPointArn]
        return {}

    def delete_backup_vault(self, *, BackupVaultName: str) -> dict[str, Any]:  # noqa: N803
        if self._locked.get(BackupVaultName) or BackupVaultName in self._points.values():
            raise refuse("InvalidRequestException", "the vault is locked or not empty")
        self._locked.pop(BackupVaultName, None)
        return {}

    def _vault(self, name: str) -> dict[str, Any]:
        return {"BackupVaultName": name, "CreationDate": _NOW, "Locked": self._locked[name]}


_NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)


def _vault(clients: Clients) -> str:
    clients("backup").create_backup_vault(BackupVaultName="seeded-vault")
    clients("backup").put_backup_vault_lock_configuration(BackupVaultName="seeded-vault", MinRetentionDays=1)
    return "seeded-vault"


def _recovery_point(clients: Clients) -> str:
    """In a vault of Amazon's, whose contents are nobody's but the account's."""
    made = clients("backup").start_backup_job(
        BackupVaultName="Default",
        ResourceArn="arn:aws:dynamodb:us-east-1:222222222222:table/seeded",
        IamRoleArn=role_arn(clients, "seeded-backup-role", "backup"),
    )
    return f"Default|{made['RecoveryPointArn']}"


SEEDS: Final = (
    Seed(type="AWS::EFS::FileSystem", make=_file_system, stand_ins=(StandIn("efs", Unreplicated),)),
    Seed(type="AWS::EFS::MountTarget", make=_mount_target),
    Seed(type="AWS::EFS::AccessPoint", make=_access_point),
    Seed(type="AWS::Backup::BackupPlan", make=_plan, stand_ins=(StandIn("backup", Plans),), running=_backs_up),
    Seed(type="AWS::Backup::RecoveryPoint", make=_recovery_point, stand_ins=(StandIn("backup", Vaults),)),
    Seed(type="AWS::Backup::BackupVault", make=_vault, stand_ins=(StandIn("backup", Vaults),)),
)
