"""A scan of a free environment adopts what the organization added since, by who may enter it, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from moto import mock_aws

from atmosphere.core.changes import Put
from atmosphere.core.model import ActKind, Status
from tests.builders import HUB, ROLE
from tests.cleanup.estate import MANAGEMENT, Estate, EstateAccounts, trust
from tests.cleanup.fakes import FakeStack, Manner, Part
from tests.cleanup.land import POLICY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.core.model import EnvironmentKey

FOREIGN: Final = "888888888888"
MINE: Final = trust(AWS=MANAGEMENT)
EVERY: Final = timedelta(hours=6)


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        yield


@pytest.fixture
def estate() -> Estate:
    """One environment, captured, and free for long."""
    estate = Estate(1)
    estate.root(estate.keys[0], "iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=MINE)
    estate.register()
    assert estate.of_status(Status.FREE) == estate.keys
    estate.clock.sleep(EVERY)
    return estate


@pytest.fixture
def key(estate: Estate) -> EnvironmentKey:
    return estate.keys[0]


def add_role(estate: Estate, name: str, document: str = MINE) -> None:
    estate.root(estate.keys[0], "iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)


def add_stack(estate: Estate, *members: Part, **changes: Any) -> FakeStack:
    made = {"region": estate.keys[0].region, "made": estate.clock.now(), **changes}
    stack = FakeStack("landing", list(members), **made)
    estate.add(estate.keys[0], stack)
    return stack


def adopted(estate: Estate) -> dict[str, Any]:
    """What the history says was adopted, by item."""
    key = estate.keys[0]
    shown: Any = estate.baselines.load(key)
    entries = estate.world.rows.history_of(key, since=None, until=None, cursor=None).entries
    recorded = " ".join(entry.reason or "" for entry in entries if entry.kind is ActKind.ADOPT)
    return {each["item"]: each for each in shown["items"] if each["item"] in recorded}


def test_a_role_of_the_organization_becomes_part_of_the_baseline_with_its_contents(
    estate: Estate, key: EnvironmentKey
) -> None:
    add_role(estate, "Audit")
    estate.run_watches()
    (item,) = adopted(estate).values()
    assert (item["item"], item["adopting"]) == ("AWS::IAM::Role:Audit@global", False)
    assert item["contents"]["trust"] == json.loads(MINE)
    assert estate.world.status(key) is Status.FREE


def test_what_was_adopted_survives_and_a_test_that_changes_it_is_found_out(estate: Estate, key: EnvironmentKey) -> None:
    """The state of the time when it was free counts, and not what the next cleanup reads."""
    add_role(estate, "Audit")
    estate.run_watches()
    (held,) = estate.allocate(1)
    iam = estate.root(key, "iam")
    iam.update_assume_role_policy(RoleName="Audit", PolicyDocument=trust(AWS=FOREIGN))
    estate.end(held)
    assert estate.world.row(key).dirty_reason == "baseline-changed"
    iam.update_assume_role_policy(RoleName="Audit", PolicyDocument=MINE)
    estate.operator.operate(key.account, key.region, "clean", reason="undone")
    estate.run_cleanups()
    assert estate.world.status(key) is Status.FREE
    assert iam.get_role(RoleName="Audit")


@pytest.mark.parametrize(
    "document",
    [
        trust(AWS=FOREIGN),
        trust(AWS="*"),
        trust(AWS=f"arn:aws:iam::{HUB}:root"),
        trust(Federated="arn:aws:iam::222222222222:saml-provider/Other"),
        trust(Service="rolesanywhere.amazonaws.com"),
    ],
)
def test_a_role_that_someone_else_may_enter_is_not_adopted_and_is_deleted_by_the_next_cleanup(
    estate: Estate, key: EnvironmentKey, document: str
) -> None:
    add_role(estate, "Audit", document)
    estate.run_watches()
    assert adopted(estate) == {}
    (held,) = estate.allocate(1)
    estate.end(held)
    roles = estate.root(key, "iam").list_roles()["Roles"]
    assert [role["RoleName"] for role in roles] == [ROLE]


def test_what_is_no_role_and_of_no_stack_is_reported_only(
    estate: Estate, key: EnvironmentKey, capsys: pytest.CaptureFixture[str]
) -> None:
    estate.root(key, "sqs").create_queue(QueueName="new")
    estate.root(key, "iam").create_user(UserName="new")
    capsys.readouterr()
    estate.run_watches()
    assert adopted(estate) == {}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["NewWhileFree"] for line in lines if "NewWhileFree" in line] == [[1.0]]


def test_a_role_that_is_older_than_the_environment_is_free_is_not_adopted(estate: Estate) -> None:
    """It was there while a test was, whatever hid it from the two scans."""
    add_role(estate, "Audit")
    free_much_later(estate)
    estate.run_watches()
    assert adopted(estate) == {}


def test_a_stack_that_took_in_an_older_role_is_not_adopted(estate: Estate) -> None:
    add_role(estate, "Recorder")
    free_much_later(estate)
    add_stack(estate, Part("AWS::IAM::Role", "Recorder"))
    estate.run_watches()
    assert adopted(estate) == {}


def free_much_later(estate: Estate) -> None:
    """Roles have their time from a real clock."""
    row = replace(estate.world.row(estate.keys[0]), freed_at=estate.clock.now() + timedelta(days=3650))
    estate.world.rows.commit([Put(row=row, expects=())], token="later")
    estate.clock.sleep(timedelta(days=3650) + EVERY)


def test_a_stack_is_adopted_whole(estate: Estate, key: EnvironmentKey) -> None:
    add_role(estate, "Recorder", trust(Service="config.amazonaws.com"))
    estate.root(key, "logs").create_log_group(logGroupName="Forwarder")
    add_stack(estate, Part("AWS::IAM::Role", "Recorder"), Part("AWS::Logs::LogGroup", "Forwarder"))
    estate.run_watches()
    assert {item.partition("@")[0] for item in adopted(estate)} == {
        "AWS::CloudFormation::Stack:landing",
        "AWS::IAM::Role:Recorder",
        "AWS::Logs::LogGroup:Forwarder",
    }
    (held,) = estate.allocate(1)
    estate.end(held)
    assert (estate.world.status(key), estate.cloud(key).deletions) == (Status.FREE, [])


@pytest.mark.parametrize("how", ["a stranger's role", "a user", "older", "still being made"])
def test_a_stack_that_is_not_all_of_the_organization_s_is_not_adopted_in_part(estate: Estate, how: str) -> None:
    add_role(estate, "Recorder")
    members = [Part("AWS::IAM::Role", "Recorder", Manner.EASY)]
    changes: dict[str, Any] = {}
    if how == "a stranger's role":
        add_role(estate, "Other", trust(AWS=FOREIGN))
        members.append(Part("AWS::IAM::Role", "Other"))
    if how == "a user":
        members.append(Part("AWS::IAM::User", "someone"))
    if how == "older":
        changes["made"] = estate.clock.now() - timedelta(days=1)
    if how == "still being made":
        changes["status"] = "CREATE_IN_PROGRESS"
    add_stack(estate, *members, **changes)
    estate.run_watches()
    assert adopted(estate) == {}


def test_what_was_seen_before_an_allocation_is_forgotten(estate: Estate) -> None:
    add_role(estate, "Audit")
    allocate_before(estate, "GetCallerIdentity")
    estate.run_watches()
    assert adopted(estate) == {}
    assert estate.of_status(Status.IN_USE) == estate.keys


def allocate_before(estate: Estate, operation: str) -> None:
    """Somebody allocates the environment in the middle of the scan."""
    asked = iter([operation])

    def judge(name: str, _: dict[str, Any]) -> str | None:
        if name == operation and next(asked, None):
            estate.allocate(1)
        return None

    estate.plan_accounts = EstateAccounts(estate.clouds, plan=True)
    estate.plan_accounts._judge = judge


@pytest.mark.parametrize("operation", ["ListRoles", "ListQueues", "GetAccountAuthorizationDetails"])
def test_an_allocation_at_any_point_of_the_scan_makes_it_forget_everything(estate: Estate, operation: str) -> None:
    add_role(estate, "Audit")
    estate.root(estate.keys[0], "iam").put_role_policy(RoleName="Audit", PolicyName="p", PolicyDocument=POLICY)
    allocate_before(estate, operation)
    estate.run_watches()
    assert adopted(estate) == {}
    assert estate.of_status(Status.IN_USE) == estate.keys


@pytest.mark.parametrize("code", ["Throttling", "AccessDenied", "InternalFailure"])
def test_a_scan_with_a_failed_listing_adopts_nothing(
    estate: Estate, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_role(estate, "Audit")
    estate.plan_accounts = EstateAccounts(estate.clouds, plan=True)
    estate.plan_accounts._judge = lambda name, _: code if name == "ListQueues" else None
    estate.run_watches()
    assert adopted(estate) == {}
    assert "FreeNotScanned" in capsys.readouterr().out


def test_it_changes_nothing_in_the_account(estate: Estate) -> None:
    add_role(estate, "Audit")
    add_role(estate, "Other", trust(AWS=FOREIGN))
    estate.run_watches()
    assert estate.watching_accounts.mutations == []


def test_a_scan_that_runs_twice_adopts_once(estate: Estate, key: EnvironmentKey) -> None:
    add_role(estate, "Audit")
    estate.run_watches()
    before: Any = estate.baselines.load(key)
    estate.clock.sleep(EVERY)
    estate.run_watches()
    assert estate.baselines.load(key) == before


def test_a_baseline_that_an_operator_changed_meanwhile_is_left_alone(estate: Estate, key: EnvironmentKey) -> None:
    """What was new is compared with a version that is not in force any more."""
    add_role(estate, "Audit")
    asked = iter(["ListQueues"])

    def judge(name: str, _: dict[str, Any]) -> str | None:
        if name == "ListQueues" and next(asked, None):
            item = f"AWS::IAM::Role:{ROLE}@global"
            estate.operator.amend_baseline(key.account, key.region, "drop", [item], reason="not needed")
        return None

    estate.plan_accounts = EstateAccounts(estate.clouds, plan=True)
    estate.plan_accounts._judge = judge
    estate.run_watches()
    shown: Any = estate.baselines.load(key)
    assert "Audit" not in str(shown["items"])


def test_accounts_in_which_something_could_be_changed_are_refused(estate: Estate) -> None:
    estate.plan_accounts = estate.accounts
    with pytest.raises(ValueError, match="plan mode"):
        estate.run_watches()
