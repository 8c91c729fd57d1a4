"""Seeds of what databases leave behind, and of the groups they were in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Backend, Seed, StandIn
from tests.cleanup.catalogue.seeds.databases import cluster, database
from tests.cleanup.catalogue.seeds.network import subnets
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from tests.cleanup.catalogue.frame import Clients

_KEPT: Final = "db-SEEDED"


class Backups:
    """Backups that go on by themselves: one of a database that exists, one of a database that is gone.

    No emulator lets a retained one be deleted.
    """

    def __init__(self, kind: str, key: str, absent: str) -> None:
        self._list, self._key, self._absent = f"DB{kind}AutomatedBackups", key, absent
        self._backups = [{key: "db-RUNNING", "Status": "active"}]
        setattr(self, f"describe_db_{kind.lower()}_automated_backups", self._describe)
        setattr(self, f"delete_db_{kind.lower()}_automated_backup", self._delete)

    def delete_db_instance(self, **_: Any) -> dict[str, Any]:
        """Leaves the backup of a database that was there."""
        self._backups.append({self._key: _KEPT, "Status": "retained"})
        return {}

    delete_db_cluster = delete_db_instance

    def _describe(self, **_: Any) -> dict[str, Any]:
        return {self._list: list(self._backups)}

    def _delete(self, **asked: str) -> dict[str, Any]:
        [identity] = asked.values()
        left = [each for each in self._backups if each[self._key] != identity]
        if left == self._backups:
            raise refuse(self._absent, f"there is no backup {identity}")
        self._backups = left
        return {}


def _instance_backups() -> Backups:
    return Backups("Instance", "DbiResourceId", "DBInstanceAutomatedBackupNotFound")


def _cluster_backups() -> Backups:
    return Backups("Cluster", "DbClusterResourceId", "DBClusterAutomatedBackupNotFoundFault")


def _instance_backup(clients: Clients) -> str:
    clients("rds").delete_db_instance(DBInstanceIdentifier="seeded", DeleteAutomatedBackups=False)
    return _KEPT


def _cluster_backup(clients: Clients) -> str:
    clients("rds").delete_db_cluster(DBClusterIdentifier="seeded", DeleteAutomatedBackups=False)
    return _KEPT


def _snapshot(clients: Clients) -> str:
    source = database(clients, "seeded-for-a-snapshot")
    clients("rds").create_db_snapshot(DBInstanceIdentifier=source, DBSnapshotIdentifier="seeded-snapshot")
    return "seeded-snapshot"


def _cluster_snapshot(clients: Clients) -> str:
    source = cluster(clients, "seeded-for-a-snapshot")
    clients("rds").create_db_cluster_snapshot(
        DBClusterIdentifier=source, DBClusterSnapshotIdentifier="seeded-cluster-snapshot"
    )
    return "seeded-cluster-snapshot"


def _subnet_group(clients: Clients) -> str:
    clients("rds").create_db_subnet_group(
        DBSubnetGroupName="seeded-subnets", DBSubnetGroupDescription="seeded", SubnetIds=subnets(clients)
    )
    return "seeded-subnets"


def _parameter_group(clients: Clients) -> str:
    clients("rds").create_db_parameter_group(
        DBParameterGroupName="seeded-parameters", DBParameterGroupFamily="mysql8.0", Description="seeded"
    )
    return "seeded-parameters"


def _cluster_parameter_group(clients: Clients) -> str:
    clients("rds").create_db_cluster_parameter_group(
        DBClusterParameterGroupName="seeded-cluster-parameters",
        DBParameterGroupFamily="aurora-mysql8.0",
        Description="seeded",
    )
    return "seeded-cluster-parameters"


def _option_group(clients: Clients) -> str:
    clients("rds").create_option_group(
        OptionGroupName="seeded-options",
        EngineName="mysql",
        MajorEngineVersion="8.0",
        OptionGroupDescription="seeded",
    )
    return "seeded-options"


SEEDS: Final = (
    Seed(type="AWS::RDS::DBSnapshot", make=_snapshot),
    Seed(type="AWS::RDS::DBClusterSnapshot", make=_cluster_snapshot),
    Seed(
        type="AWS::RDS::DBInstanceAutomatedBackup",
        make=_instance_backup,
        stand_ins=(StandIn("rds", _instance_backups),),
    ),
    Seed(
        type="AWS::RDS::DBClusterAutomatedBackup",
        make=_cluster_backup,
        stand_ins=(StandIn("rds", _cluster_backups),),
    ),
    Seed(type="AWS::RDS::DBSubnetGroup", make=_subnet_group),
    Seed(type="AWS::RDS::DBParameterGroup", make=_parameter_group),
    Seed(type="AWS::RDS::DBClusterParameterGroup", make=_cluster_parameter_group),
    # moto cannot list them
    Seed(type="AWS::RDS::OptionGroup", make=_option_group, on=Backend.EMULATOR),
)
