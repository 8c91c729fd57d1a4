"""What AWS makes and manages by itself, and what is as good as gone, is nobody's leftover."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cleanup.catalogue.apart import complete
from tests.cleanup.catalogue.frame import TYPES, Seed, StandIn

if TYPE_CHECKING:
    from atmosphere.cleanup.catalogue.base import Found
    from tests.cleanup.catalogue.frame import Clients, Plot

Till = Callable[..., "Plot"]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
BACKUP = "arn:aws:dynamodb:us-east-1:222222222222:table/t/backup/01234567890123-0000000"
SECRET = "arn:aws:secretsmanager:us-east-1:222222222222:secret"
MFA = "arn:aws:iam::222222222222:mfa"


class Answers:
    """A service that gives one reply to each operation, whatever it is asked."""

    def __init__(self, replies: dict[str, Any]) -> None:
        self._replies = replies

    def __getattr__(self, operation: str) -> Any:
        reply = self.__dict__["_replies"].get(operation)
        return None if reply is None else lambda **_: reply


def listed(till: Till, type_: str, stand_in: Callable[[], object]) -> list[str]:
    return list(dict.fromkeys(each.id for each in found_by(till, type_, stand_in) if "CLOUDFRONT" not in each.id))


def found_by(till: Till, type_: str, stand_in: Callable[[], object]) -> list[Found]:
    def nothing(_: Clients) -> str:
        return ""

    seed = Seed(type=type_, make=nothing, stand_ins=(StandIn(TYPES[type_].service, stand_in),))
    plot = till(seed)
    return list(complete(seed.entry.list(plot.account, seed.region), type_))


@pytest.mark.parametrize(
    ("type_", "ours", "replies"),
    [
        (
            "AWS::Events::Rule",
            "own",
            {
                "list_event_buses": {"EventBuses": [{"Name": "default"}]},
                "list_rules": {
                    "Rules": [
                        {"Name": "AutoScalingManagedRule", "EventBusName": "default", "ManagedBy": "autoscaling"},
                        {"Name": "own", "EventBusName": "default"},
                    ]
                },
            },
        ),
        (
            "AWS::Events::EventBus",
            "own",
            {"list_event_buses": {"EventBuses": [{"Name": "default"}, {"Name": "own", "CreationTime": NOW}]}},
        ),
        (
            "AWS::SecretsManager::Secret",
            f"{SECRET}:own",
            {
                "list_secrets": {
                    "SecretList": [{"ARN": f"{SECRET}:rds!cluster", "OwningService": "rds"}, {"ARN": f"{SECRET}:own"}]
                }
            },
        ),
        (
            "AWS::IAM::VirtualMFADevice",
            f"{MFA}/own",
            {
                "list_virtual_mfa_devices": {
                    "VirtualMFADevices": [
                        {"SerialNumber": f"{MFA}/phone", "User": {"Arn": "arn:aws:iam::222222222222:root"}},
                        {"SerialNumber": f"{MFA}/own", "User": {"Arn": "arn:aws:iam::222222222222:user/me"}},
                    ]
                }
            },
        ),
        (
            "AWS::CloudWatch::InsightRule",
            "own",
            {
                "describe_insight_rules": {
                    "InsightRules": [{"Name": "managed", "ManagedRule": True}, {"Name": "own", "ManagedRule": False}]
                }
            },
        ),
        (
            "AWS::KMS::Alias",
            "alias/own",
            {"list_aliases": {"Aliases": [{"AliasName": "alias/aws/s3"}, {"AliasName": "alias/own"}]}},
        ),
        (
            "AWS::Scheduler::ScheduleGroup",
            "own",
            {"list_schedule_groups": {"ScheduleGroups": [{"Name": "default"}, {"Name": "own"}]}},
        ),
        (
            "AWS::DynamoDB::Backup",
            f"{BACKUP}2",
            {
                "list_backups": {
                    "BackupSummaries": [
                        {"BackupArn": f"{BACKUP}1", "BackupStatus": "DELETED"},
                        {"BackupArn": f"{BACKUP}2", "BackupStatus": "AVAILABLE"},
                    ]
                }
            },
        ),
        (
            "AWS::Route53::HostedZone",
            "Z2",
            {
                "list_hosted_zones": {
                    "HostedZones": [
                        {"Id": "/hostedzone/Z1", "CallerReference": "1", "LinkedService": {"ServicePrincipal": "x"}},
                        {"Id": "/hostedzone/Z2", "CallerReference": "2"},
                    ],
                    "IsTruncated": False,
                }
            },
        ),
        (
            "AWS::Route53::HealthCheck",
            "own",
            {
                "list_health_checks": {
                    "HealthChecks": [
                        {"Id": "cloud-map", "LinkedService": {"ServicePrincipal": "servicediscovery.amazonaws.com"}},
                        {"Id": "own", "CallerReference": "1"},
                    ],
                    "IsTruncated": False,
                }
            },
        ),
        (
            "AWS::CertificateManager::Certificate",
            "own",
            {
                "list_certificates": {
                    "CertificateSummaryList": [
                        {"CertificateArn": "managed", "ManagedBy": "CLOUDFRONT"},
                        {"CertificateArn": "own"},
                    ]
                }
            },
        ),
        (
            "AWS::ServiceDiscovery::HttpNamespace",
            "own",
            {
                "list_namespaces": {
                    "Namespaces": [
                        {"Id": "shared", "Type": "HTTP", "ResourceOwner": "OTHER_ACCOUNTS"},
                        {"Id": "own", "Type": "HTTP", "ResourceOwner": "SELF"},
                    ]
                }
            },
        ),
        (
            "AWS::Athena::WorkGroup",
            "own",
            {"list_work_groups": {"WorkGroups": [{"Name": "primary"}, {"Name": "own"}]}},
        ),
        (
            "AWS::CloudTrail::Trail",
            "own",
            {
                "describe_trails": {
                    "trailList": [{"Name": "everybody", "IsOrganizationTrail": True}, {"Name": "own"}],
                }
            },
        ),
        (
            "AWS::Config::ConfigRule",
            "own",
            {
                "describe_config_rules": {
                    "ConfigRules": [
                        {"ConfigRuleName": "hub", "CreatedBy": "securityhub.amazonaws.com"},
                        {"ConfigRuleName": "own"},
                    ]
                }
            },
        ),
        (
            "AWS::Config::ConfigurationRecorder",
            "own",
            {
                "describe_configuration_recorders": {
                    "ConfigurationRecorders": [{"name": "hub", "servicePrincipal": "x.amazonaws.com"}, {"name": "own"}]
                }
            },
        ),
        (
            "AWS::Config::ConformancePack",
            "own",
            {
                "describe_conformance_packs": {
                    "ConformancePackDetails": [
                        {"ConformancePackName": "organization", "ConformancePackId": "1", "CreatedBy": "x"},
                        {"ConformancePackName": "own", "ConformancePackId": "2"},
                    ]
                }
            },
        ),
        (
            "AWS::Config::ServiceLinkedRecorder",
            "x.amazonaws.com",
            {
                "list_configuration_recorders": {
                    "ConfigurationRecorderSummaries": [
                        {"name": "linked", "servicePrincipal": "x.amazonaws.com"},
                        {"name": "default"},
                    ]
                }
            },
        ),
        (
            "AWS::WAFv2::WebACL",
            "FMManaged-mine|1|REGIONAL",
            {
                "list_web_acls": {"WebACLs": [{"Name": "FMManaged-mine", "Id": "1"}]},
                "get_web_acl": {"WebACL": {"ManagedByFirewallManager": False}},
            },
        ),
        (
            "AWS::Backup::BackupPlan",
            "1",
            {
                "list_backup_plans": {"BackupPlansList": [{"BackupPlanId": "1", "BackupPlanName": "aws/efs/mine"}]},
                "get_backup_plan": {"BackupPlan": {"Rules": [{"TargetBackupVaultName": "mine"}]}},
            },
        ),
        (
            "AWS::EC2::NetworkInterface",
            "foreign",
            {
                "describe_network_interfaces": {
                    "NetworkInterfaces": [
                        {
                            "NetworkInterfaceId": owner,
                            "Attachment": {"DeleteOnTermination": True, "InstanceOwnerId": id_},
                        }
                        for owner, id_ in (("service", "amazon-rds"), ("foreign", "999999999999"))
                    ]
                }
            },
        ),
        (
            "AWS::Batch::JobQueue",
            "own",
            {
                "describe_job_queues": {
                    "jobQueues": [
                        {"jobQueueArn": "gone", "status": "DELETED"},
                        {"jobQueueArn": "own", "status": "DELETING"},
                    ]
                }
            },
        ),
        (
            "AWS::EFS::FileSystem",
            "own",
            {
                "describe_file_systems": {
                    "FileSystems": [
                        {"FileSystemId": "gone", "LifeCycleState": "deleted", "CreationTime": NOW},
                        {"FileSystemId": "own", "LifeCycleState": "available", "CreationTime": NOW},
                    ]
                }
            },
        ),
    ],
)
def test_only_what_somebody_made_is_listed(till: Till, type_: str, ours: str, replies: dict[str, Any]) -> None:
    assert listed(till, type_, lambda: Answers(replies)) == [ours]


@pytest.mark.parametrize(
    ("type_", "replies"),
    [
        (
            "AWS::WAFv2::WebACL",
            {
                "list_web_acls": {"WebACLs": [{"Name": "FMManaged-policy", "Id": "1"}]},
                "get_web_acl": {"WebACL": {"ManagedByFirewallManager": True}},
            },
        ),
        (
            "AWS::Backup::BackupPlan",
            {
                "list_backup_plans": {"BackupPlansList": [{"BackupPlanId": "1", "BackupPlanName": "aws/efs/x"}]},
                "get_backup_plan": {
                    "BackupPlan": {"Rules": [{"TargetBackupVaultName": "aws/efs/automatic-backup-vault"}]}
                },
            },
        ),
    ],
)
def test_what_aws_itself_says_is_its_own_is_not_listed(till: Till, type_: str, replies: dict[str, Any]) -> None:
    assert listed(till, type_, lambda: Answers(replies)) == []


ROOT = "arn:aws:iam::222222222222"
ATTACHED = {"DeleteOnTermination": True, "InstanceId": "i-1", "AttachTime": NOW}


@pytest.mark.parametrize(
    ("type_", "reply", "expected"),
    [
        (
            "AWS::IAM::SAMLProvider",
            {
                "list_saml_providers": {
                    "SAMLProviderList": [{"Arn": f"{ROOT}:saml-provider/AWSSSO_1", "CreateDate": NOW}]
                }
            },
            (f"{ROOT}:saml-provider/AWSSSO_1", NOW.isoformat(), None),
        ),
        (
            "AWS::IAM::SAMLProvider",
            {"list_saml_providers": {"SAMLProviderList": [{"Arn": f"{ROOT}:saml-provider/own", "CreateDate": NOW}]}},
            (f"{ROOT}:saml-provider/own", None, None),
        ),
        (
            "AWS::IAM::VirtualMFADevice",
            {"list_virtual_mfa_devices": {"VirtualMFADevices": [{"SerialNumber": f"{MFA}/root-account-mfa-device"}]}},
            (f"{MFA}/root-account-mfa-device", "unknown", None),
        ),
        (
            "AWS::EC2::Volume",
            {"describe_volumes": {"Volumes": [{"VolumeId": "v", "CreateTime": NOW, "Attachments": [ATTACHED]}]}},
            ("v", NOW.isoformat(), ("AWS::EC2::Instance", "i-1")),
        ),
        (
            "AWS::EC2::Volume",
            {
                "describe_volumes": {
                    "Volumes": [{"VolumeId": "v", "Attachments": [{**ATTACHED, "DeleteOnTermination": False}]}]
                }
            },
            ("v", None, None),
        ),
        (
            "AWS::EC2::NetworkInterface",
            {
                "describe_network_interfaces": {
                    "NetworkInterfaces": [{"NetworkInterfaceId": "n", "Attachment": ATTACHED}]
                }
            },
            ("n", NOW.isoformat(), ("AWS::EC2::Instance", "i-1")),
        ),
        (
            "AWS::EC2::NetworkInterface",
            {"describe_network_interfaces": {"NetworkInterfaces": [{"NetworkInterfaceId": "n"}]}},
            ("n", None, None),
        ),
        (
            "AWS::SNS::Subscription",
            {
                "list_subscriptions": {
                    "Subscriptions": [
                        {"SubscriptionArn": "PendingConfirmation", "TopicArn": "topic", "Protocol": "https"}
                    ]
                }
            },
            ("pending|topic|https", "unknown", ("AWS::SNS::Topic", "topic")),
        ),
        (
            "AWS::SNS::Subscription",
            {
                "list_subscriptions": {
                    "Subscriptions": [{"SubscriptionArn": "arn:x", "TopicArn": "topic", "Protocol": "https"}]
                }
            },
            ("arn:x", None, None),
        ),
        (
            "AWS::ElastiCache::CacheCluster",
            {"describe_cache_clusters": {"CacheClusters": [{"CacheClusterId": "c", "ReplicationGroupId": "g"}]}},
            ("c", "unknown", ("AWS::ElastiCache::ReplicationGroup", "g")),
        ),
        (
            "AWS::ApiGatewayV2::Api",
            {"get_apis": {"Items": [{"ApiId": "a", "ApiGatewayManaged": True, "CreatedDate": NOW}]}},
            ("a", NOW.isoformat(), None),
        ),
        (
            "AWS::WAFv2::IPSet",
            {"list_ip_sets": {"IPSets": [{"Name": "FMManaged-mine", "Id": "1"}]}},
            ("FMManaged-mine|1|REGIONAL", "unknown", None),
        ),
    ],
)
def test_what_only_looks_like_awss_is_listed_with_since_when_it_is_there_and_what_it_goes_along_with(
    till: Till, type_: str, reply: dict[str, Any], expected: tuple[str, str | None, tuple[str, str] | None]
) -> None:
    found = found_by(till, type_, lambda: Answers(reply))[0]
    assert (found.id, found.late, found.owner) == expected


@pytest.mark.parametrize(
    ("manager", "state", "count"),
    [
        ("CUSTOMER", "Enabled", 1),
        ("CUSTOMER", "Disabled", 1),
        ("CUSTOMER", "PendingDeletion", 0),
        ("CUSTOMER", "PendingReplicaDeletion", 0),
        ("AWS", "Enabled", 0),
    ],
)
def test_keys_count_unless_they_are_amazons_or_wait_for_their_deletion(
    till: Till, manager: str, state: str, count: int
) -> None:
    replies = {
        "list_keys": {"Keys": [{"KeyId": "key"}]},
        "describe_key": {"KeyMetadata": {"KeyId": "key", "KeyManager": manager, "KeyState": state}},
    }
    assert listed(till, "AWS::KMS::Key", lambda: Answers(replies)) == ["key"] * count


class Deliveries:
    """Firehose with more streams than fit into a page."""

    def __init__(self) -> None:
        self._there = [f"stream-{number:03}" for number in range(150)]

    def list_delivery_streams(
        self,
        *,
        Limit: int,  # noqa: N803
        ExclusiveStartDeliveryStreamName: str = "",  # noqa: N803
    ) -> dict[str, Any]:
        rest = [name for name in self._there if name > ExclusiveStartDeliveryStreamName]
        return {"DeliveryStreamNames": rest[:Limit], "HasMoreDeliveryStreams": len(rest) > Limit}


def test_delivery_streams_are_listed_page_by_page(till: Till) -> None:
    names = listed(till, "AWS::KinesisFirehose::DeliveryStream", Deliveries)
    assert (len(set(names)), len(names)) == (150, 150)


def test_a_deleted_backup_that_still_shows_is_gone(till: Till) -> None:
    details = {"BackupDetails": {"BackupArn": BACKUP, "BackupStatus": "DELETED"}}
    stand_in = StandIn("dynamodb", lambda: Answers({"describe_backup": {"BackupDescription": details}}))
    seed = Seed(type="AWS::DynamoDB::Backup", make=lambda _: BACKUP, stand_ins=(stand_in,))
    assert not seed.entry.exists(till(seed).account, seed.region, BACKUP)
