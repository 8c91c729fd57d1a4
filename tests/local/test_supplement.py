"""What a local run adds to the embedded AWS, as the CDK needs it: tags, permissions, imports, what functions find."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError

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


def _kept_bucket() -> str:
    resource = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": "of-a-stack"}}
    return json.dumps({"Resources": {"Bucket": resource}})


def _executed(formation: Any, stack: str, *, imports: bool) -> str:
    """The status of a stack that a change set creates, as the CDK does."""
    asked = {"StackName": stack, "ChangeSetName": "set", "ChangeSetType": "CREATE", "TemplateBody": _kept_bucket()}
    formation.create_change_set(**asked, ImportExistingResources=imports)
    formation.get_waiter("change_set_create_complete").wait(
        StackName=stack, ChangeSetName="set", WaiterConfig={"Delay": 1}
    )
    formation.execute_change_set(StackName=stack, ChangeSetName="set")
    with nullcontext() if imports else pytest.raises(WaiterError):
        formation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    return str(formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])


def test_a_bucket_that_exists_is_imported_only_by_a_change_set_that_says_so(place: Account) -> None:
    formation, storage = place.client("cloudformation"), place.client("s3")
    storage.create_bucket(Bucket="of-a-stack")
    storage.put_object(Bucket="of-a-stack", Key="kept", Body=b"x")
    assert _executed(formation, "without", imports=False) == "ROLLBACK_COMPLETE"
    assert _executed(formation, "with", imports=True) == "CREATE_COMPLETE"
    assert [each["Key"] for each in storage.list_objects_v2(Bucket="of-a-stack")["Contents"]] == ["kept"]


def _table_template(*ttl: str) -> str:
    properties: dict[str, Any] = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    for name in ttl:
        properties["TimeToLiveSpecification"] = {"AttributeName": name, "Enabled": True}
    table = {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "Properties": properties}
    return json.dumps({"Resources": {"Table": table}, "Outputs": {"Name": {"Value": {"Ref": "Table"}}}})


def _table_of(formation: Any) -> str:
    return str(formation.describe_stacks(StackName="tables")["Stacks"][0]["Outputs"][0]["OutputValue"])


def test_a_table_that_a_stack_has_kept_is_not_the_next_ones_of_the_same_name(place: Account) -> None:
    formation, rows = place.client("cloudformation"), place.client("dynamodb")
    formation.create_stack(StackName="tables", TemplateBody=_table_template())
    formation.get_waiter("stack_create_complete").wait(StackName="tables", WaiterConfig={"Delay": 1})
    kept = _table_of(formation)
    rows.put_item(TableName=kept, Item={"id": {"S": "kept"}})
    formation.update_stack(StackName="tables", TemplateBody=_table_template("expires"))
    formation.get_waiter("stack_update_complete").wait(StackName="tables", WaiterConfig={"Delay": 1})
    assert _table_of(formation) == kept
    formation.delete_stack(StackName="tables")
    formation.get_waiter("stack_delete_complete").wait(StackName="tables", WaiterConfig={"Delay": 1})
    formation.create_stack(StackName="tables", TemplateBody=_table_template())
    formation.get_waiter("stack_create_complete").wait(StackName="tables", WaiterConfig={"Delay": 1})
    assert _table_of(formation) != kept
    named = json.loads(_table_template())
    named["Resources"]["Table"]["Properties"]["TableName"] = kept
    formation.create_stack(StackName="named", TemplateBody=json.dumps(named))
    with pytest.raises(WaiterError):
        formation.get_waiter("stack_create_complete").wait(StackName="named", WaiterConfig={"Delay": 1})
    assert rows.scan(TableName=kept)["Count"] == 1


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


@pytest.mark.parametrize(("key", "decision"), [("one\ntwo", "allowed"), ("other/one\ntwo", "implicitDeny")])
def test_a_wildcard_of_a_policy_stands_for_line_breaks_too(place: Account, key: str, decision: str) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/one*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    found = place.client("iam").simulate_custom_policy(
        PolicyInputList=[policy], ActionNames=["s3:GetObject"], ResourceArns=[f"arn:aws:s3:::bucket/{key}"]
    )
    assert [each["EvalDecision"] for each in found["EvaluationResults"]] == [decision]
