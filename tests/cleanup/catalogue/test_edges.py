"""What is known in some places only, takes its time, or is told in parts: rules of types beside those in seeds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session as create_session

from atmosphere.cleanup.catalogue.base import Unread, pages
from atmosphere.cleanup.model import GLOBAL, Meaning
from atmosphere.cleanup.scan.arns import Arn
from atmosphere.core.model import Region
from tests.cleanup.catalogue.frame import TYPES, Seed, StandIn
from tests.cleanup.catalogue.seeds import SEEDS
from tests.cleanup.conftest import REGION
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cleanup.catalogue.frame import Plot

DISTRIBUTION = "AWS::CloudFront::Distribution"
ACL = "AWS::WAFv2::WebACL"


def seeds(name: str) -> list[Seed]:
    return [each for each in SEEDS if each.type == name and not each.clears]


class Slow:
    """A distribution that has been disabled, which the world does not know yet."""

    def __init__(self) -> None:
        self._asked = 0

    def get_distribution(self, **_: Any) -> dict[str, Any]:
        self._asked += 1
        status = "InProgress" if self._asked < 3 else "Deployed"
        return {"ETag": "tag", "Distribution": {"Status": status, "DistributionConfig": {"Enabled": False}}}

    def delete_distribution(self, *, Id: str, IfMatch: str) -> dict[str, Any]:  # noqa: N803
        assert (Id, IfMatch) == ("E1", "tag")
        if self._asked < 3:
            raise refuse("DistributionNotDisabled", "it is being disabled")
        return {}


def test_a_distribution_that_is_being_disabled_is_left_alone(till: Callable[..., Plot]) -> None:
    plot = till(Seed(type=DISTRIBUTION, make=lambda _: "E1", stand_ins=(StandIn("cloudfront", Slow),)))
    changes = []
    for _ in range(3):
        TYPES[DISTRIBUTION].delete(plot.account, GLOBAL, "E1", plot.budget.check)
        changes.append(plot.changes())
    assert changes[0] == changes[1]
    assert changes[2] == changes[1] + 1


class Disabling:
    """A compute environment that has just been disabled, which takes a while, and then until it is deleted."""

    def __init__(self) -> None:
        self._asked = 0

    def describe_compute_environments(self, **_: Any) -> dict[str, Any]:
        self._asked += 1
        status = "UPDATING" if self._asked < 3 else "VALID"
        return {"computeEnvironments": [{"state": "DISABLED", "status": status}]}

    def delete_compute_environment(self, **_: Any) -> dict[str, Any]:
        if self._asked < 3:
            raise refuse("ClientException", "Cannot delete, resource is being modified.")
        return {}


def test_a_compute_environment_that_is_being_disabled_goes_without_a_trouble(till: Callable[..., Plot]) -> None:
    name = "AWS::Batch::ComputeEnvironment"  # one with a trouble is not waited for, and would lose its role
    plot = till(Seed(type=name, make=lambda _: "e", stand_ins=(StandIn("batch", Disabling),)))
    for changes in (0, 0, 1):
        before = plot.changes()
        TYPES[name].delete(plot.account, REGION, "e", plot.budget.check)
        assert plot.changes() == before + changes


def test_web_acls_for_cloudfront_are_known_in_one_region_only(till: Callable[..., Plot]) -> None:
    regional, global_ = seeds(ACL)
    plot = till(regional, global_)
    made = {regional.make(plot.client), global_.make(plot.client)}
    asked = {each.id for each in TYPES[ACL].list(plot.account, REGION)}
    assert asked == made
    assert REGION == "us-east-1"
    assert list(TYPES[ACL].list(plot.account, Region("eu-west-1"))) == []


class Functions:
    """CloudFront's functions, one to a page: the token is in the envelope and goes by another name when asked with."""

    def can_paginate(self, _: str) -> bool:
        return False

    def list_functions(self, *, Marker: str = "0", Stage: str) -> dict[str, Any]:  # noqa: N803
        assert Stage == "DEVELOPMENT"
        number = int(Marker) + 1
        further = {"NextMarker": str(number)} if number < 3 else {}
        return {"FunctionList": {"Items": [Marker], **further}, "ResponseMetadata": {"HTTPHeaders": {}}}


def test_tokens_in_an_envelope_are_followed() -> None:
    read = pages(Functions(), "list_functions", Stage="DEVELOPMENT")
    assert [page["FunctionList"]["Items"] for page in read] == [["0"], ["1"], ["2"]]


class Zones:
    """A zone with long and many records, whose changes AWS takes only so many of at a time."""

    def __init__(self) -> None:
        own = [{"Name": "example.com.", "Type": kind, "ResourceRecords": [{"Value": "x"}]} for kind in ("NS", "SOA")]
        texts = [self._record(f"text-{number}", [{"Value": "x" * 3000}]) for number in range(20)]
        pools = [self._record(f"pool-{number}", [{"Value": str(each)} for each in range(200)]) for number in range(10)]
        part = {"Name": "part.example.com.", "Type": "NS", "ResourceRecords": [{"Value": "x"}]}
        self.records: list[dict[str, Any]] = [*own, part, *texts, *pools]

    def get_hosted_zone(self, **_: Any) -> dict[str, Any]:
        return {"HostedZone": {"Id": "/hostedzone/Z1", "Name": "example.com."}}

    def list_resource_record_sets(self, **_: Any) -> dict[str, Any]:
        return {"ResourceRecordSets": [*self.records], "IsTruncated": False}

    def change_resource_record_sets(self, *, ChangeBatch: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        sets = [change["ResourceRecordSet"] for change in ChangeBatch["Changes"]]
        values = [value["Value"] for each in sets for value in each["ResourceRecords"]]
        if len(values) > 1000 or sum(map(len, values)) > 32_000:
            raise refuse("InvalidChangeBatch", "too much of it")
        self.records = [each for each in self.records if each not in sets]
        return {"ChangeInfo": {}}

    def delete_hosted_zone(self, **_: Any) -> dict[str, Any]:
        if len(self.records) > 2:
            raise refuse("HostedZoneNotEmpty", "it has records")
        return {"ChangeInfo": {}}

    @staticmethod
    def _record(name: str, values: list[dict[str, str]]) -> dict[str, Any]:
        return {"Name": f"{name}.example.com.", "Type": "TXT", "ResourceRecords": values}


def test_a_zone_is_emptied_in_calls_that_aws_takes(till: Callable[..., Plot]) -> None:
    zones = Zones()
    name = "AWS::Route53::HostedZone"
    plot = till(Seed(type=name, make=lambda _: "Z1", stand_ins=(StandIn("route53", lambda: zones),)))
    TYPES[name].delete(plot.account, GLOBAL, "Z1", plot.budget.check)
    assert [(each["Name"], each["Type"]) for each in zones.records] == [("example.com.", "NS"), ("example.com.", "SOA")]


class Certificates:
    """Certificates of all kinds of keys, of which AWS lists the oldest kinds unless others are asked for."""

    def list_certificates(self, *, Includes: dict[str, Any] | None = None, **_: Any) -> dict[str, Any]:  # noqa: N803
        shown = (Includes or {}).get("keyTypes", ("RSA_1024", "RSA_2048"))
        return {"CertificateSummaryList": [{"CertificateArn": each} for each in KEYS if each in shown]}


_ACM: Any = create_session().get_service_model("acm")
KEYS = _ACM.shape_for("KeyAlgorithm").enum


def test_certificates_of_all_keys_are_listed(till: Callable[..., Plot]) -> None:
    name = "AWS::CertificateManager::Certificate"
    plot = till(Seed(type=name, make=lambda _: "", stand_ins=(StandIn("acm", Certificates),)))
    assert {each.id for each in TYPES[name].list(plot.account, REGION)} == set(KEYS)


def test_namespaces_of_scaling_that_a_region_does_not_have_are_left_out_and_other_failures_are_not(
    till: Callable[..., Plot],
) -> None:
    name = "AWS::ApplicationAutoScaling::ScalableTarget"
    unread = Unread("neptune", "InternalServiceException")
    for code, more in (("ValidationException", []), (unread.code, [unread])):
        stand_in = StandIn("application-autoscaling", partial(Failing, code))
        plot = till(Seed(type=name, make=lambda _: "", stand_ins=(stand_in,)))
        found, *others = TYPES[name].list(plot.account, REGION)
        assert (found.id, others) == ("a|b|ecs", more)


class Failing:
    """Knows of one namespace, and answers `code` for another one."""

    def __init__(self, code: str) -> None:
        self._code = code

    def describe_scalable_targets(self, *, ServiceNamespace: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if ServiceNamespace == "neptune":
            raise refuse(self._code, "no such namespace")
        target = {"ResourceId": "a", "ScalableDimension": "b", "CreationTime": 1.0}
        return {"ScalableTargets": [target] if ServiceNamespace == "ecs" else []}


def test_where_ses_receives_no_mail_there_are_no_rules_for_it() -> None:
    assert TYPES["AWS::SES::ReceiptRuleSet"].errors.meaning("InvalidAction") is Meaning.CLOSED


@pytest.mark.parametrize("name", ["AWS::ECS::Service", "AWS::EKS::Nodegroup", "AWS::Backup::RecoveryPoint"])
def test_an_id_that_has_not_all_parts_is_an_error_like_any_other(name: str, till: Callable[..., Plot]) -> None:
    plot = till(Seed(type=name, make=lambda _: ""))  # CloudFormation shows such ids of what it failed to make
    with pytest.raises((BotoCoreError, ClientError)):
        TYPES[name].exists(plot.account, REGION, "app-Thing-1A2B3C")
    with pytest.raises((BotoCoreError, ClientError)):
        TYPES[name].delete(plot.account, REGION, "app-Thing-1A2B3C", plot.budget.check)


def test_an_insight_rule_is_known_by_its_arn_too(till: Callable[..., Plot]) -> None:
    [rule] = seeds("AWS::CloudWatch::InsightRule")
    plot = till(rule)
    arn = f"arn:aws:cloudwatch:us-east-1:222222222222:insight-rule/{rule.make(plot.client)}"
    assert rule.entry.exists(plot.account, REGION, arn)
    rule.entry.delete(plot.account, REGION, arn, plot.budget.check)
    assert not rule.entry.exists(plot.account, REGION, arn)


@pytest.mark.parametrize(
    ("resource", "type_"),
    [
        ("wafv2:us-east-1:222222222222:regional/webacl/name/id", ACL),
        ("wafv2:us-east-1:222222222222:global/ipset/name/id", "AWS::WAFv2::IPSet"),
        ("apigateway:us-east-1::/restapis/id", "AWS::ApiGateway::RestApi"),
        ("apigateway:us-east-1::/domainnames/example.com", "AWS::ApiGateway::DomainName"),
        ("cognito-idp:us-east-1:222222222222:userpool/us-east-1_x", "AWS::Cognito::UserPool"),
        ("cloudfront::222222222222:distribution/E1", DISTRIBUTION),
        ("acm:us-east-1:222222222222:certificate/id", "AWS::CertificateManager::Certificate"),
        ("batch:us-east-1:222222222222:job-queue/name", "AWS::Batch::JobQueue"),
        ("elasticfilesystem:us-east-1:222222222222:file-system/fs-1", "AWS::EFS::FileSystem"),
        ("es:us-east-1:222222222222:domain/name", "AWS::OpenSearchService::Domain"),
        ("eks:us-east-1:222222222222:nodegroup/cluster/nodes/id", "AWS::EKS::Nodegroup"),
        ("backup:us-east-1:222222222222:backup-vault:name", "AWS::Backup::BackupVault"),
        ("ses:us-east-1:222222222222:identity/example.com", "AWS::SES::EmailIdentity"),
    ],
)
def test_tags_of_these_types_are_explained_by_their_listing(resource: str, type_: str) -> None:
    assert Arn.parse(f"arn:aws:{resource}").type == type_
