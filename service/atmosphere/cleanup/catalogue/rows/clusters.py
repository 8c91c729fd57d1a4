"""EKS, ElastiCache and OpenSearch: AWS takes minutes to delete each of them.

No final snapshot is taken. Source: the API reference of each service; the ids are what the CloudFormation reference
gives as `Ref`.
"""

from __future__ import annotations

from operator import eq
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.catalogue.base import Errors, Stage
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

if TYPE_CHECKING:
    from collections.abc import Callable

_CLUSTERS: Final = Listing("list_clusters")
_NODES: Final = "AWS::EKS::Nodegroup"
_PROFILES: Final = "AWS::EKS::FargateProfile"
_CACHES: Final = ("AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ReplicationGroup")
_SERVERLESS: Final = "AWS::ElastiCache::ServerlessCache"
_GLOBAL: Final = "ReplicationGroups[0].GlobalReplicationGroupInfo"


def _of_cluster(name: str, operation: str, seen: str, between: str) -> Row:
    """A part of an EKS cluster: one at a time is deleted, and all of them before their cluster."""
    return Row(
        name=name,
        service="eks",
        stage=Stage.SLOW,
        listing=Listing(f"list_{operation}s", parent=_CLUSTERS, join=f"{{parent}}{between}{{id}}"),
        see=Call(f"describe_{operation}", ("clusterName", f"{seen}Name")),
        parts=rf"([^{between}]+)\{between}(.+)",
        ending=f"{seen}.status == 'DELETING'",
        remove=Call(f"delete_{operation}", ("clusterName", f"{seen}Name")),
        errors=Errors(absent=("ResourceNotFoundException",), busy=("ResourceInUseException",)),
    )


_EKS: Final = (
    _of_cluster(_NODES, "nodegroup", "nodegroup", "/"),
    _of_cluster(_PROFILES, "fargate_profile", "fargateProfile", "|"),
    # its add-ons, access entries and identities go along
    Row(
        name="AWS::EKS::Cluster",
        service="eks",
        stage=Stage.SLOW,
        after=(_NODES, _PROFILES),
        listing=_CLUSTERS,
        see=Call("describe_cluster"),
        ending="cluster.status == 'DELETING'",
        unprotect=(
            Step(
                call=Call("update_cluster_config", fixed={"deletionProtection": False}),
                when="cluster.deletionProtection",
            ),
        ),
        rare=(
            Step(
                call=Call("delete_capability", ("clusterName", "capabilityName")),
                each=Listing("list_capabilities", "capabilityName", members="capabilities[?status != 'DELETING']"),
            ),
        ),
        remove=Call("delete_cluster"),
        errors=Errors(
            absent=("ResourceNotFoundException",), busy=("ResourceInUseException", "InvalidRequestException")
        ),
    ),
)


def _leave(role: str, members: str, where: tuple[str, Callable[[Any, Any], bool], str] | None = None) -> Step:
    """Take these members out of the global datastore that a replication group has this role in."""
    return Step(
        call=Call(
            "disassociate_global_replication_group",
            ("", "ReplicationGroupId", "ReplicationGroupRegion"),
            seen={"GlobalReplicationGroupId": f"{_GLOBAL}.GlobalReplicationGroupId"},
        ),
        when=f"{_GLOBAL}.GlobalReplicationGroupMemberRole == '{role}'",
        each=Listing(
            "describe_global_replication_groups",
            "join('|', [ReplicationGroupId, ReplicationGroupRegion])",
            fixed={"ShowMemberInfo": True},
            members=members,
            seen={"GlobalReplicationGroupId": f"{_GLOBAL}.GlobalReplicationGroupId"},
            where=where,
        ),
        parts=r"([^|]+)\|(.+)",
    )


# a secondary leaves by itself; the primary once it is the only one, and the datastore ends with it
_OUT_OF_A_GLOBAL_DATASTORE: Final = (
    _leave(
        "SECONDARY",
        "GlobalReplicationGroups[].Members[]",
        ("ReplicationGroupId", eq, "ReplicationGroups[0].ReplicationGroupId"),
    ),
    _leave("PRIMARY", "GlobalReplicationGroups[].Members[?Role == 'SECONDARY'][]"),
    Step(
        call=Call(
            "delete_global_replication_group",
            ("",),
            {"RetainPrimaryReplicationGroup": True},
            seen={"GlobalReplicationGroupId": f"{_GLOBAL}.GlobalReplicationGroupId"},
        ),
        when=f"{_GLOBAL}.GlobalReplicationGroupMemberRole == 'PRIMARY'",
    ),
)

_ELASTICACHE: Final = (
    # members of a replication group go along with it
    Row(
        name=_CACHES[0],
        service="elasticache",
        stage=Stage.SLOW,
        listing=Listing(
            "describe_cache_clusters",
            "CacheClusterId",
            "CacheClusterCreateTime",
            late="ReplicationGroupId && (CacheClusterCreateTime || 'unknown')",
            owner=(_CACHES[1], "ReplicationGroupId"),
        ),
        see=Call("describe_cache_clusters", "CacheClusterId"),
        ending="CacheClusters[0].CacheClusterStatus == 'deleting'",
        remove=Call("delete_cache_cluster"),
        errors=Errors(absent=("CacheClusterNotFound",), busy=("InvalidCacheClusterState",)),
    ),
    Row(
        name=_CACHES[1],
        service="elasticache",
        stage=Stage.SLOW,
        listing=Listing("describe_replication_groups", "ReplicationGroupId"),
        see=Call("describe_replication_groups", "ReplicationGroupId"),
        ending="ReplicationGroups[0].Status == 'deleting'",
        rare=_OUT_OF_A_GLOBAL_DATASTORE,
        remove=Call("delete_replication_group", fixed={"RetainPrimaryCluster": False}),
        errors=Errors(
            absent=("ReplicationGroupNotFoundFault", "GlobalReplicationGroupNotFoundFault"),
            busy=("InvalidReplicationGroupState", "InvalidGlobalReplicationGroupState"),
        ),
    ),
    Row(
        name=_SERVERLESS,
        service="elasticache",
        stage=Stage.SLOW,
        listing=Listing("describe_serverless_caches", "ServerlessCacheName", "CreateTime"),
        see=Call("describe_serverless_caches", "ServerlessCacheName"),
        ending="ServerlessCaches[0].Status == 'deleting'",
        remove=Call("delete_serverless_cache"),
        errors=Errors(absent=("ServerlessCacheNotFoundFault",), busy=("InvalidServerlessCacheStateFault",)),
    ),
    Row(
        name="AWS::ElastiCache::SubnetGroup",
        service="elasticache",
        stage=Stage.NETWORK,
        after=(*_CACHES, _SERVERLESS),
        listing=Listing(
            "describe_cache_subnet_groups", "CacheSubnetGroupName", unless="CacheSubnetGroupName == 'default'"
        ),
        see=Call("describe_cache_subnet_groups", "CacheSubnetGroupName"),
        remove=Call("delete_cache_subnet_group"),
        errors=Errors(absent=("CacheSubnetGroupNotFoundFault",), busy=("CacheSubnetGroupInUse",)),
    ),
)

ROWS: Final = (
    *_EKS,
    *_ELASTICACHE,
    # Elasticsearch's domains are among them
    Row(
        name="AWS::OpenSearchService::Domain",
        service="opensearch",
        stage=Stage.SLOW,
        listing=Listing("list_domain_names", "DomainName", members="DomainNames"),
        see=Call("describe_domain"),
        ending="DomainStatus.Deleted",
        remove=Call("delete_domain"),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
)
