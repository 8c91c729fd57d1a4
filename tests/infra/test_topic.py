"""The topic is encrypted with a key that its publishers can use, and nobody else publishes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.infra.reading import Reading


def by_cloudwatch(policy: dict[str, Any]) -> dict[str, Any]:
    (found,) = [
        statement
        for statement in policy["Statement"]
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    ]
    return dict(found)


def test_the_topic_is_encrypted_with_a_key_of_our_own(reading: Reading) -> None:
    topic = reading.one("AWS::SNS::Topic")
    assert topic["KmsMasterKeyId"] == "<AlarmTopicKey.Arn>"
    assert reading.one("AWS::KMS::Key")["EnableKeyRotation"] is True


def test_cloudwatch_may_use_the_key_and_publish_for_alarms_of_this_account_only(reading: Reading) -> None:
    """A policy of the topic's own replaces the one by which CloudWatch could publish."""
    same = {"StringEquals": {"aws:SourceAccount": "<AWS::AccountId>"}}
    key = by_cloudwatch(reading.one("AWS::KMS::Key")["KeyPolicy"])
    assert (key["Effect"], key["Action"], key["Condition"]) == ("Allow", ["kms:Decrypt", "kms:GenerateDataKey*"], same)
    topic = by_cloudwatch(reading.one("AWS::SNS::TopicPolicy")["PolicyDocument"])
    assert (topic["Effect"], topic["Action"], topic["Condition"]) == ("Allow", "sns:Publish", same)


def test_nobody_else_is_let_in_by_either_policy(reading: Reading) -> None:
    key = reading.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    root = [statement["Principal"].get("AWS", "") for statement in key if "AWS" in statement["Principal"]]
    assert [name.endswith(":root") for name in root] == [True]
    topic = reading.one("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    allowed = [statement["Principal"] for statement in topic if statement["Effect"] == "Allow"]
    assert allowed == [{"Service": "cloudwatch.amazonaws.com"}]
    assert [statement["Condition"] for statement in topic if statement["Effect"] == "Deny"] == [
        {"Bool": {"aws:SecureTransport": "false"}}
    ]
