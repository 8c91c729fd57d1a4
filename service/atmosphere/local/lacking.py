"""Types of resources that the embedded AWS cannot list, as it lacks the operations. Cleaning skips them.

Seen by listing every type of the catalogue on a fresh emulator; a type leaves this list when the emulator learns it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_WITHOUT: Final[Mapping[str, str]] = {
    "ACMPCA": "CertificateAuthority",
    "Amplify": "App",
    "AppRunner": "Service",
    "AppSync": "SourceApiAssociation",
    "BedrockAgentCore": "BrowserCustom CodeInterpreterCustom Gateway",
    "CloudWatch": "AlarmMuteRule",
    "CodeBuild": "Fleet ReportGroup",
    "CodeCommit": "Repository",
    "CodeDeploy": "Application DeploymentConfig",
    "DAX": "Cluster",
    "DMS": "ReplicationInstance ReplicationTask",
    "DirectoryService": "MicrosoftAD",
    "EC2": "ClientVpnEndpoint IPAM",
    "ElasticBeanstalk": "Application Environment",
    "ElasticLoadBalancingV2": "TrustStore",
    "FSx": "Backup FileSystem StorageVirtualMachine Volume",
    "GameLift": "Fleet",
    "GlobalAccelerator": "Accelerator EndpointGroup Listener",
    "IVS": "Channel",
    "ImageBuilder": "Component ContainerRecipe DistributionConfiguration Image ImagePipeline ImageRecipe"
    " InfrastructureConfiguration LifecyclePolicy Workflow",
    "Kendra": "Index",
    "Kinesis": "Channel Queue",
    "KinesisAnalyticsV2": "Application",
    "Lambda": "CapacityProvider",
    "Logs": "AccountPolicy",
    "MSK": "Cluster",
    "Redshift": "Cluster ClusterParameterGroup ClusterSnapshot ClusterSubnetGroup",
    "RedshiftServerless": "Namespace Workgroup",
    "ServiceCatalog": "CloudFormationProduct Portfolio TagOption",
    "ServiceCatalogAppRegistry": "Application AttributeGroup",
    "Synthetics": "Canary",
}
"""By service."""

LACKING: Final = (
    *(f"AWS::{service}::{name}" for service, names in _WITHOUT.items() for name in names.split()),
    "AWS::ApiGateway::VpcLink",
    "AWS::ApiGatewayV2::VpcLink",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::CloudFormation::GeneratedTemplate",
    "AWS::CloudFormation::HookVersion",
    "AWS::CloudFormation::ModuleVersion",
    "AWS::CloudFormation::ResourceVersion",
    "AWS::CloudFormation::StackSet",
    "AWS::CloudFormation::TypeActivation",
    "AWS::CloudWatch::InsightRule",
    "AWS::CloudWatch::MetricStream",
    "AWS::CodePipeline::Pipeline",
    "AWS::Config::ConformancePack",
    "AWS::Config::ServiceLinkedRecorder",
    "AWS::EC2::SpotFleet",
    "AWS::EC2::TransitGateway",
    "AWS::EC2::TransitGatewayAttachment",
    "AWS::EC2::TransitGatewayPeeringAttachment",
    "AWS::EC2::TransitGatewayRouteTable",
    "AWS::EC2::VPCEndpointService",
    "AWS::IAM::ServerCertificate",
    "AWS::Lambda::CodeSigningConfig",  # answers, and makes none
    "AWS::Logs::QueryDefinition",
    "AWS::RDS::DBClusterAutomatedBackup",
    "AWS::RDS::DBInstanceAutomatedBackup",
    "AWS::RDS::EventSubscription",
    "AWS::SSM::Activation",
    "AWS::SSM::Association",
    "AWS::SSM::Document",
    "AWS::SSM::MaintenanceWindow",
    "AWS::SSM::PatchBaseline",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::EndpointConfig",
    "AWS::SageMaker::Model",
    "AWS::SageMaker::NotebookInstance",
)


def with_skipped(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings of a local run, by which cleaning skips these types besides what they skip themselves."""
    chosen = filter(None, settings.get("skipped_types", "").split(","))
    return {**settings, "skipped_types": ",".join(sorted({*LACKING, *chosen}))}
