"""What a careless test leaves: many resources of many types, each made by a call or two.

They are of types that the embedded AWS makes in milliseconds and that stand in nobody's way, so that what is measured
is the cleaning and not the waiting.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

Parameters = Mapping[str, Any]
_WORKERS: Final = 8


def policy(statement: Mapping[str, Any]) -> str:
    """A policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


_ALLOW: Final = policy({"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"})
_TRUST: Final = policy(
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
)
_ROLE: Final = "arn:aws:iam::222222222222:role/of-nobody"
_QUEUE: Final = "arn:aws:sqs:us-east-1:222222222222:of-nobody"


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of leftovers: the calls that make one. `{}` in a parameter stands for its name."""

    type: str
    service: str
    calls: tuple[tuple[str, Parameters], ...]


def _kind(type_: str, service: str, operation: str, /, **parameters: Any) -> Kind:
    return Kind(type_, service, ((operation, parameters),))


def _and(kind: Kind, operation: str, /, **parameters: Any) -> Kind:
    return Kind(kind.type, kind.service, (*kind.calls, (operation, parameters)))


KINDS: Final[tuple[Kind, ...]] = (
    _and(_kind("AWS::S3::Bucket", "s3", "create_bucket", Bucket="{}"), "put_object", Bucket="{}", Key="k", Body=b"1"),
    _kind("AWS::SQS::Queue", "sqs", "create_queue", QueueName="{}"),
    _kind("AWS::SNS::Topic", "sns", "create_topic", Name="{}"),
    _kind("AWS::SSM::Parameter", "ssm", "put_parameter", Name="/{}", Value="1", Type="String"),
    _kind("AWS::SecretsManager::Secret", "secretsmanager", "create_secret", Name="{}", SecretString="1"),
    _kind("AWS::Logs::LogGroup", "logs", "create_log_group", logGroupName="/{}"),
    _kind("AWS::ECR::Repository", "ecr", "create_repository", repositoryName="{}"),
    _kind(
        "AWS::DynamoDB::Table",
        "dynamodb",
        "create_table",
        TableName="{}",
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    ),
    _kind("AWS::KMS::Key", "kms", "create_key", Description="{}"),
    _and(
        _kind("AWS::Events::Rule", "events", "put_rule", Name="{}", ScheduleExpression="rate(1 hour)"),
        "put_targets",
        Rule="{}",
        Targets=[{"Id": "1", "Arn": _QUEUE}],
    ),
    _kind("AWS::Events::EventBus", "events", "create_event_bus", Name="{}"),
    _kind(
        "AWS::Events::Connection",
        "events",
        "create_connection",
        Name="{}",
        AuthorizationType="API_KEY",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "name", "ApiKeyValue": "{}"}},
    ),
    _kind("AWS::Kinesis::Stream", "kinesis", "create_stream", StreamName="{}", ShardCount=1),
    _kind(
        "AWS::CloudWatch::Alarm",
        "cloudwatch",
        "put_metric_alarm",
        AlarmName="{}",
        MetricName="m",
        Namespace="n",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    ),
    _kind(
        "AWS::CloudWatch::Dashboard", "cloudwatch", "put_dashboard", DashboardName="{}", DashboardBody='{"widgets":[]}'
    ),
    _kind("AWS::StepFunctions::Activity", "stepfunctions", "create_activity", name="{}"),
    _kind(
        "AWS::Scheduler::Schedule",
        "scheduler",
        "create_schedule",
        Name="{}",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": _QUEUE, "RoleArn": _ROLE},
    ),
    _kind("AWS::Scheduler::ScheduleGroup", "scheduler", "create_schedule_group", Name="{}"),
    _kind("AWS::ECS::Cluster", "ecs", "create_cluster", clusterName="{}"),
    _kind(
        "AWS::ECS::TaskDefinition",
        "ecs",
        "register_task_definition",
        family="{}",
        containerDefinitions=[{"name": "a", "image": "b", "memory": 64}],
    ),
    _kind("AWS::EC2::Volume", "ec2", "create_volume", AvailabilityZone="us-east-1a", Size=1),
    _kind("AWS::EC2::VPNGateway", "ec2", "create_vpn_gateway", Type="ipsec.1"),
    _kind("AWS::EC2::SecurityGroup", "ec2", "create_security_group", GroupName="{}", Description="d"),
    _kind(
        "AWS::EC2::LaunchTemplate",
        "ec2",
        "create_launch_template",
        LaunchTemplateName="{}",
        LaunchTemplateData={"InstanceType": "t3.micro"},
    ),
    _kind("AWS::EC2::PlacementGroup", "ec2", "create_placement_group", GroupName="{}", Strategy="cluster"),
    _kind(
        "AWS::EC2::PrefixList",
        "ec2",
        "create_managed_prefix_list",
        PrefixListName="{}",
        MaxEntries=1,
        AddressFamily="IPv4",
    ),
    _kind("AWS::EC2::InternetGateway", "ec2", "create_internet_gateway"),
    _kind(
        "AWS::EC2::CustomerGateway", "ec2", "create_customer_gateway", Type="ipsec.1", BgpAsn=65000, PublicIp="1.2.3.4"
    ),
    _kind("AWS::EC2::VPC", "ec2", "create_vpc", CidrBlock="10.0.0.0/16"),
    _kind(
        "AWS::RDS::DBParameterGroup",
        "rds",
        "create_db_parameter_group",
        DBParameterGroupName="{}",
        DBParameterGroupFamily="postgres16",
        Description="d",
    ),
    _kind(
        "AWS::RDS::DBClusterParameterGroup",
        "rds",
        "create_db_cluster_parameter_group",
        DBClusterParameterGroupName="{}",
        DBParameterGroupFamily="aurora-postgresql16",
        Description="d",
    ),
    _kind(
        "AWS::RDS::OptionGroup",
        "rds",
        "create_option_group",
        OptionGroupName="{}",
        EngineName="mysql",
        MajorEngineVersion="8.0",
        OptionGroupDescription="d",
    ),
    _kind(
        "AWS::AutoScaling::LaunchConfiguration",
        "autoscaling",
        "create_launch_configuration",
        LaunchConfigurationName="{}",
        ImageId="ami-12345678",
        InstanceType="t3.micro",
    ),
    _kind("AWS::Logs::Destination", "logs", "put_destination", destinationName="{}", targetArn=_QUEUE, roleArn=_ROLE),
    _kind("AWS::IAM::Role", "iam", "create_role", RoleName="{}", AssumeRolePolicyDocument=_TRUST),
    _kind("AWS::IAM::ManagedPolicy", "iam", "create_policy", PolicyName="{}", PolicyDocument=_ALLOW),
    _and(_kind("AWS::IAM::User", "iam", "create_user", UserName="{}"), "create_access_key", UserName="{}"),
    _kind("AWS::IAM::Group", "iam", "create_group", GroupName="{}"),
    _kind("AWS::IAM::InstanceProfile", "iam", "create_instance_profile", InstanceProfileName="{}"),
    _kind(
        "AWS::ElasticLoadBalancingV2::TargetGroup", "elbv2", "create_target_group", Name="{}", Protocol="HTTP", Port=80
    ),
)


def leave(client: Callable[[str], Any], number: int, kinds: tuple[Kind, ...] = KINDS) -> None:
    """Make `number` of each kind, side by side. `client` gives the boto3 client of a service."""
    tasks = [partial(_make, client(kind.service), kind, index) for kind in kinds for index in range(number)]
    with ThreadPoolExecutor(_WORKERS) as threads:
        for made in [threads.submit(task) for task in tasks]:
            made.result()


def _make(client: Any, kind: Kind, index: int) -> None:
    name = f"{kind.type.rpartition('::')[2].lower()}-{index:04}"
    for operation, parameters in kind.calls:
        getattr(client, operation)(**_filled(parameters, name))


def _filled(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return value.replace("{}", name) if "{}" in value else value
    if isinstance(value, Mapping):
        return {key: _filled(part, name) for key, part in value.items()}
    return [_filled(part, name) for part in value] if isinstance(value, list) else value
