"""Types of resources that are no things of their own: gone with their stack, or a part of another resource.

Nothing can look at a part alone. It is judged by what it is a part of: that has to go, or is watched itself, see
`contents`. Source: the resource types reference of CloudFormation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ONLY_IN_STACKS: Final = ("Custom::", "AWS::CDK::")
"""How types begin that are nothing without their stack."""
_OF_STACKS: Final = frozenset(
    f"AWS::CloudFormation::{name}"
    for name in ("Authentication", "CustomResource", "Designer", "Init", "Interface", "WaitCondition")
) | {"AWS::CloudFormation::Stack", "AWS::CloudFormation::WaitConditionHandle"}
"""Those of CloudFormation's own: a nested stack is a stack, which is looked for as such. All others outlive a stack."""
_PARTS: Final[Mapping[str, str]] = {
    "ACMPCA": "Certificate CertificateAuthorityActivation Permission",
    "Amplify": "Branch Domain",
    "ApiGateway": "Account Authorizer BasePathMapping Deployment DocumentationPart DocumentationVersion"
    " GatewayResponse Method Model RequestValidator Resource Stage UsagePlanKey",
    "ApiGatewayV2": "ApiGatewayManagedOverrides ApiMapping Authorizer Deployment Integration IntegrationResponse"
    " Model Route RouteResponse Stage",
    "AppConfig": "ConfigurationProfile Deployment Environment HostedConfigurationVersion",
    "AppSync": "ApiCache ApiKey ChannelNamespace DataSource DomainNameApiAssociation FunctionConfiguration"
    " GraphQLSchema Resolver",
    "ApplicationAutoScaling": "ScalingPolicy",
    "AutoScaling": "LifecycleHook ScalingPolicy ScheduledAction WarmPool",
    "Backup": "BackupSelection",
    "Bedrock": "AgentAlias GuardrailVersion PromptVersion",
    "BedrockAgentCore": "GatewayTarget RuntimeEndpoint",
    "CloudFormation": "ChangeSet HookDefaultVersion HookTypeConfig ModuleDefaultVersion ResourceDefaultVersion",
    "CloudFront": "MonitoringSubscription",
    "CodeDeploy": "DeploymentGroup",
    "Cognito": "IdentityPoolRoleAttachment UserPoolClient UserPoolDomain UserPoolGroup UserPoolIdentityProvider"
    " UserPoolResourceServer UserPoolUICustomizationAttachment UserPoolUser UserPoolUserToGroupAttachment",
    "EC2": "ClientVpnAuthorizationRule ClientVpnRoute ClientVpnTargetNetworkAssociation EIPAssociation"
    " GatewayRouteTableAssociation IPAMAllocation IPAMPool IPAMPoolCidr IPAMScope NetworkAclEntry"
    " NetworkInterfaceAttachment NetworkInterfacePermission Route SecurityGroupEgress SecurityGroupIngress"
    " SubnetCidrBlock SubnetNetworkAclAssociation SubnetRouteTableAssociation TransitGatewayRoute"
    " TransitGatewayRouteTableAssociation TransitGatewayRouteTablePropagation VPCCidrBlock VPCDHCPOptionsAssociation"
    " VPCEndpointServicePermissions VPCGatewayAttachment VPNConnectionRoute VPNGatewayRoutePropagation"
    " VolumeAttachment",
    "ECR": "RegistryPolicy ReplicationConfiguration",
    "ECS": "ClusterCapacityProviderAssociations PrimaryTaskSet TaskSet",
    "EKS": "AccessEntry Addon IdentityProviderConfig PodIdentityAssociation",
    "ElasticBeanstalk": "ApplicationVersion ConfigurationTemplate",
    "ElasticLoadBalancingV2": "ListenerCertificate ListenerRule TrustStoreRevocation",
    "Events": "EventBusPolicy",
    "Glue": "Partition Table TableOptimizer",
    "IAM": "AccessKey GroupPolicy Policy RolePolicy UserPolicy UserToGroupAddition",
    "IVS": "StreamKey",
    "Kendra": "DataSource Faq",
    "Kinesis": "ResourcePolicy",
    "KinesisAnalyticsV2": "ApplicationCloudWatchLoggingOption ApplicationOutput ApplicationReferenceDataSource",
    "Lambda": "Alias EventInvokeConfig LayerVersionPermission Permission Url Version",
    "Logs": "LogStream MetricFilter SubscriptionFilter Transformer",
    "MSK": "BatchScramSecret ClusterPolicy",
    "RDS": "DBProxyEndpoint DBProxyTargetGroup",
    "Route53": "RecordSet RecordSetGroup",
    "S3": "BucketPolicy",
    "S3Tables": "TableBucketPolicy TablePolicy",
    "SES": "ConfigurationSetEventDestination ReceiptRule",
    "SNS": "TopicInlinePolicy TopicPolicy",
    "SQS": "QueueInlinePolicy QueuePolicy",
    "SSM": "MaintenanceWindowTarget MaintenanceWindowTask",
    "SecretsManager": "ResourcePolicy RotationSchedule SecretTargetAttachment",
    "ServiceCatalog": "LaunchNotificationConstraint LaunchRoleConstraint LaunchTemplateConstraint"
    " PortfolioPrincipalAssociation PortfolioProductAssociation PortfolioShare ResourceUpdateConstraint"
    " StackSetConstraint TagOptionAssociation",
    "ServiceCatalogAppRegistry": "AttributeGroupAssociation ResourceAssociation",
    "ServiceDiscovery": "Instance",
    "StepFunctions": "StateMachineAlias StateMachineVersion",
    "WAFv2": "LoggingConfiguration WebACLAssociation",
}
PARTS: Final = frozenset(f"AWS::{service}::{name}" for service, names in _PARTS.items() for name in names.split())
"""Types that exist in another resource only."""


def is_tangible(name: str) -> bool:
    """Whether something of this type can outlive its stack by itself."""
    return name not in PARTS and name not in _OF_STACKS and not name.startswith(_ONLY_IN_STACKS)
