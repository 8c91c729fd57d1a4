"""What AWS demands of what computes, of what it is made of and of where it keeps its data: further rows of the table.

See `demands`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.demanding import of_row
from tests.cleanup.fakes.refusing import Clears, Demand

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
_ARN: Final = "arn:aws:{}:us-east-1:222222222222:{}"
_ACCOUNT: Final = "222222222222"

# --- Auto Scaling and instances ---------------------------------------------------------------------------------------

_SCALING: Final = "seeded-scaling"
_ITS_GROUP: Final = {"AutoScalingGroupName": _SCALING, "AutoScalingGroupARN": _ARN.format("autoscaling", _SCALING)}
_INSTANCE: Final = "i-refusing"
_SWITCHED_OFF: Final = {"Value": False}
_VOLUME: Final = "vol-refusing"
_IMAGE: Final = {"ImageId": "ami-refusing"}
_INSTANCES: Final = (
    of_row(
        "AWS::AutoScaling::AutoScalingGroup",
        what="deletion protection off; no instances and no activity, or forced",
        id=_SCALING,
        there={
            "describe_auto_scaling_groups": {"AutoScalingGroups": [_ITS_GROUP]},
            "suspend_processes": {},
            "set_instance_protection": {},
            "delete_auto_scaling_group": {},
        },
        held={
            "describe_auto_scaling_groups": {
                "AutoScalingGroups": [
                    {
                        **_ITS_GROUP,
                        "DeletionProtection": "prevent-all-deletion",
                        "Instances": [{"InstanceId": "i-scaled", "ProtectedFromScaleIn": True}],
                    }
                ]
            }
        },
        only={"delete_auto_scaling_group": {"ForceDelete": True}},
        refused={"delete_auto_scaling_group": "ResourceInUse"},
        clears=(Clears("update_auto_scaling_group", {"AutoScalingGroupName": _SCALING}),),
        spare=("set_instance_protection",),
    ),
    of_row(
        "AWS::EC2::Instance",
        what="termination and stop protection off",
        id=_INSTANCE,
        there={
            "describe_instances": {
                "Reservations": [{"Instances": [{"InstanceId": _INSTANCE, "State": {"Name": "running"}}]}]
            }
        },
        refused={"terminate_instances": "OperationNotPermitted"},
        clears=tuple(
            Clears("modify_instance_attribute", {"InstanceId": _INSTANCE, protection: _SWITCHED_OFF})
            for protection in ("DisableApiTermination", "DisableApiStop")
        ),
    ),
    of_row(
        "AWS::EC2::Image",
        what="deregistration protection off",
        id=_IMAGE["ImageId"],
        there={"describe_images": {"Images": [_IMAGE]}},
        held={"describe_images": {"Images": [{**_IMAGE, "DeregistrationProtection": "enabled-without-cooldown"}]}},
        refused={"deregister_image": "OperationNotPermitted"},
        clears=(Clears("disable_image_deregistration_protection", _IMAGE),),
    ),
    of_row(
        "AWS::EC2::Volume",
        what="detached",
        id=_VOLUME,
        there={"describe_volumes": {"Volumes": [{"VolumeId": _VOLUME, "State": "available"}]}},
        held={
            "describe_volumes": {
                "Volumes": [
                    {
                        "VolumeId": _VOLUME,
                        "State": "in-use",
                        "Attachments": [{"VolumeId": _VOLUME, "InstanceId": "i-attached", "State": "attached"}],
                    }
                ]
            }
        },
        refused={"delete_volume": "VolumeInUse"},
        clears=(Clears("detach_volume", {"VolumeId": _VOLUME, "InstanceId": "i-attached"}),),
    ),
)

# --- what networks are made of ----------------------------------------------------------------------------------------

_INTERFACE: Final = {"NetworkInterfaceId": "eni-refusing"}
_ATTACHED: Final = {"AttachmentId": "eni-attach-refusing", "InstanceId": "i-others", "DeleteOnTermination": False}
_TABLE: Final = "rtb-refusing"
_OPTIONS: Final = "dopt-refusing"
_AWS_OPTIONS: Final[Mapping[str, Any]] = {
    "DhcpOptionsId": "dopt-aws",
    "DhcpConfigurations": [
        {"Key": "domain-name", "Values": [{"Value": "ec2.internal"}]},
        {"Key": "domain-name-servers", "Values": [{"Value": "AmazonProvidedDNS"}]},
    ],
}
_ACL: Final[Mapping[str, Any]] = {"NetworkAclId": "acl-refusing", "VpcId": "vpc-with-acls", "IsDefault": False}
_DEFAULT_ACL: Final[Mapping[str, Any]] = {"NetworkAclId": "acl-default", "VpcId": "vpc-with-acls", "IsDefault": True}
_ON_SUBNETS: Final = tuple(f"aclassoc-{each}" for each in (1, 2))
_NAMED: Final = "sg-named"
_RULES: Final[list[Mapping[str, Any]]] = [{"IpProtocol": "udp", "UserIdGroupPairs": [{"GroupId": _NAMED}]}]


def _groups(rules: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The group, and the default one of its network, which has these rules."""
    none: Mapping[str, Any] = {"VpcId": "vpc-named", "IpPermissions": [], "IpPermissionsEgress": []}
    named = {**none, "GroupId": _NAMED, "GroupName": "named"}
    default = {"GroupId": "sg-naming", "GroupName": "default", "IpPermissions": rules, "IpPermissionsEgress": rules}
    return {"SecurityGroups": [named, {**none, **default}]}


_NETWORKS: Final = (
    of_row(
        "AWS::EC2::NetworkInterface",
        what="detached",
        id=_INTERFACE["NetworkInterfaceId"],
        there={"describe_network_interfaces": {"NetworkInterfaces": [{**_INTERFACE, "Status": "available"}]}},
        held={
            "describe_network_interfaces": {
                "NetworkInterfaces": [{**_INTERFACE, "Status": "in-use", "Attachment": _ATTACHED}]
            }
        },
        refused={"delete_network_interface": "InvalidNetworkInterface.InUse"},
        clears=(Clears("detach_network_interface", {"AttachmentId": _ATTACHED["AttachmentId"], "Force": True}),),
    ),
    of_row(
        "AWS::EC2::RouteTable",
        what="on no subnet",
        id=_TABLE,
        there={"describe_route_tables": {"RouteTables": [{"RouteTableId": _TABLE}]}},
        held={
            "describe_route_tables": {
                "RouteTables": [
                    {
                        "RouteTableId": _TABLE,
                        "Associations": [
                            {"RouteTableAssociationId": f"rtbassoc-{each}", "SubnetId": each, "Main": False}
                            for each in ("subnet-1", "subnet-2")
                        ],
                    }
                ]
            }
        },
        refused={"delete_route_table": "DependencyViolation"},
        clears=tuple(
            Clears("disassociate_route_table", {"AssociationId": f"rtbassoc-{each}"})
            for each in ("subnet-1", "subnet-2")
        ),
    ),
    Demand(
        type="AWS::EC2::DHCPOptions",
        what="in no VPC",
        id=_OPTIONS,
        there={
            "describe_dhcp_options": {
                "DhcpOptions": [{"DhcpOptionsId": _OPTIONS, "DhcpConfigurations": []}, _AWS_OPTIONS],
            }
        },
        # AWS's own network, as others are leftovers of their own
        held={"describe_vpcs": {"Vpcs": [{"VpcId": "vpc-default", "IsDefault": True, "DhcpOptionsId": _OPTIONS}]}},
        removes="delete_dhcp_options",
        refused={"delete_dhcp_options": "DependencyViolation"},
        clears=(
            Clears("associate_dhcp_options", {"VpcId": "vpc-default", "DhcpOptionsId": _AWS_OPTIONS["DhcpOptionsId"]}),
        ),
        lists=("describe_dhcp_options",),
    ),
    Demand(
        type="AWS::EC2::NetworkAcl",
        what="on no subnet",
        id=_ACL["NetworkAclId"],
        there={"describe_network_acls": {"NetworkAcls": [_ACL]}},
        held={
            "describe_network_acls": {
                "NetworkAcls": [
                    {**_ACL, "Associations": [{"NetworkAclAssociationId": each} for each in _ON_SUBNETS]},
                ]
            }
        },
        removes="delete_network_acl",
        refused={"delete_network_acl": "DependencyViolation"},
        clears=(
            # the default one is asked for, and takes its place
            Clears(
                "describe_network_acls",
                {
                    "Filters": [
                        {"Name": "vpc-id", "Values": [_ACL["VpcId"]]},
                        {"Name": "default", "Values": ["true"]},
                    ]
                },
                replies={"NetworkAcls": [_DEFAULT_ACL]},
            ),
            *(
                Clears(
                    "replace_network_acl_association",
                    {"AssociationId": each, "NetworkAclId": _DEFAULT_ACL["NetworkAclId"]},
                )
                for each in _ON_SUBNETS
            ),
        ),
        lists=("describe_network_acls",),
    ),
    Demand(
        type="AWS::EC2::SecurityGroup",
        what="on no interface; no rule of another group names it",
        id=_NAMED,
        there={
            "describe_security_groups": _groups([]),
            "describe_security_group_vpc_associations": {"SecurityGroupVpcAssociations": []},
        },
        held={"describe_security_groups": _groups(_RULES)},
        removes="delete_security_group",
        refused={"delete_security_group": "DependencyViolation"},
        clears=tuple(
            Clears(f"revoke_security_group_{direction}", {"GroupId": "sg-naming", "IpPermissions": _RULES})
            for direction in ("ingress", "egress")
        ),
        lists=("describe_security_groups",),
        after=("AWS::EC2::NetworkInterface",),
    ),
)

# --- what is kept, by name --------------------------------------------------------------------------------------------

_VAULT: Final = "seeded-locked"
_CERTIFICATE: Final = _ARN.format("acm", "certificate/refusing")
_DISTRIBUTION: Final = "E2REFUSING"
_STACK_SET: Final = "seeded-set:11112222"


def _distribution(*, on: bool) -> Mapping[str, Any]:
    config = {
        "Comment": "seeded",
        "CallerReference": "seeded",
        "Origins": {"Quantity": 1, "Items": [{"Id": "origin", "DomainName": "seeded.example.com"}]},
        "DefaultCacheBehavior": {"TargetOriginId": "origin", "ViewerProtocolPolicy": "allow-all"},
        "Enabled": on,
    }
    distribution = {"Id": _DISTRIBUTION, "DomainName": "plain", "Status": "Deployed", "DistributionConfig": config}
    return {"ETag": "plain-tag", "Distribution": distribution}


def _version(kind: str) -> Demand:
    """The default one, while another one is still there."""
    type_ = _ARN.format("cloudformation", f"type/{kind.lower()}/Seeded-Refusing-{kind}")
    version = f"{type_}/00000001"
    named = "RESOURCE" if kind == "Resource" else kind.upper()
    only = {"Type": named, **({"ProvisioningType": "FULLY_MUTABLE"} if kind == "Resource" else {})}
    return of_row(
        f"AWS::CloudFormation::{kind}Version",
        what="not the default version, unless it is the only one",
        id=version,
        there={
            "list_types": {"TypeSummaries": [{"Type": named, "TypeArn": type_}]},
            "list_type_versions": {
                "TypeVersionSummaries": [{"Type": named, "Arn": version, "TimeCreated": _NOW, "IsDefaultVersion": True}]
            },
            "describe_type": {"Arn": version, "DeprecatedStatus": "LIVE"},
        },
        only={"list_types": only, "list_type_versions": {"Arn": type_}},
        refused={"deregister_type": "CFNRegistryException"},
        clears=(),
        tries=1,
    )


_NAMES: Final = (
    of_row(
        "AWS::Backup::BackupVault",
        what="empty; its lock is removed",
        id=_VAULT,
        there={
            "list_backup_vaults": {"BackupVaultList": [{"BackupVaultName": _VAULT, "CreationDate": _NOW}]},
            "list_recovery_points_by_backup_vault": {"RecoveryPoints": []},
            "describe_backup_vault": {"BackupVaultName": _VAULT, "Locked": False},
        },
        held={"describe_backup_vault": {"BackupVaultName": _VAULT, "Locked": True}},
        refused={"delete_backup_vault": "InvalidRequestException"},
        clears=(Clears("delete_backup_vault_lock_configuration", {"BackupVaultName": _VAULT}),),
        after=("AWS::Backup::RecoveryPoint",),
    ),
    of_row(
        "AWS::CertificateManager::Certificate",
        what="not in use",
        id=_CERTIFICATE,
        there={
            "list_certificates": {"CertificateSummaryList": [{"CertificateArn": _CERTIFICATE, "CreatedAt": _NOW}]},
            "describe_certificate": {"Certificate": {"CertificateArn": _CERTIFICATE, "CreatedAt": _NOW}},
        },
        refused={"delete_certificate": "ResourceInUseException"},
        clears=(),
        tries=1,
    ),
    *(_version(kind) for kind in ("Hook", "Module", "Resource")),
    of_row(
        "AWS::CloudFormation::StackSet",
        what="no stack instances",
        id=_STACK_SET,
        there={
            "list_stack_sets": {
                "Summaries": [{"StackSetName": "seeded-set", "StackSetId": _STACK_SET, "Status": "ACTIVE"}]
            },
            "describe_stack_set": {
                "StackSet": {"StackSetId": _STACK_SET, "Status": "ACTIVE", "Regions": ["us-east-1", "eu-west-1"]}
            },
        },
        held={"list_stack_instances": {"Summaries": [{"StackSetId": _STACK_SET, "Account": _ACCOUNT}]}},
        refused={"delete_stack_set": "StackSetNotEmptyException"},
        clears=(
            Clears(
                "delete_stack_instances",
                {"StackSetName": _STACK_SET, "Accounts": [_ACCOUNT], "Regions": ["us-east-1", "eu-west-1"]},
            ),
        ),
    ),
    of_row(
        "AWS::CloudFront::Distribution",
        what="disabled and deployed",
        id=_DISTRIBUTION,
        there={
            "list_distributions": {"DistributionList": {"Items": [{"Id": _DISTRIBUTION}]}},
            "get_distribution": _distribution(on=False),
        },
        held={"get_distribution": _distribution(on=True)},
        refused={"delete_distribution": "DistributionNotDisabled"},
        clears=(Clears("update_distribution", {"Id": _DISTRIBUTION, "IfMatch": "plain-tag"}),),
    ),
)

# --- databases and caches ---------------------------------------------------------------------------------------------

_CLUSTER: Final = {"DBClusterIdentifier": "seeded-documents", "Engine": "docdb"}
_CACHE: Final = {"CacheClusterId": "seeded-cache", "CacheClusterStatus": "available"}


def _table(what: str, held: Mapping[str, Any], *asked: Mapping[str, Any]) -> Demand:
    name = f"seeded-{next(iter(held)).lower()}"
    table = {"TableName": name, "TableStatus": "ACTIVE"}
    return Demand(
        type="AWS::DynamoDB::Table",
        what=what,
        id=name,
        there={"list_tables": {"TableNames": [name]}, "describe_table": {"Table": table}},
        held={"describe_table": {"Table": {**table, **held}}},
        removes="delete_table",
        refused={"delete_table": "ValidationException", "update_table": "ValidationException"},
        clears=tuple(Clears("update_table", {"TableName": name, **each}) for each in asked),
        lists=("list_tables",),
        absent="ResourceNotFoundException",
    )


_DATABASES: Final = (
    of_row(
        "AWS::DocDB::DBCluster",
        what="deletion protection off, not stopped; no instances",
        id=_CLUSTER["DBClusterIdentifier"],
        there={"describe_db_clusters": {"DBClusters": [{**_CLUSTER, "Status": "available"}]}},
        held={"describe_db_clusters": {"DBClusters": [{**_CLUSTER, "Status": "stopped", "DeletionProtection": True}]}},
        refused={"delete_db_cluster": "InvalidDBClusterStateFault"},
        clears=(
            Clears("start_db_cluster", {"DBClusterIdentifier": _CLUSTER["DBClusterIdentifier"]}),
            Clears(
                "modify_db_cluster",
                {"DBClusterIdentifier": _CLUSTER["DBClusterIdentifier"], "DeletionProtection": False},
                before="InvalidDBClusterStateFault",
            ),
        ),
        after=("AWS::DocDB::DBInstance",),
    ),
    # what protects a replica is its own region's, see `test_replicas_lose_their_protection...`
    _table(
        "deletion protection off, also on the replicas",
        {"DeletionProtectionEnabled": True},
        {"DeletionProtectionEnabled": False},
    ),
    _table(
        "its replicas are deleted",
        {"Replicas": [{"RegionName": each, "ReplicaStatus": "ACTIVE"} for each in ("eu-west-1", "eu-west-2")]},
        *({"ReplicaUpdates": [{"Delete": {"RegionName": each}}]} for each in ("eu-west-1", "eu-west-2")),
    ),
    of_row(
        "AWS::ElastiCache::CacheCluster",
        what="available; not the primary one or the last replica of a group",
        id=_CACHE["CacheClusterId"],
        there={"describe_cache_clusters": {"CacheClusters": [_CACHE]}},
        refused={"delete_cache_cluster": "InvalidCacheClusterState"},
        clears=(),
        tries=1,
    ),
)

# --- clusters ---------------------------------------------------------------------------------------------------------

_DEFINITION: Final = _ARN.format("ecs", "task-definition/refusing:1")
_FLOW: Final = "j-REFUSING"
_OF_FLOW: Final = {"Id": _FLOW, "Status": {"State": "WAITING"}}
_CLUSTERS: Final = (
    of_row(
        "AWS::ECS::TaskDefinition",
        what="deregistered",
        id=_DEFINITION,
        there={
            "list_task_definitions": {"taskDefinitionArns": [_DEFINITION]},
            "describe_task_definition": {"taskDefinition": {"taskDefinitionArn": _DEFINITION, "status": "ACTIVE"}},
        },
        refused={"delete_task_definitions": "InvalidParameterException"},
        clears=(Clears("deregister_task_definition", {"taskDefinition": _DEFINITION}),),
    ),
    of_row(
        "AWS::EMR::Cluster",
        what="termination protection off",
        id=_FLOW,
        there={
            "list_clusters": {"Clusters": [_OF_FLOW]},
            "describe_cluster": {"Cluster": {**_OF_FLOW, "TerminationProtected": False}},
        },
        held={"describe_cluster": {"Cluster": {**_OF_FLOW, "TerminationProtected": True}}},
        refused={"terminate_job_flows": "ValidationException"},
        clears=(Clears("set_termination_protection", {"JobFlowIds": [_FLOW], "TerminationProtected": False}),),
    ),
)

_FULL: Final = "seeded-ecs-full"
_OWNING: Final = "seeded-ecs-owning"
_MANAGING: Final = _ARN.format("ecs", "cluster/seeded-ecs-managing")
_MACHINE: Final = _ARN.format("ecs", f"container-instance/{_FULL}/1")
_TASK: Final = _ARN.format("ecs", f"task/{_FULL}/1")
_SERVICE: Final = _ARN.format("ecs", f"service/{_FULL}/seeded-web")
_SERVES: Final = {"serviceArn": _SERVICE, "status": "ACTIVE", "schedulingStrategy": "REPLICA"}
_PROVIDER: Final = {"name": "refusing-provider", "status": "ACTIVE"}
_MANAGED: Final = {"name": "refusing-managed", "status": "ACTIVE", "cluster": _MANAGING}


def _ecs_cluster(name: str, what: str, refused: str, **told: Any) -> Demand:
    arn = _ARN.format("ecs", f"cluster/{name}")
    described = {"clusterName": name, "clusterArn": arn, "status": "ACTIVE"}
    there = {
        "list_clusters": {"clusterArns": [arn]},
        "describe_clusters": {"clusters": [described]},
        "list_container_instances": {"containerInstanceArns": []},
    }
    return of_row(
        "AWS::ECS::Cluster",
        what=what,
        id=name,
        there=there,
        refused={"delete_cluster": refused},
        **{"clears": (), **told},
    )


_ECS: Final = (
    _ecs_cluster(
        _FULL,
        "no services, tasks and container instances",
        "ClusterContainsContainerInstancesException",
        held={"list_container_instances": {"containerInstanceArns": [_MACHINE]}},
        clears=(
            Clears("deregister_container_instance", {"cluster": _FULL, "containerInstance": _MACHINE, "force": True}),
        ),
        after=("AWS::ECS::Service", "AWS::ECS::Task"),
    ),
    _ecs_cluster(
        _OWNING,
        "its own capacity providers are deleted",
        "ClusterContainsCapacityProviderException",
        after=("AWS::ECS::ClusterCapacityProvider",),
    ),
    of_row(
        "AWS::ECS::ClusterCapacityProvider",
        what="in no strategy of a service",
        id=f"{_MANAGING}|{_MANAGED['name']}",
        there={
            "list_clusters": {"clusterArns": [_MANAGING]},
            "describe_clusters": {"clusters": []},  # it is another demand's
            "describe_capacity_providers": {"capacityProviders": [_MANAGED]},
        },
        only={"describe_capacity_providers": {"cluster": _MANAGING}},
        refused={"delete_capacity_provider": "ClientException"},
        clears=(),
        lists=("list_clusters", "describe_clusters", "describe_capacity_providers"),
        after=("AWS::ECS::Service",),
    ),
    of_row(
        "AWS::ECS::CapacityProvider",
        what="on no cluster, and in no strategy of a service",
        id=_PROVIDER["name"],
        there={"describe_capacity_providers": {"capacityProviders": [_PROVIDER]}},
        refused={"delete_capacity_provider": "ClientException"},
        clears=(),
        after=("AWS::ECS::Cluster",),
    ),
)

_EKS: Final = (
    of_row(
        "AWS::EKS::Cluster",
        what="no node groups and Fargate profiles; deletion protection off",
        id="seeded-eks",
        there={
            "list_clusters": {"clusters": ["seeded-eks"]},
            "describe_cluster": {"cluster": {"status": "ACTIVE", "deletionProtection": False}},
            "list_capabilities": {"capabilities": []},
        },
        held={"describe_cluster": {"cluster": {"status": "ACTIVE", "deletionProtection": True}}},
        refused={"delete_cluster": "ResourceInUseException"},
        clears=(Clears("update_cluster_config", {"name": "seeded-eks", "deletionProtection": False}),),
        after=("AWS::EKS::Nodegroup", "AWS::EKS::FargateProfile"),
    ),
    of_row(
        "AWS::EKS::FargateProfile",
        what="one at a time in a cluster",
        id="seeded-fargate|seeded-profile",
        there={
            "list_clusters": {"clusters": ["seeded-fargate"]},
            "describe_cluster": {"cluster": {"status": "DELETING"}},
            "list_fargate_profiles": {"fargateProfileNames": ["seeded-profile"]},
            "describe_fargate_profile": {"fargateProfile": {"status": "ACTIVE"}},
        },
        only={"list_fargate_profiles": {"clusterName": "seeded-fargate"}},
        refused={"delete_fargate_profile": "ResourceInUseException"},
        clears=(),
        tries=1,
    ),
)

IN_THE_WAY: Final = (
    of_row(
        "AWS::ECS::Service",
        what="nothing: its cluster waits for it",
        id=_SERVICE,
        there={
            "list_services": {"serviceArns": [_SERVICE]},
            "describe_services": {"services": [{**_SERVES, "desiredCount": 0}]},
        },
        held={"describe_services": {"services": [{**_SERVES, "desiredCount": 1}]}},
        only={"list_services": {"cluster": _ARN.format("ecs", f"cluster/{_FULL}")}},
        refused={"delete_service": "InvalidParameterException"},
        clears=(Clears("update_service", {"cluster": _FULL, "service": "seeded-web", "desiredCount": 0}),),
        lists=("list_services", "describe_services"),
    ),
    Demand(
        type="AWS::ECS::Task",
        what="nothing: its cluster waits for it",
        id=_TASK,
        there={
            "list_tasks": {"taskArns": [_TASK]},
            "describe_tasks": {"tasks": [{"taskArn": _TASK, "lastStatus": "RUNNING", "group": "family:seeded"}]},
        },
        removes="stop_task",
        refused={},
        clears=(),
        only={"list_tasks": {"cluster": _ARN.format("ecs", f"cluster/{_FULL}")}},
        lists=("list_tasks", "describe_tasks"),
    ),
)
"""What the demands above wait for, of types that no line refuses; in an account with them."""

DEMANDS_COMPUTE: Final[tuple[Demand, ...]] = (
    *_INSTANCES,
    *_NETWORKS,
    *_NAMES,
    *_DATABASES,
    *_CLUSTERS,
    *_ECS,
    *_EKS,
)
