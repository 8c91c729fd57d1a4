"""The handler of a custom resource: it leaves an object in a bucket that demands TLS."""

from __future__ import annotations

import os
from typing import Any

import boto3


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Answer the provider framework of the CDK."""
    if event["RequestType"] != "Delete":
        boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="asked", Body=b"")
    return {"PhysicalResourceId": "answer", "Data": {"Answer": f"42 to {event['ResourceProperties']['Question']}"}}
