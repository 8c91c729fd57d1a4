"""Seeds of databases of the RDS family, protected where they can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from tests.cleanup.catalogue.frame import Backend, Rule, Seed, StandIn
from tests.cleanup.catalogue.seeds.network import subnets
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients


def database(clients: Clients, name: str = "seeded-database", **more: Any) -> str:
    """A database of one instance."""
    clients("rds").create_db_instance(
        DBInstanceIdentifier=name,
        Engine="mysql",
        DBInstanceClass="db.t3.micro",
        AllocatedStorage=20,
        MasterUsername="seeded",
        MasterUserPassword=uuid4().hex,
        **more,
    )
    return name


def cluster(clients: Clients, name: str, **more: Any) -> str:
    """A cluster without instances."""
    asked: dict[str, Any] = {"Engine": "aurora-mysql", "MasterUsername": "seeded", "MasterUserPassword": uuid4().hex}
    clients("rds").create_db_cluster(DBClusterIdentifier=name, **{**asked, **more})
    return name


def _stopped_cluster(clients: Clients) -> str:
    name = cluster(clients, "seeded-cluster", DeletionProtection=True)
    clients("rds").stop_db_cluster(DBClusterIdentifier=name)
    return name


def _is_stopped(clients: Clients, asked: Mapping[str, Any]) -> object:
    [found] = clients("rds").describe_db_clusters(DBClusterIdentifier=asked["DBClusterIdentifier"])["DBClusters"]
    return found["Status"] == "stopped"


def _neptune_cluster(clients: Clients, name: str = "seeded-neptune", **more: Any) -> str:
    clients("neptune").create_db_cluster(DBClusterIdentifier=name, Engine="neptune", **more)
    return name


def _neptune_instance(clients: Clients) -> str:
    return _member(clients, "seeded-neptune-instance", "neptune", _neptune_cluster(clients, "seeded-for-neptune"))


def _docdb_cluster(clients: Clients, name: str = "seeded-docdb") -> str:
    clients("docdb").create_db_cluster(
        DBClusterIdentifier=name, Engine="docdb", MasterUsername="seeded", MasterUserPassword=uuid4().hex
    )
    return name


def _docdb_instance(clients: Clients) -> str:
    return _member(clients, "seeded-docdb-instance", "docdb", _docdb_cluster(clients, "seeded-for-docdb"))


def _member(clients: Clients, name: str, engine: str, of: str) -> str:
    clients(engine).create_db_instance(
        DBInstanceIdentifier=name, Engine=engine, DBInstanceClass="db.r5.large", DBClusterIdentifier=of
    )
    return name


class GlobalClusters:
    """Clusters over several regions; moto can neither take the protection off nor tells members that hinder."""

    def __init__(self) -> None:
        self._clusters: dict[str, dict[str, Any]] = {}

    def create_global_cluster(self, *, GlobalClusterIdentifier: str, DeletionProtection: bool) -> dict[str, Any]:  # noqa: N803
        home = "arn:aws:rds:us-east-1:222222222222:cluster"
        members = [{"DBClusterArn": f"{home}:writer", "IsWriter": True}]
        members += [{"DBClusterArn": f"{home}:{name}", "IsWriter": False} for name in ("one", "two")]
        made = {
            "GlobalClusterIdentifier": GlobalClusterIdentifier,
            "GlobalClusterResourceId": "cluster-0",
            "Status": "available",
            "DeletionProtection": DeletionProtection,
            "GlobalClusterMembers": members,
        }
        self._clusters[GlobalClusterIdentifier] = made
        return {"GlobalCluster": made}

    def describe_global_clusters(self, *, GlobalClusterIdentifier: str | None = None) -> dict[str, Any]:  # noqa: N803
        if GlobalClusterIdentifier is None:
            return {"GlobalClusters": list(self._clusters.values())}
        return {"GlobalClusters": [self._cluster(GlobalClusterIdentifier)]}

    def modify_global_cluster(self, *, GlobalClusterIdentifier: str, DeletionProtection: bool) -> dict[str, Any]:  # noqa: N803
        self._cluster(GlobalClusterIdentifier)["DeletionProtection"] = DeletionProtection
        return {}

    def remove_from_global_cluster(self, *, GlobalClusterIdentifier: str, DbClusterIdentifier: str) -> dict[str, Any]:  # noqa: N803
        found = self._cluster(GlobalClusterIdentifier)
        members = found["GlobalClusterMembers"]
        leaving = next(member for member in members if member["DBClusterArn"] == DbClusterIdentifier)
        if leaving["IsWriter"] and len(members) > 1:
            raise refuse("InvalidGlobalClusterStateFault", "the writer is the last to leave")
        found["GlobalClusterMembers"] = [member for member in members if member is not leaving]
        return {}

    def delete_global_cluster(self, *, GlobalClusterIdentifier: str) -> dict[str, Any]:  # noqa: N803
        found = self._cluster(GlobalClusterIdentifier)
        if found["DeletionProtection"] or found["GlobalClusterMembers"]:
            raise refuse("InvalidGlobalClusterStateFault", "it is protected, or has members")
        del self._clusters[GlobalClusterIdentifier]
        return {}

    def _cluster(self, identity: str) -> dict[str, Any]:
        if identity not in self._clusters:
            raise refuse("GlobalClusterNotFoundFault", f"there is no global cluster {identity}")
        return self._clusters[identity]


def _global_cluster(clients: Clients) -> str:
    clients("rds").create_global_cluster(GlobalClusterIdentifier="seeded-global", DeletionProtection=True)
    return "seeded-global"


def _proxy(clients: Clients) -> str:
    clients("rds").create_db_proxy(
        DBProxyName="seeded-proxy",
        EngineFamily="MYSQL",
        Auth=[],
        RoleArn="arn:aws:iam::222222222222:role/seeded-proxy",
        VpcSubnetIds=subnets(clients),
    )
    return "seeded-proxy"


def _subscription(clients: Clients) -> str:
    clients("rds").create_event_subscription(
        SubscriptionName="seeded-subscription",
        SnsTopicArn="arn:aws:sns:us-east-1:222222222222:seeded-subscription",
        SourceType="db-instance",
        SourceIds=["seeded"],
        Enabled=True,
    )
    return "seeded-subscription"


SEEDS: Final = (
    Seed(type="AWS::RDS::DBInstance", make=lambda clients: database(clients, DeletionProtection=True)),
    Seed(
        type="AWS::RDS::DBCluster",
        make=_stopped_cluster,
        rules=tuple(
            Rule(operation, "InvalidDBClusterStateFault", _is_stopped)
            for operation in ("ModifyDBCluster", "DeleteDBCluster")
        ),
    ),
    Seed(
        type="AWS::Neptune::DBCluster",
        make=lambda clients: _neptune_cluster(clients, DeletionProtection=True),
        spare=("start_db_cluster",),
    ),
    Seed(type="AWS::Neptune::DBInstance", make=_neptune_instance, spare=("modify_db_instance",)),
    # moto makes none
    Seed(
        type="AWS::DocDB::DBCluster",
        make=_docdb_cluster,
        on=Backend.EMULATOR,
        spare=("start_db_cluster", "modify_db_cluster"),
    ),
    Seed(type="AWS::DocDB::DBInstance", make=_docdb_instance, on=Backend.EMULATOR, spare=("modify_db_instance",)),
    Seed(type="AWS::RDS::GlobalCluster", make=_global_cluster, stand_ins=(StandIn("rds", GlobalClusters),)),
    Seed(type="AWS::RDS::DBProxy", make=_proxy),
    Seed(type="AWS::RDS::EventSubscription", make=_subscription),
)
