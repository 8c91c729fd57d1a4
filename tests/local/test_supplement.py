"""What a local run adds to the embedded AWS, because the CDK needs it: tags, permissions, and what functions find."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from atmosphere.local.root import Account

if TYPE_CHECKING:
    from atmosphere.local.emulator import Emulator

pytestmark = pytest.mark.emulator

ACCOUNT, REGION = "222222222222", "us-east-1"
TAGGED = {"Key": "aws-cdk:auto-delete-objects", "Value": "true"}
OTHER = {"Key": "team", "Value": "a & b"}


@pytest.fixture
def place(emulator: Emulator) -> Account:
    return Account(emulator.endpoint, ACCOUNT, REGION)


def _template(*tags: dict[str, str]) -> str:
    properties = {"BucketName": "of-a-stack", **({"Tags": tags} if tags else {})}
    return json.dumps({"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}}})


def _tags(place: Account) -> list[Any]:
    try:
        return list(place.client("s3").get_bucket_tagging(Bucket="of-a-stack")["TagSet"])
    except ClientError as missing:
        assert missing.response["Error"]["Code"] == "NoSuchTagSet"  # noqa: PT017 - another one is a failure
        return []


def test_a_bucket_of_a_stack_has_the_tags_of_its_template(place: Account) -> None:
    formation = place.client("cloudformation")
    formation.create_stack(StackName="tags", TemplateBody=_template(TAGGED))
    formation.get_waiter("stack_create_complete").wait(StackName="tags", WaiterConfig={"Delay": 1})
    assert _tags(place) == [TAGGED]
    for tags in ([OTHER, TAGGED], [OTHER], []):
        formation.update_stack(StackName="tags", TemplateBody=_template(*tags))
        formation.get_waiter("stack_update_complete").wait(StackName="tags", WaiterConfig={"Delay": 1})
        assert sorted(_tags(place), key=str) == sorted(tags, key=str)


def _trust(**principal: str) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_who_may_describe_one_repository_describes_that_one_only(place: Account) -> None:
    roles = place.client("iam")
    roles.create_role(RoleName="publisher", AssumeRolePolicyDocument=_trust(AWS=f"arn:aws:iam::{ACCOUNT}:root"))
    allowed = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/ours"
    statement = {"Effect": "Allow", "Action": "ecr:DescribeRepositories", "Resource": allowed}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    roles.put_role_policy(RoleName="publisher", PolicyName="describe", PolicyDocument=policy)
    session = place.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/publisher", RoleSessionName="publishing"
    )["Credentials"]
    images: Any = boto3.client(
        "ecr",
        endpoint_url=place.endpoint,
        region_name=REGION,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        images.describe_repositories(repositoryNames=["ours"])
    for names in ({"repositoryNames": ["theirs"]}, {"repositoryNames": ["ours", "theirs"]}, {}):
        with pytest.raises(ClientError, match="AccessDenied"):
            images.describe_repositories(**names)


CODE = {
    "python3.13": ("index.py", "import boto3\ndef handler(event, context):\n    return boto3.__name__\n"),
    "nodejs22.x": (
        "index.js",
        "const { S3 } = require('@aws-sdk/client-s3');\nexports.handler = async () => S3.name;\n",
    ),
}


@pytest.mark.parametrize(("runtime", "found"), [("python3.13", "boto3"), ("nodejs22.x", "S3")])
def test_a_function_finds_the_sdk_that_its_runtime_has_on_aws(place: Account, runtime: Any, found: str) -> None:
    role = place.client("iam").create_role(
        RoleName="function", AssumeRolePolicyDocument=_trust(Service="lambda.amazonaws.com")
    )["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(*CODE[runtime])
    functions = place.client("lambda")
    functions.create_function(
        FunctionName="f",
        Runtime=runtime,
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": packed.getvalue()},
        Timeout=60,
    )
    reply = functions.invoke(FunctionName="f")
    assert json.loads(reply["Payload"].read()) == found
