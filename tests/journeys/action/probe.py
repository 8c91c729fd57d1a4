"""Run by a step as `probe.py AWS_ENDPOINT [PROFILE]`: who an AWS SDK is there, and in which region."""

import sys

import boto3

session = boto3.Session(profile_name=next(iter(sys.argv[2:]), None))
arn = session.client("sts", endpoint_url=sys.argv[1]).get_caller_identity()["Arn"]
print("probe:", arn.split(":")[4], session.region_name)  # noqa: T201 - the step's output is what is looked at
