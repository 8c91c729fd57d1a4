"""What CloudFormation's names of types say of the account: which are one and the same, and which are global.

Also what types of our own are about. Source: the resource types reference of CloudFormation; Neptune and DocumentDB
keep their groups in the API of RDS.
"""

from __future__ import annotations

from typing import Final

GLOBAL_TYPES: Final = (
    "AWS::IAM::",
    "AWS::CloudFront::",
    "AWS::Route53::",
    "AWS::CloudWatch::Dashboard",
    "AWS::GlobalAccelerator::",
)
"""How types begin whose resources are in no region."""
_OF_RDS: Final = ("DBClusterParameterGroup", "DBParameterGroup", "DBSubnetGroup", "EventSubscription")
SAME: Final = {
    **{f"AWS::{engine}::{kind}": f"AWS::RDS::{kind}" for engine in ("DocDB", "Neptune") for kind in _OF_RDS},
    "AWS::ApiGatewayV2::DomainName": "AWS::ApiGateway::DomainName",
    "AWS::CloudFormation::GuardHook": "AWS::CloudFormation::TypeActivation",
    "AWS::CloudFormation::LambdaHook": "AWS::CloudFormation::TypeActivation",
    "AWS::DirectoryService::SimpleAD": "AWS::DirectoryService::MicrosoftAD",
    "AWS::DynamoDB::GlobalTable": "AWS::DynamoDB::Table",
    "AWS::Elasticsearch::Domain": "AWS::OpenSearchService::Domain",
    "AWS::KMS::ReplicaKey": "AWS::KMS::Key",
    "AWS::MSK::ServerlessCluster": "AWS::MSK::Cluster",
}
"""Types that are one and the same in an account, with the one that the catalogue has."""
INSIDE: Final = {
    "Atmosphere::IAM::RoleSessions": "AWS::IAM::Role",
    "Atmosphere::S3::Grants": "AWS::S3::Bucket",
    "Atmosphere::S3::Notifications": "AWS::S3::Bucket",
    "Atmosphere::S3::Replication": "AWS::S3::Bucket",
}
"""Types of our own under which a baseline has something of a resource besides its contents, with the resource's."""
