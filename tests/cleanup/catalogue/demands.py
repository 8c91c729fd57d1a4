"""What AWS demands before a deletion and no backend knows: the table that the refusing AWS goes by.

Source: botocore's model of each operation, for the refusal as for what ends it; where a model names no code for it,
`UNNAMED` says so. The words are those of the table in docs/cleanup.md.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.demanding import of_bucket, of_row
from tests.cleanup.catalogue.demands_compute import DEMANDS_COMPUTE
from tests.cleanup.catalogue.demands_services import DEMANDS_SERVICES
from tests.cleanup.catalogue.frame import TYPES, Seed, StandIn
from tests.cleanup.fakes.refusing import Clears, Demand, Refusing

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
_BEFORE: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ARN: Final = "arn:aws:{}:us-east-1:222222222222:{}"


# --- AWS Backup -------------------------------------------------------------------------------------------------------

_POINT: Final = _ARN.format("backup", "recovery-point:0")
_VAULT: Final = "seeded-refusing"
_POINTS: Final[Mapping[str, Any]] = {
    "list_backup_vaults": {"BackupVaultList": [{"BackupVaultName": _VAULT, "CreationDate": _NOW}]},
    "list_recovery_points_by_backup_vault": {"RecoveryPoints": [{"RecoveryPointArn": _POINT, "CreationDate": _NOW}]},
    "describe_recovery_point": {"RecoveryPointArn": _POINT, "Status": "COMPLETED", "CreationDate": _NOW},
}
_ALLOW: Final = {"Effect": "Allow", "Principal": "*", "Action": "backup:CopyIntoBackupVault", "Resource": "*"}
_FORBID: Final = {"Effect": "Deny", "Principal": "*", "Action": ["backup:Delete*"], "Resource": "*"}


def _policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


_OPENED: Final = Clears(
    "put_backup_vault_access_policy", {"BackupVaultName": _VAULT, "Policy": _policy(_ALLOW)}, before=""
)
_BACKUP: Final = (
    of_row(
        "AWS::Backup::RecoveryPoint",
        what="no legal hold holds it",
        id=f"{_VAULT}|{_POINT}",
        there=_POINTS,
        held={
            "list_legal_holds": {
                "LegalHolds": [
                    {"LegalHoldId": "operators", "Status": "ACTIVE", "CreationDate": _BEFORE},
                    {"LegalHoldId": "tests", "Status": "ACTIVE", "CreationDate": _NOW},
                ]
            },
            "list_recovery_points_by_legal_hold": {"RecoveryPoints": [{"RecoveryPointArn": _POINT}]},
        },
        refused={
            "delete_recovery_point": "InvalidRequestException",
            "cancel_legal_hold": "InvalidResourceStateException",
        },
        clears=(Clears("cancel_legal_hold", {"LegalHoldId": "tests"}),),
    ),
    of_row(
        "AWS::Backup::RecoveryPoint",
        what="the policy of its vault does not deny it",
        id=f"{_VAULT}|{_POINT}",
        there=_POINTS,
        held={"get_backup_vault_access_policy": {"Policy": _policy(_FORBID, _ALLOW)}},
        refused={"delete_recovery_point": "AccessDeniedException"},
        clears=(_OPENED,),
    ),
    of_row(
        "AWS::Backup::BackupVault",
        what="its policy does not deny it",
        id=_VAULT,
        there={
            "list_backup_vaults": _POINTS["list_backup_vaults"],
            "describe_backup_vault": {"BackupVaultName": _VAULT, "Locked": False},
        },
        held={"get_backup_vault_access_policy": {"Policy": _policy(_FORBID, _ALLOW)}},
        refused={"delete_backup_vault": "AccessDeniedException"},
        clears=(_OPENED,),
    ),
)

# --- Batch ------------------------------------------------------------------------------------------------------------

_QUEUE: Final = {"jobQueueArn": _ARN.format("batch", "job-queue/seeded"), "status": "VALID"}
_BATCH: Final = (
    of_row(
        "AWS::Batch::JobQueue",
        what="jobs on Fargate are terminated before their compute environment goes",
        id=_QUEUE["jobQueueArn"],
        there={"describe_job_queues": {"jobQueues": [{**_QUEUE, "state": "DISABLED"}]}},
        held={
            "describe_job_queues": {"jobQueues": [{**_QUEUE, "state": "ENABLED"}]},
            "list_jobs": {"jobSummaryList": [{"jobId": "job", "jobName": "job", "status": "RUNNING"}]},
        },
        refused={"delete_job_queue": "ClientException"},
        clears=(
            Clears("update_job_queue", {"state": "DISABLED"}),
            Clears("terminate_job", {"jobId": "job"}),
        ),
        spare=("update_job_queue",),
    ),
)

# --- CloudFront -------------------------------------------------------------------------------------------------------

_ORIGIN: Final = {"Id": "origin", "DomainName": "seeded.example.com"}
_PLAIN: Final[Mapping[str, Any]] = {
    "Comment": "seeded",
    "CallerReference": "seeded",
    "Origins": {"Quantity": 1, "Items": [_ORIGIN]},
    "DefaultCacheBehavior": {"TargetOriginId": "origin", "ViewerProtocolPolicy": "allow-all"},
}
_STAGED: Final[Mapping[str, Any]] = {
    "StagingDistributionDnsNames": {"Quantity": 1, "Items": ["staging.cloudfront.net"]},
}
_DISTRIBUTION: Final = "AWS::CloudFront::Distribution"


def _distribution(domain: str, **config: Any) -> Mapping[str, Any]:
    distribution = {"Id": "E1REFUSING", "DomainName": domain, "Status": "Deployed"}
    return {"ETag": "tag", "Distribution": {**distribution, "DistributionConfig": {**_PLAIN, **config}}}


def _deployment(*, on: bool) -> Mapping[str, Any]:
    policy = {"Id": "policy", "ContinuousDeploymentPolicyConfig": {**_STAGED, "Enabled": on}}
    return {"ETag": "tag", "ContinuousDeploymentPolicy": policy}


_LISTED: Final = {"list_distributions": {"DistributionList": {"Items": [{"Id": "E1REFUSING"}]}}}
_SWITCHED_OFF: Final = Clears(
    "update_continuous_deployment_policy",
    {"Id": "policy", "IfMatch": "tag", "ContinuousDeploymentPolicyConfig": {**_STAGED, "Enabled": False}},
)
_CLOUDFRONT: Final = (
    of_row(
        _DISTRIBUTION,
        what="its policy of continuous deployment is off",
        id="E1REFUSING",
        there={
            **_LISTED,
            "get_distribution": _distribution("primary", Enabled=False, ContinuousDeploymentPolicyId="policy"),
        },
        held={
            "get_distribution": _distribution("primary", Enabled=True, ContinuousDeploymentPolicyId="policy"),
            "get_continuous_deployment_policy": _deployment(on=True),
        },
        refused={"delete_distribution": "DistributionNotDisabled"},
        clears=(_SWITCHED_OFF, Clears("update_distribution", {"Id": "E1REFUSING"}, before="IllegalUpdate")),
    ),
    of_row(
        _DISTRIBUTION,
        what="a staging one: no policy of continuous deployment leads to it",
        id="E1REFUSING",
        there={**_LISTED, "get_distribution": _distribution("staging.cloudfront.net", Enabled=False, Staging=True)},
        held={
            "get_distribution": _distribution("staging.cloudfront.net", Enabled=True, Staging=True),
            "list_continuous_deployment_policies": {
                "ContinuousDeploymentPolicyList": {
                    "Items": [
                        {"ContinuousDeploymentPolicy": _deployment(on=False)["ContinuousDeploymentPolicy"]},
                        {
                            "ContinuousDeploymentPolicy": {
                                "Id": "another",
                                "ContinuousDeploymentPolicyConfig": {
                                    "StagingDistributionDnsNames": {"Quantity": 1, "Items": ["another"]},
                                    "Enabled": True,
                                },
                            }
                        },
                    ]
                }
            },
            "get_continuous_deployment_policy": _deployment(on=False),
        },
        refused={"delete_distribution": "DistributionNotDisabled"},
        clears=(
            Clears("delete_continuous_deployment_policy", {"Id": "policy", "IfMatch": "tag"}),
            Clears("update_distribution", {"Id": "E1REFUSING"}, before="StagingDistributionInUse"),
        ),
    ),
    of_row(
        _DISTRIBUTION,
        what="its tenants are deleted",
        id="E1REFUSING",
        there={**_LISTED, "get_distribution": _distribution("tenants", Enabled=False, ConnectionMode="tenant-only")},
        held={
            "list_distribution_tenants": {
                "DistributionTenantList": [
                    {"Id": "live", "ETag": "tag", "Enabled": True},
                    {"Id": "still", "ETag": "tag", "Enabled": False},
                ]
            }
        },
        refused={"delete_distribution": "ResourceInUse"},
        clears=(
            Clears("update_distribution_tenant", {"Id": "live", "IfMatch": "tag", "Enabled": False}),
            Clears("delete_distribution_tenant", {"Id": "still", "IfMatch": "tag"}),
        ),
    ),
)

# --- databases and caches ---------------------------------------------------------------------------------------------


def _last_of_a_replica(family: str, engine: str) -> Demand:
    instance = {"DBInstanceIdentifier": "last", "Engine": engine, "DBClusterIdentifier": "replica"}
    return of_row(
        f"AWS::{family}::DBInstance",
        what="the last one of a cluster that is a replica: the cluster is promoted",
        id="last",
        there={"describe_db_instances": {"DBInstances": [{**instance, "DBInstanceStatus": "available"}]}},
        held={
            "describe_db_clusters": {
                "DBClusters": [{"DBClusterIdentifier": "replica", "ReplicationSourceIdentifier": "source"}]
            }
        },
        refused={"delete_db_instance": "InvalidDBClusterStateFault"},
        clears=(Clears("promote_read_replica_db_cluster", {"DBClusterIdentifier": "replica"}),),
    )


_CLUSTER: Final = {"DBClusterIdentifier": "limitless", "Engine": "aurora-postgresql", "Status": "available"}
_GROUP: Final = {"ReplicationGroupId": "group", "Status": "available"}


def _global_datastore(role: str, *clears: Clears) -> Demand:
    info = {"GlobalReplicationGroupId": "world", "GlobalReplicationGroupMemberRole": role}
    other = "PRIMARY" if role == "SECONDARY" else "SECONDARY"
    members = [
        {"ReplicationGroupId": "group", "ReplicationGroupRegion": "us-east-1", "Role": role},
        {"ReplicationGroupId": "other", "ReplicationGroupRegion": "eu-west-1", "Role": other},
    ]
    datastore = {"GlobalReplicationGroupId": "world", "Members": members}
    return of_row(
        "AWS::ElastiCache::ReplicationGroup",
        what=f"in no global datastore, as its {role.lower()} group",
        id="group",
        there={"describe_replication_groups": {"ReplicationGroups": [_GROUP]}},
        held={
            "describe_replication_groups": {"ReplicationGroups": [{**_GROUP, "GlobalReplicationGroupInfo": info}]},
            "describe_global_replication_groups": {"GlobalReplicationGroups": [datastore]},
        },
        refused={
            "delete_replication_group": "InvalidReplicationGroupState",
            "disassociate_global_replication_group": "InvalidParameterValue",
        },
        clears=clears,
        spare=(f"disassociate_global_replication_group-{int(role == 'SECONDARY')}",),
    )


def _leaves(group: str, region: str) -> Clears:
    named = {"GlobalReplicationGroupId": "world", "ReplicationGroupId": group, "ReplicationGroupRegion": region}
    return Clears("disassociate_global_replication_group", named)


_DATABASES: Final = (
    _last_of_a_replica("RDS", "aurora-mysql"),
    _last_of_a_replica("Neptune", "neptune"),
    _last_of_a_replica("DocDB", "docdb"),
    of_row(
        "AWS::RDS::DBCluster",
        what="its shard group is deleted",
        id="limitless",
        there={"describe_db_clusters": {"DBClusters": [_CLUSTER]}},
        held={
            "describe_db_shard_groups": {
                "DBShardGroups": [
                    {"DBShardGroupIdentifier": "shards", "DBClusterIdentifier": "limitless", "Status": "available"},
                    {"DBShardGroupIdentifier": "others", "DBClusterIdentifier": "another", "Status": "available"},
                ]
            }
        },
        refused={
            "delete_db_cluster": "InvalidDBClusterStateFault",
            "delete_db_shard_group": "InvalidDBShardGroupState",
        },
        clears=(Clears("delete_db_shard_group", {"DBShardGroupIdentifier": "shards"}),),
    ),
    _global_datastore("SECONDARY", _leaves("group", "us-east-1")),
    _global_datastore(
        "PRIMARY",
        _leaves("other", "eu-west-1"),
        Clears(
            "delete_global_replication_group",
            {"GlobalReplicationGroupId": "world", "RetainPrimaryReplicationGroup": True},
            before="InvalidGlobalReplicationGroupState",
        ),
    ),
)


def _strong(what: str, held: Mapping[str, Any], asked: Mapping[str, Any]) -> Demand:
    table = {"TableName": "seeded-strong", "TableStatus": "ACTIVE", "MultiRegionConsistency": "STRONG"}
    return Demand(
        type="AWS::DynamoDB::Table",
        what=what,
        id="seeded-strong",
        there={"list_tables": {"TableNames": ["seeded-strong"]}, "describe_table": {"Table": table}},
        held={"describe_table": {"Table": {**table, **held}}},
        removes="delete_table",
        refused={"delete_table": "ValidationException", "update_table": "ValidationException"},
        clears=(Clears("update_table", {"TableName": "seeded-strong", **asked}),),
        lists=("list_tables",),
        absent="ResourceNotFoundException",
    )


def _replica(region: str) -> Mapping[str, str]:
    return {"RegionName": region, "ReplicaStatus": "ACTIVE"}


def _without(region: str) -> Mapping[str, Any]:
    return {"Delete": {"RegionName": region}}


_TABLES: Final = (
    _strong(
        "strongly consistent: both replicas go in one call",
        {"Replicas": [_replica("us-east-2"), _replica("us-west-2")]},
        {"ReplicaUpdates": [_without("us-east-2"), _without("us-west-2")]},
    ),
    _strong(
        "strongly consistent: the replica and the witness go in one call",
        {
            "Replicas": [_replica("us-east-2")],
            "GlobalTableWitnesses": [{"RegionName": "us-west-2", "WitnessStatus": "ACTIVE"}],
        },
        {"ReplicaUpdates": [_without("us-east-2")], "GlobalTableWitnessUpdates": [_without("us-west-2")]},
    ),
)

# --- networks ---------------------------------------------------------------------------------------------------------

_SECURITY_GROUP: Final = {"GroupId": "sg-refusing", "GroupName": "refusing", "VpcId": "vpc-1", "IpPermissions": []}
_SERVICE: Final = {"ServiceId": "vpce-svc-refusing", "ServiceState": "Available"}
_GATEWAY: Final = {"TransitGatewayId": "tgw-refusing", "State": "available"}


def _connection(endpoint: str, state: str) -> Mapping[str, str]:
    return {"VpcEndpointId": endpoint, "VpcEndpointState": state, "ServiceId": _SERVICE["ServiceId"]}


def _on_gateways(id_: str) -> list[Mapping[str, str]]:
    """One on the gateway that is deleted, one on another."""
    return [
        {id_: "mine", "TransitGatewayId": "tgw-refusing", "State": "available"},
        {id_: "others", "TransitGatewayId": "tgw-kept", "State": "available"},
    ]


_NETWORK: Final = (
    Demand(
        type="AWS::EC2::SecurityGroup",
        what="associated with no further VPC",
        id="sg-refusing",
        there={"describe_security_groups": {"SecurityGroups": [{**_SECURITY_GROUP, "IpPermissionsEgress": []}]}},
        held={
            "describe_security_group_vpc_associations": {
                "SecurityGroupVpcAssociations": [
                    {"GroupId": "sg-refusing", "VpcId": "vpc-2", "State": "associated"},
                    {"GroupId": "sg-refusing", "VpcId": "vpc-3", "State": "disassociating"},
                ]
            }
        },
        removes="delete_security_group",
        refused={
            "delete_security_group": "DependencyViolation",
            "disassociate_security_group_vpc": "InvalidSecurityGroupVpcAssociation.NotFound",
        },
        clears=(Clears("disassociate_security_group_vpc", {"GroupId": "sg-refusing", "VpcId": "vpc-2"}),),
        lists=("describe_security_groups",),
    ),
    of_row(
        "AWS::EC2::VPCEndpointService",
        what="every connection of an endpoint is rejected",
        id=_SERVICE["ServiceId"],
        there={"describe_vpc_endpoint_service_configurations": {"ServiceConfigurations": [_SERVICE]}},
        held={
            "describe_vpc_endpoint_connections": {
                "VpcEndpointConnections": [
                    _connection("vpce-1", "Available"),
                    _connection("vpce-2", "PendingAcceptance"),
                    _connection("vpce-3", "Rejected"),
                ]
            }
        },
        refused={
            "delete_vpc_endpoint_service_configurations": "ExistingVpcEndpointConnections",
            "reject_vpc_endpoint_connections": "InvalidState",
        },
        clears=tuple(
            Clears("reject_vpc_endpoint_connections", {"ServiceId": _SERVICE["ServiceId"], "VpcEndpointIds": [each]})
            for each in ("vpce-1", "vpce-2")
        ),
    ),
    of_row(
        "AWS::EC2::TransitGateway",
        what="nothing that no row lists is on it: Connect, multicast domains, policy tables",
        id="tgw-refusing",
        there={"describe_transit_gateways": {"TransitGateways": [_GATEWAY]}},
        held={
            "describe_transit_gateway_connects": {
                "TransitGatewayConnects": _on_gateways("TransitGatewayAttachmentId"),
            },
            "describe_transit_gateway_connect_peers": {
                "TransitGatewayConnectPeers": [{"TransitGatewayConnectPeerId": "peer", "State": "available"}]
            },
            "describe_transit_gateway_multicast_domains": {
                "TransitGatewayMulticastDomains": _on_gateways("TransitGatewayMulticastDomainId")
            },
            "describe_transit_gateway_policy_tables": {
                "TransitGatewayPolicyTables": _on_gateways("TransitGatewayPolicyTableId")
            },
        },
        refused={
            "delete_transit_gateway": "IncorrectState",
            "delete_transit_gateway_connect": "UnauthorizedOperation",
            "delete_transit_gateway_multicast_domain": "UnauthorizedOperation",
            "delete_transit_gateway_policy_table": "UnauthorizedOperation",
        },
        clears=(
            Clears("delete_transit_gateway_connect_peer", {"TransitGatewayConnectPeerId": "peer"}),
            Clears("delete_transit_gateway_connect", {"TransitGatewayAttachmentId": "mine"}, before="IncorrectState"),
            Clears("delete_transit_gateway_multicast_domain", {"TransitGatewayMulticastDomainId": "mine"}),
            Clears("delete_transit_gateway_policy_table", {"TransitGatewayPolicyTableId": "mine"}),
        ),
    ),
    of_row(
        "AWS::EC2::Snapshot",
        what="not locked",
        id="snap-refusing",
        there={"describe_snapshots": {"Snapshots": [{"SnapshotId": "snap-refusing"}]}},
        held={"describe_locked_snapshots": {"Snapshots": [{"SnapshotId": "snap-refusing", "LockState": "governance"}]}},
        refused={"delete_snapshot": "OperationNotPermitted"},
        clears=(Clears("unlock_snapshot", {"SnapshotId": "snap-refusing"}),),
    ),
)

# --- names ------------------------------------------------------------------------------------------------------------

_ZONE: Final = "Z0REFUSING"
_RECORD: Final = {
    "Name": "www.refusing.example.com.",
    "Type": "A",
    "TTL": 60,
    "ResourceRecords": [{"Value": "192.0.2.1"}],
}
_OWN_RECORDS: Final = [
    {"Name": "refusing.example.com.", "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": "x"}]}
    for kind in ("NS", "SOA")
]
_UNSIGNED: Final[Mapping[str, Any]] = {"Status": {"ServeSignature": "NOT_SIGNING"}, "KeySigningKeys": []}
_ITS_KEY: Final = {"HostedZoneId": _ZONE, "Name": "key"}


def _zone(what: str, held: Mapping[str, Any], refused: str, *clears: Clears) -> Demand:
    described = {"Id": f"/hostedzone/{_ZONE}", "Name": "refusing.example.com.", "CallerReference": "seeded"}
    return Demand(
        type="AWS::Route53::HostedZone",
        what=what,
        id=_ZONE,
        there={
            "list_hosted_zones": {"HostedZones": [described], "IsTruncated": False},
            "get_hosted_zone": {"HostedZone": described},
            "list_resource_record_sets": {"ResourceRecordSets": _OWN_RECORDS, "IsTruncated": False},
            "list_resource_record_set_protections": {"ResourceRecordSetProtections": []},
            "get_dnssec": _UNSIGNED,
        },
        held=held,
        removes="delete_hosted_zone",
        refused={"delete_hosted_zone": refused},
        clears=clears,
        lists=("list_hosted_zones",),
        absent="NoSuchHostedZone",
    )


_ROUTE53: Final = (
    _zone(
        "DNSSEC signing is off, and its keys are deleted",
        {
            "get_dnssec": {
                "Status": {"ServeSignature": "SIGNING"},
                "KeySigningKeys": [{"Name": "key", "Status": "ACTIVE"}],
            }
        },
        "HostedZoneNotEmpty",
        Clears("disable_hosted_zone_dnssec", {"HostedZoneId": _ZONE}),
        Clears("deactivate_key_signing_key", _ITS_KEY, before="InvalidSigningStatus"),
        Clears("delete_key_signing_key", _ITS_KEY, before="InvalidKeySigningKeyStatus"),
    ),
    _zone(
        "no record is protected",
        {
            "list_resource_record_set_protections": {
                "ResourceRecordSetProtections": [
                    {"RecordName": _RECORD["Name"], "RecordType": "A", "Comment": "seeded"}
                ]
            },
            "list_resource_record_sets": {"ResourceRecordSets": [*_OWN_RECORDS, _RECORD], "IsTruncated": False},
        },
        "HostedZoneNotEmpty",
        Clears(
            "delete_resource_record_set_protections",
            {"HostedZoneId": _ZONE, "Protections": [{"RecordName": _RECORD["Name"], "RecordType": "A"}]},
        ),
        Clears(
            "change_resource_record_sets",
            {"ChangeBatch": {"Changes": [{"Action": "DELETE", "ResourceRecordSet": _RECORD}]}},
            before="InvalidChangeBatch",
        ),
    ),
    _zone(
        "only its own SOA and NS records are left",
        {"list_resource_record_sets": {"ResourceRecordSets": [*_OWN_RECORDS, _RECORD], "IsTruncated": False}},
        "HostedZoneNotEmpty",
        Clears(
            "change_resource_record_sets",
            {
                "HostedZoneId": _ZONE,
                "ChangeBatch": {"Changes": [{"Action": "DELETE", "ResourceRecordSet": _RECORD}]},
            },
        ),
    ),
)

# --- storage ----------------------------------------------------------------------------------------------------------

_BUCKET: Final = "seeded-refusing"
_STORAGE: Final = (
    of_bucket(
        _BUCKET,
        what="its access points are deleted",
        held={"list_access_points": {"AccessPointList": [{"Name": "point", "Bucket": _BUCKET}]}},
        refused={"delete_bucket": "BucketHasAccessPointsAttached"},
        clears=(Clears("delete_access_point", {"Name": "point"}),),
        elsewhere={"s3control": ("list_access_points", "delete_access_point")},
    ),
    *(
        of_row(
            "AWS::EFS::FileSystem",
            what=f"in no replication configuration, as its {side}",
            id="fs-refusing",
            there={
                "describe_file_systems": {"FileSystems": [{"FileSystemId": "fs-refusing", "CreationTime": _NOW}]},
                "describe_mount_targets": {"MountTargets": []},
            },
            held={
                "describe_replication_configurations": {
                    "Replications": [{"SourceFileSystemId": source, "Destinations": [{"Status": "ENABLED"}]}]
                }
            },
            refused={"delete_file_system": "BadRequest"},
            clears=(Clears("delete_replication_configuration", {"SourceFileSystemId": source}),),
        )
        for side, source in (("source", "fs-refusing"), ("destination", "fs-elsewhere"))
    ),
)

# --- what else keeps or serves ----------------------------------------------------------------------------------------

_SECRET: Final = _ARN.format("secretsmanager", "secret:refusing")
_DESCRIBED: Final = {"ARN": _SECRET, "Name": "refusing", "CreatedDate": _NOW}


def _secret(what: str, held: Mapping[str, Any], *clears: Clears) -> Demand:
    return of_row(
        "AWS::SecretsManager::Secret",
        what=what,
        id=_SECRET,
        there={"list_secrets": {"SecretList": [_DESCRIBED]}, "describe_secret": _DESCRIBED},
        held={"describe_secret": {**_DESCRIBED, **held}},
        refused={"delete_secret": "InvalidRequestException"},
        clears=clears,
    )


_THERE: Final = _ARN.format("secretsmanager", "secret:other")
_STOPPED: Final = Clears("stop_replication_to_replica", {"SecretId": _SECRET})
_STREAM: Final = _ARN.format("kinesis", "stream/refusing")
_ACL: Final = {"Name": "refusing", "Id": "acl", "ARN": _ARN.format("wafv2", "regional/webacl/refusing/acl")}
_GUARDED: Final = _ARN.format("elasticloadbalancing", "loadbalancer/app/kept/1")
_OTHERS: Final = (
    _secret(
        "its replicas in other accounts are disassociated",
        {"CrossAccountReplicas": [{"ReplicaSecretARN": _THERE, "ReplicationStatus": "InSync"}]},
        Clears("disassociate_cross_account_replica", {"SecretId": _SECRET, "CrossAccountReplicaARN": _THERE}),
    ),
    _secret(
        "the replica of another account's: replication is stopped",
        {"CrossAccountPrimary": {"PrimarySecretARN": _THERE}},
        _STOPPED,
    ),
    _secret("the replica of another region's: replication is stopped", {"PrimaryRegion": "eu-west-1"}, _STOPPED),
    *(
        of_row(
            "AWS::Kinesis::Stream",
            what=f"its {kind.lower()}s are deleted",
            id="refusing",
            there={
                "list_streams": {"StreamNames": ["refusing"], "HasMoreStreams": False},
                "describe_stream_summary": {
                    "StreamDescriptionSummary": {"StreamARN": _STREAM, "StreamStatus": "ACTIVE"},
                },
                "list_queues": {"QueueSummaries": []},
                "list_channels": {"ChannelSummaries": []},
            },
            held={f"list_{kind.lower()}s": {f"{kind}Summaries": [{f"{kind}ARN": arn, f"{kind}Status": "ACTIVE"}]}},
            only={f"list_{kind.lower()}s": {"StreamFilter": [{"StreamARN": _STREAM}]}},
            refused={"delete_stream": "ResourceInUseException"},
            clears=(Clears(f"delete_{kind.lower()}", {f"{kind}ARN": arn}),),
        )
        for kind, arn in (
            ("Queue", _ARN.format("kinesis", "queue/refusing")),
            ("Channel", _ARN.format("kinesis", "channel/refusing")),
        )
    ),
    of_row(
        "AWS::WAFv2::WebACL",
        what="associated with nothing, kept things included",
        id="refusing|acl|REGIONAL",
        there={
            "list_web_acls": {"WebACLs": [_ACL]},
            "get_web_acl": {"WebACL": {**_ACL, "ManagedByFirewallManager": False}, "LockToken": "token"},
        },
        held={"list_resources_for_web_acl": {"ResourceArns": [_GUARDED]}},
        only={
            "list_web_acls": {"Scope": "REGIONAL"},
            "list_resources_for_web_acl": {"WebACLArn": _ACL["ARN"], "ResourceType": "APPLICATION_LOAD_BALANCER"},
        },
        refused={"delete_web_acl": "WAFAssociatedItemException"},
        clears=(Clears("disassociate_web_acl", {"ResourceArn": _GUARDED}),),
    ),
    of_row(
        "AWS::EKS::Cluster",
        what="its capabilities are deleted",
        id="refusing",
        there={"list_clusters": {"clusters": ["refusing"]}, "describe_cluster": {"cluster": {"status": "ACTIVE"}}},
        held={"list_capabilities": {"capabilities": [{"capabilityName": "argo", "status": "ACTIVE"}]}},
        refused={"delete_cluster": "ResourceInUseException"},
        clears=(Clears("delete_capability", {"clusterName": "refusing", "capabilityName": "argo"}),),
    ),
    of_row(
        "AWS::Config::ConfigRule",
        what="no remediation is configured for it",
        id="refusing",
        there={"describe_config_rules": {"ConfigRules": [{"ConfigRuleName": "refusing", "ConfigRuleId": "rule-1"}]}},
        refused={"delete_config_rule": "ResourceInUseException"},
        clears=(Clears("delete_remediation_configuration", {"ConfigRuleName": "refusing"}),),
    ),
)

DEMANDS: Final[tuple[Demand, ...]] = (
    *_BACKUP,
    *_BATCH,
    *_CLOUDFRONT,
    *_DATABASES,
    *_TABLES,
    *_NETWORK,
    *_ROUTE53,
    *_STORAGE,
    *_OTHERS,
    *DEMANDS_SERVICES,
    *DEMANDS_COMPUTE,
)


def seed_of(demand: Demand) -> Seed:
    """The resource in the state that AWS refuses, as any other seed."""
    aws = Refusing(demand)
    service = TYPES[demand.type].service
    return Seed(
        type=demand.type,
        what=demand.what,
        make=lambda _: aws.appear(),
        stand_ins=(StandIn(service, aws.renewed), *(StandIn(each, lambda: aws) for each in demand.elsewhere)),
        spare=demand.spare,
        clears=tuple(dict.fromkeys(clearing.operation for clearing in demand.clears)),
    )


SEEDS: Final[tuple[Seed, ...]] = tuple(seed_of(demand) for demand in DEMANDS)
