"""The topic that the people on duty subscribe to, and the key that encrypts it.

The key is one of our own: CloudWatch may not use AWS's key for SNS, whose policy nobody can change. The policy of a
topic that has one replaces SNS's default, which let CloudWatch publish: so it says so itself.
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

if TYPE_CHECKING:
    from constructs import Construct

ENCRYPTS: Final = ("kms:Decrypt", "kms:GenerateDataKey*")
"""What a publisher needs of the key of an encrypted topic."""


def make_topic(scope: Construct, key: kms.IKey | None) -> tuple[sns.Topic, kms.IKey]:
    """The topic and its key: encrypted, over TLS only; CloudWatch may publish the alarms of this account.

    A key that the deployment names by ARN has a policy of its own, which must let CloudWatch use it.
    """
    key = key or _key(scope)
    key.add_to_resource_policy(_by_cloudwatch(ENCRYPTS, "*"))
    topic = sns.Topic(scope, "AlarmTopic", display_name="Atmosphere", enforce_ssl=True, master_key=key)
    topic.add_to_resource_policy(_by_cloudwatch(("sns:Publish",), topic.topic_arn))
    return topic, key


def _key(scope: Construct) -> kms.Key:
    return kms.Key(
        scope,
        "AlarmTopicKey",
        description="Atmosphere: encrypts the topic of alarms and notices",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.DESTROY,  # it encrypts nothing that lasts
        pending_window=Duration.days(7),
    )


def _by_cloudwatch(actions: tuple[str, ...], resource: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=list(actions),
        resources=[resource],
        conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    )
