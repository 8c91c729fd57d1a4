"""Every role has its own actions on its own resources, and nothing else. The table is the specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.contract import FUNCTIONS

if TYPE_CHECKING:
    from tests.infra.reading import Reading

ENVIRONMENTS, ALLOCATIONS, HISTORY = "<EnvironmentsTable.Arn>", "<AllocationsTable.Arn>", "<HistoryTable.Arn>"
POOLS, SNAPSHOTS = "<PoolsTable.Arn>", "<SnapshotsTable.Arn>"
BY_STATUS, BY_WAKE, BY_MARK = (f"{ENVIRONMENTS}/index/{name}" for name in ("by_status", "by_wake", "by_mark"))
BY_RUN = f"{ALLOCATIONS}/index/by_run"
WAITERS, USED_TOKENS = "<WaitersTable.Arn>", "<UsedTokensTable.Arn>"
BY_REQUESTER = f"{HISTORY}/index/by_requester"
CLEANUPS, BASELINES, DEBT = (f"<Bucket.Arn>/{name}/*" for name in ("cleanups", "baselines", "debt"))
ASSUMED = {f"arn:<AWS::Partition>:iam::*:role/{name}" for name in ("Admin", "Reader")}
MACHINE = {"<CleanupMachine>"}
TOPIC, TOPIC_KEY = {"<AlarmTopic>"}, {"<AlarmTopicKey.Arn>"}
SENDS = {"sns:Publish": TOPIC, "kms:Decrypt": TOPIC_KEY, "kms:GenerateDataKey": TOPIC_KEY}
DEFAULT_BUS = "arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:event-bus/default"
ASSET = "<asset>"

EXPECTED: dict[str, dict[str, set[str]]] = {
    "allocate": {
        "dynamodb:Query": {BY_STATUS, WAITERS},
        "dynamodb:GetItem": {SNAPSHOTS, ALLOCATIONS},
        "dynamodb:UpdateItem": {ENVIRONMENTS},
        "dynamodb:PutItem": {ALLOCATIONS, HISTORY, WAITERS},
        "dynamodb:DeleteItem": {WAITERS},
        "dynamodb:ConditionCheckItem": {ENVIRONMENTS, ALLOCATIONS, USED_TOKENS},
        "sts:AssumeRole": ASSUMED,
    },
    "deallocate": {
        "dynamodb:GetItem": {SNAPSHOTS, ALLOCATIONS},
        "dynamodb:UpdateItem": {ENVIRONMENTS, ALLOCATIONS, HISTORY},
        "dynamodb:PutItem": {ALLOCATIONS, WAITERS},
        "dynamodb:DeleteItem": {WAITERS},
        "states:StartExecution": MACHINE,
    },
    "refresh": {
        "dynamodb:GetItem": {SNAPSHOTS, ALLOCATIONS},
        "dynamodb:UpdateItem": {ENVIRONMENTS},
        "sts:AssumeRole": ASSUMED,
    },
    "heartbeat": {
        "dynamodb:GetItem": {SNAPSHOTS, ALLOCATIONS},
        "dynamodb:UpdateItem": {ENVIRONMENTS},
    },
    "query": {
        "s3:GetObject": {CLEANUPS, BASELINES},
        "s3:ListBucket": {"<Bucket.Arn>"},
        "dynamodb:Query": {BY_STATUS, BY_MARK, BY_REQUESTER, HISTORY, WAITERS},
        "dynamodb:GetItem": {SNAPSHOTS, ENVIRONMENTS, ALLOCATIONS, POOLS},
        "dynamodb:BatchGetItem": {ENVIRONMENTS},
    },
    "operate": {
        "s3:GetObject": {BASELINES},
        "s3:PutObject": {BASELINES},
        "s3:ListBucket": {"<Bucket.Arn>"},
        "dynamodb:GetItem": {SNAPSHOTS, ENVIRONMENTS, ALLOCATIONS, POOLS},
        "dynamodb:UpdateItem": {ENVIRONMENTS, ALLOCATIONS, HISTORY},
        "dynamodb:DeleteItem": {ENVIRONMENTS, WAITERS},
        "dynamodb:PutItem": {HISTORY, POOLS},
        "states:StartExecution": MACHINE,
        "events:PutEvents": {DEFAULT_BUS},
    },
    "reconcile": {
        "s3:GetObject": {CLEANUPS},
        "s3:ListBucket": {"<Bucket.Arn>"},
        "dynamodb:Query": {BY_WAKE, BY_STATUS, WAITERS},
        "dynamodb:GetItem": {SNAPSHOTS, ENVIRONMENTS, ALLOCATIONS, POOLS},
        "dynamodb:PutItem": {POOLS},
        "dynamodb:UpdateItem": {ENVIRONMENTS, ALLOCATIONS, HISTORY, POOLS},
        "dynamodb:DeleteItem": {WAITERS, POOLS},
        "states:StartExecution": MACHINE,
        "events:PutEvents": {DEFAULT_BUS},
        **SENDS,
    },
    "cleanup": {
        "s3:GetObject": {CLEANUPS, BASELINES, DEBT},
        "s3:PutObject": {CLEANUPS, BASELINES, DEBT},
        "s3:ListBucket": {"<Bucket.Arn>"},
        "dynamodb:Query": {ENVIRONMENTS},
        "dynamodb:GetItem": {SNAPSHOTS, ENVIRONMENTS, ALLOCATIONS, POOLS},
        "dynamodb:PutItem": {POOLS, HISTORY},
        "dynamodb:UpdateItem": {ENVIRONMENTS},
        "dynamodb:DeleteItem": {ENVIRONMENTS},
        "sts:AssumeRole": ASSUMED,
        "events:PutEvents": {DEFAULT_BUS},
        **SENDS,
    },
    "authorize": {"dynamodb:GetItem": {SNAPSHOTS}, "dynamodb:PutItem": {USED_TOKENS}},
    "webhook": {
        "secretsmanager:GetSecretValue": {"<WebhookSecret.Id>", "<WebhookSecret79be3c50.Id>"},
        "dynamodb:Query": {BY_RUN},
        "dynamodb:GetItem": {SNAPSHOTS, ALLOCATIONS},
        "dynamodb:PutItem": {USED_TOKENS},
        "dynamodb:UpdateItem": {ENVIRONMENTS, ALLOCATIONS, HISTORY},
        "dynamodb:DeleteItem": {WAITERS},
        "states:StartExecution": MACHINE,
    },
    "canary": {},
    "publish": {
        "s3:GetObject": {ASSET},
        "dynamodb:Query": {BY_MARK, WAITERS},
        "dynamodb:BatchGetItem": {ENVIRONMENTS},
        "dynamodb:GetItem": {SNAPSHOTS, ENVIRONMENTS, ALLOCATIONS},
        "dynamodb:PutItem": {ENVIRONMENTS, WAITERS, SNAPSHOTS},
        "dynamodb:UpdateItem": {ENVIRONMENTS, ALLOCATIONS},
        "dynamodb:DeleteItem": {ENVIRONMENTS},
        "states:StartExecution": MACHINE,
        "events:PutEvents": {DEFAULT_BUS},
    },
}


def as_set(value: str | list[str]) -> set[str]:
    return {value} if isinstance(value, str) else set(value)


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for policy in role.get("Policies", ()) for entry in policy["PolicyDocument"]["Statement"]]


def allowed(role: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for statement in statements(role):
        assert statement["Effect"] == "Allow"
        for action in as_set(statement["Action"]):
            found.setdefault(action, set()).update(map(plain, as_set(statement["Resource"])))
    return found


def plain(resource: str) -> str:
    return ASSET if ":s3:::cdk-" in resource and resource.endswith(".json") else resource


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_each_function_may_do_exactly_what_its_purpose_needs(reading: Reading, function: Any) -> None:
    roles = reading.of("AWS::IAM::Role").values()
    (role,) = [role for role in roles if role.get("RoleName") == f"atmosphere-{function.name}"]
    logs = {f"<{function.name.title()}Logs.Arn>"}
    own = {"logs:CreateLogStream": logs, "logs:PutLogEvents": logs}
    assert allowed(role) == EXPECTED[function.name] | own
    assert "ManagedPolicyArns" not in role


@pytest.mark.parametrize("name", ["allocate", "webhook"])
def test_runs_that_are_over_are_all_that_other_functions_reach_beside_used_tokens(reading: Reading, name: str) -> None:
    (role,) = [role for role in reading.of("AWS::IAM::Role").values() if role.get("RoleName") == f"atmosphere-{name}"]
    (found,) = [entry for entry in statements(role) if USED_TOKENS in as_set(entry["Resource"])]
    assert found["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "over#*"}}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_each_function_runs_under_the_role_of_its_own_name(reading: Reading, function: Any) -> None:
    assert reading.function(f"atmosphere-{function.name}")["Role"] == f"<{function.name.title()}Role.Arn>"


def test_no_policy_hangs_beside_the_roles(reading: Reading) -> None:
    """A policy of its own would be made after its role, and a function could run before it is there."""
    assert not reading.of("AWS::IAM::Policy")
    assert not reading.of("AWS::IAM::ManagedPolicy")


def test_no_role_has_a_wildcard_action(reading: Reading) -> None:
    actions = {
        action
        for role in reading.of("AWS::IAM::Role").values()
        for statement in statements(role)
        for action in as_set(statement["Action"])
    }
    assert actions
    assert not [action for action in actions if "*" in action or "?" in action]


def test_only_what_lists_objects_is_bounded_by_a_prefix(reading: Reading) -> None:
    for role in reading.of("AWS::IAM::Role").values():
        for statement in statements(role):
            if "s3:ListBucket" in as_set(statement["Action"]):
                patterns = statement["Condition"]["StringLikeIfExists"]["s3:prefix"]
                assert all(pattern.endswith("/*") for pattern in patterns)


def test_what_publishes_events_may_do_so_under_one_source(reading: Reading) -> None:
    found = [
        statement["Condition"]
        for role in reading.of("AWS::IAM::Role").values()
        for statement in statements(role)
        if "events:PutEvents" in as_set(statement["Action"])
    ]
    assert found == [{"StringEqualsIfExists": {"events:source": "atmosphere"}}] * 4


def test_roles_trust_only_the_service_that_uses_them(reading: Reading) -> None:
    trusted = {
        name: [entry["Principal"]["Service"] for entry in role["AssumeRolePolicyDocument"]["Statement"]]
        for name, role in reading.of("AWS::IAM::Role").items()
    }
    expected = {"CleanupMachine": "states.amazonaws.com", "ApiCloudWatch": "apigateway.amazonaws.com"}
    for name, services in trusted.items():
        special = next((service for part, service in expected.items() if part in name), "lambda.amazonaws.com")
        assert services == [special], name


def test_the_state_machine_may_invoke_the_pass_and_nothing_else(reading: Reading) -> None:
    (role,) = [role for name, role in reading.of("AWS::IAM::Role").items() if "CleanupMachine" in name]
    assert allowed(role) == {
        "lambda:InvokeFunction": {
            "arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:atmosphere-cleanup"
        }
    }


def test_functions_are_invoked_by_the_api_and_the_rule_only(reading: Reading) -> None:
    permissions = reading.of("AWS::Lambda::Permission").values()
    assert {entry["Principal"] for entry in permissions} == {"apigateway.amazonaws.com", "events.amazonaws.com"}
    assert all("SourceArn" in entry for entry in permissions)
