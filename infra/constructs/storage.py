"""What survives: the tables of `contract.TABLES` and one bucket (baselines, cleanup reports), secrets.

What is adopted has the name that it has already, and a logical id of its own: CloudFormation imports only what is new
to a stack, and lets go of what it replaces (ADR 0034).
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm

from atmosphere.contract import HISTORY_WEEKS, TABLES, Index, Table, issuer_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from infra.names import ServiceName
    from infra.options import Adopt


def tables(scope: Construct, key: kms.IKey | None, adopt: Adopt) -> dict[Table, dynamodb.Table]:
    """On demand, with point-in-time recovery, kept when the stack goes."""
    return {table: _table(scope, table, key, adopt.tables.get(table)) for table in TABLES}


def _id(own: str, adopted: str | None) -> str:
    return own + sha256(adopted.encode()).hexdigest()[:8] if adopted else own


def _table(scope: Construct, table: Table, key: kms.IKey | None, adopted: str | None) -> dynamodb.Table:
    keys = TABLES[table]
    made = dynamodb.Table(
        scope,
        _id(f"{table.title().replace('_', '')}Table", adopted),
        table_name=adopted,
        partition_key=_text(keys.partition),
        sort_key=_text(keys.sort) if keys.sort else None,
        time_to_live_attribute=keys.ttl,
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection=True,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED if key else None,
        encryption_key=key,
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


def bucket(scope: Construct, key: kms.IKey | None, adopt: Adopt) -> s3.Bucket:
    """Versioned, private, TLS only, kept when the stack goes.

    What cleanups wrote goes when the history forgets them. A cleanup writes some of it anew in every pass, so versions
    that were replaced do not stay.
    """
    return s3.Bucket(
        scope,
        _id("Bucket", adopt.bucket),
        bucket_name=adopt.bucket or None,
        versioned=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        bucket_key_enabled=True if key else None,
        enforce_ssl=True,
        lifecycle_rules=[
            s3.LifecycleRule(prefix="cleanups/", expiration=Duration.days(7 * HISTORY_WEEKS)),
            s3.LifecycleRule(noncurrent_version_expiration=Duration.days(30), expired_object_delete_marker=True),
        ],
        removal_policy=RemovalPolicy.RETAIN,
    )


def webhook_secrets(scope: Construct, issuers: Sequence[str], key: kms.IKey | None, adopt: Adopt) -> dict[str, str]:
    """For each issuer the ARN of what its server signs with; the first one's keeps the name from when it was alone."""
    names = {issuer: f"WebhookSecret{issuer_digest(issuer) if place else ''}" for place, issuer in enumerate(issuers)}
    return {
        issuer: adopt.webhook_secrets.get(issuer) or _webhook_secret(scope, name, issuer, key)
        for issuer, name in names.items()
    }


def _webhook_secret(scope: Construct, name: str, issuer: str, key: kms.IKey | None) -> str:
    """Made here once, kept when the stack goes."""
    made = secretsmanager.CfnSecret(
        scope,
        name,
        description=f"Atmosphere: what the server of {issuer} signs the messages to POST /github/webhook with",
        generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
            password_length=64, exclude_punctuation=True
        ),
        kms_key_id=key.key_arn if key else None,
    )
    made.apply_removal_policy(RemovalPolicy.RETAIN)
    return made.attr_id  # the ARN, as `Ref` is too, but not on the embedded AWS


def interlock(
    scope: Construct,
    *,
    service_name: ServiceName,
    tables: Mapping[Table, dynamodb.Table],
    bucket: s3.Bucket,
    secrets: Mapping[str, str],
) -> ssm.StringParameter:
    """The names of what is kept, for `adopt`; kept too, so that no deployment begins beside it without noticing.

    Its own name is fixed, so CloudFormation refuses to make it where it is, before anything is captured. The region
    keeps the name from being a literal, which `--import-existing-resources` would take in. It goes with a first
    deployment that fails, because nothing was tested then.
    """
    names = {"tables": {str(table): made.table_name for table, made in tables.items()}}
    made = ssm.StringParameter(
        scope,
        "Kept",
        parameter_name=f"/{service_name}/kept/{Aws.REGION}",
        simple_name=False,
        description="Atmosphere: what stays when the stack goes; a new deployment has to adopt it (docs/deploying.md)",
        string_value=Stack.of(scope).to_json_string(
            {**names, "bucket": bucket.bucket_name, "webhook_secrets": dict(secrets)}
        ),
    )
    made.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    return made
