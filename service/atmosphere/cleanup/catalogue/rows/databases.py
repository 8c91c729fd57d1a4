"""Databases of the RDS family. Neptune and DocumentDB answer under the same API, told apart by their engine.

No final snapshot is taken; what a stack has taken is among `database_parts`. Source: the RDS API reference; the ids are
what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from operator import eq
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.catalogue.base import Errors, Stage
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

_GLOBAL: Final = "AWS::RDS::GlobalCluster"
_FAMILIES: Final = (
    ("RDS", "contains(['neptune', 'docdb'], Engine)"),
    ("Neptune", "Engine != 'neptune'"),
    ("DocDB", "Engine != 'docdb'"),
)


def _instance(family: str, unless: str) -> Row:
    return Row(
        name=f"AWS::{family}::DBInstance",
        service="rds",
        listing=Listing("describe_db_instances", "DBInstanceIdentifier", "DbiResourceId", unless=unless),
        see=Call("describe_db_instances", "DBInstanceIdentifier"),
        ending="DBInstances[0].DBInstanceStatus == 'deleting'",
        unprotect=(
            Step(
                call=Call("modify_db_instance", fixed={"DeletionProtection": False, "ApplyImmediately": True}),
                when="DBInstances[0].DeletionProtection",
            ),
        ),
        # the last one of a cluster that is a replica of another goes only once the cluster is none any more
        rare=(
            Step(
                call=Call("promote_read_replica_db_cluster", ("", "DBClusterIdentifier")),
                when="DBInstances[0].DBClusterIdentifier",
                each=Listing(
                    "describe_db_clusters",
                    "DBClusterIdentifier",
                    seen={"DBClusterIdentifier": "DBInstances[0].DBClusterIdentifier"},
                    members="DBClusters[?ReplicationSourceIdentifier]",
                ),
            ),
        ),
        remove=Call("delete_db_instance", fixed={"SkipFinalSnapshot": True}),
        errors=Errors(absent=("DBInstanceNotFound",), busy=("InvalidDBClusterStateFault",)),
        stage=Stage.SLOW,
    )


def _cluster(family: str, unless: str, rare: tuple[Step, ...] = ()) -> Row:
    return Row(
        name=f"AWS::{family}::DBCluster",
        service="rds",
        listing=Listing("describe_db_clusters", "DBClusterIdentifier", "DbClusterResourceId", unless=unless),
        see=Call("describe_db_clusters", "DBClusterIdentifier"),
        ending="DBClusters[0].Status == 'deleting'",
        # a stopped cluster can neither be changed nor deleted
        unprotect=(
            Step(call=Call("start_db_cluster"), when="DBClusters[?Status == 'stopped']"),
            Step(
                call=Call("modify_db_cluster", fixed={"DeletionProtection": False, "ApplyImmediately": True}),
                when="DBClusters[0].DeletionProtection",
            ),
        ),
        rare=rare,
        remove=Call("delete_db_cluster", fixed={"SkipFinalSnapshot": True}),
        # its state: it has instances, or is a member of a global cluster
        errors=Errors(
            absent=("DBClusterNotFoundFault",), busy=("InvalidDBClusterStateFault", "InvalidGlobalClusterStateFault")
        ),
        stage=Stage.SLOW,
        after=(f"AWS::{family}::DBInstance", _GLOBAL),
    )


# of Aurora Limitless Database
_SHARDS: Final = Step(
    call=Call("delete_db_shard_group", ("", "DBShardGroupIdentifier")),
    each=Listing(
        "describe_db_shard_groups",
        "DBShardGroupIdentifier",
        of=(),
        members="DBShardGroups[?Status != 'deleting']",
        where=("DBClusterIdentifier", eq, "DBClusters[0].DBClusterIdentifier"),
    ),
)


def _families() -> Iterator[Row]:
    for family, unless in _FAMILIES:
        yield _instance(family, unless)
        yield _cluster(family, unless, (_SHARDS,) if family == "RDS" else ())


_GLOBAL_CLUSTER: Final = Row(
    name=_GLOBAL,
    service="rds",
    listing=Listing("describe_global_clusters", "GlobalClusterIdentifier", "GlobalClusterResourceId"),
    see=Call("describe_global_clusters", "GlobalClusterIdentifier"),
    shows="GlobalClusters",
    ending="GlobalClusters[0].Status == 'deleting'",
    unprotect=(
        Step(
            call=Call("modify_global_cluster", fixed={"DeletionProtection": False}),
            when="GlobalClusters[0].DeletionProtection",
        ),
    ),
    # the one that writes leaves last
    strip=tuple(
        Step(
            call=Call("remove_from_global_cluster", ("GlobalClusterIdentifier", "DbClusterIdentifier")),
            each=Listing(
                "describe_global_clusters",
                "DBClusterArn",
                unless=unless,
                members="GlobalClusters[].GlobalClusterMembers[]",
                of="GlobalClusterIdentifier",
            ),
        )
        for unless in ("IsWriter", "!IsWriter")
    ),
    remove=Call("delete_global_cluster"),
    errors=Errors(
        absent=("GlobalClusterNotFoundFault",), busy=("InvalidGlobalClusterStateFault", "InvalidDBClusterStateFault")
    ),
    stage=Stage.SLOW,
)

_AROUND: Final = (
    Row(
        name="AWS::RDS::DBProxy",
        service="rds",
        listing=Listing("describe_db_proxies", "DBProxyName", "DBProxyArn"),
        see=Call("describe_db_proxies", "DBProxyName"),
        shows="DBProxies",
        ending="DBProxies[0].Status == 'deleting'",
        remove=Call("delete_db_proxy"),
        errors=Errors(absent=("DBProxyNotFoundFault",)),
        stage=Stage.SLOW,
    ),
    Row(
        name="AWS::RDS::EventSubscription",
        service="rds",
        listing=Listing("describe_event_subscriptions", "CustSubscriptionId", "SubscriptionCreationTime"),
        see=Call("describe_event_subscriptions", "SubscriptionName"),
        shows="EventSubscriptionsList",
        ending="EventSubscriptionsList[0].Status == 'deleting'",
        remove=Call("delete_event_subscription"),
        errors=Errors(absent=("SubscriptionNotFound",)),
    ),
)

ROWS: Final = (_GLOBAL_CLUSTER, *_families(), *_AROUND)
