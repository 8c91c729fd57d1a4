"""Who writes the fields by which listings leave members out: never a tenant.

A listing leaves out what its `unless` is true of; each term of every `unless` is a row here (tests hold that). Where a
service makes things for others, `owners` are the types of what it makes them for: these are listed themselves, so that
no test keeps one without its owner being seen.

Source: the API reference of each service, of the type that the listing returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from atmosphere.cleanup.catalogue.networks import DhcpOptions


class Writer(StrEnum):
    """Who writes such a field, and so why it exempts no leftover."""

    ENDED = "AWS, when the thing is as good as gone"
    GIVEN = "AWS, of what comes with the account, a network or a service and is there for good"
    NAME = "AWS keeps such names for itself"
    STRANGER = "AWS, of what another account owns"
    ELSEWHERE = "AWS, of what another row lists"
    ORGANIZATION = "AWS, of what only the organization's management or delegated account makes"
    OWNER = "AWS, of what a service makes for something that is listed itself"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One term of an `unless`, with who writes its field, and the types that own what it is true of."""

    term: str
    writer: Writer
    owners: tuple[str, ...] = ()


_OVER: Final = "['deleted', 'rejected', 'expired', 'failed']"
_BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_DATABASES: Final = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
_FILE_SYSTEM: Final = ("AWS::FSx::FileSystem",)
_NAMESPACES: Final = ("AWS::ServiceDiscovery::PrivateDnsNamespace", "AWS::ServiceDiscovery::PublicDnsNamespace")
_EXTENSIONS: Final = tuple(f"AWS::CloudFormation::{name}Version" for name in ("Resource", "Module", "Hook"))
_AS_AWS_MAKES_THEM: Final = DhcpOptions.unless

LEFT_OUT: Final = (
    *(
        LeftOut(term, Writer.ENDED)
        for term in (
            "State == 'deleted'",
            "State.Name == 'terminated'",
            "State == 'delete-complete'",
            "State != 'attached'",
            "State == 'disassociating'",
            "State == 'disassociated'",
            "BackupStatus == 'DELETED'",
            "DeletionDate",
            "LifeCycleState == 'deleted'",
            "contains(['PendingDeletion', 'PendingReplicaDeletion'], KeyState)",
            "contains(['deleted', 'Deleted'], State)",
            "contains(['deleted', 'Deleted'], ServiceState)",
            f"contains({_OVER}, State)",
            f"contains({_OVER}, Status.Code)",
            "starts_with(FleetState, 'deleted')",
            "starts_with(SpotFleetRequestState, 'cancelled')",
            "status != 'InProgress'",
            "status == 'DELETED'",
            "status == 'INACTIVE'",
            "Status == 'DELETED'",
            "Status.Code == 'deleted'",
            "Stage == 'Deleted'",
            "Lifecycle == 'DELETED'",
            "status == 'DELETING'",
            "contains(['disassociating', 'disassociated'], Status.Code)",
        )
    ),
    *(
        LeftOut(term, Writer.GIVEN)
        for term in (
            "BackupVaultName == 'Default'",
            "CacheSubnetGroupName == 'default'",
            "Name == 'default'",
            "Name == 'primary'",
            "DefaultForAz",
            "IsDefault",
            "ends_with(User.Arn || '', ':root')",
            "KeyManager == 'AWS'",
            # by what they say: a test's own that says the same is no other thing than AWS's, and joins nothing
            _AS_AWS_MAKES_THEM,
        )
    ),
    *(
        LeftOut(term, Writer.NAME)
        for term in (
            "DBSubnetGroupName == 'default'",
            "GroupName == 'default'",
            "contains(['FARGATE', 'FARGATE_SPOT'], name)",
            "starts_with(AliasName, 'alias/aws/')",
            "starts_with(BackupVaultName, 'aws/')",
            "starts_with(DBClusterParameterGroupName, 'default.')",
            "starts_with(DBParameterGroupName, 'default.')",
            "starts_with(OptionGroupName, 'default:')",
            "starts_with(ParameterGroupName, 'default.')",
            "starts_with(@, 'CodeDeployDefault.')",
            "starts_with(Id, 'AppConfig.')",
            "name == 'DEFAULT'",
        )
    ),
    LeftOut("OwnerId == 'AWS'", Writer.STRANGER),
    LeftOut("Type == 'SharedMicrosoftAD'", Writer.STRANGER),
    LeftOut("ResourceOwner == 'OTHER_ACCOUNTS'", Writer.STRANGER),
    LeftOut("IsOrganizationTrail", Writer.ORGANIZATION),
    LeftOut("!servicePrincipal", Writer.ELSEWHERE, ("AWS::Config::ConfigurationRecorder",)),
    LeftOut("servicePrincipal", Writer.ELSEWHERE, ("AWS::Config::ServiceLinkedRecorder",)),
    LeftOut("cluster", Writer.ELSEWHERE, ("AWS::ECS::ClusterCapacityProvider",)),
    LeftOut("!cluster", Writer.ELSEWHERE, ("AWS::ECS::CapacityProvider",)),
    LeftOut("!(IsActivated || OriginalTypeName)", Writer.ELSEWHERE, _EXTENSIONS),
    LeftOut("IsActivated", Writer.ELSEWHERE, ("AWS::CloudFormation::TypeActivation",)),
    LeftOut("OriginalTypeName", Writer.ELSEWHERE, ("AWS::CloudFormation::TypeActivation",)),
    LeftOut("domainNameId", Writer.ELSEWHERE, ("AWS::ApiGateway::DomainNameV2",)),
    LeftOut("!domainNameId", Writer.ELSEWHERE, ("AWS::ApiGateway::DomainName",)),
    LeftOut("IsWriter", Writer.ELSEWHERE, ("AWS::RDS::GlobalCluster",)),
    LeftOut("!IsWriter", Writer.ELSEWHERE, ("AWS::RDS::GlobalCluster",)),
    LeftOut("contains(['neptune', 'docdb'], Engine)", Writer.ELSEWHERE, ("AWS::Neptune::DBCluster",)),
    LeftOut("Engine != 'neptune'", Writer.ELSEWHERE, _DATABASES),
    LeftOut("Engine != 'docdb'", Writer.ELSEWHERE, _DATABASES),
    LeftOut("Type != 'HTTP'", Writer.ELSEWHERE, _NAMESPACES),
    LeftOut("Type != 'DNS_PRIVATE'", Writer.ELSEWHERE, _NAMESPACES),
    LeftOut("Type != 'DNS_PUBLIC'", Writer.ELSEWHERE, _NAMESPACES),
    LeftOut("Type == 'AWS_BACKUP'", Writer.ELSEWHERE, ("AWS::Backup::RecoveryPoint",)),
    LeftOut("Type == 'AUTOMATIC'", Writer.OWNER, _FILE_SYSTEM),
    LeftOut("VolumeType == 'OPENZFS'", Writer.OWNER, _FILE_SYSTEM),
    LeftOut("OntapConfiguration.StorageVirtualMachineRoot", Writer.OWNER, ("AWS::FSx::StorageVirtualMachine",)),
    LeftOut("type == 'aws'", Writer.OWNER, ("AWS::S3::Bucket",)),
    LeftOut("Status != 'retained'", Writer.OWNER, _DATABASES),
    LeftOut("Associations[?Main]", Writer.OWNER, ("AWS::EC2::VPC",)),
    LeftOut("DefaultAssociationRouteTable", Writer.OWNER, ("AWS::EC2::TransitGateway",)),
    LeftOut("DefaultPropagationRouteTable", Writer.OWNER, ("AWS::EC2::TransitGateway",)),
    # of a rule of Config: of a conformance pack; of such a pack: of the organization's
    LeftOut("CreatedBy", Writer.OWNER, ("AWS::Config::ConformancePack",)),
    # a rule calls nothing but the service that made it; a certificate serves CloudFront's tenants
    LeftOut(
        "ManagedBy",
        Writer.OWNER,
        ("AWS::AutoScaling::AutoScalingGroup", "AWS::ECS::Service", "AWS::CloudFront::Distribution"),
    ),
    LeftOut("ManagedRule", Writer.OWNER, ("AWS::DynamoDB::Table", "AWS::EC2::VPCEndpointService")),
    LeftOut("OwningService", Writer.OWNER, _DATABASES),
    LeftOut("LinkedService", Writer.OWNER, _NAMESPACES),
    LeftOut("ServiceManaged", Writer.OWNER, (_BALANCER, "AWS::EC2::NatGateway", *_DATABASES)),
    # it leads to nothing but the service that made it
    LeftOut("RequesterManaged", Writer.OWNER, ("AWS::OpenSearchService::Domain", *_DATABASES)),
    LeftOut(
        "(RequesterManaged && Status != 'available')",
        Writer.OWNER,
        (_BALANCER, "AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint", "AWS::Lambda::Function"),
    ),
    LeftOut(
        "Attachment.DeleteOnTermination && starts_with(Attachment.InstanceOwnerId || '', 'amazon')",
        Writer.OWNER,
        (_BALANCER, *_DATABASES),
    ),
)
