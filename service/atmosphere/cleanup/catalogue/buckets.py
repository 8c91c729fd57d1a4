"""S3 buckets: everything in them goes first, every version, delete marker and unfinished upload.

Source: S3 API reference. 1000 keys a call; a reply of 200 can carry errors for single keys, which are counted here. The
bucket's policy and replication go first, or the bucket refuses and refills; its access points once it was refused with
them (S3 user guide, "Deleting your access point"; error code BucketHasAccessPointsAttached).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import apart
from atmosphere.cleanup.catalogue.base import Errors, Found, Plain, pages
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Unread
    from atmosphere.core.model import Region

_ABSENT: Final = ("NoSuchBucket", "404")
_NO_HOLD: Final = ("NoSuchObjectLockConfiguration", "InvalidRequest", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed")
_ENTERED: Final = "BucketHasAccessPointsAttached"
_LOCKS: Final = 20
"""Objects whose locks are looked at."""
_FIRST: Final = (
    ("delete_bucket_policy", "NoSuchBucketPolicy"),
    ("delete_bucket_replication", "ReplicationConfigurationNotFoundError"),
)


class ObjectsRemain(Exception):
    """A deletion of objects answered 200 and named keys that it could not delete.

    `until` is when the last of the locks ends that were looked at, if each of these keys has one in compliance mode.
    """

    def __init__(self, codes: Mapping[str, int], first: str, until: datetime | None = None) -> None:
        counted = ", ".join(f"{count} x {code}" for code, count in sorted(codes.items()))
        super().__init__(f"{counted}; first: {first}")
        self.code = max(codes, key=lambda code: codes[code])
        self.until = until


def _location(client: Any, bucket: str) -> str:
    try:
        location: str | None = client.get_bucket_location(Bucket=bucket).get("LocationConstraint")
    except ClientError as error:
        if code_of(error) in _ABSENT:
            return ""
        raise
    return location or "us-east-1"


def _bypass(client: Any, bucket: str, keys: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, Any]]:
    """The errors of deleting these in spite of governance locks."""
    if not keys:
        return ()
    reply = client.delete_objects(
        Bucket=bucket, Delete={"Objects": keys, "Quiet": True}, BypassGovernanceRetention=True
    )
    return tuple(reply.get("Errors", ()))


def _of(error: Mapping[str, Any]) -> dict[str, Any]:
    return {"Key": error["Key"], "VersionId": error.get("VersionId")}


def _lift_hold(client: Any, bucket: str, entry: Mapping[str, str]) -> bool:
    """Whether a legal hold was on this version; it is off then."""
    try:
        if client.get_object_legal_hold(Bucket=bucket, **entry).get("LegalHold", {}).get("Status") != "ON":
            return False
    except ClientError as error:
        if code_of(error) not in _NO_HOLD:
            raise
        return False
    client.put_object_legal_hold(Bucket=bucket, **entry, LegalHold={"Status": "OFF"})
    return True


def _close(account: Account, region: Region, bucket: str, check: Check) -> None:
    """Delete the access points of a bucket."""
    client = account.client("s3control", region)
    number = account.client("sts", region).get_caller_identity()["Account"]
    for page in pages(client, "list_access_points", AccountId=number, Bucket=bucket):
        for each in page["AccessPointList"]:
            check()
            client.delete_access_point(AccountId=number, Name=each["Name"])


def _locked_until(client: Any, bucket: str, failed: Sequence[Mapping[str, Any]]) -> datetime | None:
    """When the compliance locks of these end, None if one of those looked at has none: then something else keeps it."""
    ends: list[datetime] = []
    for error in failed[:_LOCKS]:
        if error["Code"] != "AccessDenied" or "VersionId" not in error:
            return None
        try:
            seen = client.head_object(Bucket=bucket, **_of(error))
        except ClientError:
            return None
        if seen.get("ObjectLockMode") != "COMPLIANCE":
            return None
        ends.append(seen["ObjectLockRetainUntilDate"])
    return max(ends, default=None)


class Buckets(Plain):
    """`AWS::S3::Bucket`, listed by the region that the bucket is in."""

    name: Final = "AWS::S3::Bucket"
    service: Final = "s3"
    errors = Errors(absent=_ABSENT, busy=("BucketNotEmpty", _ENTERED))

    def list(self, account: Account, region: Region) -> Iterator[Found | Unread]:
        """See `ResourceType`. The creation date is no fingerprint: it changes with the bucket's policy."""
        client = account.client("s3", region)
        listed = pages(client, "list_buckets", MaxBuckets=1000)  # S3 names the regions only if asked for pages
        where = {bucket["Name"]: bucket.get("BucketRegion") for page in listed for bucket in page.get("Buckets", ())}

        def here(bucket: str) -> Iterator[Found]:
            if (where[bucket] or _location(client, bucket)) == region:
                yield Found(bucket)

        yield from apart(where, here)

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """See `ResourceType`."""
        try:
            account.client("s3", region).head_bucket(Bucket=identity)
        except ClientError as error:
            if code_of(error) in _ABSENT:
                return False
            raise
        return True

    def prepare(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """Empty it. Raises `ObjectsRemain` when some objects stay."""
        client = account.client("s3", region)
        try:
            self._unlock(client, identity)
            self._empty(client, identity, check)
            self._abort_uploads(client, identity, check)
        except ClientError as error:
            if code_of(error) not in _ABSENT:
                raise

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        self.prepare(account, region, identity, check)
        client = account.client("s3", region)
        try:
            try:
                client.delete_bucket(Bucket=identity)
            except ClientError as error:
                if code_of(error) != _ENTERED:
                    raise
                _close(account, region, identity, check)
                client.delete_bucket(Bucket=identity)
        except ClientError as error:
            if code_of(error) not in _ABSENT:
                raise

    def empty(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """Delete all that is in it and nothing of the bucket itself. Raises `ObjectsRemain` when some objects stay."""
        client = account.client("s3", region)
        self._empty(client, identity, check)
        self._abort_uploads(client, identity, check)

    def _unlock(self, client: Any, bucket: str) -> None:
        for operation, absent in _FIRST:
            try:
                getattr(client, operation)(Bucket=bucket)
            except ClientError as error:
                if code_of(error) != absent:
                    raise

    def _empty(self, client: Any, bucket: str, check: Check) -> None:
        failed: list[Mapping[str, Any]] = []
        for page in pages(client, "list_object_versions", Bucket=bucket):
            check()
            entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            failed += self._delete(client, bucket, [{"Key": e["Key"], "VersionId": e["VersionId"]} for e in entries])
        if failed:
            first = f"{failed[0]['Key']} ({failed[0].get('Message', '')})"
            raise ObjectsRemain(
                Counter(error["Code"] for error in failed), first, _locked_until(client, bucket, failed)
            )

    def _delete(self, client: Any, bucket: str, keys: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, Any]]:
        if not keys:
            return ()
        errors = client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True}).get("Errors", ())
        locked = [
            {"Key": e["Key"], "VersionId": e["VersionId"]}
            for e in errors
            if e["Code"] == "AccessDenied" and "VersionId" in e
        ]
        if not locked:
            return tuple(errors)
        # a governance lock gives way to who may bypass it; asked for only here, as buckets without locks refuse the
        # header
        others = [e for e in errors if e["Code"] != "AccessDenied" or "VersionId" not in e]
        return (*others, *self._delete_locked(client, bucket, locked))

    def _delete_locked(
        self, client: Any, bucket: str, locked: Sequence[Mapping[str, str]]
    ) -> Sequence[Mapping[str, Any]]:
        """Bypass governance locks, lift legal holds; what is left then has a compliance lock or another reason."""
        errors = _bypass(client, bucket, locked)
        held = [{"Key": e["Key"], "VersionId": e["VersionId"]} for e in errors if e["Code"] == "AccessDenied"]
        lifted = [entry for entry in held if _lift_hold(client, bucket, entry)]
        return (*_bypass(client, bucket, lifted), *(e for e in errors if _of(e) not in lifted))

    def _abort_uploads(self, client: Any, bucket: str, check: Check) -> None:
        for page in pages(client, "list_multipart_uploads", Bucket=bucket):
            for upload in page.get("Uploads", ()):
                check()
                client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
