"""Seeds of what nearly every CDK application makes."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZipFile

from tests.cleanup.catalogue.frame import Backend, Rule, Seed, StandIn
from tests.cleanup.conftest import REGION
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients

_MANIFEST: Final = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})


def trust(service: str) -> str:
    """A trust policy that lets a service assume the role."""
    allow = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def policy_document() -> str:
    """A policy that allows next to nothing."""
    allow = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def role_arn(clients: Clients, name: str, service: str) -> str:
    """A role for a service to work under; made when it is not there."""
    iam = clients("iam")
    try:
        arn: str = iam.get_role(RoleName=name)["Role"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))["Role"]["Arn"]
    return arn


def code() -> bytes:
    """The smallest Python Lambda."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return event\n")
    return buffer.getvalue()


def function_arn(clients: Clients, name: str) -> str:
    """A Lambda function."""
    arn: str = clients("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=role_arn(clients, f"{name}-role", "lambda"),
        Code={"ZipFile": code()},
    )["FunctionArn"]
    return arn


def _bucket(clients: Clients) -> str:
    s3 = clients("s3")
    s3.create_bucket(Bucket="seeded-bucket")
    s3.put_bucket_versioning(Bucket="seeded-bucket", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"first", b"second"):
        s3.put_object(Bucket="seeded-bucket", Key="object", Body=body)
    s3.delete_object(Bucket="seeded-bucket", Key="object")
    return "seeded-bucket"


def _repository(clients: Clients) -> str:
    ecr = clients("ecr")
    ecr.create_repository(repositoryName="seeded/repository")
    ecr.put_image(repositoryName="seeded/repository", imageManifest=_MANIFEST, imageTag="v1")
    return "seeded/repository"


class LogGroups:
    """Log groups with the protection that no backend has."""

    def __init__(self) -> None:
        self._protected: dict[str, bool] = {}

    def create_log_group(self, *, logGroupName: str, deletionProtectionEnabled: bool = False) -> dict[str, Any]:  # noqa: N803
        self._protected[logGroupName] = deletionProtectionEnabled
        return {}

    def describe_log_groups(self, *, logGroupNamePrefix: str = "") -> dict[str, Any]:  # noqa: N803
        return {
            "logGroups": [
                {"logGroupName": name, "creationTime": 1, "deletionProtectionEnabled": protected}
                for name, protected in self._protected.items()
                if name.startswith(logGroupNamePrefix)
            ]
        }

    def describe_log_streams(self, *, logGroupName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._is_protected(logGroupName)
        return {"logStreams": []}

    def put_log_group_deletion_protection(
        self,
        *,
        logGroupIdentifier: str,  # noqa: N803
        deletionProtectionEnabled: bool,  # noqa: N803
    ) -> dict[str, Any]:
        self._is_protected(logGroupIdentifier)
        self._protected[logGroupIdentifier] = deletionProtectionEnabled
        return {}

    def delete_log_group(self, *, logGroupName: str) -> dict[str, Any]:  # noqa: N803
        if self._is_protected(logGroupName):
            raise refuse("ValidationException", "the log group is protected")
        del self._protected[logGroupName]
        return {}

    def _is_protected(self, name: str) -> bool:
        if name not in self._protected:
            raise refuse("ResourceNotFoundException", "no such log group")
        return self._protected[name]


def _log_group(clients: Clients) -> str:
    """Protected, as is another one whose name begins like it."""
    logs = clients("logs")
    for name in ("/seeded/log-group", "/seeded/log-group-of-others"):
        logs.create_log_group(logGroupName=name, deletionProtectionEnabled=True)
    return "/seeded/log-group"


def _parameter(clients: Clients) -> str:
    clients("ssm").put_parameter(Name="/seeded/parameter", Value="value", Type="String")
    return "/seeded/parameter"


def _queue(clients: Clients) -> str:
    url: str = clients("sqs").create_queue(QueueName="seeded-queue")["QueueUrl"]
    return url


def _topic(clients: Clients) -> str:
    arn: str = clients("sns").create_topic(Name="seeded-topic")["TopicArn"]
    return arn


def _table(clients: Clients) -> str:
    dynamodb = clients("dynamodb")
    dynamodb.create_table(
        TableName="seeded-table",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    dynamodb.update_table(TableName="seeded-table", ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    dynamodb.update_table(TableName="seeded-table", DeletionProtectionEnabled=True)
    return "seeded-table"


def _has_replicas(clients: Clients, asked: Mapping[str, Any]) -> object:
    dynamodb = clients("dynamodb")
    if asked["TableName"] not in dynamodb.list_tables()["TableNames"]:
        return False
    replicas = dynamodb.describe_table(TableName=asked["TableName"])["Table"].get("Replicas", [])
    return [replica for replica in replicas if replica["RegionName"] != REGION]


def _backup(clients: Clients) -> str:
    dynamodb = clients("dynamodb")
    dynamodb.create_table(
        TableName="seeded-backup-table",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    details = dynamodb.create_backup(TableName="seeded-backup-table", BackupName="seeded-backup")["BackupDetails"]
    arn: str = details["BackupArn"]
    return arn


def _function(clients: Clients) -> str:
    function_arn(clients, "seeded-function")
    return "seeded-function"


SEEDS: Final = (
    Seed(type="AWS::S3::Bucket", make=_bucket),
    # our own deletion forces anyway: emptying serves CloudFormation's
    Seed(type="AWS::ECR::Repository", make=_repository, spare=("delete_repository",)),
    Seed(type="AWS::Logs::LogGroup", make=_log_group, stand_ins=(StandIn("logs", LogGroups),), others=1),
    Seed(type="AWS::SSM::Parameter", make=_parameter),
    Seed(type="AWS::SQS::Queue", make=_queue),
    Seed(type="AWS::SNS::Topic", make=_topic),
    Seed(
        type="AWS::DynamoDB::Table",
        make=_table,
        rules=(Rule("DeleteTable", "ValidationException", _has_replicas),),
        on=Backend.EMULATOR,  # moto has no replicas
    ),
    Seed(type="AWS::DynamoDB::Backup", make=_backup),
    Seed(type="AWS::Lambda::Function", make=_function),
)
