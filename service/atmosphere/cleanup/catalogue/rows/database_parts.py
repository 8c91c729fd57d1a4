"""What databases of the RDS family leave behind: snapshots and retained backups, and the groups they were in.

Those of Neptune and DocumentDB are not told apart: they are listed as RDS's. Source: the RDS API reference; the ids are
what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors
from atmosphere.cleanup.catalogue.row import Call, Listing, Row

_USERS: Final = tuple(
    f"AWS::{family}::{kind}" for family in ("RDS", "Neptune", "DocDB") for kind in ("DBInstance", "DBCluster")
)

_BACKUPS: Final = (
    Row(
        name="AWS::RDS::DBSnapshot",
        service="rds",
        listing=Listing(
            "describe_db_snapshots", "DBSnapshotIdentifier", "SnapshotCreateTime", fixed={"SnapshotType": "manual"}
        ),
        see=Call("describe_db_snapshots", "DBSnapshotIdentifier"),
        shows="DBSnapshots",
        remove=Call("delete_db_snapshot"),
        # it is still being made or copied
        errors=Errors(absent=("DBSnapshotNotFound",), busy=("InvalidDBSnapshotState",)),
    ),
    Row(
        name="AWS::RDS::DBClusterSnapshot",
        service="rds",
        listing=Listing(
            "describe_db_cluster_snapshots",
            "DBClusterSnapshotIdentifier",
            "SnapshotCreateTime",
            fixed={"SnapshotType": "manual"},
        ),
        see=Call("describe_db_cluster_snapshots", "DBClusterSnapshotIdentifier"),
        shows="DBClusterSnapshots",
        remove=Call("delete_db_cluster_snapshot"),
        errors=Errors(absent=("DBClusterSnapshotNotFoundFault",), busy=("InvalidDBClusterSnapshotStateFault",)),
    ),
    # The backups of what exists go with it. A retained one is no type of CloudFormation's, but costs and uses its key.
    Row(
        name="AWS::RDS::DBInstanceAutomatedBackup",
        service="rds",
        listing=Listing("describe_db_instance_automated_backups", "DbiResourceId", unless="Status != 'retained'"),
        remove=Call("delete_db_instance_automated_backup", "DbiResourceId"),
        errors=Errors(absent=("DBInstanceAutomatedBackupNotFound",)),
    ),
    Row(
        name="AWS::RDS::DBClusterAutomatedBackup",
        service="rds",
        listing=Listing("describe_db_cluster_automated_backups", "DbClusterResourceId", unless="Status != 'retained'"),
        remove=Call("delete_db_cluster_automated_backup"),
        errors=Errors(absent=("DBClusterAutomatedBackupNotFoundFault",)),
    ),
)

_GROUPS: Final = (
    Row(
        name="AWS::RDS::DBSubnetGroup",
        service="rds",
        listing=Listing("describe_db_subnet_groups", "DBSubnetGroupName", unless="DBSubnetGroupName == 'default'"),
        see=Call("describe_db_subnet_groups", "DBSubnetGroupName"),
        remove=Call("delete_db_subnet_group"),
        errors=Errors(absent=("DBSubnetGroupNotFoundFault",), busy=("InvalidDBSubnetGroupStateFault",)),
        after=_USERS,
    ),
    Row(
        name="AWS::RDS::DBParameterGroup",
        service="rds",
        listing=Listing(
            "describe_db_parameter_groups",
            "DBParameterGroupName",
            unless="starts_with(DBParameterGroupName, 'default.')",
        ),
        see=Call("describe_db_parameter_groups", "DBParameterGroupName"),
        shows="DBParameterGroups",
        remove=Call("delete_db_parameter_group"),
        errors=Errors(absent=("DBParameterGroupNotFound",), busy=("InvalidDBParameterGroupState",)),
        after=_USERS,
    ),
    Row(
        name="AWS::RDS::DBClusterParameterGroup",
        service="rds",
        listing=Listing(
            "describe_db_cluster_parameter_groups",
            "DBClusterParameterGroupName",
            unless="starts_with(DBClusterParameterGroupName, 'default.')",
        ),
        see=Call("describe_db_cluster_parameter_groups", "DBClusterParameterGroupName"),
        shows="DBClusterParameterGroups",
        remove=Call("delete_db_cluster_parameter_group"),
        errors=Errors(absent=("DBParameterGroupNotFound",), busy=("InvalidDBParameterGroupState",)),
        after=_USERS,
    ),
    Row(
        name="AWS::RDS::OptionGroup",
        service="rds",
        listing=Listing("describe_option_groups", "OptionGroupName", unless="starts_with(OptionGroupName, 'default:')"),
        see=Call("describe_option_groups", "OptionGroupName"),
        shows="OptionGroupsList",
        remove=Call("delete_option_group"),
        errors=Errors(absent=("OptionGroupNotFoundFault",), busy=("InvalidOptionGroupStateFault",)),
        after=("AWS::RDS::DBInstance", "AWS::RDS::DBSnapshot"),
    ),
)

ROWS: Final = (*_BACKUPS, *_GROUPS)
