"""The one place where Lambdas get their AWS clients: time limits that fit a 20 s function, endpoint as boto3 finds it.

A read that is lost costs 5 s, a connection 2 s; two repeats. `AWS_ENDPOINT_URL` is boto3's own affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient

    from atmosphere.adapters.eventbridge import BusClient
    from atmosphere.adapters.sns import TopicClient
    from atmosphere.adapters.webhook_secrets import SecretsClient

CONFIG: Final = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})


COMMITS: Final = Config(connect_timeout=1.5, read_timeout=3.5, retries={"total_max_attempts": 1, "mode": "standard"})
"""One try: a commit is repeated by `transactions`, which knows what a lost reply means. A commit begun at 12 s ends by
19 s of a function's 20."""


def dynamodb() -> DynamoDBClient:
    """For reading the tables."""
    return boto3.client("dynamodb", config=CONFIG)


def dynamodb_commits() -> DynamoDBClient:
    """For writing the tables."""
    return boto3.client("dynamodb", config=COMMITS)


TOKENS: Final = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})
"""For the authorizer's 10 s, of which 3 s may go to an issuer's keys."""


def dynamodb_tokens() -> DynamoDBClient:
    """For the used tokens."""
    return boto3.client("dynamodb", config=TOKENS)


def events() -> BusClient:
    """For what is published."""
    client: BusClient = boto3.client("events", config=CONFIG)
    return client


def sns() -> TopicClient:
    """For what people on duty get."""
    client: TopicClient = boto3.client("sns", config=CONFIG)
    return client


def s3(profile: str | None = None) -> S3Client:
    """For the snapshot and the reports; with a profile on somebody's own machine."""
    maker = boto3.Session(profile_name=profile) if profile else boto3
    return maker.client("s3", config=CONFIG)


def secretsmanager() -> SecretsClient:
    """For the webhook's secret; GitHub waits 10 s for an answer."""
    client: SecretsClient = boto3.client("secretsmanager", config=TOKENS)
    return client


def stepfunctions() -> SFNClient:
    """For the cleanups."""
    return boto3.client("stepfunctions", config=CONFIG)


def sts() -> STSClient:
    """For the sessions; the regional endpoint, which is boto3's default."""
    return boto3.client("sts", config=CONFIG)
