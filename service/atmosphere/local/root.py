"""The root of an account on the embedded AWS: any 12 digits are an account, and its own access key.

Nothing of the caller's AWS profile, configuration or proxies is looked at: these clients speak to loopback only.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, overload

import boto3
import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

_CONFIG: Final = Config(
    proxies={},
    read_timeout=330,  # seconds; a function may take 300
    max_pool_connections=64,
    retries={"total_max_attempts": 3, "mode": "standard"},
)
_NOTHING_FROM_OUTSIDE: Final = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
_ONE_AT_A_TIME: Final = threading.Lock()  # making a client is not safe in threads, using one is


@cache
def _session() -> boto3.Session:
    inner = botocore.session.Session(session_vars=_NOTHING_FROM_OUTSIDE)
    return boto3.Session(botocore_session=inner)


@dataclass(frozen=True, slots=True)
class Account:
    """The root of an account on the embedded AWS, in one region."""

    endpoint: str
    account: str
    region: str

    @overload
    def client(self, service: Literal["cloudformation"]) -> CloudFormationClient: ...
    @overload
    def client(self, service: Literal["dynamodb"]) -> DynamoDBClient: ...
    @overload
    def client(self, service: Literal["iam"]) -> IAMClient: ...
    @overload
    def client(self, service: Literal["lambda"]) -> LambdaClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["ssm"]) -> SSMClient: ...
    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...
    def client(self, service: str) -> Any:
        """A boto3 client; its keys are the emulator's convention for a root and open nothing elsewhere."""
        with _ONE_AT_A_TIME:
            return _session().client(  # type: ignore[call-overload]
                service,
                endpoint_url=self.endpoint,
                region_name=self.region,
                aws_access_key_id=self.account,
                aws_secret_access_key="test",  # noqa: S106 - the emulator does not look at it
                config=_CONFIG,
            )
