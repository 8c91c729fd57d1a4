"""What no listing tells of: orphans of stacks that the test deleted, types without a row, and what only tags show."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cleanup.model import Resource, Verdict
from atmosphere.cleanup.scan.arns import Arn
from atmosphere.cleanup.state.baseline import Baseline, baseline_name
from atmosphere.core.model import Region
from tests.cleanup.conftest import REGION
from tests.cleanup.fakes import FakeStack, Manner, Part, refuse
from tests.cleanup.scene import KEY, Scene, in_account
from tests.cleanup.test_custom_resources import function, inside_a_vpc

if TYPE_CHECKING:
    from atmosphere.cleanup.engine import PassResult

pytestmark = pytest.mark.usefixtures("moto_account")

AWAY = Region("eu-west-1")
DATABASE = "AWS::Timestream::Database"


def destroyed(name: str, *parts: Part, region: Region = REGION) -> FakeStack:
    """A stack that the test deleted by itself, which kept these."""
    events = [
        {"ResourceType": part.type, "ResourceStatus": "DELETE_SKIPPED", "PhysicalResourceId": part.id} for part in parts
    ]
    return FakeStack(name, list(parts), status="DELETE_COMPLETE", events=events, region=region)


def content(scene: Scene, result: PassResult) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(scene.store.texts[str(result.report_key)])
    return report


def retained(region: Region = REGION) -> list[Part]:
    """A table, a log group and a key of moto's."""
    in_account("dynamodb", region).create_table(
        TableName="kept",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
    )
    in_account("logs", region).create_log_group(logGroupName="/kept")
    key = in_account("kms", region).create_key()["KeyMetadata"]["KeyId"]
    return [Part("AWS::DynamoDB::Table", "kept"), Part("AWS::Logs::LogGroup", "/kept"), Part("AWS::KMS::Key", key)]


def is_empty(region: Region) -> bool:
    keys = in_account("kms", region)
    states = [keys.describe_key(KeyId=each["KeyId"])["KeyMetadata"]["KeyState"] for each in keys.list_keys()["Keys"]]
    tables = in_account("dynamodb", region).list_tables()["TableNames"]
    groups = in_account("logs", region).describe_log_groups()["logGroups"]
    return (tables, groups, set(states) - {"PendingDeletion"}) == ([], [], set())


# --- stacks that the test deleted itself, scenarios 15 and 16 ---------------------------------------------------------


def test_what_a_stack_kept_that_the_test_destroyed_is_found_through_the_ledger_without_any_listing():
    scene = Scene(destroyed("own", *retained()))
    assert scene.clean().verdict is Verdict.CLEAN
    assert is_empty(REGION)


def test_what_stacks_kept_that_the_test_destroyed_in_two_regions_is_found_in_both():
    scene = Scene(
        destroyed("own", *retained()),
        destroyed("own-away", *retained(AWAY), region=AWAY),
        regions=(REGION, AWAY),
    )
    assert scene.clean().verdict is Verdict.CLEAN
    assert (is_empty(REGION), is_empty(AWAY)) == (True, True)


def test_what_an_update_failed_to_delete_and_gave_up_is_an_orphan_of_the_stack():
    stack = FakeStack("app", [Part("AWS::X::Y", "new")])
    stack.events.append({"ResourceType": DATABASE, "ResourceStatus": "DELETE_FAILED", "PhysicalResourceId": "old"})
    scene = Scene(stack)
    scene.world.there.add((DATABASE, "old"))
    assert scene.clean().verdict is Verdict.CLEAN
    assert scene.world.there == set()


# --- Cloud Control ----------------------------------------------------------------------------------------------------


def orphan(identity: str = "db") -> Scene:
    return Scene(destroyed("own", Part(DATABASE, identity)))


def test_a_deletion_that_is_under_way_is_waited_for_and_not_repeated():
    scene = orphan()
    scene.world.slowly = 40
    scene.limits = replace(scene.limits, linger=timedelta(0))
    assert scene.clean().verdict is Verdict.CLEAN
    assert scene.world.asked == ["db"]
    assert scene.passes > 2  # passes do not remember the request: Cloud Control does


def test_why_a_deletion_failed_after_it_was_accepted_is_in_the_report():
    scene = orphan()
    scene.world.undeletable.add("db")
    result = scene.clean()
    blocker = scene.blockers(result)["db"]
    assert (result.verdict, blocker["code"]) == (Verdict.BLOCKED, "GeneralServiceException")
    assert blocker["message"] == "db is in use by something"
    assert len(scene.world.requests) == blocker["attempts"] + 1


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("TypeNotFoundException", "does not know this type"),
        ("UnsupportedActionException", "cannot delete this type"),
        ("InvalidRequestException", "does not take the id"),
    ],
)
def test_what_cloud_control_cannot_handle_says_what_a_person_has_to_do(code, why):
    scene = orphan()
    scene.world.refusals[DATABASE] = refuse(code, "no")
    result = scene.clean()
    blocker = scene.blockers(result)["db"]
    assert (result.verdict, blocker["code"]) == (Verdict.DIRTY, "no-handler")
    assert why in blocker["message"]
    assert "delete it by hand" in blocker["message"]


def test_a_look_that_cloud_control_refuses_is_unknown_and_never_clean():
    scene = orphan()
    scene.world.refusals[DATABASE] = refuse("AccessDeniedException", "no")
    result = scene.clean()
    assert result.verdict is Verdict.BLOCKED
    assert content(scene, result)["unknown"] == {f"{DATABASE}:db@{REGION}": "AccessDeniedException"}


# --- functions, scenarios 21 and 22 -----------------------------------------------------------------------------------


def test_functions_leave_their_vpc_before_their_stack_is_deleted():
    function("inside", **inside_a_vpc())
    scene = Scene(FakeStack("app", [Part("AWS::Lambda::Function", "inside")]))
    seen: list[list[str]] = []

    def look() -> None:
        network = in_account("lambda").get_function_configuration(FunctionName="inside").get("VpcConfig", {})
        seen.append(network.get("SubnetIds", []))

    scene.world.before_deletion = look
    assert scene.clean().verdict is Verdict.CLEAN
    assert seen == [[]]


@pytest.mark.parametrize("deferred", [True, False], ids=["deferring-pool", "strict-pool"])
def test_a_replica_at_the_edge_is_deferred_where_the_pool_allows_it_and_retried_at_the_next_cleaning(deferred):
    function("edge")
    scene = Scene(types=("AWS::Lambda::Function",))
    if deferred:
        scene.defer("AWS::Lambda::Function")
    replicas = refuse("InvalidParameterValueException", "unable to delete edge because it is a replicated function")
    scene.world.answers["DeleteFunction"] = lambda: replicas
    result = scene.clean()
    if not deferred:
        assert result.verdict is Verdict.DIRTY
        assert "replicated function" in scene.blockers(result)["edge"]["message"]
        return
    assert result.verdict is Verdict.CLEAN
    assert "AWS::Lambda::Function:edge" in str(content(scene, result)["deferred"])
    del scene.world.answers["DeleteFunction"]
    scene.next_allocation()
    assert scene.clean().verdict is Verdict.CLEAN
    assert in_account("lambda").list_functions()["Functions"] == []


@pytest.mark.parametrize("deferred", [True, False], ids=["deferring-pool", "strict-pool"])
def test_what_stands_in_a_subnet_for_half_an_hour_is_deferred_or_keeps_the_environment_from_being_clean(deferred):
    subnet = inside_a_vpc()["SubnetIds"][0]
    scene = Scene(destroyed("own", Part("AWS::EC2::Subnet", subnet)))
    if deferred:
        scene.defer("AWS::EC2::Subnet")
    reaped = scene.clock.now() + timedelta(minutes=30)
    held = refuse("DependencyViolation", f"{subnet} has dependencies and cannot be deleted")

    def judge() -> Any:
        return held if scene.clock.now() < reaped else None

    scene.world.answers["DeleteSubnet"] = judge
    result = scene.clean()
    if not deferred:
        assert (result.verdict, scene.blockers(result)[subnet]["code"]) == (Verdict.BLOCKED, "DependencyViolation")
        return
    assert result.verdict is Verdict.CLEAN
    scene.clock.advance(timedelta(minutes=31))
    scene.next_allocation()
    assert scene.clean().verdict is Verdict.CLEAN
    assert content(scene, scene.clean())["deferred"] == []


# --- the detector -----------------------------------------------------------------------------------------------------


def show(scene: Scene, *arns: str, **tags: str) -> None:
    """What the tagging API shows."""
    listed = [{"Key": key.replace("_", "-"), "Value": value} for key, value in tags.items()]
    entries = [{"ResourceARN": arn, "Tags": listed} for arn in arns]
    scene.world.answers["GetResources"] = lambda: {"ResourceTagMappingList": entries, "PaginationToken": ""}


def arn(resource: str, service: str = "timestream") -> str:
    return f"arn:aws:{service}:{REGION}:222222222222:{resource}"


def test_a_tagged_thing_that_nothing_tells_of_is_reported_and_does_not_block():
    scene = Scene()
    show(scene, arn("database/stray"))
    result = scene.clean()
    assert result.verdict is Verdict.CLEAN
    assert content(scene, result)["unexplained"] == {arn("database/stray"): ""}
    assert arn("database/stray") in scene.store.texts[str(result.report_key).replace(".json", ".md")]


def test_what_was_tagged_before_the_first_test_is_explained():
    scene = Scene()
    before = Baseline.from_json(scene.store.texts[baseline_name(KEY)])
    scene.store.put(baseline_name(KEY), replace(before, tagged=frozenset({arn("database/old")})).to_json())
    show(scene, arn("database/old"))
    assert content(scene, scene.clean())["unexplained"] == {}


def test_ghosts_of_listed_types_and_of_what_cloudformation_deleted_are_explained():
    scene = Scene(FakeStack("app", [Part(DATABASE, "db"), Part("AWS::X::Y", "y")], steps=3))
    show(scene, arn("queue-that-was", "sqs"), arn("database/db"))
    result = scene.clean()
    assert result.verdict is Verdict.CLEAN
    assert content(scene, result)["unexplained"] == {}


def test_what_cloudformation_says_it_deleted_and_is_still_there_is_an_orphan_and_goes():
    scene = Scene(FakeStack("app", [Part(DATABASE, "db", Manner.GHOSTLY)]))
    show(scene, arn("database/db"))
    assert scene.clean().verdict is Verdict.CLEAN
    assert scene.world.there == set()


def test_a_role_that_an_update_lost_is_an_orphan_by_the_stack_it_is_tagged_with():
    in_account("iam").create_role(RoleName="lost", AssumeRolePolicyDocument="{}")
    stack = FakeStack("app", [Part("AWS::X::Y", "y")])
    scene = Scene(stack)
    lost = "arn:aws:iam::222222222222:role/lost"
    tag = {"Key": "aws:cloudformation:stack-id", "Value": stack.id}
    scene.world.answers["GetResources"] = lambda: {"ResourceTagMappingList": [{"ResourceARN": lost, "Tags": [tag]}]}
    assert scene.clean().verdict is Verdict.CLEAN
    assert "lost" not in [role["RoleName"] for role in in_account("iam").list_roles()["Roles"]]


def test_a_region_whose_tags_cannot_be_read_is_unknown():
    scene = Scene()
    scene.world.answers["GetResources"] = lambda: refuse("AccessDeniedException", "no")
    result = scene.clean()
    assert result.verdict is Verdict.BLOCKED
    assert content(scene, result)["unknown"] == {f"tagged resources@{REGION}": "AccessDeniedException"}


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("arn:aws:s3:::bucket", "AWS::S3::Bucket"),
        (arn("queue", "sqs"), "AWS::SQS::Queue"),
        (arn("table/t", "dynamodb"), "AWS::DynamoDB::Table"),
        (arn("log-group:/aws/lambda/f", "logs"), "AWS::Logs::LogGroup"),
        (arn("function:f", "lambda"), "AWS::Lambda::Function"),
        (arn("stack/s/1", "cloudformation"), "AWS::CloudFormation::Stack"),
        ("arn:aws:iam::222222222222:role/path/r", "AWS::IAM::Role"),
        (arn("certificate-authority/0b1c", "acm-pca"), "AWS::ACMPCA::CertificateAuthority"),
        (arn("image-recipe/r/1.0.0", "imagebuilder"), "AWS::ImageBuilder::ImageRecipe"),
        (arn("portfolio/port-1", "catalog"), "AWS::ServiceCatalog::Portfolio"),
        (arn("/attribute-groups/0b1c", "servicecatalog"), "AWS::ServiceCatalogAppRegistry::AttributeGroup"),
        (arn("bucket/b/table/0b1c", "s3tables"), "AWS::S3Tables::TableBucket"),
        (arn("repository", "codecommit"), "AWS::CodeCommit::Repository"),
        (arn("cluster/j-1", "elasticmapreduce"), "AWS::EMR::Cluster"),
        (arn("database/d"), None),
        ("no arn at all", None),
    ],
)
def test_the_type_of_an_arn(text, type_):
    assert Arn.parse(text).type == type_


@pytest.mark.parametrize(
    ("text", "identity", "type_", "same"),
    [
        (arn("q", "sqs"), "https://sqs.us-east-1.amazonaws.com/222222222222/q", "AWS::SQS::Queue", True),
        (arn("database/d"), "d", DATABASE, True),
        (arn("database/d/table/t"), "d|t", "AWS::Timestream::Table", False),
        (
            arn("secret:s-x1", "secretsmanager"),
            arn("secret:s-x1", "secretsmanager"),
            "AWS::SecretsManager::Secret",
            True,
        ),
        (arn("q", "sqs"), "q", "AWS::SNS::Topic", False),
        (arn("stateMachine:m", "states"), arn("stateMachine:m", "states"), "AWS::StepFunctions::StateMachine", True),
    ],
)
def test_whether_an_arn_may_mean_a_physical_id(text, identity, type_, same):
    assert Arn.parse(text).may_be(Resource(type_, identity, REGION)) is same
