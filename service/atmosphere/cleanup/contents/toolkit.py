"""The CDK's toolkit where the configuration keeps it: its bucket and its repository stay, and are emptied.

Which these are says the stack, so that nothing needs to be captured. What is not part of the baseline is no toolkit to
be kept: then the stack is a leftover like any other.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import insides
from atmosphere.cleanup.catalogue.base import Scope, pages
from atmosphere.cleanup.catalogue.buckets import Buckets
from atmosphere.cleanup.model import STACK, Resource
from atmosphere.cleanup.scan.stacks import members
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Unread
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.cleanup.state.baseline import Baseline
    from atmosphere.core.model import Json, Region

TOOLKIT: Final = "CDKToolkit"
_EMPTY: Final = "empty"


class _Emptied:
    """What both have in common; what is expected is told by the stack, not by the capture."""

    scope: Scope = Scope.REGION
    restorable: bool = True
    type: str
    about: str = ""

    takes: timedelta = timedelta(0)

    def alike(self, before: Json, now: Json) -> bool:
        """See `Content`."""
        return before == now

    def restores(self, drift: Drift) -> bool:  # noqa: ARG002  always
        """See `Content`."""
        return self.restorable

    def expected(self, account: Account, region: Region, baseline: Baseline) -> Mapping[str, Json]:
        """See `Content`. By its id CloudFormation tells of the stack also when a test deleted it."""
        toolkit = Resource(STACK, TOOLKIT, region)
        if toolkit not in baseline.items:
            return {}
        owned = [member.resource for member in members(account, region, baseline.items[toolkit] or TOOLKIT)]
        return {item.id: _EMPTY for item in owned if item.type == self.type and item in baseline.items}


class ToolkitBucket(_Emptied):
    """The objects of the toolkit's bucket."""

    name: Final = "objects"
    type: str = "AWS::S3::Bucket"
    restoring: frozenset[str] = frozenset({"s3:DeleteObjects", "s3:AbortMultipartUpload"})

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json | Unread]:
        """See `Content`."""
        client = account.client("s3", region)
        return insides(ids or (), partial(_state, client))

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`. Raises `ObjectsRemain`."""
        Buckets().empty(account, drift.item.region, drift.item.id, check)


def _state(client: Any, bucket: str) -> tuple[str, ...]:
    """Nothing of a bucket that is not there, as its listing tells."""
    try:
        versions = client.list_object_versions(Bucket=bucket, MaxKeys=1)
        uploads = client.list_multipart_uploads(Bucket=bucket, MaxUploads=1)
    except ClientError as error:
        if code_of(error) == "NoSuchBucket":
            return ()
        raise
    filled = versions.get("Versions") or versions.get("DeleteMarkers") or uploads.get("Uploads")
    return ("not empty" if filled else _EMPTY,)


class ToolkitImages(_Emptied):
    """The images of the toolkit's repository."""

    name: Final = "images"
    type: str = "AWS::ECR::Repository"
    restoring: frozenset[str] = frozenset({"ecr:BatchDeleteImage"})

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json | Unread]:
        """See `Content`."""
        client = account.client("ecr", region)
        return insides(ids or (), partial(_filling, client))

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        client = account.client("ecr", drift.item.region)
        images = _images(client, drift.item.id)
        for start in range(0, len(images), 100):
            check()
            client.batch_delete_image(repositoryName=drift.item.id, imageIds=images[start : start + 100])


def _filling(client: Any, repository: str) -> tuple[str]:
    count = len(_images(client, repository))
    return (f"{count} images" if count else _EMPTY,)


def _images(client: Any, repository: str) -> list[dict[str, str]]:
    """Each by its digest only, which takes all its tags along."""
    try:
        listed = pages(client, "list_images", repositoryName=repository)
        found = {image["imageDigest"] for page in listed for image in page["imageIds"]}
    except ClientError as error:
        if code_of(error) == "RepositoryNotFoundException":
            return []
        raise
    return [{"imageDigest": digest} for digest in sorted(found)]
