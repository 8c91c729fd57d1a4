"""What is no thing of its own is not looked for; what is, is."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import pytest

from atmosphere.cleanup.catalogue import CATALOGUE, type_of
from atmosphere.cleanup.catalogue.parts import PARTS, is_tangible
from atmosphere.cleanup.model import Resource, Verdict
from tests.cleanup.conftest import REGION
from tests.cleanup.fakes import FakeStack, Manner, Part
from tests.cleanup.scene import Scene


@pytest.mark.parametrize(
    "name",
    ["AWS::EC2::Route", "AWS::IAM::Policy", "AWS::Lambda::Version", "AWS::S3::BucketPolicy", "AWS::Route53::RecordSet"],
)
def test_a_part_of_another_resource_is_judged_with_it(name: str) -> None:
    assert not is_tangible(name)


@pytest.mark.parametrize("name", ["Custom::Anything", "AWS::CloudFormation::WaitCondition", "AWS::CDK::Metadata"])
def test_what_exists_in_a_stack_only_is_gone_with_it(name: str) -> None:
    assert not is_tangible(name)


class Kind(StrEnum):
    """What a type of CloudFormation's own is to the cleanup."""

    IN_STACKS = "gone with its stack"
    LISTED = "a row of the catalogue, by this name or as what it is"
    PART = "judged with what it is a part of"
    BY_ID = "looked for by its id, and a blocker where nothing can look"


OWN: Final = {
    "ChangeSet": Kind.PART,
    "CustomResource": Kind.IN_STACKS,
    "GeneratedTemplate": Kind.LISTED,
    "GuardHook": Kind.LISTED,
    "HookDefaultVersion": Kind.PART,
    "HookTypeConfig": Kind.PART,
    "HookVersion": Kind.LISTED,
    "LambdaHook": Kind.LISTED,
    "Macro": Kind.BY_ID,
    "ModuleDefaultVersion": Kind.PART,
    "ModuleVersion": Kind.LISTED,
    "PublicTypeVersion": Kind.BY_ID,
    "Publisher": Kind.BY_ID,
    "ResourceDefaultVersion": Kind.PART,
    "ResourceVersion": Kind.LISTED,
    "Stack": Kind.IN_STACKS,
    "StackSet": Kind.LISTED,
    "TypeActivation": Kind.LISTED,
    "WaitCondition": Kind.IN_STACKS,
    "WaitConditionHandle": Kind.IN_STACKS,
}
"""Every type that the CloudFormation template reference documents under AWS::CloudFormation, of 2026-11."""


@pytest.mark.parametrize("name", OWN)
def test_cloudformations_own_types_are_what_they_are(name: str) -> None:
    type_ = f"AWS::CloudFormation::{name}"
    listed = type_of(Resource.at(type_, "x", REGION).type).service != "cloudcontrol"
    if not is_tangible(type_):
        kind = Kind.PART if type_ in PARTS else Kind.IN_STACKS
    else:
        kind = Kind.LISTED if listed else Kind.BY_ID
    assert kind is OWN[name]


def test_a_type_of_cloudformations_that_is_new_is_looked_for() -> None:
    assert is_tangible("AWS::CloudFormation::SomethingNew")


@pytest.mark.usefixtures("moto_account")
def test_a_macro_that_a_stack_leaves_behind_is_a_blocker() -> None:
    macro = "AWS::CloudFormation::Macro"
    scene = Scene(FakeStack("app", [Part(macro, "Shared", Manner.RETAINED)]))
    scene.world.unsupported.add(macro)
    result = scene.clean()
    assert result.verdict is Verdict.DIRTY
    assert scene.blockers(result)["Shared"]["code"] == "no-handler"


@pytest.mark.parametrize(
    "name", ["AWS::EC2::RouteTable", "AWS::IAM::PolicyOfAnotherKind", "AWS::Lambda::VersionX", "AWS::X::Custom::Y"]
)
def test_names_are_compared_as_a_whole(name: str) -> None:
    assert is_tangible(name)


def test_what_the_catalogue_can_look_at_is_no_part() -> None:
    assert [entry.name for entry in CATALOGUE if not is_tangible(entry.name)] == []
    assert len(PARTS) > len(CATALOGUE) // 3


@pytest.mark.usefixtures("moto_account")
def test_a_part_that_a_stack_leaves_behind_is_not_looked_for() -> None:
    scene = Scene(FakeStack("app", [Part("AWS::Lambda::Permission", "app-may-invoke", Manner.RETAINED)]))
    scene.world.unsupported.add("AWS::Lambda::Permission")
    assert scene.clean().verdict is Verdict.CLEAN
