"""What an ARN names, in CloudFormation's words.

Most types follow from their own name: `arn:aws:ec2:…:security-group/sg-1` is an `AWS::EC2::SecurityGroup`. The tables
hold what does not. Source: service authorization reference (resource types and their ARNs), CloudFormation's resource
types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.model import Resource

_PARTS: Final = 6  # arn:partition:service:region:account:resource
_SERVICES: Final[Mapping[str, str]] = {
    "acmpca": "acm-pca",
    "amazonmq": "mq",
    "apigatewayv2": "apigateway",
    "applicationautoscaling": "application-autoscaling",
    "bedrockagentcore": "bedrock-agentcore",
    "certificatemanager": "acm",
    "cognito": "cognito-idp",
    "directoryservice": "ds",
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "elasticloadbalancingv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "kinesisanalyticsv2": "kinesisanalytics",
    "kinesisfirehose": "firehose",
    "msk": "kafka",
    "neptune": "rds",
    "opensearchserverless": "aoss",
    "opensearchservice": "es",
    "redshiftserverless": "redshift-serverless",
    "servicecatalog": "catalog",
    "servicecatalogappregistry": "servicecatalog",
    "stepfunctions": "states",
}
"""A type's service in ARNs, where that is not its name in lower case."""
_KINDS: Final[Mapping[str, str]] = {
    "amplify:apps": "AWS::Amplify::App",
    "apigateway:apikeys": "AWS::ApiGateway::ApiKey",
    "apigateway:apis": "AWS::ApiGatewayV2::Api",
    "apigateway:domainnames": "AWS::ApiGateway::DomainName",
    "apigateway:restapis": "AWS::ApiGateway::RestApi",
    "apigateway:usageplans": "AWS::ApiGateway::UsagePlan",
    "apigateway:vpclinks": "AWS::ApiGatewayV2::VpcLink",
    "appsync:apis": "AWS::AppSync::GraphQLApi",
    "bedrock:provisionedmodel": "AWS::Bedrock::ProvisionedModelThroughput",
    "catalog:product": "AWS::ServiceCatalog::CloudFormationProduct",
    "cloudformation:stack": "AWS::CloudFormation::Stack",
    "codecommit:": "AWS::CodeCommit::Repository",
    "codepipeline:": "AWS::CodePipeline::Pipeline",
    "cognito-identity:identitypool": "AWS::Cognito::IdentityPool",
    "dax:cache": "AWS::DAX::Cluster",
    "dms:rep": "AWS::DMS::ReplicationInstance",
    "dms:task": "AWS::DMS::ReplicationTask",
    "ds:directory": "AWS::DirectoryService::MicrosoftAD",
    "ec2:elasticip": "AWS::EC2::EIP",
    "ec2:vpcflowlog": "AWS::EC2::FlowLog",
    "elasticache:cluster": "AWS::ElastiCache::CacheCluster",
    "iam:policy": "AWS::IAM::ManagedPolicy",
    "iot:rule": "AWS::IoT::TopicRule",
    "lambda:layer": "AWS::Lambda::LayerVersion",
    "rds:cluster": "AWS::RDS::DBCluster",
    "rds:clusterpg": "AWS::RDS::DBClusterParameterGroup",
    "rds:db": "AWS::RDS::DBInstance",
    "rds:pg": "AWS::RDS::DBParameterGroup",
    "rds:subgrp": "AWS::RDS::DBSubnetGroup",
    "redshift:parametergroup": "AWS::Redshift::ClusterParameterGroup",
    "redshift:snapshot": "AWS::Redshift::ClusterSnapshot",
    "redshift:subnetgroup": "AWS::Redshift::ClusterSubnetGroup",
    "s3:": "AWS::S3::Bucket",
    "s3tables:bucket": "AWS::S3Tables::TableBucket",
    "servicecatalog:applications": "AWS::ServiceCatalogAppRegistry::Application",
    "servicecatalog:attributegroups": "AWS::ServiceCatalogAppRegistry::AttributeGroup",
    "servicediscovery:namespace": "AWS::ServiceDiscovery::PrivateDnsNamespace",
    "ses:identity": "AWS::SES::EmailIdentity",
    "sns:": "AWS::SNS::Topic",
    "sqs:": "AWS::SQS::Queue",
}
"""A type by service and kind in ARNs, where that is not its own name; the kind is empty where ARNs name none.

Where one kind is several types, any of them: all are listed.
"""
_SCOPES: Final = ("regional", "global")
"""What WAF's ARNs begin with."""


def _service_of(type_: str) -> str:
    service = type_.split("::")[1].lower() if type_.count("::") > 1 else ""
    return _SERVICES.get(service, service)


_LISTED: Final[Mapping[str, str]] = {
    f"{_service_of(entry.name)}:{entry.name.rpartition('::')[2].lower()}": entry.name for entry in CATALOGUE
}


@dataclass(frozen=True, slots=True)
class Arn:
    """An ARN taken apart."""

    text: str
    service: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Never fails: what is no ARN is a resource of no service."""
        parts = text.split(":", _PARTS - 1)
        return cls(text, parts[2], parts[5]) if len(parts) == _PARTS else cls(text, "", text)

    @property
    def type(self) -> str | None:
        """CloudFormation's name of its type, if that can be told."""
        segments = [each for each in re.split("[:/]", self.resource.lstrip("/")) if each not in _SCOPES]
        kind = re.sub("[-_]", "", segments[0]).lower() if len(segments) > 1 else ""
        key = f"{self.service}:{kind}"
        return _KINDS.get(key) or _LISTED.get(key) or _KINDS.get(f"{self.service}:")

    @property
    def name(self) -> str:
        """The last part of it, by which most types go."""
        return _tail(self.resource)

    def may_be(self, item: Resource) -> bool:
        """Whether a physical id of CloudFormation's can be meant by it."""
        if item.id == self.text:
            return True
        return _service_of(item.type) == self.service and (
            item.id in (self.resource, self.resource.partition("/")[2], self.resource.partition(":")[2])
            or _tail(item.id) == self.name
        )


def _tail(text: str) -> str:
    return re.split("[:/]", text)[-1]
