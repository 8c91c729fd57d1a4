"""What is the same of each demand on a type that is a row, and of each on a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atmosphere.cleanup.catalogue.row import Row
from tests.cleanup.catalogue.frame import TYPES
from tests.cleanup.fakes.refusing import Demand

if TYPE_CHECKING:
    from collections.abc import Iterator


def listings(row: Row) -> Iterator[str]:
    """The operations that tell whether there is one, and answer without it where there is none."""
    listing = row.listing
    while listing is not None:
        yield listing.operation
        listing = listing.parent  # type: ignore[assignment]
    if row.see is not None and row.shows:
        yield row.see.operation


def of_row(type_: str, **told: Any) -> Demand:
    """A demand on a type that is a row, which says how it is listed, deleted and missed."""
    row = TYPES[type_]
    assert isinstance(row, Row)
    absent = "" if row.shows or row.see is None else row.errors.absent[0]
    return Demand(
        type=type_,
        **{"removes": row.remove.operation, "lists": tuple(listings(row)), "absent": absent, **told},
    )


def of_bucket(name: str, **told: Any) -> Demand:
    """A demand on a bucket, which is empty and has nothing besides once its demand is served."""
    return Demand(
        type="AWS::S3::Bucket",
        id=name,
        there={
            "list_buckets": {"Buckets": [{"Name": name, "BucketRegion": "us-east-1"}]},
            "head_bucket": {},
            "delete_bucket_policy": {},
            "delete_bucket_replication": {},
            "list_object_versions": {},
            "list_multipart_uploads": {},
        },
        removes="delete_bucket",
        lists=("list_buckets",),
        absent="NoSuchBucket",
        **told,
    )
