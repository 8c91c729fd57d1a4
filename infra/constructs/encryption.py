"""The optional key of the deployment's own, which encrypts all that the service keeps, and who may use it.

Without it AWS's keys do that, and the topic has a small key of its own (`topic.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import ArnFormat, Aws, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from infra.options import CREATE

if TYPE_CHECKING:
    from constructs import Construct

USES: Final = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""What a service asks of the key in the name of who reads or writes."""
_VIA: Final = ("dynamodb", "s3", "secretsmanager")


def encryption_key(scope: Construct, wanted: str) -> kms.IKey | None:
    """The key: made, or yours by ARN, or none. One that is made outlives the stack, as what it encrypts does."""
    if not wanted:
        return None
    if wanted != CREATE:
        return kms.Key.from_key_arn(scope, "Key", wanted)
    key = kms.Key(
        scope,
        "Key",
        description="Atmosphere: encrypts tables, bucket, secret, logs and topic",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.RETAIN,
    )
    key.add_to_resource_policy(_by_logs(scope))
    return key


def _by_logs(scope: Construct) -> iam.PolicyStatement:
    """CloudWatch Logs, for log groups of this account and region only."""
    groups = Stack.of(scope).format_arn(
        service="logs", resource="log-group", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(f"logs.{Aws.REGION}.amazonaws.com")],
        actions=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        resources=["*"],
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )


def may_use(key: kms.IKey) -> iam.PolicyStatement:
    """For a function's role: the key through the services that keep things, never by itself."""
    through = [f"{service}.{Aws.REGION}.{Aws.URL_SUFFIX}" for service in _VIA]
    return iam.PolicyStatement(
        actions=list(USES), resources=[key.key_arn], conditions={"StringEquals": {"kms:ViaService": through}}
    )
