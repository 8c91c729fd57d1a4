"""What the options of a deployment put into the template, and that nothing of it is there by default."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.config.deployment_shapes import DeploymentFile
from atmosphere.contract import FUNCTIONS, ROOTS, ROUTES, Table, Tree
from infra.deployment import options_of
from infra.everything import EVERYTHING
from infra.options import Adopt, Alarms, Canary, Domain, Firewall, Options, Throttle, Throttles

if TYPE_CHECKING:
    from tests.infra.reading import Reading

OPTIONAL = (
    "AWS::ApiGateway::DomainName",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::CertificateManager::Certificate",
    "AWS::Route53::RecordSet",
    "AWS::WAFv2::WebACL",
    "AWS::WAFv2::WebACLAssociation",
)
KEPT = {
    "AWS::DynamoDB::Table": len(Table),
    "AWS::S3::Bucket": 1,
    "AWS::SecretsManager::Secret": 2,  # one for each issuer
    "AWS::IAM::Role": 1,  # the account's one role for the logs of API Gateway, which other APIs may use
    "AWS::ApiGateway::Account": 1,
    "AWS::Logs::LogGroup": 1,  # the publisher's, which says why a first deployment failed
}


def test_by_default_nothing_optional_is_there(reading: Reading) -> None:
    assert [kind for kind in OPTIONAL if reading.raw(kind)] == []
    assert len(reading.raw("AWS::KMS::Key")) == 1  # the topic's
    assert all("ReservedConcurrentExecutions" not in entry for entry in reading.of("AWS::Lambda::Function").values())
    assert len(reading.raw("AWS::Events::Rule")) == 2


def test_the_domain_is_the_stages_over_tls_1_2_and_the_default_endpoint_stays_on(full: Reading) -> None:
    domain = full.one("AWS::ApiGateway::DomainName")
    assert (domain["DomainName"], domain["SecurityPolicy"]) == ("atmosphere.example.com", "TLS_1_2")
    assert domain["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert domain["RegionalCertificateArn"] == "<DomainCertificate>"
    mapping = full.one("AWS::ApiGateway::BasePathMapping")
    assert "BasePath" not in mapping
    assert mapping["Stage"] == "<ApiDeploymentStage.v1>".replace("Stage.v1", "Stagev1")
    assert "DisableExecuteApiEndpoint" not in full.one("AWS::ApiGateway::RestApi")
    assert full.outputs["DomainEndpoint"] == "https://<Domain>"
    assert full.outputs["Endpoint"].endswith("/v1")


def test_the_certificate_is_validated_in_the_zone_that_gets_the_alias(full: Reading) -> None:
    certificate, record = full.one("AWS::CertificateManager::Certificate"), full.one("AWS::Route53::RecordSet")
    assert certificate["ValidationMethod"] == "DNS"
    assert [entry["HostedZoneId"] for entry in certificate["DomainValidationOptions"]] == ["Z0123456789"]
    assert (record["Type"], record["Name"]) == ("A", "atmosphere.example.com.")
    assert record["HostedZoneId"] == "Z0123456789"
    assert record["AliasTarget"]["DNSName"] == "<Domain.RegionalDomainName>"


@pytest.mark.parametrize("given", [{}, {"certificate_arn": "arn", "hosted_zone_id": "Z1"}, {"hosted_zone_name": "a.b"}])
def test_a_domain_that_cannot_work_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"hosted_zone_id|certificate_arn"):
        Domain(name="atmosphere.example.com", **given)


def test_each_tree_has_its_throttle_and_no_route_is_without_one(reading: Reading) -> None:
    settings = {
        (each["ResourcePath"].replace("~1", "/").replace("//", "/"), each["HttpMethod"]): Throttle(
            rate=each["ThrottlingRateLimit"], burst=each["ThrottlingBurstLimit"]
        )
        for each in reading.one("AWS::ApiGateway::Stage")["MethodSettings"]
    }
    wanted = {Tree.IAM: Throttles().iam, Tree.GITHUB: Throttles().github, Tree.WEBHOOK: Throttles().webhook}
    stage = settings.pop(("/*", "*"))
    assert stage == wanted[Tree.IAM]
    own = {(ROOTS[route.tree] + route.path, route.method): wanted[route.tree] for route in ROUTES}
    assert settings == {place: throttle for place, throttle in own.items() if place[0].startswith("/github/")}


def test_every_setting_of_a_method_is_said_again_because_it_inherits_none(reading: Reading) -> None:
    settings = reading.one("AWS::ApiGateway::Stage")["MethodSettings"]
    assert {(each["MetricsEnabled"], each["DataTraceEnabled"], each["LoggingLevel"]) for each in settings} == {
        (True, False, "OFF")
    }


def test_the_firewall_limits_an_address_and_keeps_no_samples_of_requests(full: Reading) -> None:
    acl = full.one("AWS::WAFv2::WebACL")
    limit, *groups = acl["Rules"]
    assert limit["Statement"]["RateBasedStatement"] == {"AggregateKeyType": "IP", "Limit": 10_000}
    assert limit["Action"] == {"Block": {}}
    assert len(groups) == 3
    assert {entry["VisibilityConfig"]["SampledRequestsEnabled"] for entry in (acl, *acl["Rules"])} == {False}
    assert full.one("AWS::WAFv2::WebACLAssociation")["WebACLArn"] == "<Firewall.Arn>"


def test_bodies_are_judged_by_our_handlers_alone(full: Reading) -> None:
    """A session policy may hold what looks like an attack; no managed rule about bodies blocks."""
    for group in full.one("AWS::WAFv2::WebACL")["Rules"][1:]:
        for override in group["Statement"]["ManagedRuleGroupStatement"].get("RuleActionOverrides", []):
            assert override["ActionToUse"] == {"Count": {}}
            assert override["Name"].endswith("_BODY") or override["Name"] == "NoUserAgent_HEADER"


def test_concurrency_is_reserved_for_the_named_function_only(full: Reading) -> None:
    reserved = {
        entry["FunctionName"]: entry["ReservedConcurrentExecutions"]
        for entry in full.of("AWS::Lambda::Function").values()
        if "ReservedConcurrentExecutions" in entry
    }
    assert reserved == {"atmosphere-webhook": 10}


def test_one_key_encrypts_all_that_is_kept(full: Reading) -> None:
    (key,) = full.raw("AWS::KMS::Key").values()
    assert key["Properties"]["EnableKeyRotation"] is True
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")
    arn = "<Key.Arn>"
    for table in full.of("AWS::DynamoDB::Table").values():
        assert table["SSESpecification"] == {"KMSMasterKeyId": arn, "SSEEnabled": True, "SSEType": "KMS"}
    (rule,) = full.one("AWS::S3::Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    assert {made["KmsKeyId"] for made in full.of("AWS::SecretsManager::Secret").values()} == {arn}
    assert full.one("AWS::SNS::Topic")["KmsMasterKeyId"] == arn
    groups = full.of("AWS::Logs::LogGroup").values()
    assert len(groups) == len(FUNCTIONS) + 1
    assert {group["KmsKeyId"] for group in groups} == {arn}


def test_logs_may_use_the_key_for_groups_of_this_account_only(full: Reading) -> None:
    statements = full.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    (by_logs,) = [each for each in statements if "logs." in json.dumps(each["Principal"])]
    assert by_logs["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": "arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:*"
        }
    }


def test_logs_are_kept_as_long_as_the_deployment_says(full: Reading) -> None:
    assert {group["RetentionInDays"] for group in full.of("AWS::Logs::LogGroup").values()} == {400}


def test_every_resource_that_can_have_tags_has_them(full: Reading, reading: Reading) -> None:
    for kind in ("AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::IAM::Role", "AWS::KMS::Key"):
        assert all({"Key": "team", "Value": "example"} in entry["Tags"] for entry in full.of(kind).values()), kind
        assert all("Tags" not in entry for entry in reading.of(kind).values()), kind


def test_the_canary_runs_on_its_schedule_and_may_call_two_routes_and_take_one_role(full: Reading) -> None:
    (rule,) = [each for each in full.of("AWS::Events::Rule").values() if "15 minutes" in each["ScheduleExpression"]]
    assert [target["Arn"] for target in rule["Targets"]] == ["<CanaryFunction.Arn>"]
    (role,) = [each for each in full.of("AWS::IAM::Role").values() if each.get("RoleName") == "atmosphere-canary"]
    (policy,) = role["Policies"]
    api = "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<Api>/v1"
    found = {each["Action"]: each["Resource"] for each in policy["PolicyDocument"]["Statement"][1:3]}
    assert found == {
        "execute-api:Invoke": [f"{api}/POST/allocations", f"{api}/DELETE/allocations/*"],
        "sts:AssumeRole": "arn:aws:iam::888888888888:role/Stranger",
    }
    variables = full.function("atmosphere-canary")["Environment"]["Variables"]
    assert variables["ATMOSPHERE_CANARY_POOL"] == "demo"


def test_only_these_are_kept_and_the_rest_holds_nothing_that_lasts(reading: Reading) -> None:
    """History, baselines and the webhook's secret outlive the stack and every replacement."""
    found: dict[str, int] = {}
    for entry in reading.template["Resources"].values():
        if entry.get("DeletionPolicy") == "Retain":
            is_log = entry["Type"] == "AWS::Logs::LogGroup"
            assert entry["UpdateReplacePolicy"] == ("Delete" if is_log else "Retain")
            found[entry["Type"]] = found.get(entry["Type"], 0) + 1
    assert found == KEPT


def test_the_file_and_the_construct_have_the_same_options_and_defaults() -> None:
    assert options_of(DeploymentFile()) == Options()
    pairs: list[tuple[type[Any], Any]] = [
        (Options, DeploymentFile),
        (Domain, DeploymentFile.model_fields["domain"]),
        (Firewall, DeploymentFile.model_fields["firewall"]),
        (Canary, DeploymentFile.model_fields["canary"]),
        (Alarms, DeploymentFile.model_fields["alarms"]),
        (Adopt, DeploymentFile.model_fields["adopt"]),
    ]
    for options, shape in pairs:
        known = shape if shape is DeploymentFile else _inner(shape.annotation)
        assert {field.name for field in fields(options)} == set(known.model_fields)
    assert options_of(DeploymentFile.model_validate({"firewall": {}})).firewall == Firewall()
    assert options_of(DeploymentFile.model_validate({"canary": {}})).canary == Canary()


def _inner(annotation: Any) -> Any:
    return next((each for each in getattr(annotation, "__args__", ()) if hasattr(each, "model_fields")), annotation)


def test_every_option_comes_through_the_file() -> None:
    written = {name: value for name, value in asdict(EVERYTHING).items() if name != "throttles"}
    written["throttles"] = {"iam": {"rate": 7, "burst": 8}}
    read = options_of(DeploymentFile.model_validate(written))
    assert read == replace(EVERYTHING, throttles=replace(Throttles(), iam=Throttle(rate=7, burst=8)))
