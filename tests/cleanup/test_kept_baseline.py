"""What was there before the first test survives, is put back, or is told: whole cleanups on the embedded AWS."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from atmosphere.cleanup.baseline.amendments import Amendments
from atmosphere.cleanup.contents.toolkit import TOOLKIT
from atmosphere.cleanup.model import Verdict
from atmosphere.core.model import ActKind, EnvironmentKey, Toolkit
from tests.cleanup.conftest import ACCOUNT, EXTERNAL_ID, REGION, ROLE, role_arn
from tests.cleanup.faults import FaultyAccounts

if TYPE_CHECKING:
    from tests.cleanup.conftest import Ground

pytestmark = pytest.mark.emulator

USED = ((role_arn(), EXTERNAL_ID),)
KEY = EnvironmentKey(ACCOUNT, REGION)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)


def amend(ground: Ground, act: ActKind, *items: str) -> None:
    Amendments(ground.store).amend(KEY, act, items, at=datetime.now(UTC), by="operator", why="so")


def captured(ground: Ground, **changes: Any) -> None:
    assert ground.capture(**changes).verdict is Verdict.CLEAN


def told(ground: Ground, result: Any, item: str) -> str:
    """What the report says of a thing."""
    return next(
        f"{entry['code']}: {entry['message']}" for entry in ground.report(result)["blockers"] if entry["id"] == item
    )


def a_queue(ground: Ground, name: str) -> str:
    url: str = ground.root("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url


def queues(ground: Ground) -> list[str]:
    return sorted(url.rpartition("/")[2] for url in ground.root("sqs").list_queues().get("QueueUrls", ()))


# --- what a test does to tags does not matter ---


def test_tags_neither_save_a_leftover_nor_cost_the_baseline_anything(ground: Ground) -> None:
    sqs = ground.root("sqs")
    kept = a_queue(ground, "kept")
    sqs.tag_queue(QueueUrl=kept, Tags={"owner": "platform", "keep": "true"})
    captured(ground)
    sqs.untag_queue(QueueUrl=kept, TagKeys=["owner", "keep"])
    mine = a_queue(ground, "mine")
    sqs.tag_queue(QueueUrl=mine, Tags={"owner": "platform", "keep": "true", "atmosphere:protected": "true"})
    assert ground.clean().verdict is Verdict.CLEAN
    assert queues(ground) == ["kept"]


# --- put back ---


def test_a_zone_of_the_baseline_is_handed_on_with_the_records_that_it_had(ground: Ground) -> None:
    route53 = ground.root("route53")
    zone = route53.create_hosted_zone(Name="example.org", CallerReference="x")["HostedZone"]["Id"].rpartition("/")[2]

    def change(action: str, name: str, value: str) -> None:
        record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]}
        changes = [{"Action": action, "ResourceRecordSet": record}]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

    change("CREATE", "old.example.org", "192.0.2.1")
    change("CREATE", "other.example.org", "192.0.2.2")
    captured(ground, sweep_globals=True)
    before = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    change("DELETE", "old.example.org", "192.0.2.1")
    change("UPSERT", "other.example.org", "192.0.2.9")
    change("CREATE", "new.example.org", "192.0.2.3")
    assert ground.clean(sweep_globals=True).verdict is Verdict.CLEAN
    assert route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"] == before


# --- told ---


def test_a_registered_role_that_may_do_something_else_now_is_told_with_the_difference(registered: Ground) -> None:
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    registered.root("iam").put_role_policy(RoleName=ROLE, PolicyName="extra", PolicyDocument=json.dumps(allow))
    result = registered.clean(roles_used=USED)
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "baseline-changed")
    assert "+ inline/extra" in told(registered, result, ROLE)
    assert EXTERNAL_ID not in json.dumps(registered.report(result))


def test_what_changed_may_be_accepted_by_adopting_it(registered: Ground) -> None:
    iam = registered.root("iam")
    iam.attach_role_policy(RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    amend(registered, ActKind.ADOPT, f"AWS::IAM::Role:{ROLE}@global")
    assert registered.clean(roles_used=USED).verdict is Verdict.CLEAN
    iam.detach_role_policy(RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    result = registered.clean(roles_used=USED)
    assert "- attached" in told(registered, result, ROLE)


def test_a_role_made_anew_under_the_same_name_is_told_and_left(ground: Ground) -> None:
    iam = ground.root("iam")
    iam.create_role(RoleName="Needed", AssumeRolePolicyDocument=TRUST)
    captured(ground, sweep_globals=True)
    iam.delete_role(RoleName="Needed")
    iam.create_role(RoleName="Needed", AssumeRolePolicyDocument=TRUST)
    result = ground.clean(sweep_globals=True)
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "baseline-changed")
    assert "created again" in told(ground, result, "Needed")
    assert iam.get_role(RoleName="Needed")


def test_no_name_of_a_role_keeps_it_and_none_of_the_baseline_is_named_in_a_change(registered: Ground) -> None:
    registered.capture(sweep_globals=True)
    iam = registered.root("iam")
    foreign = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [foreign]})
    names = {
        "AWSServiceRoleForX",
        "AWSReservedSSO_X_1",
        "OrganizationAccountAccessRole",
        "AWSControlTowerExecution",
        "x-controltower-y",
        "stacksets-exec-1",
        "mine",
    }
    for name in names:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    assert registered.clean(sweep_globals=True, roles_used=USED).verdict is Verdict.CLEAN
    there = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    assert not names & there
    assert ROLE in there
    changed = [(entry["operation"], entry["names"].get("RoleName")) for entry in registered.journal()]
    assert {name for _, name in changed if name} == {*names, ROLE}
    assert {operation for operation, name in changed if name == ROLE} == {"PutRolePolicy"}


def test_what_a_kept_stack_owns_stays_and_what_lets_someone_in_takes_the_stack_along(ground: Ground) -> None:
    captured(ground)
    keep: dict[str, Any] = {"registration": {"keep": ("AWS::CloudFormation::Stack:company-*",)}}
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "members"}}
    ground.make_stack("company-net", {"Resources": {"Queue": queue}})
    result = ground.clean(**keep)
    assert result.verdict is Verdict.CLEAN
    assert (ground.stacks(), queues(ground)) == (["company-net"], ["members"])
    why = {entry["id"]: entry["why"] for entry in ground.report(result)["kept"]}
    assert why["company-net"] == "kept by AWS::CloudFormation::Stack:company-*"
    assert any("owned by the stack company-net" in each for each in why.values())

    foreign = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [foreign]}
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, "RoleName": "back-door"}}
    ground.make_stack("company-x", {"Resources": {"Role": role}})
    assert ground.clean(**keep).verdict is Verdict.CLEAN
    assert ground.stacks() == ["company-net"]
    assert "back-door" not in {each["RoleName"] for each in ground.root("iam").list_roles()["Roles"]}


# --- what operators do ---


def test_what_was_dropped_is_a_leftover_and_what_was_adopted_survives(ground: Ground) -> None:
    old = a_queue(ground, "old")
    captured(ground)
    new = a_queue(ground, "new")
    amend(ground, ActKind.DROP, f"AWS::SQS::Queue:{old}@{REGION}")
    amend(ground, ActKind.ADOPT, f"AWS::SQS::Queue:{new}@{REGION}")
    assert ground.clean().verdict is Verdict.CLEAN
    assert queues(ground) == ["new"]
    baseline: Any = Amendments(ground.store).load(KEY)
    [shown] = [entry for entry in baseline["items"] if "Queue" in entry["item"]]
    assert (shown["item"], shown["adopting"]) == (f"AWS::SQS::Queue:{new}@{REGION}", False)


def test_what_was_adopted_and_is_not_there_is_missing(registered: Ground) -> None:
    amend(registered, ActKind.ADOPT, f"AWS::ECR::Repository:nowhere@{REGION}")
    result = registered.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "baseline-missing")


def test_what_was_adopted_is_held_to_what_it_was_then(ground: Ground) -> None:
    captured(ground)
    ground.root("ecr").create_repository(repositoryName="mine")
    amend(ground, ActKind.ADOPT, f"AWS::ECR::Repository:mine@{REGION}")
    assert ground.clean().verdict is Verdict.CLEAN
    ground.root("ecr").delete_repository(repositoryName="mine")
    assert ground.clean().reason == "baseline-missing"


def test_a_recapture_revokes_and_changes_nothing_else(registered: Ground) -> None:
    a_queue(registered, "mine")
    accounts = FaultyAccounts(registered.base)
    result = registered.one_pass(registered.assignment(capture_only=True, roles_used=USED), accounts=accounts)
    assert result.verdict is Verdict.CLEAN
    assert accounts.mutations == ["PutRolePolicy"]
    registered.accounts = FaultyAccounts(registered.base)
    assert registered.clean(roles_used=USED).verdict is Verdict.CLEAN
    assert queues(registered) == ["mine"]


def test_a_recapture_cures_a_region_that_was_added(registered: Ground) -> None:
    regions = {"regions": ("eu-west-1",)}
    assert registered.clean(registration=regions).reason == "no-baseline"
    captured(registered, registration=regions)
    assert registered.clean(registration=regions).verdict is Verdict.CLEAN


# --- buckets ---


def test_what_a_test_set_up_on_a_kept_bucket_is_gone_and_what_was_there_is_back(ground: Ground) -> None:
    s3, sqs = ground.root("s3"), ground.root("sqs")
    for name in ("shared", "copies"):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    bridge: dict[str, Any] = {"EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket="shared", NotificationConfiguration=bridge)
    captured(ground)
    arn = sqs.get_queue_attributes(QueueUrl=a_queue(ground, "mine"), AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    mine = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(
        Bucket="shared", NotificationConfiguration=mine, SkipDestinationValidation=True
    )
    rule = {"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::copies"}}
    s3.put_bucket_replication(
        Bucket="shared",
        ReplicationConfiguration={"Role": f"arn:aws:iam::{ACCOUNT}:role/copies", "Rules": [rule]},
    )
    s3.delete_public_access_block(Bucket="shared")
    s3.put_bucket_ownership_controls(
        Bucket="shared", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    s3.put_bucket_acl(Bucket="shared", ACL="public-read")
    assert ground.clean().verdict is Verdict.CLEAN
    assert queues(ground) == []
    reply = s3.get_bucket_notification_configuration(Bucket="shared")
    assert {name: part for name, part in reply.items() if name != "ResponseMetadata"} == bridge
    with pytest.raises(ClientError, match="ReplicationConfigurationNotFoundError"):
        s3.get_bucket_replication(Bucket="shared")
    assert len(s3.get_bucket_acl(Bucket="shared")["Grants"]) == 1


# --- the CDK's toolkit ---


def a_toolkit(ground: Ground) -> str:
    template = {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
            "Repository": {"Type": "AWS::ECR::Repository"},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": json.loads(TRUST)}},
        }
    }
    ground.make_stack(TOOLKIT, template)
    [bucket] = ground.buckets()
    return bucket


def fill(ground: Ground, bucket: str) -> str:
    s3, ecr = ground.root("s3"), ground.root("ecr")
    s3.put_object(Bucket=bucket, Key="asset", Body=b"x")
    s3.put_object(Bucket=bucket, Key="gone", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="gone")
    s3.create_multipart_upload(Bucket=bucket, Key="half")
    name: str = ecr.describe_repositories()["repositories"][0]["repositoryName"]
    ecr.put_image(repositoryName=name, imageManifest='{"schemaVersion": 2}', imageTag="one")
    return name


def test_a_kept_toolkit_stays_and_is_emptied(ground: Ground) -> None:
    bucket = a_toolkit(ground)
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    ground.root("s3").put_bucket_policy(Bucket=bucket, Policy=policy)
    keep: dict[str, Any] = {"registration": {"cdk_toolkit": Toolkit.KEEP}, "sweep_globals": True}
    captured(ground, **keep)
    repository = fill(ground, bucket)
    assert ground.clean(**keep).verdict is Verdict.CLEAN
    assert ground.stacks() == [TOOLKIT]
    s3 = ground.root("s3")
    versions = s3.list_object_versions(Bucket=bucket)
    assert [*versions.get("Versions", ()), *versions.get("DeleteMarkers", ())] == []
    assert not s3.list_multipart_uploads(Bucket=bucket).get("Uploads")
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    assert ground.root("ecr").list_images(repositoryName=repository)["imageIds"] == []
    assert [role for role in ground.root("iam").list_roles()["Roles"] if role["RoleName"] != ROLE]


@pytest.mark.parametrize("fate", Toolkit)
def test_a_toolkit_that_a_test_changed_is_put_back_and_drains_nothing(ground: Ground, fate: Toolkit) -> None:
    template: dict[str, Any] = {
        "Parameters": {"Trusted": {"Type": "String"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Trusted"}}}},
    }
    ground.make_stack(TOOLKIT, template, Parameters=[{"ParameterKey": "Trusted", "ParameterValue": "none"}])
    captured(ground, registration={"cdk_toolkit": fate})
    newer = {**template, "Resources": {**template["Resources"], "Queue": {"Type": "AWS::SQS::Queue"}}}
    cloudformation = ground.root("cloudformation")
    cloudformation.update_stack(
        StackName=TOOLKIT,
        TemplateBody=json.dumps(newer),
        Parameters=[{"ParameterKey": "Trusted", "ParameterValue": "999999999999"}],
    )
    ground.await_stack(TOOLKIT, "UPDATE_COMPLETE")
    assert queues(ground)
    assert ground.clean(registration={"cdk_toolkit": fate}).verdict is Verdict.CLEAN
    [stack] = cloudformation.describe_stacks(StackName=TOOLKIT)["Stacks"]
    assert stack["Parameters"][0]["ParameterValue"] == "none"
    assert queues(ground) == []
    assert len(ground.root("sns").list_topics()["Topics"]) == 1


@pytest.mark.parametrize("fate", Toolkit)
def test_a_toolkit_that_a_test_made_is_a_leftover(registered: Ground, fate: Toolkit) -> None:
    fill(registered, a_toolkit(registered))
    assert registered.clean(registration={"cdk_toolkit": fate}).verdict is Verdict.CLEAN
    assert (registered.stacks(), registered.buckets()) == ([], [])


def test_a_toolkit_of_the_baseline_that_is_not_to_be_kept_empty_keeps_what_is_in_it(ground: Ground) -> None:
    bucket = a_toolkit(ground)
    captured(ground)
    ground.root("s3").put_object(Bucket=bucket, Key="asset", Body=b"x")
    assert ground.clean().verdict is Verdict.CLEAN
    assert ground.root("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 1
