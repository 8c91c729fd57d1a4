"""Warehouses and what reads streams: Redshift, MSK, EMR, Flink, Kendra, rules of IoT.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Stage
from atmosphere.cleanup.catalogue.plain import first, plain
from atmosphere.cleanup.catalogue.row import Call, Listing, Row

_CLUSTER: Final = "AWS::Redshift::Cluster"
_NAMESPACES: Final = Listing("list_namespaces", "namespaceName", "creationDate")

_REDSHIFT: Final = (
    plain(
        "Redshift::Cluster",
        "redshift",
        Listing("describe_clusters", "ClusterIdentifier", "ClusterCreateTime"),
        Call("delete_cluster", fixed={"SkipFinalClusterSnapshot": True}),
        see=Call("describe_clusters", "ClusterIdentifier"),
        ending="Clusters[0].ClusterStatus == 'deleting'",
        absent="ClusterNotFound ClusterNotFoundFault",
        busy="InvalidClusterState",
        stage=Stage.SLOW,
    ),
    plain(
        "Redshift::ClusterSubnetGroup",
        "redshift",
        Listing("describe_cluster_subnet_groups", "ClusterSubnetGroupName"),
        "delete_cluster_subnet_group",
        see=Call("describe_cluster_subnet_groups", "ClusterSubnetGroupName"),
        absent="ClusterSubnetGroupNotFoundFault ClusterSubnetGroupNotFound",
        busy="InvalidClusterSubnetGroupStateFault InvalidClusterSubnetStateFault",
        stage=Stage.NETWORK,
    ),
    plain(
        "Redshift::ClusterParameterGroup",
        "redshift",
        Listing(
            "describe_cluster_parameter_groups",
            "ParameterGroupName",
            unless="starts_with(ParameterGroupName, 'default.')",
        ),
        "delete_cluster_parameter_group",
        see=Call("describe_cluster_parameter_groups", "ParameterGroupName"),
        absent="ClusterParameterGroupNotFound",
        busy="InvalidClusterParameterGroupState",
        after=(_CLUSTER,),
        stage=Stage.NETWORK,
    ),
    # A name of ours: CloudFormation has no such type. Automated ones go with their cluster.
    plain(
        "Redshift::ClusterSnapshot",
        "redshift",
        Listing("describe_cluster_snapshots", "SnapshotIdentifier", "SnapshotCreateTime", {"SnapshotType": "manual"}),
        "delete_cluster_snapshot",
        see=Call("describe_cluster_snapshots", "SnapshotIdentifier"),
        absent="ClusterSnapshotNotFound",
        busy="InvalidClusterSnapshotState",
    ),
    plain(
        "RedshiftServerless::Workgroup",
        "redshift-serverless",
        # it is one of a namespace, which cannot be deleted before it
        Listing("list_workgroups", "workgroupName", "creationDate", only_with=_NAMESPACES),
        "delete_workgroup",
        see="get_workgroup",
        ending="workgroup.status == 'DELETING'",
        stage=Stage.SLOW,
    ),
    plain(
        "RedshiftServerless::Namespace",
        "redshift-serverless",
        _NAMESPACES,
        "delete_namespace",
        see="get_namespace",
        ending="namespace.status == 'DELETING'",
        stage=Stage.SLOW,
        after=("AWS::RedshiftServerless::Workgroup",),
    ),
)

_STREAMS: Final = Listing("list_streams", members="StreamNames")


def _of_stream(kind: str) -> Row:
    """What reads streams, and cannot outlive them: a stream that has one is not deleted. Queues have our name."""
    return plain(
        f"Kinesis::{kind}",
        "kinesis",
        Listing(f"list_{kind.lower()}s", f"{kind}ARN", f"{kind}CreationTimestamp", only_with=_STREAMS),
        f"delete_{kind.lower()}",
        busy="LimitExceededException",
        stage=Stage.SLOW,
    )


_PROCESSING: Final = (
    plain(  # provisioned and serverless ones
        "MSK::Cluster",
        "kafka",
        Listing("list_clusters_v2", "ClusterArn", "CreationTime"),
        "delete_cluster",
        see="describe_cluster_v2",
        ending="ClusterInfo.State == 'DELETING'",
        absent="NotFoundException",
        busy="BadRequestException",
        stage=Stage.SLOW,
    ),
    plain(
        "EMR::Cluster",
        "emr",
        Listing(
            "list_clusters",
            "Id",
            fixed={"ClusterStates": ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"]},
        ),
        "terminate_job_flows",
        see="describe_cluster",
        gone="starts_with(Cluster.Status.State, 'TERMINATED')",
        ending="Cluster.Status.State == 'TERMINATING'",
        unprotect=(
            first(
                "set_termination_protection",
                when="Cluster.TerminationProtected",
                TerminationProtected=False,
            ),
        ),
        absent="InvalidRequestException",
        busy="ValidationException",
        stage=Stage.SLOW,
    ),
    plain(  # stops by itself before it goes
        "KinesisAnalyticsV2::Application",
        "kinesisanalyticsv2",
        Listing("list_applications", "ApplicationName"),
        Call("delete_application", seen={"CreateTimestamp": "ApplicationDetail.CreateTimestamp"}),
        see="describe_application",
        ending="ApplicationDetail.ApplicationStatus == 'DELETING'",
        busy="ResourceInUseException ConcurrentModificationException",
        stage=Stage.SLOW,
    ),
    plain(  # its data sources go along
        "Kendra::Index",
        "kendra",
        Listing("list_indices", "Id", "CreatedAt", members="IndexConfigurationSummaryItems"),
        "delete_index",
        see="describe_index",
        ending="Status == 'DELETING'",
        stage=Stage.SLOW,
    ),
    plain(
        "Glue::SecurityConfiguration",
        "glue",
        Listing("get_security_configurations", "Name", "CreatedTimeStamp"),
        "delete_security_configuration",
        see="get_security_configuration",
        absent="EntityNotFoundException",
    ),
    _of_stream("Queue"),
    _of_stream("Channel"),
    plain(  # it sends on what devices publish until it is off
        "IoT::TopicRule",
        "iot",
        # who asks for one that is not there is told that he may not: the listing tells
        Listing("list_topic_rules", "ruleName", "createdAt"),
        "delete_topic_rule",
        halt=(first("disable_topic_rule"),),
        absent="UnauthorizedException",
        busy="ConflictingResourceUpdateException",
    ),
)

ROWS: Final = (*_REDSHIFT, *_PROCESSING)
