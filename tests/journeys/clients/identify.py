"""boto3, as a test would use it."""

import boto3

print(boto3.client("sts").get_caller_identity()["Account"])  # noqa: T201 its output
