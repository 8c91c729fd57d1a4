"""What the guard protects: type and name, by the parameter that names things of that type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from atmosphere.cleanup.aws.protected import Protected, Thing
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.naming import CLASSES, keys_of, naming_of
from atmosphere.cleanup.catalogue.row import Row
from atmosphere.cleanup.model import STACK, MutationRefused
from tests.cleanup.conftest import ACCOUNT, REGION, ROLE
from tests.cleanup.test_guard import POLICY, SERVICE, Watch, a_protection, kept

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _moto() -> Iterator[None]:
    with mock_aws():
        yield


def test_a_name_that_is_kept_in_one_region_is_a_leftovers_in_another():
    protected = Protected({Thing("AWS::SQS::Queue", "needed", "sqs", REGION), Thing("AWS::IAM::Role", "own", "iam")})
    assert names(protected, "sqs:DeleteQueue", REGION, QueueUrl="needed")
    assert not names(protected, "sqs:DeleteQueue", "eu-west-1", QueueUrl="needed")
    assert names(protected, "iam:DeleteRole", "eu-west-1", RoleName="own")


# --- type and name ---------------------------------------------------------------------------------------------------


def names(protected: Protected, call: str, region: str = REGION, **given: str) -> list[str]:
    """The types of the protected things that a call names."""
    service, _, operation = call.partition(":")
    return sorted({hit.thing.type for hit in protected.named(service, operation, region, given)})


NAMESAKES = (
    ("update_access_key", {"UserName": ROLE, "AccessKeyId": "A" * 20, "Status": "Inactive"}),
    ("delete_access_key", {"UserName": ROLE, "AccessKeyId": "A" * 20}),
    ("put_user_policy", {"UserName": ROLE, "PolicyName": "AtmosphereFrozen", "PolicyDocument": POLICY}),
    ("delete_user_policy", {"UserName": "other", "PolicyName": ROLE}),
    ("delete_role_policy", {"RoleName": "other", "PolicyName": ROLE}),
    ("delete_group_policy", {"GroupName": ROLE, "PolicyName": ROLE}),
    ("delete_login_profile", {"UserName": ROLE}),
    ("delete_user", {"UserName": ROLE}),
    ("delete_group", {"GroupName": ROLE}),
    ("delete_instance_profile", {"InstanceProfileName": ROLE}),
    ("delete_server_certificate", {"ServerCertificateName": ROLE}),
    ("delete_policy", {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/{ROLE}"}),
    ("remove_role_from_instance_profile", {"InstanceProfileName": ROLE, "RoleName": "other"}),
)
"""What a test made and called like a protected role."""


@pytest.mark.parametrize(("operation", "parameters"), NAMESAKES)
def test_what_a_test_called_like_a_protected_role_is_no_protected_role(operation, parameters):
    watch = Watch(protected=a_protection().protected())
    watch.answer_everything()
    getattr(watch.client("iam"), operation)(**parameters)
    assert watch.guard.count == 1


@pytest.mark.parametrize("operation", ["remove_role_from_instance_profile", "remove_user_from_group"])
def test_a_leftover_and_a_kept_thing_are_parted_and_two_kept_ones_are_not(operation):
    one, other = ("Role", "InstanceProfile") if "role" in operation else ("User", "Group")
    both = kept("kept", f"AWS::IAM::{one}", f"AWS::IAM::{other}")
    for values in (("kept", "leftover"), ("leftover", "kept"), ("leftover", "leftover")):
        watch = Watch(protected=both)
        watch.answer_everything()
        getattr(watch.client("iam"), operation)(**dict(zip((f"{one}Name", f"{other}Name"), values, strict=True)))
    with pytest.raises(MutationRefused, match="protected"):
        getattr(watch.client("iam"), operation)(**{f"{one}Name": "kept", f"{other}Name": "kept"})


ELSEWHERE = (
    ("s3", "abort_multipart_upload", {"Bucket": "leftover", "Key": "kept", "UploadId": "kept"}, "AWS::S3::Bucket"),
    ("cloudformation", "delete_stack", {"StackName": "leftover", "RetainResources": ["kept"]}, STACK),
    ("ecs", "delete_service", {"cluster": "kept", "service": "leftover"}, "AWS::ECS::Cluster"),
    ("ecs", "stop_task", {"cluster": "kept", "task": f"arn:aws:ecs:{REGION}:1:task/kept/1"}, "AWS::ECS::Cluster"),
    ("eks", "delete_nodegroup", {"clusterName": "kept", "nodegroupName": "leftover"}, "AWS::EKS::Cluster"),
    ("events", "delete_rule", {"EventBusName": "kept", "Name": "leftover"}, "AWS::Events::EventBus"),
    ("events", "remove_targets", {"Rule": "leftover", "Ids": ["kept"]}, "AWS::Events::EventBus"),
    ("glue", "delete_job", {"JobName": "kept"}, "AWS::Glue::Database"),
)


@pytest.mark.parametrize(("service", "operation", "parameters", "type_"), ELSEWHERE)
def test_what_is_inside_of_a_kept_thing_or_called_like_it_elsewhere_can_go(service, operation, parameters, type_):
    things = {Thing(type_, "kept", service)}
    watch = Watch(protected=Protected(things, naming_of))
    watch.answer_everything()
    getattr(watch.client(service), operation)(**parameters)
    assert watch.guard.count == 1


INSIDE = (
    ("ecs:DeleteService", "AWS::ECS::Service", f"arn:aws:ecs:{REGION}:1:service/c/s", {"cluster": "c", "service": "s"}),
    ("eks:DeleteNodegroup", "AWS::EKS::Nodegroup", "c/n", {"clusterName": "c", "nodegroupName": "n"}),
    ("events:DeleteRule", "AWS::Events::Rule", "b|r", {"EventBusName": "b", "Name": "r"}),
    ("wafv2:DeleteWebACL", "AWS::WAFv2::WebACL", "n|i|REGIONAL", {"Name": "n", "Id": "i", "Scope": "REGIONAL"}),
)


@pytest.mark.parametrize(("call", "type_", "identity", "parameters"), INSIDE)
def test_what_takes_several_parameters_to_name_is_protected_by_all_of_them(call, type_, identity, parameters):
    protected = kept(identity, type_)
    assert names(protected, call, **parameters) == [type_]
    for parameter in parameters:
        assert names(protected, call, **{**parameters, parameter: "other"}) == []


def test_a_rule_of_the_default_bus_is_protected_and_its_namesake_on_another_bus_is_not():
    protected = kept("r", "AWS::Events::Rule")
    assert names(protected, "events:DeleteRule", Name="r")
    assert not names(protected, "events:DeleteRule", EventBusName="other", Name="r")


def test_a_type_that_the_configuration_keeps_as_a_whole_is_protected_however_its_ids_are_made():
    protected = Protected({Thing("AWS::WAFv2::WebACL", "*", "wafv2", pattern=True)}, naming_of)
    assert names(protected, "wafv2:DeleteWebACL", Name="n", Id="i", Scope="REGIONAL")


def test_the_wildcard_in_the_name_of_a_thing_stands_for_itself():
    protected = Protected({Thing("AWS::Logs::LogGroup", "a*", "logs")}, naming_of)
    assert names(protected, "logs:DeleteLogGroup", logGroupName="a*")
    assert not names(protected, "logs:DeleteLogGroup", logGroupName="ab")


@pytest.mark.parametrize("parameter", ["Unheard", "TargetName"])
def test_a_parameter_that_is_not_known_may_name_anything_of_its_service(parameter):
    protected = kept(ROLE, "AWS::IAM::Role", "AWS::IAM::User", "AWS::SQS::Queue")
    assert names(protected, "iam:DoSomethingNew", **{parameter: ROLE}) == ["AWS::IAM::Role", "AWS::IAM::User"]


def test_cloud_control_is_told_the_type():
    protected = kept(ROLE, "AWS::IAM::Role", "AWS::SQS::Queue")
    asked = {"TypeName": "AWS::IAM::User", "Identifier": ROLE}
    assert names(protected, "cloudcontrol:DeleteResource", **asked) == []
    assert names(protected, "cloudcontrol:DeleteResource", **{**asked, "TypeName": "AWS::IAM::Role"}) != []


def _deletions() -> Iterator[Any]:
    for entry in CATALOGUE:
        if isinstance(entry, Row):
            keys = keys_of(entry.service, entry.remove)
            if any(keys):
                yield pytest.param(entry, keys, id=entry.name)


@pytest.mark.parametrize(("row", "keys"), [*_deletions()])
def test_the_deletion_of_each_row_names_what_it_deletes_and_no_namesake_of_another_type(row: Row, keys: Any):
    parts = {f"part{place}": place for place in range(len(keys))}
    identity = next(iter(_written(row, list(parts))))
    given = {key: part for key, part in zip(keys, parts, strict=True) if key}
    operation = "".join(word.title() for word in row.remove.operation.split("_"))
    assert row.name in names(kept(identity, row.name), f"{row.service}:{operation}", **given)
    everything = {type_ for type_, service in SERVICE.items() if service == row.service}
    same = {
        entry.name for entry in CATALOGUE if isinstance(entry, Row) and entry.remove.operation == row.remove.operation
    }
    for part in parts:
        others = kept(part, *(everything - same))
        assert names(others, f"{row.service}:{operation}", **given) == []


FORMS = (
    "{0}",
    "{0}|{1}",
    "{0}|{1}|{2}",
    "{0}/{1}",
    "arn:aws:ecs:r:1:service/{0}/{1}",
    "arn:aws:lambda:r:1:layer:{1}:3",
    "arn:aws:x:r:1:apis/{0}",
    "arn:aws:x::1:function/{0}",
    "arn:aws:apigateway:r:1:/domainnames/{0}+{1}",
    "arn:aws:x:r:1:y/{0}",
    "arn:aws:amplify:r:1:apps/{0}",
    "arn:aws:appsync:r:1:apis/{0}/sourceApiAssociations/{1}",
    "1|{0}|{1}",
    "{1}/table/0b1c",
)


def _written(row: Row, parts: list[str]) -> Iterator[str]:
    """Ids of a row that are taken apart into these."""
    for form in FORMS:
        text = form.format(*parts, "", "")
        match = re.fullmatch(row.parts, text)
        if match and all(part in match.groups() for part in parts if part in text) and parts[-1] in text:
            yield text


def test_every_type_that_is_no_row_says_which_parameter_names_it():
    assert {entry.name for entry in CATALOGUE if not isinstance(entry, Row)} | {STACK} == set(CLASSES)
    for type_, (service, parameter) in CLASSES.items():
        assert service == SERVICE.get(type_, "cloudformation")
        assert type_ in naming_of(service).parameters[parameter]


def test_a_part_that_a_pattern_lacks_is_any_and_one_that_an_exact_id_lacks_is_none() -> None:
    exact, pattern = Thing("AWS::ECS::Service", "x", "ecs"), Thing("AWS::ECS::Service", "x*", "ecs", pattern=True)
    assert [pattern.fits(None, value) for value in ("y", None)] == [True, True]
    assert [exact.fits(None, value) for value in ("y", None)] == [False, True]
    assert [each.fits("x", None) for each in (exact, pattern)] == [False, False]


def test_a_parameter_that_is_a_part_of_another_types_name_may_name_that_too() -> None:
    assert names(kept("r", "AWS::Events::Rule"), "events:PutRule", Name="r") == ["AWS::Events::Rule"]


def test_a_parameter_that_names_one_type_names_no_namesake_of_another() -> None:
    assert names(kept("x", "AWS::IAM::Role"), "iam:UpdateUser", UserName="x") == []
    assert names(kept("x", "AWS::Lambda::Function"), "lambda:PublishLayerVersion", LayerName="x") == []
