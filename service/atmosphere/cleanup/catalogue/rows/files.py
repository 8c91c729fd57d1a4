"""File systems, lakes, copies, and what moves them: FSx, S3 Tables, DAX, DMS, snapshots of caches.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Any, Final

from atmosphere.cleanup.catalogue.base import Stage
from atmosphere.cleanup.catalogue.plain import first, plain
from atmosphere.cleanup.catalogue.row import Call, Listing

_SYSTEMS: Final = Listing("describe_file_systems", "FileSystemId", "CreationTime")
_NO_BACKUP: Final = {
    "WindowsConfiguration": "FileSystems[0].WindowsConfiguration && {SkipFinalBackup: `true`}",
    "OpenZFSConfiguration": "FileSystems[0].OpenZFSConfiguration && "
    "{SkipFinalBackup: `true`, Options: ['DELETE_CHILD_VOLUMES_AND_SNAPSHOTS']}",
}
_ENDING: Final = "{}[0].Lifecycle == 'DELETING'"
_FSX: Final[dict[str, Any]] = {"busy": "BadRequest IncompatibleParameterError", "stage": Stage.SLOW}

_FILES: Final = (
    # roots go with what they are the roots of, and everything of OpenZFS with its file system
    plain(
        "FSx::Volume",
        "fsx",
        Listing(
            "describe_volumes",
            "VolumeId",
            "CreationTime",
            unless="VolumeType == 'OPENZFS' || OntapConfiguration.StorageVirtualMachineRoot",
            only_with=_SYSTEMS,
        ),
        Call("delete_volume", fixed={"OntapConfiguration": {"SkipFinalBackup": True}}),
        see=Call("describe_volumes", "VolumeIds"),
        shows="Volumes",
        ending=_ENDING.format("Volumes"),
        absent="VolumeNotFound",
        **_FSX,
    ),
    plain(
        "FSx::StorageVirtualMachine",
        "fsx",
        Listing("describe_storage_virtual_machines", "StorageVirtualMachineId", "CreationTime", only_with=_SYSTEMS),
        "delete_storage_virtual_machine",
        see=Call("describe_storage_virtual_machines", "StorageVirtualMachineIds"),
        shows="StorageVirtualMachines",
        ending=_ENDING.format("StorageVirtualMachines"),
        absent="StorageVirtualMachineNotFound",
        after=("AWS::FSx::Volume",),
        **_FSX,
    ),
    plain(
        "FSx::FileSystem",
        "fsx",
        _SYSTEMS,
        Call("delete_file_system", seen=_NO_BACKUP),
        see=Call("describe_file_systems", "FileSystemIds"),
        shows="FileSystems",
        ending=_ENDING.format("FileSystems"),
        absent="FileSystemNotFound",
        after=("AWS::FSx::Volume", "AWS::FSx::StorageVirtualMachine"),
        **_FSX,
    ),
    plain(
        "FSx::Backup",
        "fsx",
        Listing(
            "describe_backups",
            "ResourceARN",
            "CreationTime",
            unless="Lifecycle == 'DELETED' || Type == 'AUTOMATIC' || Type == 'AWS_BACKUP'",
        ),
        "delete_backup",
        see=Call("describe_backups", "BackupIds"),
        shows="Backups",
        parts=r"(?:.*:backup/)?(.+)",
        gone="Backups[0].Lifecycle == 'DELETED'",
        absent="BackupNotFound",
        busy="BackupInProgress BackupRestoring BackupBeingCopied",
        after=("AWS::FSx::FileSystem",),
    ),
    # A name of ours: CloudFormation has no such type. Automatic ones go with their cluster.
    plain(
        "ElastiCache::Snapshot",
        "elasticache",
        Listing("describe_snapshots", "SnapshotName", fixed={"SnapshotSource": "user"}),
        "delete_snapshot",
        see=Call("describe_snapshots", "SnapshotName"),
        shows="Snapshots",
        ending="Snapshots[0].SnapshotStatus == 'deleting'",
        absent="SnapshotNotFoundFault",
        busy="InvalidSnapshotState",
    ),
)

_INSTANCES: Final = Listing("describe_replication_instances", "ReplicationInstanceArn", "InstanceCreateTime")
_DMS: Final[dict[str, Any]] = {
    "absent": "ResourceNotFoundFault",
    "busy": "InvalidResourceStateFault",
    "stage": Stage.SLOW,
}

_MOVING: Final = (
    plain(
        "DAX::Cluster",
        "dax",
        Listing("describe_clusters", "ClusterName", "ClusterArn"),
        "delete_cluster",
        see=Call("describe_clusters", "ClusterNames"),
        parts=r"(?:.*:cache/)?(.+)",
        shows="Clusters",
        ending="Clusters[0].Status == 'deleting'",
        absent="ClusterNotFoundFault",
        busy="InvalidClusterStateFault",
        stage=Stage.SLOW,
    ),
    plain(
        "DMS::ReplicationTask",
        "dms",
        # it is one of an instance, which cannot be deleted before it
        Listing(
            "describe_replication_tasks",
            "ReplicationTaskArn",
            "ReplicationTaskCreationDate",
            {"WithoutSettings": True},
            only_with=_INSTANCES,
        ),
        "delete_replication_task",
        rare=(first("stop_replication_task"),),
        **_DMS,
    ),
    plain(
        "DMS::ReplicationInstance",
        "dms",
        _INSTANCES,
        "delete_replication_instance",
        after=("AWS::DMS::ReplicationTask",),
        **_DMS,
    ),
)

_BUCKETS: Final = Listing("list_table_buckets", "arn", "createdAt", unless="type == 'aws'")
_TABLES: Final[dict[str, Any]] = {"absent": "NotFoundException", "busy": "ConflictException BadRequestException"}

_LAKES: Final = (
    plain(
        "S3Tables::Table",
        "s3tables",
        Listing("list_tables", "tableARN", "createdAt", parent=_BUCKETS),
        Call("delete_table", ("", "tableBucketARN"), seen={"namespace": "namespace[0]", "name": "name"}),
        see=Call("get_table", "tableArn"),
        parts="((.*)/table/.*)",
        **_TABLES,
    ),
    plain(
        "S3Tables::Namespace",
        "s3tables",
        Listing("list_namespaces", "namespace[0]", "createdAt", parent=_BUCKETS, join="{parent}|{id}"),
        Call("delete_namespace", ("tableBucketARN", "namespace")),
        see=Call("get_namespace", ("tableBucketARN", "namespace")),
        parts=r"(.*)\|(.*)",
        after=("AWS::S3Tables::Table",),
        **_TABLES,
    ),
    plain(
        "S3Tables::TableBucket",
        "s3tables",
        _BUCKETS,
        "delete_table_bucket",
        see="get_table_bucket",
        after=("AWS::S3Tables::Namespace",),
        **_TABLES,
    ),
)

ROWS: Final = (*_FILES, *_MOVING, *_LAKES)
