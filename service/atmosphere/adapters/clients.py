"""The one place where Lambdas get their AWS clients: time limits that fit a 20 s function, the endpoint botocore's.

A read that is lost costs 5 s, a connection 2 s; two repeats. `AWS_ENDPOINT_URL` is botocore's own affair. boto3 adds
nothing to a client that is used here, and costs a cold start its import (ADR 0024).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.session import Session

if TYPE_CHECKING:
    from botocore.credentials import Credentials
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


@cache
def _session() -> Session:
    """One for all clients: they share what it has read."""
    return Session()


def _client(service: str, config: Config) -> Any:
    return _session().create_client(service, config=config)


def dynamodb() -> DynamoDBClient:
    """For reading the tables."""
    client: DynamoDBClient = _client("dynamodb", CONFIG)
    return client


def dynamodb_commits() -> DynamoDBClient:
    """For writing the tables."""
    client: DynamoDBClient = _client("dynamodb", COMMITS)
    return client


TOKENS: Final = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})
"""For the authorizer's 10 s, of which 3 s may go to an issuer's keys."""


def dynamodb_tokens() -> DynamoDBClient:
    """For the used tokens."""
    client: DynamoDBClient = _client("dynamodb", TOKENS)
    return client


def events() -> BusClient:
    """For what is published."""
    client: BusClient = _client("events", CONFIG)
    return client


def sns() -> TopicClient:
    """For what people on duty get."""
    client: TopicClient = _client("sns", CONFIG)
    return client


def s3(profile: str | None = None) -> S3Client:
    """For the snapshot and the reports; with a profile on somebody's own machine."""
    made: Any = (Session(profile=profile) if profile else _session()).create_client("s3", config=CONFIG)
    client: S3Client = made
    return client


def secretsmanager() -> SecretsClient:
    """For the webhook's secret; GitHub waits 10 s for an answer."""
    client: SecretsClient = _client("secretsmanager", TOKENS)
    return client


def stepfunctions() -> SFNClient:
    """For the cleanups."""
    client: SFNClient = _client("stepfunctions", CONFIG)
    return client


def sts() -> STSClient:
    """For the sessions; the regional endpoint, which is botocore's default."""
    client: STSClient = _client("sts", CONFIG)
    return client


def own_credentials() -> Credentials | None:
    """Those of the function's role, which renew themselves; None where there are none."""
    found: Credentials | None = _session().get_credentials()
    return found
