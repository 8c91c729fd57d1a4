"""What is no thing of its own is not looked for; what is, is."""

from __future__ import annotations

import pytest

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.parts import PARTS, is_tangible
from atmosphere.cleanup.model import Verdict
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
