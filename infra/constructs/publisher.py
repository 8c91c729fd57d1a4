"""Puts a configuration in force: a custom resource on our own Python function, called when the digest changes.

Its attribute `Snapshot` is the variable that the other functions get, so CloudFormation publishes before
any function sees the new digest, and one that cannot be published fails the deployment before anything has changed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import CustomResource, RemovalPolicy
from aws_cdk import aws_s3_assets as s3_assets

from atmosphere.core.snapshot import FORMAT, digest, to_json

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_
    from constructs import Construct

    from atmosphere.core.snapshot import Snapshot


def snapshot_asset(scope: Construct, snapshot: Snapshot) -> s3_assets.Asset:
    """The snapshot's JSON as a file that the deployment uploads."""
    text = to_json(snapshot)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "snapshot.json"
        path.write_text(text)
        return s3_assets.Asset(scope, "Snapshot", path=str(path), asset_hash=digest(text))


def publish(
    scope: Construct, snapshot: Snapshot, *, asset: s3_assets.Asset, function: lambda_.Function, rows: str
) -> CustomResource:
    """The custom resource; `get_att_string("Snapshot")` is the digest by which the functions find it."""
    return CustomResource(
        scope,
        "Publication",
        resource_type="Custom::AtmospherePublication",
        service_token=function.function_arn,
        properties={
            "Digest": digest(to_json(snapshot)),
            "AssetBucket": asset.s3_bucket_name,
            "AssetKey": asset.s3_object_key,
            "FormatVersion": str(FORMAT),
            "Rows": rows,  # the table of environments: another one that is empty is refused
            "KeptIn": "dynamodb",  # a change here publishes what was published before, so that an upgrade finds it
        },
        removal_policy=RemovalPolicy.DESTROY,
    )
