"""What the stack `atmosphere` is made of, compared with the contract."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import assertions

from atmosphere.contract import (
    FUNCTIONS,
    HISTORY_WEEKS,
    MEASURE,
    ROOTS,
    ROUTES,
    TABLE_VARIABLES,
    TABLES,
    Env,
    Function,
    FunctionName,
    Table,
    Tree,
    cleanup_prefix,
)
from atmosphere.core.github import GITHUB_COM
from atmosphere.core.snapshot import digest, from_json, to_json

if TYPE_CHECKING:
    from pathlib import Path

    from atmosphere.core.snapshot import Snapshot
    from tests.infra.reading import Reading


def title(table: Table) -> str:
    return table.title().replace("_", "")


VALUES = {
    Env.BUCKET: "<Bucket>",
    Env.SNAPSHOT: "<Publication.Snapshot>",
    Env.STATE_MACHINE: "<CleanupMachine>",
    Env.LOOPBACK_ISSUER: "<LoopbackIssuer>",
    Env.ALARM_TOPIC: "<AlarmTopic>",
    Env.ENDPOINT: "https://<Api>.execute-api.<AWS::Region>.<AWS::URLSuffix>/v1",
    Env.CANARY_POOL: "",
    Env.CANARY_STRANGER: "",
    Env.WEBHOOK_SECRETS: '{"dd9c65dd": "<WebhookSecret.Id>", "79be3c50": "<WebhookSecret79be3c50.Id>"}',
    **{variable: f"<{title(table)}Table>" for table, variable in TABLE_VARIABLES.items()},
}
each_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)


def deployed(reading: Reading, function: Function) -> dict[str, Any]:
    return reading.function(f"atmosphere-{function.name}")


@each_function
def test_a_function_has_exactly_the_variables_of_the_contract(reading: Reading, function: Function) -> None:
    variables = deployed(reading, function)["Environment"]["Variables"]
    expected = {variable.value: VALUES[variable] for variable in function.variables}
    powertools = {"POWERTOOLS_SERVICE_NAME": "atmosphere", "POWERTOOLS_METRICS_NAMESPACE": "Atmosphere"}
    assert variables == expected | powertools


@each_function
def test_a_function_has_the_time_and_memory_of_the_contract(reading: Reading, function: Function) -> None:
    made = deployed(reading, function)
    assert (made["Timeout"], made["MemorySize"]) == (function.timeout, function.memory)
    assert (made["Runtime"], made["Architectures"]) == ("python3.14", ["arm64"])


@each_function
def test_a_functions_handler_can_be_imported(function: Function) -> None:
    module, _, name = function.handler.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))


@each_function
def test_a_functions_logs_are_kept_for_a_while_and_not_for_ever(reading: Reading, function: Function) -> None:
    (own,) = [
        entry
        for name, entry in reading.raw("AWS::Logs::LogGroup").items()
        if name.startswith(f"Service{function.name.title()}Logs")
    ]
    assert own["Properties"]["RetentionInDays"] == 90
    outlives = function.name is FunctionName.PUBLISH  # without a name of ours, or the next deployment could not make it
    assert own["DeletionPolicy"] == ("Retain" if outlives else "Delete")
    assert own["Properties"].get("LogGroupName") == (None if outlives else f"/aws/lambda/atmosphere-{function.name}")
    assert deployed(reading, function)["LoggingConfig"]["LogGroup"] == f"<{function.name.title()}Logs>"


def test_there_are_no_other_functions(reading: Reading) -> None:
    assert len(reading.of("AWS::Lambda::Function")) == len(FUNCTIONS)


def test_an_api_call_ends_before_the_gateway_gives_up() -> None:
    gateway_limit = 29
    assert {route.function for route in ROUTES if _timeout(route.function) >= gateway_limit} == set()


def _timeout(name: FunctionName) -> int:
    return next(function.timeout for function in FUNCTIONS if function.name is name)


@pytest.mark.parametrize("table", list(Table))
def test_a_table_is_what_the_contract_says_and_can_be_restored(reading: Reading, table: Table) -> None:
    made = reading.of("AWS::DynamoDB::Table")
    (properties,) = [entry for name, entry in made.items() if f"{title(table)}Table" in name]
    keys = TABLES[table]
    assert [entry["AttributeName"] for entry in properties["KeySchema"]] == [
        name for name in (keys.partition, keys.sort) if name
    ]
    indexes = {entry["IndexName"]: entry for entry in properties.get("GlobalSecondaryIndexes", [])}
    assert set(indexes) == {index.name for index in keys.indexes}
    for index in keys.indexes:
        found = indexes[index.name]
        assert [entry["AttributeName"] for entry in found["KeySchema"]] == [index.partition, index.sort]
        assert found["Projection"]["ProjectionType"] == ("ALL" if index.projects_all else "KEYS_ONLY")
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["DeletionProtectionEnabled"] is True
    ttl = {"AttributeName": keys.ttl, "Enabled": True} if keys.ttl else None
    assert properties.get("TimeToLiveSpecification") == ttl


def test_what_holds_state_outlives_the_stack(reading: Reading) -> None:
    kinds = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret")
    kept = [entry for kind in kinds for entry in reading.raw(kind).values()]
    assert len(kept) == len(Table) + 3
    assert {(entry["DeletionPolicy"], entry["UpdateReplacePolicy"]) for entry in kept} == {("Retain", "Retain")}


def test_what_cleanups_wrote_is_kept_as_long_as_the_history_and_old_versions_for_a_month(reading: Reading) -> None:
    (bucket,) = reading.of("AWS::S3::Bucket").values()
    of_cleanups, of_all = bucket["LifecycleConfiguration"]["Rules"]
    assert cleanup_prefix("222222222222", "us-east-1", "an-allocation").startswith("cleanups/")
    weeks = timedelta(weeks=HISTORY_WEEKS)
    assert of_cleanups == {"Prefix": "cleanups/", "ExpirationInDays": weeks.days, "Status": "Enabled"}
    assert of_all["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert of_all["ExpiredObjectDeleteMarker"]
    assert "Prefix" not in of_all
    assert "ExpirationInDays" not in of_all  # baselines, debts and the snapshot in force stay


def test_the_bucket_is_private_versioned_and_tls_only(template: dict[str, Any]) -> None:
    cdk = assertions.Template.from_json(template)
    block = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    cdk.has_resource_properties(
        "AWS::S3::Bucket",
        {"VersioningConfiguration": {"Status": "Enabled"}, "PublicAccessBlockConfiguration": block},
    )
    cdk.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "PolicyDocument": {
                "Statement": assertions.Match.array_with(
                    [
                        assertions.Match.object_like(
                            {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
                        )
                    ]
                )
            }
        },
    )


def test_every_method_is_a_route_of_the_contract_behind_its_trees_guard(reading: Reading) -> None:
    resources = reading.raw("AWS::ApiGateway::Resource")

    def path(name: str) -> str:
        properties = resources[name]["Properties"] if name in resources else None
        if properties is None:
            return ""
        parent = properties["ParentId"]
        return f"{path(parent['Ref']) if 'Ref' in parent else ''}/{properties['PathPart']}"

    found, guards = set(), Counter[tuple[str, str | None]]()
    for entry in reading.raw("AWS::ApiGateway::Method").values():
        properties = entry["Properties"]
        authorizer = properties.get("AuthorizerId")
        guards[(properties["AuthorizationType"], reading.text(authorizer))] += 1
        assert properties["Integration"]["Type"] == "AWS_PROXY"
        uri = reading.text(properties["Integration"]["Uri"])
        function = next(name for name in FunctionName if f"<{name.title()}Function.Arn>" in uri)
        place = path(properties["ResourceId"]["Ref"])
        found.add((properties["HttpMethod"], place, function, properties["AuthorizationType"]))
    types = {Tree.IAM: "AWS_IAM", Tree.GITHUB: "CUSTOM", Tree.WEBHOOK: "NONE"}
    assert found == {
        (route.method, ROOTS[route.tree] + route.path, route.function, types[route.tree]) for route in ROUTES
    }
    trees = Counter(route.tree for route in ROUTES)
    assert guards == {
        ("AWS_IAM", None): trees[Tree.IAM],
        ("CUSTOM", "<ApiTokens>"): trees[Tree.GITHUB],
        ("NONE", None): 1,
    }
    assert [place for _, place, _, guard in found if guard == "NONE"] == ["/github/webhook"]


def test_each_issuers_secret_is_made_by_cloudformation_and_stands_nowhere(reading: Reading) -> None:
    several = reading.of("AWS::SecretsManager::Secret").values()
    assert len(several) == 2
    for made in several:
        assert made["GenerateSecretString"] == {"PasswordLength": 64, "ExcludePunctuation": True}
        assert "SecretString" not in made
    assert "{{resolve:" not in json.dumps(reading.template)
    assert [value for value in reading.outputs.values() if "WebhookSecret" in value] == [
        "<WebhookSecret.Id>",
        "<WebhookSecret79be3c50.Id>",
    ]
    told = {name: entry.get("Description", "") for name, entry in reading.template["Outputs"].items()}
    assert GITHUB_COM in told["WebhookSecretArn"]
    assert "https://github.acme.test/" in told["WebhookSecretArn79be3c50"]


def test_the_api_is_regional_and_its_stage_logs_no_content(reading: Reading) -> None:
    assert reading.one("AWS::ApiGateway::RestApi")["EndpointConfiguration"]["Types"] == ["REGIONAL"]
    stage = reading.one("AWS::ApiGateway::Stage")
    assert ("/*", "*") in {(each["ResourcePath"], each["HttpMethod"]) for each in stage["MethodSettings"]}
    for settings in stage["MethodSettings"]:
        assert settings["DataTraceEnabled"] is False
        assert settings["LoggingLevel"] == "OFF"
        assert settings["ThrottlingRateLimit"] > 0
    assert stage.get("TracingEnabled", False) is False
    line = stage["AccessLogSetting"]["Format"]
    assert json.loads(line)["status"] == "$context.status"
    leaks = ("header", "authorization", "accessKey", "querystring", "$context.path", "input.", "userAgent")
    assert not [word for word in leaks if word.lower() in line.lower()]


def machine(reading: Reading) -> dict[str, Any]:
    return json.loads(reading.one("AWS::StepFunctions::StateMachine")["DefinitionString"])  # type: ignore[no-any-return]


def test_a_cleanup_repeats_its_pass_until_the_pass_says_done(reading: Reading) -> None:
    states = machine(reading)["States"]
    assert machine(reading)["StartAt"] == "Pass"
    assert states["Pass"]["Parameters"]["Payload.$"] == "$"
    assert states["Pass"]["OutputPath"] == "$.Payload"
    assert states["Pass"]["Next"] == "Decide"
    assert states["Decide"]["Choices"] == [{"Variable": "$.next", "StringEquals": "done", "Next": "Done"}]
    assert states["Decide"]["Default"] == "Pause"
    assert states["Pause"] == {"Type": "Wait", "SecondsPath": "$.waitSeconds", "Next": "Pass"}
    assert (states["Done"]["Type"], states["Failed"]["Type"]) == ("Succeed", "Fail")


def test_the_machine_leads_to_states_that_exist_and_reads_only_what_every_pass_answers(reading: Reading) -> None:
    """Neither cfn-lint nor the emulator refuses another one (findings/): a path that finds nothing is null there.

    tests/handlers/test_cleanup holds the answers.
    """
    states = machine(reading)["States"]
    rules = [rule for state in states.values() for rule in (*state.get("Choices", ()), *state.get("Catch", ()))]
    followers = {each[key] for each in (*states.values(), *rules) for key in ("Next", "Default") if key in each}
    assert followers | {machine(reading)["StartAt"]} == set(states)
    values = [value for each in (*states.values(), *rules) for value in each.values() if isinstance(value, str)]
    assert {value for value in values if value.startswith("$.")} == {"$.Payload", "$.next", "$.waitSeconds"}


def test_a_pass_has_more_time_than_its_function_and_is_repeated(reading: Reading) -> None:
    task = machine(reading)["States"]["Pass"]
    assert task["TimeoutSeconds"] == 310 > _timeout(FunctionName.CLEANUP)
    assert [entry["ErrorEquals"] for entry in task["Retry"]] == [["States.ALL"]]
    assert task["Catch"] == [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}]
    assert task["Parameters"]["FunctionName"].endswith(":function:atmosphere-cleanup")


def test_an_execution_outlives_the_cleanups_own_limit(reading: Reading, snapshot: Snapshot) -> None:
    assert machine(reading)["TimeoutSeconds"] > snapshot.settings.cleanup_limit.total_seconds() + 310
    assert reading.one("AWS::StepFunctions::StateMachine")["StateMachineType"] == "STANDARD"


def test_the_reconciler_runs_every_minute(reading: Reading) -> None:
    assert _scheduled(reading)["rate(1 minute)"] == {}


def test_pools_are_measured_by_a_schedule_of_their_own_so_that_an_idle_run_stays_one_read(reading: Reading) -> None:
    assert _scheduled(reading)["rate(5 minutes)"] == {"do": MEASURE}


def _scheduled(reading: Reading) -> dict[str, Any]:
    """What each schedule sends to the reconciler."""
    rules = reading.of("AWS::Events::Rule").values()
    assert [rule["State"] for rule in rules] == ["ENABLED"] * 2
    targets = [(rule["ScheduleExpression"], target) for rule in rules for target in rule["Targets"]]
    assert {target["Arn"] for _, target in targets} == {"<ReconcileFunction.Arn>"}
    return {schedule: json.loads(target.get("Input", "{}")) for schedule, target in targets}


def test_a_new_snapshot_is_published_before_any_function_reads_it(reading: Reading, snapshot: Snapshot) -> None:
    resource = reading.one("Custom::AtmospherePublication")
    assert resource["ServiceToken"] == "<PublishFunction.Arn>"
    assert resource["Digest"] == digest(to_json(snapshot))
    assert set(resource) == {"ServiceToken", "Digest", "AssetBucket", "AssetKey", "FormatVersion", "Rows", "KeptIn"}
    needed = json.dumps(_reached(reading, "PublishFunction"))
    assert "Publication" not in needed, "the publisher must not wait for itself"


def _reached(reading: Reading, title: str) -> list[str]:
    """Everything that a resource waits for."""
    names = {reading.text({"Ref": name}).strip("<>"): name for name in reading.template["Resources"]}
    waiting, seen = [names[title]], set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        text = json.dumps(reading.template["Resources"][name])
        waiting += [other for other in names.values() if other not in seen and f'"{other}"' in text]
    return sorted(seen)


def test_the_snapshot_travels_as_it_is(assembly: Path, reading: Reading, snapshot: Snapshot) -> None:
    key = reading.one("Custom::AtmospherePublication")["AssetKey"]
    assert from_json((assembly / f"asset.{key}").read_text()) == snapshot


def test_outputs_tell_tools_where_everything_is(reading: Reading) -> None:
    functions = {f"Function{function.name.title()}" for function in FUNCTIONS}
    tables = {f"Table{title(table)}" for table in Table}
    fixed = {
        "Endpoint",
        "ApiId",
        "StateMachineArn",
        "BucketName",
        "AlarmTopicArn",
        "WebhookSecretArn",
        "WebhookSecretArn79be3c50",
    }
    assert set(reading.outputs) == fixed | functions | tables
    assert reading.outputs["Endpoint"].endswith("/v1")


def test_nothing_runs_on_node(template: dict[str, Any]) -> None:
    assert "nodejs" not in json.dumps(template)
