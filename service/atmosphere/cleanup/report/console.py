"""Links to the AWS console: the thing itself where its page can be named, else its service in its region.

Source: the addresses that the console shows, and its `go/view`, which finds the page of an ARN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from atmosphere.cleanup.model import GLOBAL

if TYPE_CHECKING:
    from atmosphere.cleanup.model import Resource
    from atmosphere.core.model import Region

_DOMAINS: Final = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
_VIEWED: Final = "aws"
"""The partition whose console has `go/view`."""
_EC2: Final = "ec2/home?region={region}#"
_VPC: Final = "vpcconsole/home?region={region}#"
_PAGES: Final = {
    "AWS::CloudFormation::Stack": "cloudformation/home?region={region}#/stacks/stackinfo?stackId={id}",
    "AWS::DynamoDB::Table": "dynamodbv2/home?region={region}#table?name={id}",
    "AWS::EC2::Instance": _EC2 + "InstanceDetails:instanceId={id}",
    "AWS::EC2::NetworkInterface": _EC2 + "NetworkInterface:networkInterfaceId={id}",
    "AWS::EC2::SecurityGroup": _EC2 + "SecurityGroup:groupId={id}",
    "AWS::EC2::Subnet": _VPC + "SubnetDetails:subnetId={id}",
    "AWS::EC2::VPC": _VPC + "VpcDetails:VpcId={id}",
    "AWS::ECR::Repository": "ecr/private-registry/repositories?region={region}&searchKey={id}",
    "AWS::IAM::Role": "iam/home#/roles/details/{id}",
    "AWS::IAM::User": "iam/home#/users/details/{id}",
    "AWS::KMS::Key": "kms/home?region={region}#/kms/keys/{id}",
    "AWS::Lambda::Function": "lambda/home?region={region}#/functions/{id}",
    "AWS::Logs::LogGroup": "cloudwatch/home?region={region}#logsV2:log-groups/log-group/{id}",
    "AWS::RDS::DBCluster": "rds/home?region={region}#database:id={id};is-cluster=true",
    "AWS::RDS::DBInstance": "rds/home?region={region}#database:id={id};is-cluster=false",
    "AWS::S3::Bucket": "s3/buckets/{id}?region={region}",
}


def console_link(item: Resource, *, home: Region, partition: str) -> str | None:
    """Where a person looks at it, None in partitions whose console is not known.

    `home` is where things without a region are asked for, `partition` is as in ARNs.
    """
    domain = _DOMAINS.get(partition)
    if domain is None:
        return None
    region = home if item.region == GLOBAL else item.region
    identity = quote(item.id, safe="")
    if item.type in _PAGES:
        return f"https://{region}.{domain}/{_PAGES[item.type].format(region=region, id=identity)}"
    if partition == _VIEWED and item.id.startswith("arn:"):
        return f"https://{domain}/go/view?arn={identity}"
    service = item.type.split("::")[1].lower()
    return f"https://{region}.{domain}/{service}/home?region={region}"
