"""The stacks lane on the embedded AWS: whatever a test deployed is gone, and seen to be gone."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.limits import Limits
from atmosphere.cleanup.model import Verdict
from tests.cleanup.conftest import role_arn
from tests.cleanup.faults import FaultyAccounts

if TYPE_CHECKING:
    from tests.cleanup.conftest import Ground

pytestmark = pytest.mark.emulator


def resources(**entries: str | dict[str, Any]) -> dict[str, Any]:
    """A template of resources given by type, or in full."""
    return {
        "Resources": {name: {"Type": entry} if isinstance(entry, str) else entry for name, entry in entries.items()}
    }


def fill_versioned(s3: Any, bucket: str, objects: int = 3) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for number in range(objects):
        for body in (b"first", b"second"):
            s3.put_object(Bucket=bucket, Key=f"key-{number}", Body=body)
        s3.delete_object(Bucket=bucket, Key=f"key-{number}")
    s3.create_multipart_upload(Bucket=bucket, Key="unfinished")


def role_names(ground: Ground) -> list[str]:
    return sorted(role["RoleName"] for role in ground.root("iam").list_roles()["Roles"])


def test_an_empty_environment_is_clean_after_two_looks_without_a_change(registered):
    first = registered.one_pass(registered.assignment())
    assert (first.verdict, first.state.clean_at is not None) == (Verdict.AGAIN, True)
    second = registered.one_pass(registered.assignment(), first.state)
    assert second.verdict is Verdict.CLEAN
    assert registered.journal() == []


def test_a_stack_with_a_filled_versioned_bucket_goes(registered):
    registered.make_stack("app", resources(Bucket="AWS::S3::Bucket", Queue="AWS::SQS::Queue"))
    [bucket] = registered.buckets()
    fill_versioned(registered.root("s3"), bucket)
    assert registered.clean().verdict is Verdict.CLEAN
    assert (registered.stacks(), registered.buckets()) == ([], [])
    operations = [entry["operation"] for entry in registered.journal()]
    assert operations.index("DeleteObjects") < operations.index("DeleteStack")


def test_importers_go_before_what_they_import(registered):
    export = {"Outputs": {"Out": {"Value": "x", "Export": {"Name": "shared"}}}}
    registered.make_stack("a-base", {**resources(Topic="AWS::SNS::Topic"), **export})
    importing = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Value": {"Fn::ImportValue": "shared"}},
    }
    export2 = {"Outputs": {"Out": {"Value": "x", "Export": {"Name": "shared2"}}}}
    registered.make_stack("b-middle", {**resources(P=importing), **export2})
    importing2 = json.loads(json.dumps(importing).replace("shared", "shared2"))
    registered.make_stack("c-top", resources(P=importing2))
    assert registered.clean().verdict is Verdict.CLEAN
    deleted = [
        entry["names"]["StackName"].split("/")[1]
        for entry in registered.journal()
        if entry["operation"] == "DeleteStack"
    ]
    assert deleted == ["c-top", "b-middle", "a-base"]


def test_only_the_root_of_nested_stacks_is_deleted_and_protection_comes_off_all(registered):
    s3 = registered.root("s3")
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key="child", Body=json.dumps(resources(Bucket="AWS::S3::Bucket")))
    child = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": f"{registered.endpoint}/templates/child"},
    }
    registered.make_stack("root", resources(Child=child))
    cloudformation = registered.root("cloudformation")
    for stack in cloudformation.describe_stacks()["Stacks"]:
        cloudformation.update_termination_protection(StackName=stack["StackId"], EnableTerminationProtection=True)
    inner = next(name for name in registered.buckets() if name != "templates")
    fill_versioned(s3, inner)
    assert registered.clean().verdict is Verdict.CLEAN
    assert (registered.stacks(), registered.buckets()) == ([], [])
    deleted = [
        entry["names"]["StackName"].split("/")[1]
        for entry in registered.journal()
        if entry["operation"] == "DeleteStack"
    ]
    assert deleted == ["root"]


def test_a_repository_with_images_goes_with_its_stack(registered):
    registered.make_stack("images", resources(Repo="AWS::ECR::Repository"))
    ecr = registered.root("ecr")
    name = ecr.describe_repositories()["repositories"][0]["repositoryName"]
    ecr.put_image(repositoryName=name, imageManifest='{"schemaVersion": 2}', imageTag="one")
    assert registered.clean().verdict is Verdict.CLEAN
    assert ecr.describe_repositories()["repositories"] == []


def test_a_stack_that_failed_to_delete_before_is_unblocked_and_deleted(registered):
    registered.make_stack("failed", resources(Repo="AWS::ECR::Repository", Queue="AWS::SQS::Queue"))
    ecr = registered.root("ecr")
    name = ecr.describe_repositories()["repositories"][0]["repositoryName"]
    ecr.put_image(repositoryName=name, imageManifest='{"schemaVersion": 2}', imageTag="one")
    registered.root("cloudformation").delete_stack(StackName="failed")
    registered.await_stack("failed", "DELETE_FAILED")
    assert registered.clean().verdict is Verdict.CLEAN
    assert registered.stacks() == []


def test_everything_of_a_stack_with_more_than_a_page_of_resources_is_in_the_ledger(registered):
    parameters: dict[str, Any] = {
        f"P{number:03}": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}}
        for number in range(130)
    }
    stack = registered.make_stack("wide", {"Resources": parameters | {"Z": {"Type": "AWS::S3::Bucket"}}})
    [bucket] = registered.buckets()
    fill_versioned(registered.root("s3"), bucket)
    assert registered.clean().verdict is Verdict.CLEAN
    ledger = json.loads(next(text for name, text in registered.store.texts.items() if name.endswith("ledger.json")))
    assert len(ledger["stacks"][stack]["owned"]) == 131
    assert registered.buckets() == []


def test_every_region_of_the_registration_is_cleaned_and_no_other(ground):
    regions = {"registration": {"regions": ("eu-west-1",)}}
    assert ground.capture(**regions).verdict is Verdict.CLEAN
    for region in ("us-east-1", "eu-west-1", "eu-central-1"):
        ground.make_stack("app", resources(Queue="AWS::SQS::Queue"), region)
    assert ground.clean(**regions).verdict is Verdict.CLEAN
    assert [ground.stacks(region) for region in ("us-east-1", "eu-west-1", "eu-central-1")] == [[], [], ["app"]]


def test_what_a_stack_retained_when_the_test_deleted_it_goes(registered):
    retained = {
        "Type": "AWS::IAM::Role",
        "DeletionPolicy": "Retain",
        "Properties": {"AssumeRolePolicyDocument": {"Statement": []}},
    }
    stack = registered.make_stack("own", resources(Role=retained))
    registered.root("cloudformation").delete_stack(StackName="own")
    registered.await_stack(stack, "DELETE_COMPLETE")
    iam = registered.root("iam")
    assert len(iam.list_roles()["Roles"]) == 2
    assert registered.clean().verdict is Verdict.CLEAN
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["AtmosphereAdmin"]


def test_leftovers_outside_stacks_go(registered):
    registered.root("s3").create_bucket(Bucket="loose")
    fill_versioned(registered.root("s3"), "loose")
    registered.root("logs").create_log_group(logGroupName="/aws/lambda/late")
    registered.root("ssm").put_parameter(Name="/loose/one", Type="String", Value="x")
    registered.root("sqs").create_queue(QueueName="loose")
    registered.root("sns").create_topic(Name="loose")
    registered.root("dynamodb").create_table(
        TableName="loose",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        DeletionProtectionEnabled=True,
    )
    registered.root("ecr").create_repository(repositoryName="loose")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("index.py", "def handler(event, context): ...")
    registered.root("lambda").create_function(
        FunctionName="loose",
        Runtime="python3.12",
        Role=role_arn(),
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    assert registered.clean().verdict is Verdict.CLEAN
    assert registered.buckets() == []
    assert registered.root("dynamodb").list_tables()["TableNames"] == []
    assert registered.root("ssm").describe_parameters()["Parameters"] == []
    assert registered.root("lambda").list_functions()["Functions"] == []


def test_the_baseline_and_what_is_kept_survive(ground):
    ground.make_stack("infra", resources(Queue="AWS::SQS::Queue"))
    ground.root("s3").create_bucket(Bucket="before")
    assert ground.capture().verdict is Verdict.CLEAN
    for name in ("shared-1", "scratch"):
        ground.root("s3").create_bucket(Bucket=name)
    keep = {"registration": {"keep": ("AWS::S3::Bucket:shared-*",)}}
    assert ground.clean(**keep).verdict is Verdict.CLEAN
    assert (ground.stacks(), ground.buckets()) == (["infra"], ["before", "shared-1"])


@pytest.mark.slow
def test_a_bucket_of_more_than_a_page_of_versions_is_emptied(registered):
    s3 = registered.root("s3")
    s3.create_bucket(Bucket="many")
    s3.put_bucket_versioning(Bucket="many", VersioningConfiguration={"Status": "Enabled"})
    for number in range(1300):
        s3.put_object(Bucket="many", Key=f"key-{number % 700}", Body=b"x")
    assert registered.clean().verdict is Verdict.CLEAN
    assert registered.buckets() == []


def test_roles_outside_stacks_are_swept_only_where_the_account_has_one_environment(registered):
    registered.make_role("Left")
    registered.root("iam").attach_role_policy(RoleName="Left", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    registered.capture(sweep_globals=False)
    assert registered.clean().verdict is Verdict.CLEAN
    assert role_names(registered) == ["AtmosphereAdmin", "Left"]
    registered.root("iam").delete_role_policy(RoleName="Left", PolicyName="permissions")
    registered.root("iam").detach_role_policy(RoleName="Left", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    registered.root("iam").delete_role(RoleName="Left")
    registered.capture(sweep_globals=True)
    registered.make_role("Left")
    assert registered.clean(sweep_globals=True).verdict is Verdict.CLEAN
    assert role_names(registered) == ["AtmosphereAdmin"]


def test_a_pass_ends_in_time_and_the_next_goes_on_where_it_stopped(registered):
    clock = FakeClock(registered.clock.now())
    registered.clock = clock
    registered.limits = Limits(workers=1)
    for number in range(3):
        registered.root("s3").create_bucket(Bucket=f"bucket-{number}")
        registered.root("s3").put_object(Bucket=f"bucket-{number}", Key="a", Body=b"x")

    def slow(operation: str, _: object) -> None:
        if operation == "DeleteObjects":
            clock.advance(timedelta(seconds=50))

    registered.accounts = FaultyAccounts(registered.base, judge=slow)
    first = registered.one_pass(registered.assignment())
    assert (first.verdict, first.state.quiet_rounds, first.state.quiet_since) == (Verdict.AGAIN, 0, None)
    assert len(registered.buckets()) == 2
    assert registered.clean().verdict is Verdict.CLEAN
