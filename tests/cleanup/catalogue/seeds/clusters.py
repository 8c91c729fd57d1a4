"""Seeds of EKS, ElastiCache and OpenSearch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Backend, Seed, StandIn
from tests.cleanup.catalogue.seeds.common import role_arn
from tests.cleanup.catalogue.seeds.network import subnets
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from tests.cleanup.catalogue.frame import Clients


def _make_cluster(clients: Clients, name: str) -> str:
    clients("eks").create_cluster(
        name=name,
        roleArn=role_arn(clients, "seeded-cluster-role", "eks"),
        resourcesVpcConfig={"subnetIds": subnets(clients)},
        deletionProtection=True,
    )
    return name


def _cluster(clients: Clients) -> str:
    return _make_cluster(clients, "seeded-cluster")


class Clusters:
    """Clusters with the protection that no backend has."""

    def __init__(self) -> None:
        self._protected: dict[str, bool] = {}

    def create_cluster(self, *, name: str, deletionProtection: bool, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._protected[name] = deletionProtection
        return self.describe_cluster(name=name)

    def list_clusters(self, **_: Any) -> dict[str, Any]:
        return {"clusters": [*self._protected]}

    def describe_cluster(self, *, name: str) -> dict[str, Any]:
        if name not in self._protected:
            raise refuse("ResourceNotFoundException", "no such cluster")
        return {"cluster": {"name": name, "status": "ACTIVE", "deletionProtection": self._protected[name]}}

    def update_cluster_config(self, *, name: str, deletionProtection: bool, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._protected[name] = deletionProtection
        return {"update": {"status": "Successful"}}

    def delete_cluster(self, *, name: str, **_: Any) -> dict[str, Any]:
        if self.describe_cluster(name=name)["cluster"]["deletionProtection"]:
            raise refuse("InvalidRequestException", "the cluster is protected")
        del self._protected[name]
        return {}


def _nodes(clients: Clients) -> str:
    clients("eks").create_nodegroup(
        clusterName=_make_cluster(clients, "seeded-of-nodes"),
        nodegroupName="seeded-nodes",
        subnets=subnets(clients),
        nodeRole=role_arn(clients, "seeded-nodes-role", "ec2"),
    )
    return "seeded-of-nodes/seeded-nodes"


def _profile(clients: Clients) -> str:
    clients("eks").create_fargate_profile(
        clusterName=_make_cluster(clients, "seeded-of-profile"),
        fargateProfileName="seeded-profile",
        podExecutionRoleArn=role_arn(clients, "seeded-fargate-role", "eks-fargate-pods"),
        selectors=[{"namespace": "default"}],
    )
    return "seeded-of-profile|seeded-profile"


def _cache(clients: Clients) -> str:
    clients("elasticache").create_cache_cluster(
        CacheClusterId="seeded-cache", Engine="memcached", CacheNodeType="cache.t4g.micro", NumCacheNodes=1
    )
    return "seeded-cache"


def _replication_group(clients: Clients) -> str:
    clients("elasticache").create_replication_group(
        ReplicationGroupId="seeded-replicas",
        ReplicationGroupDescription="seeded",
        Engine="redis",
        CacheNodeType="cache.t4g.micro",
        NumCacheClusters=2,
    )
    return "seeded-replicas"


def _serverless_cache(clients: Clients) -> str:
    clients("elasticache").create_serverless_cache(ServerlessCacheName="seeded-serverless", Engine="valkey")
    return "seeded-serverless"


def _subnet_group(clients: Clients) -> str:
    clients("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName="seeded-subnets", CacheSubnetGroupDescription="seeded", SubnetIds=subnets(clients)
    )
    return "seeded-subnets"


def _domain(clients: Clients) -> str:
    clients("opensearch").create_domain(DomainName="seeded-domain")
    return "seeded-domain"


SEEDS: Final = (
    Seed(type="AWS::EKS::Cluster", make=_cluster, stand_ins=(StandIn("eks", Clusters),)),
    Seed(type="AWS::EKS::Nodegroup", make=_nodes),
    Seed(type="AWS::EKS::FargateProfile", make=_profile),
    # moto lists what it has deleted, or has none
    Seed(type="AWS::ElastiCache::CacheCluster", make=_cache, on=Backend.EMULATOR),
    Seed(type="AWS::ElastiCache::ReplicationGroup", make=_replication_group, on=Backend.EMULATOR),
    Seed(type="AWS::ElastiCache::ServerlessCache", make=_serverless_cache, on=Backend.EMULATOR),
    Seed(type="AWS::ElastiCache::SubnetGroup", make=_subnet_group, on=Backend.EMULATOR),
    Seed(type="AWS::OpenSearchService::Domain", make=_domain),
)
