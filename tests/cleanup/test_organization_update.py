"""A landing zone is updated in every account of a pool while tests hold some of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from moto import mock_aws

from atmosphere.client import pools
from atmosphere.contract import Metric
from atmosphere.core.breaker import POOL_HELD
from atmosphere.core.model import Status
from atmosphere.faults import ORGANIZATION_DENIES
from tests.builders import POOL, ROLE
from tests.cleanup.estate import MANAGEMENT, ORGANIZATION, Estate, trust
from tests.cleanup.fakes import FakeStack, Manner, Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.core.model import EnvironmentKey

SSO: Final = "AWSSSO_0123456789abcdef_DO_NOT_DELETE"
AUDIT: Final = "AWS::IAM::Role:aws-controltower-Audit-{account}@global"
TRAIL: Final = "AWS::Logs::LogGroup:aws-controltower/Trail@{region}"


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        yield


def an_estate(size: int) -> Estate:
    """Captured and free; Identity Center is part of every baseline."""
    estate = Estate(size)
    for key in estate.keys:
        iam = estate.root(key, "iam")
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust(AWS=MANAGEMENT))
        iam.create_saml_provider(Name=SSO, SAMLMetadataDocument="x" * 1000)
    estate.register()
    assert estate.of_status(Status.FREE) == estate.keys
    return estate


def update_what_is_named(estate: Estate, key: EnvironmentKey) -> None:
    """What the pool's `organization` names, or AWS reserves."""
    iam, logs, events = (estate.root(key, service) for service in ("iam", "logs", "events"))
    iam.create_role(RoleName="stacksets-exec-0123", AssumeRolePolicyDocument=trust(AWS=MANAGEMENT))
    saml = f"arn:aws:iam::{key.account}:saml-provider/{SSO}"
    reserved = {"RoleName": "AWSReservedSSO_Reader_01", "Path": "/aws-reserved/sso.amazonaws.com/"}
    iam.create_role(**reserved, AssumeRolePolicyDocument=trust(Federated=saml).replace('Role"', 'RoleWithSAML"'))
    iam.create_service_linked_role(AWSServiceName="config.amazonaws.com")
    by_config = trust(Service="config.amazonaws.com")
    iam.create_role(RoleName="aws-controltower-Recorder", AssumeRolePolicyDocument=by_config)
    logs.create_log_group(logGroupName="aws-controltower/Forwarder")
    events.put_rule(Name="aws-controltower-Compliance", EventPattern='{"source": ["aws.config"]}')
    rule = "aws-controltower-Compliance"
    members = [
        Part("AWS::IAM::Role", "aws-controltower-Recorder", Manner.FULL, probe=lambda: True),
        Part("AWS::Logs::LogGroup", "aws-controltower/Forwarder", Manner.FULL, probe=lambda: True),
        Part("AWS::Events::Rule", rule, Manner.FULL, probe=lambda: True),
    ]
    name = f"StackSet-AWSControlTowerBP-CONFIG-0a1b2c3d-0000-4000-8000-{key.account}"
    estate.add(key, FakeStack(name, members, region=key.region))


def update_what_nothing_names(estate: Estate, key: EnvironmentKey) -> None:
    """What an entry was forgotten for."""
    add_audit_role(estate, key)
    estate.root(key, "logs").create_log_group(logGroupName="aws-controltower/Trail")


def add_audit_role(estate: Estate, key: EnvironmentKey) -> None:
    name = f"aws-controltower-Audit-{key.account}"
    estate.root(key, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust(AWS=MANAGEMENT))


def guardrails(estate: Estate, key: EnvironmentKey) -> set[str]:
    """What the organization has in an account, as nobody's cleanup sees it."""
    iam, logs, events = (estate.root(key, service) for service in ("iam", "logs", "events"))
    roles = {each["RoleName"] for page in iam.get_paginator("list_roles").paginate() for each in page["Roles"]}
    groups = {each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]}
    rules = {each["Name"] for each in events.list_rules()["Rules"]}
    providers = {each["Arn"].rpartition("/")[2] for each in iam.list_saml_providers()["SAMLProviderList"]}
    stacks = {stack.name for stack in estate.cloud(key).alive}
    return (roles | groups | rules | providers | stacks) - {ROLE}


def leave_something(estate: Estate, key: EnvironmentKey) -> None:
    estate.root(key, "sqs").create_queue(QueueName="left")


def queues(estate: Estate, key: EnvironmentKey) -> list[str]:
    listed: list[str] = estate.root(key, "sqs").list_queues().get("QueueUrls", [])
    return listed


def metrics(printed: str, name: str) -> list[float]:
    lines = [json.loads(line) for line in printed.splitlines() if f'"{name}"' in line]
    return [value for line in lines for value in line[name]]


@pytest.mark.parametrize(("size", "held_by_tests"), [(8, 7), pytest.param(50, 20, marks=pytest.mark.slow)])
def test_an_update_of_the_landing_zone_costs_no_guardrail_and_one_alarm(
    size: int, held_by_tests: int, capsys: pytest.CaptureFixture[str]
) -> None:
    estate = an_estate(size)
    tests = estate.allocate(held_by_tests)
    for each in tests:
        leave_something(estate, each.key)
    for key in estate.keys:
        update_what_is_named(estate, key)
    first, last = tests[: held_by_tests // 3], tests[held_by_tests // 3 :]

    estate.end(*first)
    assert estate.of_status(Status.DIRTY) == []
    assert all(queues(estate, each.key) == [] for each in first)

    for key in estate.keys:
        update_what_nothing_names(estate, key)
    there = {key: guardrails(estate, key) for key in estate.keys}
    capsys.readouterr()
    estate.end(*last)
    told = capsys.readouterr().out
    denied, held = last[:4], last[4:]  # max_dirty_alike is 3
    assert {estate.world.row(each.key).dirty_reason for each in denied} == {ORGANIZATION_DENIES}
    assert {estate.world.row(each.key).dirty_reason for each in held} == {POOL_HELD}
    assert all(len(queues(estate, each.key)) == 1 for each in held)
    assert (sum(metrics(told, Metric.BECAME_DIRTY)), len(metrics(told, Metric.POOLS_HELD))) == (
        len(denied),
        1 + len(held),
    )
    events = [detail["reason"] for kind, detail in estate.bus.heard if kind == "Pool Held"]
    assert events == [AUDIT]

    client = estate.operator
    assert client.breaker(POOL).thing == AUDIT
    found = pools.blocked_by(client, POOL, [AUDIT, TRAIL])
    assert {each.place[0] for each in found} == {each.key.account for each in last}
    adopted = [pools.adopt(client, each, reason="landing zone 4.1", clean=False) for each in found]
    assert not any(each.error for each in adopted)
    cleaned = pools.clean_after(client, client.resume_pool(POOL, reason="landing zone 4.1"), reason="landing zone 4.1")
    assert len(cleaned) == len(last)
    estate.run_cleanups()

    assert estate.of_status(Status.FREE) == estate.keys
    assert {key: guardrails(estate, key) for key in estate.keys} == there
    assert not any(queues(estate, each.key) for each in tests)


def test_naming_the_thing_in_the_configuration_and_resuming_the_pool_frees_it_too() -> None:
    estate = an_estate(5)
    tests = estate.allocate(5)
    for key in estate.keys:
        add_audit_role(estate, key)
    estate.end(*tests)
    assert len(estate.of_status(Status.DIRTY)) == 5
    named = (*ORGANIZATION.roles, "arn:aws:iam::*:role/aws-controltower-*")
    estate.deploy(replace(ORGANIZATION, roles=named))
    client = estate.operator
    pools.clean_after(client, client.resume_pool(POOL, reason="named"), reason="named")
    estate.run_cleanups()
    assert estate.of_status(Status.FREE) == estate.keys
    assert all(f"aws-controltower-Audit-{key.account}" in guardrails(estate, key) for key in estate.keys)


def test_what_came_while_an_environment_was_free_makes_none_dirty() -> None:
    estate = an_estate(5)
    for key in estate.keys:
        add_audit_role(estate, key)
    estate.clock.sleep(estate.world.snapshot.settings.watch_free)
    estate.run_watches()
    estate.end(*estate.allocate(5))
    assert estate.of_status(Status.FREE) == estate.keys
    assert all(f"aws-controltower-Audit-{key.account}" in guardrails(estate, key) for key in estate.keys)
