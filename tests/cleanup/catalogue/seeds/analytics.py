"""Seeds of warehouses, streams, file systems and their copies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tests.cleanup.catalogue.frame import Rule, Seed
from tests.cleanup.catalogue.seeds.common import role_arn
from tests.cleanup.catalogue.seeds.hosting import held_by
from tests.cleanup.catalogue.seeds.network import subnets, vpc
from tests.cleanup.catalogue.seeds.stock import WHEN, Stock, arn
from tests.cleanup.fakes.shelves import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients


def _warehouse(clients: Clients) -> str:
    clients("redshift").create_cluster(
        ClusterIdentifier="seeded",
        NodeType="ra3.large",
        MasterUsername="seeded",
        MasterUserPassword="Seeded-1" + "x" * 8,
    )
    return "seeded"


def _warehouse_subnets(clients: Clients) -> str:
    clients("redshift").create_cluster_subnet_group(
        ClusterSubnetGroupName="seeded", Description="seeded", SubnetIds=subnets(clients, vpc(clients))
    )
    return "seeded"


def _warehouse_parameters(clients: Clients) -> str:
    clients("redshift").create_cluster_parameter_group(
        ParameterGroupName="seeded", ParameterGroupFamily="redshift-2.0", Description="seeded"
    )
    return "seeded"


_SNAPSHOTS: Final = Stock(
    "redshift",
    snapshot=Kind(
        lists={"describe_cluster_snapshots": "Snapshots"},
        shows={"describe_cluster_snapshots": "Snapshots.[]"},
        removes="delete_cluster_snapshot",
        by={"SnapshotIdentifier": "SnapshotIdentifier"},
        of={"SnapshotType": "SnapshotType"},
        like={"SnapshotIdentifier": "seeded", "SnapshotType": "manual", "SnapshotCreateTime": WHEN},
        id="{SnapshotIdentifier}",
        absent="ClusterSnapshotNotFound",
        given=({"SnapshotIdentifier": "rs:seeded", "SnapshotType": "automated", "SnapshotCreateTime": WHEN},),
    ),
)
_SERVERLESS: Final = Stock(
    "redshift-serverless",
    workgroup=Kind(
        lists={"list_workgroups": "workgroups"},
        shows={"get_workgroup": "workgroup"},
        removes="delete_workgroup",
        by={"workgroupName": "workgroupName"},
        like={"workgroupName": "seeded", "creationDate": WHEN, "status": "AVAILABLE"},
        id="{workgroupName}",
    ),
    namespace=Kind(
        lists={"list_namespaces": "namespaces"},
        shows={"get_namespace": "namespace"},
        removes="delete_namespace",
        by={"namespaceName": "namespaceName"},
        like={"namespaceName": "seeded", "creationDate": WHEN, "status": "AVAILABLE"},
        id="{namespaceName}",
        refuses=("ConflictException", held_by("workgroup")),
    ),
)


def _hadoop(clients: Clients) -> str:
    made: str = clients("emr").run_job_flow(
        Name="seeded",
        Instances={"InstanceCount": 1, "TerminationProtected": True, "KeepJobFlowAliveWhenNoSteps": True},
    )["JobFlowId"]
    return made


_KAFKA: Final = Stock(
    "kafka",
    cluster=Kind(
        lists={"list_clusters_v2": "ClusterInfoList"},
        shows={"describe_cluster_v2": "ClusterInfo"},
        removes="delete_cluster",
        by={"ClusterArn": "ClusterArn"},
        like={"ClusterArn": arn("kafka", "cluster/seeded/0b1c-s1"), "CreationTime": WHEN, "State": "ACTIVE"},
        id="{ClusterArn}",
        absent="NotFoundException",
    ),
)
_GLUE: Final = Stock(
    "glue",
    configuration=Kind(
        lists={"get_security_configurations": "SecurityConfigurations"},
        shows={"get_security_configuration": "SecurityConfiguration"},
        removes="delete_security_configuration",
        by={"Name": "Name"},
        like={"Name": "seeded", "CreatedTimeStamp": WHEN},
        id="{Name}",
        absent="EntityNotFoundException",
    ),
)
_FLINK: Final = Stock(
    "kinesisanalyticsv2",
    application=Kind(
        lists={"list_applications": "ApplicationSummaries"},
        shows={"describe_application": "ApplicationDetail"},
        removes="delete_application",
        by={"ApplicationName": "ApplicationName", "CreateTimestamp": "CreateTimestamp"},
        like={"ApplicationName": "seeded", "ApplicationStatus": "RUNNING", "CreateTimestamp": WHEN},
        id="{ApplicationName}",
    ),
)
_KENDRA: Final = Stock(
    "kendra",
    index=Kind(
        lists={"list_indices": "IndexConfigurationSummaryItems"},
        shows={"describe_index": ""},
        removes="delete_index",
        by={"Id": "Id"},
        like={"Id": "0b1c" * 9, "Status": "ACTIVE", "CreatedAt": WHEN},
        id="{Id}",
    ),
)


def _read(kind: str) -> Kind:
    """Of a stream, which is not deleted while there is one."""
    return Kind(
        lists={f"list_{kind.lower()}s": f"{kind}Summaries"},
        removes=f"delete_{kind.lower()}",
        by={f"{kind}ARN": f"{kind}ARN"},
        like={f"{kind}ARN": arn("kinesis", f"{kind.lower()}/seeded"), f"{kind}CreationTimestamp": WHEN},
        id=f"{{{kind}ARN}}",
    )


_KINESIS: Final = Stock(
    "kinesis",
    queue=_read("Queue"),
    channel=_read("Channel"),
    stream=Kind(lists={"list_streams": "StreamNames:StreamName"}, removes="", by={}, like={"StreamName": "s"}, id=""),
)


_IOT: Final = Stock(
    "iot",
    rule=Kind(
        lists={"list_topic_rules": "rules"},
        removes="delete_topic_rule",
        changes={"disable_topic_rule": {"ruleDisabled": True}},
        by={"ruleName": "ruleName"},
        like={"ruleName": "seeded", "createdAt": WHEN, "ruleDisabled": False},
        id="{ruleName}",
        absent="UnauthorizedException",
    ),
)
_LIFECYCLE: Final = {"Lifecycle": "AVAILABLE", "CreationTime": WHEN}


_IDS: Final = {"volume": "fsvol", "storage_virtual_machine": "svm", "file_system": "fs", "backup": "backup"}


def _file(kind: str, refuses: str = "", **like: Any) -> Kind:
    plain = kind.replace("_", " ").title().replace(" ", "")
    return Kind(
        lists={f"describe_{kind}s": f"{plain}s"},
        shows={f"describe_{kind}s": f"{plain}s.[]"},
        removes=f"delete_{kind}",
        by={f"{plain}Ids": f"{plain}Id", f"{plain}Id": f"{plain}Id"},
        like={f"{plain}Id": f"{_IDS[kind]}-{'0' * 17}", **_LIFECYCLE, **like},
        id=f"{{{plain}Id}}",
        absent=f"{plain}NotFound",
        refuses=("BadRequest", held_by(refuses)) if refuses else None,
    )


_FSX: Final = Stock(
    "fsx",
    volume=_file("volume", VolumeType="ONTAP", OntapConfiguration={"StorageVirtualMachineRoot": False}),
    machine=_file("storage_virtual_machine", "volume"),
    system=_file("file_system", "machine", FileSystemType="WINDOWS", WindowsConfiguration={"ThroughputCapacity": 8}),
    backup=replace(
        _file("backup", Type="USER_INITIATED", ResourceARN=arn("fsx", f"backup/backup-{'0' * 17}")), id="{ResourceARN}"
    ),
)


_COPIES: Final = Stock(
    "elasticache",
    snapshot=Kind(
        lists={"describe_snapshots": "Snapshots"},
        shows={"describe_snapshots": "Snapshots.[]"},
        removes="delete_snapshot",
        by={"SnapshotName": "SnapshotName"},
        of={"SnapshotSource": "SnapshotSource"},
        like={"SnapshotName": "seeded", "SnapshotStatus": "available", "SnapshotSource": "user"},
        id="{SnapshotName}",
        absent="SnapshotNotFoundFault",
        given=({"SnapshotName": "automatic.seeded", "SnapshotStatus": "available", "SnapshotSource": "system"},),
    ),
)


def _accelerator(clients: Clients) -> str:
    clients("dax").create_cluster(
        ClusterName="seeded",
        NodeType="dax.t3.small",
        ReplicationFactor=1,
        IamRoleArn=role_arn(clients, "seeded-dax", "dax"),
    )
    return "seeded"


_DMS: Final = Stock(
    "dms",
    instance=Kind(
        lists={"describe_replication_instances": "ReplicationInstances"},
        removes="delete_replication_instance",
        by={"ReplicationInstanceArn": "ReplicationInstanceArn"},
        like={"ReplicationInstanceArn": arn("dms", "rep:SEEDED"), "InstanceCreateTime": WHEN},
        id="{ReplicationInstanceArn}",
        absent="ResourceNotFoundFault",
        refuses=("InvalidResourceStateFault", held_by("task")),
    ),
    task=Kind(
        lists={"describe_replication_tasks": "ReplicationTasks"},
        removes="delete_replication_task",
        changes={"stop_replication_task": {"Status": "stopped"}},
        by={"ReplicationTaskArn": "ReplicationTaskArn"},
        like={
            "ReplicationTaskArn": arn("dms", "task:SEEDED"),
            "ReplicationTaskCreationDate": WHEN,
            "Status": "running",
        },
        id="{ReplicationTaskArn}",
        absent="ResourceNotFoundFault",
        refuses=("InvalidResourceStateFault", lambda task, _: task["Status"] == "running"),
    ),
)
_LAKE: Final = arn("s3tables", "bucket/seeded")
_S3TABLES: Final = Stock(
    "s3tables",
    bucket=Kind(
        lists={"list_table_buckets": "tableBuckets"},
        shows={"get_table_bucket": ""},
        removes="delete_table_bucket",
        by={"tableBucketARN": "arn"},
        like={"arn": _LAKE, "name": "seeded", "createdAt": WHEN, "type": "customer"},
        id="{arn}",
        absent="NotFoundException",
        refuses=("ConflictException", held_by("namespace")),
        given=({"arn": arn("s3tables", "bucket/aws-s3"), "name": "aws-s3", "createdAt": WHEN, "type": "aws"},),
    ),
    namespace=Kind(
        lists={"list_namespaces": "namespaces"},
        shows={"get_namespace": ""},
        removes="delete_namespace",
        by={"namespace": "name"},
        of={"tableBucketARN": "of"},
        like={"namespace": ["space"], "name": "space", "createdAt": WHEN, "of": _LAKE},
        id="{of}|{name}",
        absent="NotFoundException",
        refuses=("ConflictException", held_by("table")),
    ),
    table=Kind(
        lists={"list_tables": "tables"},
        shows={"get_table": ""},
        removes="delete_table",
        by={"tableArn": "tableARN", "name": "name"},
        of={"tableBucketARN": "of"},
        like={
            "tableARN": f"{_LAKE}/table/0b1c",
            "namespace": ["space"],
            "name": "table",
            "createdAt": WHEN,
            "of": _LAKE,
        },
        id="{tableARN}",
        absent="NotFoundException",
    ),
)


def _is_protected(clients: Clients, asked: Mapping[str, Any]) -> object:
    try:
        seen = clients("emr").describe_cluster(ClusterId=asked["JobFlowIds"][0])
    except ClientError:
        return False
    return seen["Cluster"]["TerminationProtected"]


SEEDS: Final = (
    Seed(type="AWS::Redshift::Cluster", make=_warehouse),
    Seed(type="AWS::Redshift::ClusterSubnetGroup", make=_warehouse_subnets),
    Seed(type="AWS::Redshift::ClusterParameterGroup", make=_warehouse_parameters),
    _SNAPSHOTS.seed("Redshift::ClusterSnapshot", "snapshot"),
    _SERVERLESS.seed("RedshiftServerless::Workgroup", "workgroup", with_=("namespace",)),
    _SERVERLESS.seed("RedshiftServerless::Namespace", "namespace"),
    _KAFKA.seed("MSK::Cluster", "cluster"),
    Seed(
        type="AWS::EMR::Cluster",
        make=_hadoop,
        rules=(Rule("TerminateJobFlows", "ValidationException", _is_protected),),
    ),
    _FLINK.seed("KinesisAnalyticsV2::Application", "application"),
    _KENDRA.seed("Kendra::Index", "index"),
    _GLUE.seed("Glue::SecurityConfiguration", "configuration"),
    _KINESIS.seed("Kinesis::Queue", "queue", with_=("stream",)),
    _KINESIS.seed("Kinesis::Channel", "channel", with_=("stream",)),
    _IOT.seed(
        "IoT::TopicRule",
        "rule",
        running=lambda _, __: [each for each in _IOT.shelves.shelves["rule"] if not each["ruleDisabled"]],
    ),
    _FSX.seed("FSx::Volume", "volume", with_=("system",)),
    _FSX.seed("FSx::StorageVirtualMachine", "machine", with_=("system",)),
    _FSX.seed("FSx::FileSystem", "system"),
    _FSX.seed("FSx::Backup", "backup"),
    _COPIES.seed("ElastiCache::Snapshot", "snapshot"),
    Seed(type="AWS::DAX::Cluster", make=_accelerator),
    _DMS.seed("DMS::ReplicationTask", "task", with_=("instance",)),
    _DMS.seed("DMS::ReplicationInstance", "instance"),
    _S3TABLES.seed("S3Tables::Table", "table", with_=("bucket", "namespace")),
    _S3TABLES.seed("S3Tables::Namespace", "namespace", with_=("bucket",)),
    _S3TABLES.seed("S3Tables::TableBucket", "bucket"),
)
