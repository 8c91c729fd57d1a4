"""Which stack goes when: roles, custom resources' providers, references across regions, nesting, and every status."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.session import Session

from atmosphere.cleanup.model import Verdict
from atmosphere.cleanup.scan.stacks import ACTS, Act, Stack
from atmosphere.core.model import Region
from tests.cleanup.conftest import REGION
from tests.cleanup.fakes import STARTED, FakeStack, Manner, Part
from tests.cleanup.scene import NESTED, Scene, in_account

pytestmark = pytest.mark.usefixtures("moto_account")

EXEC = "arn:aws:iam::222222222222:role/cfn-exec"
CLOUDFORMATION: Any = Session().get_service_model("cloudformation")
STATUSES: list[str] = CLOUDFORMATION.shape_for("StackStatus").enum
HOME_AND_AWAY = (REGION, Region("eu-west-1"))


def nested(*parts: Part) -> list[FakeStack]:
    """A root, a stack in it, and a stack in that one, which owns the parts."""
    inner = FakeStack("inner", list(parts))
    middle = FakeStack("middle", [Part(NESTED, inner.id)])
    outer = FakeStack("outer", [Part(NESTED, middle.id)])
    inner.parent, middle.parent = middle.id, outer.id
    return [outer, middle, inner]


def custom(provider: object, **changes: Any) -> Part:
    return Part("Custom::Thing", "thing", says={"Properties": {"ServiceToken": provider}}, **changes)


# --- roles, scenario 9 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trusted", [True, False], ids=["admin-role-trusted", "admin-role-not-trusted"])
def test_the_bootstrap_stack_goes_after_the_three_stacks_that_remember_its_role(trusted):
    apps = [FakeStack(f"app-{number}", [Part("AWS::X::Y", f"y{number}")], role=EXEC) for number in range(3)]
    scene = Scene(FakeStack("CDKToolkit", [Part("AWS::IAM::Role", "cfn-exec")]), *apps)
    scene.world.trusted = trusted
    assert scene.clean().verdict is Verdict.CLEAN
    assert scene.world.order()[-1] == "CDKToolkit"
    assert scene.world.alive == []


def test_a_stack_whose_role_is_gone_is_deleted_with_the_admin_role():
    scene = Scene(FakeStack("app", role=EXEC))
    assert scene.clean().verdict is Verdict.CLEAN


# --- custom resources -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "template",
    [
        {},
        {"yaml": "Resources:\n  thing:\n    Properties:\n      ServiceToken:\n        Ref: Provider\n"},
        {"yaml": "Resources:\n  thing:\n    Properties:\n      ServiceToken: !Ref Provider\n"},
    ],
    ids=["json", "yaml", "short-yaml"],
)
def test_the_stack_of_a_provider_goes_after_the_stacks_that_need_it(template):
    arn = "arn:aws:lambda:us-east-1:222222222222:function:provider"
    owner = FakeStack("a-owner", [Part("AWS::Lambda::Function", "provider")])
    user = FakeStack("b-user", [custom({"Ref": "Provider"})], parameters={"Provider": arn}, steps=3, **template)
    scene = Scene(owner, user)
    assert scene.clean().verdict is Verdict.CLEAN
    assert scene.world.order() == ["b-user", "a-owner"]


def test_a_template_is_read_once_and_only_of_stacks_with_custom_resources():
    arn = "arn:aws:lambda:us-east-1:222222222222:function:provider"
    scene = Scene(FakeStack("plain", [Part("AWS::X::Y", "y")]), FakeStack("with", [custom(arn)], steps=6))
    assert scene.clean().verdict is Verdict.CLEAN
    assert set(scene.world.templates_read) == {"with"}
    assert len(scene.world.templates_read) <= 2  # as it was, and as it is being deleted


def test_what_another_region_reads_is_deleted_after_its_reader():
    writer = Part(
        "Custom::CrossRegionExportWriter",
        "writer",
        says={"Properties": {"WriterProps": {"exports": {"/cdk/exports/reader/Ref": "x"}, "region": "eu-west-1"}}},
    )
    scene = Scene(
        FakeStack("a-producer", [writer]),
        FakeStack("reader", [Part("AWS::X::Y", "y")], region=HOME_AND_AWAY[1], steps=4),
        regions=HOME_AND_AWAY,
    )
    assert scene.clean().verdict is Verdict.CLEAN
    assert scene.world.order() == ["reader", "a-producer"]


# --- nesting, scenarios 10 and 11 -------------------------------------------------------------------------------------


def test_a_blocker_three_stacks_deep_is_deleted_and_only_the_root_is_told():
    scene = Scene(*nested(Part("AWS::Timestream::Database", "db", Manner.FULL)))
    assert scene.clean().verdict is Verdict.CLEAN
    assert (scene.world.order(), scene.world.alive) == (["outer"], [])
    assert ("AWS::Timestream::Database", "db") not in scene.world.there
    assert not any("DeletionMode" in call for call in scene.world.deletions)


def test_protection_of_a_root_and_of_all_that_is_nested_in_it_comes_off():
    stacks = nested(Part("AWS::X::Y", "y"))
    for stack in stacks:
        stack.protected = True
    assert Scene(*stacks).clean().verdict is Verdict.CLEAN


def test_a_nested_stack_whose_root_is_gone_is_deleted_by_itself():
    orphan = FakeStack("inner", [Part("AWS::X::Y", "y")], parent="arn:of-a-root-that-was-forced-away")
    scene = Scene(orphan)
    assert scene.clean().verdict is Verdict.CLEAN
    assert scene.world.order() == ["inner"]


# --- statuses, scenario 12 --------------------------------------------------------------------------------------------


def test_every_status_that_cloudformation_has_is_decided():
    assert set(STATUSES) == set(ACTS)


@pytest.mark.parametrize("status", sorted(set(STATUSES) - {"DELETE_COMPLETE"}))
def test_a_stack_goes_whatever_status_it_is_met_in(status):
    stack = FakeStack("app", [Part("AWS::X::Y", "y")], status=status, steps=3)
    stack.left = 3 if ACTS[status] is not Act.CANCEL else 10**6  # an update that would take for ever
    scene = Scene(stack)
    assert scene.clean().verdict is Verdict.CLEAN
    assert (stack.status, scene.world.there) == ("DELETE_COMPLETE", set())
    assert scene.world.cancelled == (["app"] if ACTS[status] is Act.CANCEL else [])


@pytest.mark.parametrize(
    ("status", "act"), [("INVENTED_IN_PROGRESS", Act.WAIT), ("INVENTED_COMPLETE", Act.DELETE)], ids=["at-work", "done"]
)
def test_a_status_that_nobody_has_heard_of_is_taken_by_its_ending(status, act):
    assert Stack(id="arn", name="app", region=REGION, status=status, created=STARTED).act is act


# --- failures, scenarios 5, 7 and 14 ----------------------------------------------------------------------------------


def bucket(name: str) -> Part:
    """A filled bucket of moto's, which CloudFormation fails on as long as it is there."""
    s3 = in_account("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a", Body=b"x")

    def is_there() -> bool:
        return name in [each["Name"] for each in s3.list_buckets()["Buckets"]]

    return Part("AWS::S3::Bucket", name, Manner.FULL, probe=is_there)


def test_a_stack_that_failed_on_a_bucket_goes_once_the_bucket_is_emptied_and_deleted():
    failed = FakeStack("app", [bucket("filled")], status="DELETE_FAILED")
    failed.parts[0].failed = True
    scene = Scene(failed)
    assert scene.clean().verdict is Verdict.CLEAN
    assert in_account("s3").list_buckets()["Buckets"] == []
    assert not any("RetainResources" in call for call in scene.world.deletions)


def test_the_blocker_of_a_stack_of_180_is_found_as_number_150():
    parts = [Part("AWS::X::Y", f"y{number:03}") for number in range(180)]
    parts[149] = bucket("number-150")
    parts[149].failed = True
    for part in parts[:149] + parts[150:]:
        part.failed = False
    scene = Scene(FakeStack("wide", parts, status="DELETE_FAILED"))
    assert scene.clean().verdict is Verdict.CLEAN
    assert (scene.world.alive, in_account("s3").list_buckets()["Buckets"]) == ([], [])


def test_what_force_left_behind_and_is_there_again_keeps_the_environment_from_being_clean():
    scene = Scene(*nested(Part("AWS::X::Y", "phoenix", Manner.BROKEN)))
    scene.world.returning.add("phoenix")
    scene.limits = replace(scene.limits, retain_after=1)

    class Deletions(list[dict[str, Any]]):
        """From the forced one on nobody can delete it."""

        def append(self, call: dict[str, Any]) -> None:
            super().append(call)
            if "DeletionMode" in call:
                scene.world.undeletable.add("phoenix")

    scene.world.deletions = Deletions()
    result = scene.clean()
    assert scene.world.deletions[-1]["DeletionMode"] == "FORCE_DELETE_STACK"
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, "blocked:AWS::X::Y")
    assert "in use by something" in scene.blockers(result)["phoenix"]["message"]


# --- conflicts, scenario 46 -------------------------------------------------------------------------------------------


def test_a_stack_that_owns_something_of_the_baseline_is_left_alone_with_all_that_it_owns():
    for name in ("before", "new"):
        in_account("s3").create_bucket(Bucket=name)
        in_account("s3").put_object(Bucket=name, Key="a", Body=b"x")
    scene = Scene(FakeStack("importer", [Part("AWS::S3::Bucket", "before"), Part("AWS::S3::Bucket", "new")]))
    scene.remember("AWS::S3::Bucket", "before")
    result = scene.clean()
    assert result.verdict is Verdict.DIRTY
    assert scene.blockers(result)["importer"]["code"] == "owns-kept-resource"
    assert "AWS::S3::Bucket:before" in scene.blockers(result)["importer"]["message"]
    assert scene.world.deletions == []
    assert [name for name in scene.store.texts if "/journal/" in name] == []
