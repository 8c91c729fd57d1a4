"""What survives: the tables of `contract.TABLES` and one bucket (baselines, cleanup reports), secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager

from atmosphere.contract import HISTORY_WEEKS, TABLES, Index, Table, issuer_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct


def tables(scope: Construct) -> dict[Table, dynamodb.Table]:
    """On demand, with point-in-time recovery, kept when the stack goes."""
    return {table: _table(scope, table) for table in TABLES}


def _table(scope: Construct, table: Table) -> dynamodb.Table:
    keys = TABLES[table]
    made = dynamodb.Table(
        scope,
        f"{table.title().replace('_', '')}Table",
        partition_key=_text(keys.partition),
        sort_key=_text(keys.sort) if keys.sort else None,
        time_to_live_attribute=keys.ttl,
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection=True,
        removal_policy=RemovalPolicy.RETAIN,
    )
    for index in keys.indexes:
        _add_index(made, index)
    return made


def _add_index(table: dynamodb.Table, index: Index) -> None:
    projection = dynamodb.ProjectionType.ALL if index.projects_all else dynamodb.ProjectionType.KEYS_ONLY
    table.add_global_secondary_index(
        index_name=index.name,
        partition_key=_text(index.partition),
        sort_key=_text(index.sort),
        projection_type=projection,
    )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def bucket(scope: Construct) -> s3.Bucket:
    """Versioned, private, TLS only, kept when the stack goes.

    What cleanups wrote goes when the history forgets them. A cleanup writes some of it anew in every pass, so versions
    that were replaced do not stay.
    """
    return s3.Bucket(
        scope,
        "Bucket",
        versioned=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        lifecycle_rules=[
            s3.LifecycleRule(prefix="cleanups/", expiration=Duration.days(7 * HISTORY_WEEKS)),
            s3.LifecycleRule(noncurrent_version_expiration=Duration.days(30), expired_object_delete_marker=True),
        ],
        removal_policy=RemovalPolicy.RETAIN,
    )


def webhook_secrets(scope: Construct, issuers: Sequence[str]) -> dict[str, str]:
    """For each issuer the ARN of what its server signs with; the first one's keeps the name from when it was alone."""
    names = {issuer: f"WebhookSecret{issuer_digest(issuer) if place else ''}" for place, issuer in enumerate(issuers)}
    return {issuer: _webhook_secret(scope, name, issuer) for issuer, name in names.items()}


def _webhook_secret(scope: Construct, name: str, issuer: str) -> str:
    """Made here once, kept when the stack goes."""
    made = secretsmanager.CfnSecret(
        scope,
        name,
        description=f"Atmosphere: what the server of {issuer} signs the messages to POST /github/webhook with",
        generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
            password_length=64, exclude_punctuation=True
        ),
    )
    made.apply_removal_policy(RemovalPolicy.RETAIN)
    return made.attr_id  # the ARN, as `Ref` is too, but not on the embedded AWS
