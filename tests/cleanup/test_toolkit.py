"""A toolkit that is kept and that a test deleted, in part or as a whole: gone is not unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from atmosphere.cleanup.aws.accounts import Account
from atmosphere.cleanup.contents.toolkit import TOOLKIT
from atmosphere.cleanup.model import STACK, Resource
from atmosphere.cleanup.state.baseline import Baseline
from atmosphere.core.model import Toolkit
from tests.cleanup.fakes import FakeStack, World
from tests.cleanup.fakes.cloudformation import FakeCloudFormation
from tests.cleanup.fakes.world import Part, refuse
from tests.cleanup.test_contents import REGION, Room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.core.model import Region

BUCKET, IMAGES = Part("AWS::S3::Bucket", "assets"), Part("AWS::ECR::Repository", "images")


class Stacks(FakeCloudFormation):
    """By its name a deleted stack is not known any more, by its id it is."""

    def stack(self, name: str) -> FakeStack:
        found = super().stack(name)
        if found.status == "DELETE_COMPLETE" and name != found.id:
            raise refuse("ValidationError", f"Stack with id {name} does not exist")
        return found


class KitAccount(Account):
    """CloudFormation is faked: moto cannot run it here."""

    world: World

    def client(self, service: str, region: Region) -> Any:
        """See `Account`."""
        return Stacks(self.world, region) if service == "cloudformation" else super().client(service, region)


class Kit(Room):
    """An account with a kept toolkit, full of assets."""

    def __init__(self) -> None:
        self.stack = FakeStack(TOOLKIT, parts=[BUCKET, IMAGES])
        super().__init__()
        registration = replace(self.assignment.registration, cdk_toolkit=Toolkit.KEEP)
        self.assignment = replace(self.assignment, registration=registration)
        self.root("s3").create_bucket(Bucket=BUCKET.id)
        self.root("ecr").create_repository(repositoryName=IMAGES.id)
        owned = dict.fromkeys(Resource(part.type, part.id, REGION) for part in (BUCKET, IMAGES))
        items = {**owned, Resource(STACK, TOOLKIT, REGION): self.stack.id}
        self.baseline = Baseline(items=items, types=(), regions=(REGION,))
        self.root("s3").put_object(Bucket=BUCKET.id, Key="asset", Body=b"x")

    def enter(self, *, only_revokes: bool = False) -> Account:
        """With the fake."""
        account = super().enter(only_revokes=only_revokes)
        account.__class__ = KitAccount
        account.world = World(self.stack)  # type: ignore[attr-defined]
        return account


@pytest.fixture(autouse=True)
def _moto() -> Iterator[None]:
    with mock_aws():
        yield


def test_a_kept_toolkit_is_emptied_also_when_its_stack_is_gone() -> None:
    kit = Kit()
    kit.stack.status = "DELETE_COMPLETE"
    assert list(kit.changed()) == [f"AWS::S3::Bucket:assets@{REGION}"]


def test_what_is_gone_of_a_kept_toolkit_is_told_by_its_listing() -> None:
    kit = Kit()
    kit.root("s3").delete_object(Bucket=BUCKET.id, Key="asset")
    kit.root("s3").delete_bucket(Bucket=BUCKET.id)
    kit.root("ecr").delete_repository(repositoryName=IMAGES.id)
    assert kit.changed() == {}  # and nothing is unknown
