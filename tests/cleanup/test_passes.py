"""The rounds of a cleanup: what is frozen, what goes first, what is not believed, and when it gives up."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError
from moto import mock_aws

from atmosphere.cleanup.aws.accounts import Account
from atmosphere.cleanup.aws.sessions import CONFIG
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.base import Errors
from atmosphere.cleanup.model import Meaning, PassState, Resource, Verdict
from atmosphere.cleanup.scan.inventory import OFF, region_off
from atmosphere.cleanup.state.baseline import Baseline, baseline_name
from atmosphere.cleanup.verdict.classify import ScanResult
from atmosphere.cleanup.verdict.standstill import tripped
from atmosphere.core.model import AllocationId, Region
from tests.cleanup.conftest import REGION
from tests.cleanup.fakes import FakeStack, Manner, Part
from tests.cleanup.faults import Reply
from tests.cleanup.land import TYPES, Land, LandAccount, LandAccounts, make_admin_role, root, sow
from tests.cleanup.scene import KEY, Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ABROAD = Region("eu-south-1")
RULE = "AWS::Events::Rule"
QUEUE = "AWS::SQS::Queue"
ROLE = "AWS::IAM::Role"


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        make_admin_role()
        yield


def settings(land: Scene, **changes: Any) -> None:
    land.changes["settings"] = replace(land.assignment().settings, **changes)


# --- freezing and order -----------------------------------------------------------------------------------------------


def test_fifteen_kinds_of_leftovers_go_and_what_was_there_before_stays():
    land = Land(*TYPES)
    before = land.there()
    sow()
    assert len({item.type for item in land.left()}) == len(TYPES)
    assert land.clean().verdict is Verdict.CLEAN
    assert land.there() == before


def test_what_makes_things_anew_is_stopped_before_anything_is_deleted():
    land = Land(*TYPES)
    sow()
    land.clean()
    operations = land.operations()
    frozen = [operations.index(name) for name in ("DisableRule", "UpdateAccessKey") if name in operations]
    assert len(frozen) == 2, operations
    assert max(frozen) < min(number for number, name in enumerate(operations) if name.startswith("Delete"))


def test_a_rule_that_a_live_stack_owns_is_stopped_before_the_stack_is_deleted():
    scene = Scene(FakeStack("app", [Part(RULE, "ticking")], steps=3), types=(RULE,))
    events = root("events")
    events.put_rule(Name="ticking", ScheduleExpression="rate(1 minute)")
    scene.clean()
    journal = [
        json.loads(line)
        for name in scene.store.texts
        if "/journal/" in name
        for line in scene.store.texts[name].splitlines()
    ]
    assert next(entry["operation"] for entry in journal) == "DisableRule"


def test_a_kept_rule_is_not_stopped():
    events = root("events")
    events.put_rule(Name="needed", ScheduleExpression="rate(1 minute)")
    land = Land(RULE)
    root("sqs").create_queue(QueueName="leftover")
    assert land.clean().verdict is Verdict.CLEAN
    assert events.describe_rule(Name="needed")["State"] == "ENABLED"
    assert land.operations() == ["DeleteQueue"]


def test_what_cannot_be_stopped_is_deleted_all_the_same():
    land = Land(RULE)
    root("events").put_rule(Name="leftover", ScheduleExpression="rate(1 minute)")
    land.faulty(judge=lambda name, _: "InternalException" if name == "DisableRule" else None)
    assert land.clean().verdict is Verdict.CLEAN


def test_identities_keys_and_log_groups_go_after_the_rest():
    land = Land(*TYPES)
    sow()
    land.clean()
    operations = land.operations()
    last = [operations.index(name) for name in ("DeleteRole", "DeleteUser", "DeleteLogGroup", "ScheduleKeyDeletion")]
    assert min(last) > max(
        operations.index(name) for name in ("DeleteQueue", "DeleteBucket", "DeleteTable", "DeleteTopic")
    )


def test_identities_wait_for_stacks_that_are_still_going():
    land = Land(ROLE, stacks=(FakeStack("app", [Part("AWS::X::Y", "fine")], steps=4),))
    root("iam").create_role(RoleName="leftover", AssumeRolePolicyDocument="{}")
    seen: list[str] = []

    def judge(operation: str, _: dict[str, Any]) -> str | None:
        if operation == "DeleteRole":
            seen.append(land.world.stack("app").status)
        return None

    land.faulty(judge=judge)
    assert land.clean().verdict is Verdict.CLEAN
    assert seen == ["DELETE_COMPLETE"]


def test_identities_wait_a_while_for_what_is_slow_and_busy():
    land = Land("AWS::RDS::DBInstance", ROLE)
    root("iam").create_role(RoleName="leftover", AssumeRolePolicyDocument="{}")
    root("rds").create_db_instance(DBInstanceIdentifier="db", DBInstanceClass="db.t3.micro", Engine="postgres")
    order: list[str] = []

    def judge(operation: str, _: dict[str, Any]) -> str | None:
        if operation not in {"DeleteRole", "DeleteDBInstance"}:
            return None
        order.append(operation)
        return "InvalidDBClusterStateFault" if order.count("DeleteDBInstance") < 4 else None

    land.faulty(judge=judge)
    assert land.clean().verdict is Verdict.CLEAN
    assert order == ["DeleteDBInstance"] * 4 + ["DeleteRole"]


def test_identities_do_not_wait_for_ever_for_what_is_busy():
    land = Land("AWS::RDS::DBInstance", ROLE)
    root("iam").create_role(RoleName="leftover", AssumeRolePolicyDocument="{}")
    root("rds").create_db_instance(DBInstanceIdentifier="db", DBInstanceClass="db.t3.micro", Engine="postgres")
    land.faulty(judge=lambda name, _: "InvalidDBClusterStateFault" if name == "DeleteDBInstance" else None)
    assert land.clean().verdict is Verdict.BLOCKED
    assert [item.type for item in land.left()] == ["AWS::RDS::DBInstance"]


def test_a_log_group_that_a_late_write_makes_again_is_found_by_the_second_look():
    land = Land("AWS::Logs::LogGroup")
    root("logs").create_log_group(logGroupName="leftover")
    state = PassState()
    while state.clean_at is None:
        state = land.one_pass(state).state
    root("logs").create_log_group(logGroupName="leftover")  # a function that ended late
    land.clock.advance(timedelta(minutes=1))
    result = land.one_pass(state)
    assert result.verdict is Verdict.AGAIN
    assert land.clean().verdict is Verdict.CLEAN
    assert (land.left(), land.operations()) == (set(), ["DeleteLogGroup"] * 2)


# --- errors -----------------------------------------------------------------------------------------------------------

TOLD = Errors(absent=("Gone",), under_way=("Deleting",), busy=("InUse",), fatal=("Never",), closed=("Closed",))


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("Gone", Meaning.ABSENT),
        ("Deleting", Meaning.UNDER_WAY),
        ("InUse", Meaning.BUSY),
        ("Never", Meaning.FATAL),
        ("Closed", Meaning.CLOSED),
        ("ThrottlingException", Meaning.THROTTLED),
        ("RequestLimitExceeded", Meaning.THROTTLED),
        ("AccessDenied", Meaning.PASSING),
    ],
)
def test_a_code_means_what_its_type_says_and_then_what_all_aws_says(code, meaning):
    assert TOLD.meaning(code) is meaning


def test_a_managed_rule_that_cannot_be_deleted_is_nobodys_leftover():
    land = Land(RULE)
    # EventBridge marks the rules that services make; moto's are made to look like one on their way out
    root("events").put_rule(Name="AutoScalingManagedRule", EventPattern='{"source": ["x"]}')

    class Managed(LandAccounts):
        def session(self, *arguments: Any, **keywords: Any) -> Any:
            session = super().session(*arguments, **keywords)
            session.register("after-call.eventbridge.ListRules", _managed)
            return session

    land.faulty(Managed)
    result = land.clean()
    assert (result.verdict, land.operations()) == (Verdict.CLEAN, [])


def _managed(parsed: dict[str, Any], **_: Any) -> None:
    for rule in parsed.get("Rules", ()):
        rule["ManagedBy"] = "autoscaling.amazonaws.com"


# --- giving up --------------------------------------------------------------------------------------------------------


def test_what_cannot_be_deleted_for_minutes_ends_it_with_the_reason():
    land = Land()
    root("sqs").create_queue(QueueName="leftover")
    land.faulty(judge=lambda name, _: "InternalError" if name == "DeleteQueue" else None)
    began = land.clock.now()
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, f"blocked:{QUEUE}")
    assert timedelta(minutes=1) <= land.clock.now() - began <= timedelta(minutes=3)
    [blocker] = land.report(result)["blockers"]
    assert (blocker["type"], blocker["code"], blocker["attempts"] > 1) == (QUEUE, "InternalError", True)


def test_only_fatal_troubles_are_dirty_after_one_round():
    scene = Scene(FakeStack("app", [Part("Vendor::Odd::Thing", "odd-1", Manner.RETAINED)]))
    scene.world.unsupported.add("Vendor::Odd::Thing")
    began = scene.clock.now()
    result = scene.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "blocked:Vendor::Odd::Thing")
    assert scene.clock.now() - began < timedelta(seconds=30)


class Adversary(LandAccounts):
    """Somebody makes a queue whenever cleaning has deleted one, as long as `may` says that his keys work."""

    number = 0

    def __init__(self, *arguments: Any, may: Callable[[], bool] = lambda: True, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._may = may

    def _after(self, **event: Any) -> None:
        super()._after(**event)
        if event["model"].name == "DeleteQueue" and self._may():
            Adversary.number += 1
            root("sqs").create_queue(QueueName=f"again-{Adversary.number}")


def test_what_is_made_anew_under_other_names_as_fast_as_it_is_deleted_is_no_progress():
    land = Land()
    root("sqs").create_queue(QueueName="leftover")
    land.faulty(Adversary)
    began = land.clock.now()
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, f"blocked:{QUEUE}")
    assert land.clock.now() - began <= timedelta(minutes=3)


def test_what_comes_back_whenever_nothing_was_found_is_no_progress_either():
    land = Land()
    sqs = root("sqs")
    began, state, number = land.clock.now(), PassState(), 0
    while (result := land.one_pass(state)).verdict is Verdict.AGAIN:
        number += 1
        sqs.create_queue(QueueName=f"again-{number}")
        state = result.state
        land.clock.advance(result.wait)
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, f"blocked:{QUEUE}")
    assert land.clock.now() - began <= timedelta(minutes=10)


def test_a_user_who_makes_things_anew_is_stopped_by_taking_his_keys_first():
    land = Land("AWS::IAM::User")
    iam = root("iam")
    iam.create_user(UserName="leftover")
    iam.create_access_key(UserName="leftover")
    root("sqs").create_queue(QueueName="leftover")

    def works() -> bool:
        keys = iam.list_access_keys(UserName="leftover")["AccessKeyMetadata"]
        return any(key["Status"] == "Active" for key in keys)

    land.faulty(Adversary, may=works)
    assert land.clean().verdict is Verdict.CLEAN
    assert land.left() == set()


def test_a_cleanup_that_was_blocked_succeeds_when_an_operator_lets_it_run_again():
    land = Land()
    root("sqs").create_queue(QueueName="leftover")
    land.faulty(judge=lambda name, _: "InternalError" if name == "DeleteQueue" else None)
    assert land.clean().verdict is Verdict.BLOCKED
    land.faulty()
    land.changes["attempt"] = 2
    assert land.clean().verdict is Verdict.CLEAN


def test_the_deadline_in_the_middle_of_a_round_stops_every_further_change():
    land = Land(*TYPES)
    sow()
    deadline = land.clock.now() + timedelta(minutes=10)
    land.changes["deadline"] = deadline

    class Slow(LandAccounts):
        def _after(self, **event: Any) -> None:
            super()._after(**event)
            if len(self.mutations) == 5 and land.clock.now() < deadline:
                land.clock.advance(timedelta(minutes=10))

    slow = land.faulty(Slow)
    result = land.clean()
    assert (result.verdict, result.reason, len(slow.mutations)) == (Verdict.DIRTY, "deadline", 5)


# --- the breaker ------------------------------------------------------------------------------------------------------


def test_more_leftovers_than_can_be_believed_are_reported_and_left_alone():
    land = Land()
    settings(land, max_deletions=3)
    sqs = root("sqs")
    for number in range(30):
        sqs.create_queue(QueueName=f"leftover-{number}")
    result = land.clean()
    assert (result.verdict, result.reason, land.operations()) == (Verdict.DIRTY, "circuit-breaker", [])
    assert f"30 leftovers (30 x {QUEUE})" in land.report(result)["explanation"]
    settings(land, max_deletions=30)
    assert land.clean().verdict is Verdict.CLEAN


def test_what_stacks_own_counts_as_well():
    scene = Scene(FakeStack("app", [Part("AWS::X::Y", f"part-{number}") for number in range(30)]))
    settings(scene, max_deletions=30)
    assert (scene.clean().reason, scene.world.deletions) == ("circuit-breaker", [])


def test_something_of_the_baseline_among_what_is_to_be_deleted_stops_everything():
    needed = Resource(QUEUE, "https://needed", REGION)
    ended = tripped(ScanResult(unmanaged=[needed]), [needed], [needed], most=5000)
    assert ended is not None
    assert "of the baseline" in ended.explanation


# --- what is left out -------------------------------------------------------------------------------------------------


def test_a_type_that_the_settings_skip_is_neither_listed_nor_deleted_and_every_report_says_so():
    land = Land("AWS::SNS::Topic")
    settings(land, skipped_types=(*land.skipped, "AWS::SNS::Topic"))
    root("sns").create_topic(Name="leftover")
    accounts = land.faulty(LandAccounts, judge=lambda name, _: "AccessDenied" if name == "ListTopics" else None)
    result = land.clean()
    assert (result.verdict, accounts.mutations) == (Verdict.CLEAN, [])
    assert land.report(result)["skipped"]["AWS::SNS::Topic@us-east-1"] == "skipped_types of the settings"


def test_a_service_that_is_closed_by_its_own_word_is_left_out_and_reported(monkeypatch):
    land = Land("AWS::SNS::Topic")
    close(monkeypatch, "AWS::SNS::Topic", "SubscriptionRequiredException")
    land.faulty(judge=lambda name, _: "SubscriptionRequiredException" if name == "ListTopics" else None)
    result = land.clean()
    assert result.verdict is Verdict.CLEAN
    assert land.report(result)["skipped"]["AWS::SNS::Topic@us-east-1"] == "closed (SubscriptionRequiredException)"


def test_a_service_that_is_closed_without_its_type_saying_how_is_unknown():
    land = Land("AWS::SNS::Topic")
    land.faulty(judge=lambda name, _: "SubscriptionRequiredException" if name == "ListTopics" else None)
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, "unknown:AWS::SNS::Topic@us-east-1")


@pytest.mark.parametrize("offered", [False, True], ids=["not-there", "out-of-reach"])
def test_a_service_that_aws_does_not_have_in_the_region_is_left_out_and_one_out_of_reach_is_not(monkeypatch, offered):
    land = Land("AWS::SNS::Topic")
    monkeypatch.setattr("atmosphere.cleanup.aws.offered.regions_of", lambda _: {REGION} if offered else set())

    def judge(name: str, _: dict[str, Any]) -> None:
        if name == "ListTopics":
            raise EndpointConnectionError(endpoint_url="x", error=socket.gaierror(socket.EAI_NONAME, "no such name"))

    land.faulty(judge=judge)
    result = land.clean()
    assert result.verdict is (Verdict.BLOCKED if offered else Verdict.CLEAN)
    told = land.report(result)["unknown" if offered else "skipped"]["AWS::SNS::Topic@us-east-1"]
    assert "EndpointConnectionError" in told


def close(monkeypatch: pytest.MonkeyPatch, name: str, code: str) -> None:
    closed = [
        replace(entry, errors=replace(entry.errors, closed=(code,))) if entry.name == name else entry  # type: ignore[type-var]
        for entry in CATALOGUE
    ]
    monkeypatch.setattr("atmosphere.cleanup.scan.inventory.CATALOGUE", tuple(closed))


def test_a_denied_listing_is_unknown_and_never_clean():
    land = Land("AWS::SNS::Topic")
    land.faulty(judge=lambda name, _: "AuthorizationError" if name == "ListTopics" else None)
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, "unknown:AWS::SNS::Topic@us-east-1")


def test_an_endpoint_that_does_not_answer_is_unknown_after_the_time_to_connect():
    land = Land("AWS::SNS::Topic")

    class Hanging(LandAccounts):
        def session(self, *arguments: Any, **keywords: Any) -> Any:
            session = super().session(*arguments, **keywords)
            session.register("before-send.sns", _never)
            return session

    land.faulty(Hanging)
    result = land.clean()
    assert land.report(result)["unknown"] == {"AWS::SNS::Topic@us-east-1": "ConnectTimeoutError"}
    config: Any = CONFIG
    assert (config.connect_timeout, config.retries["total_max_attempts"]) == (3, 4)


def _never(request: Any, **_: Any) -> None:
    raise ConnectTimeoutError(endpoint_url=request.url)


class SwitchedOff(LandAccounts):
    """A region that the account has not opted into answers nobody."""

    @property
    def kind(self) -> type[LandAccount]:  # type: ignore[override]
        return NoEntry

    def session(self, *arguments: Any, **keywords: Any) -> Any:
        session = super().session(*arguments, **keywords)
        session.register("before-call", _refuse_abroad)
        session.register("after-call.ec2.DescribeRegions", _not_opted_in)
        return session


class NoEntry(LandAccount):
    """The fake CloudFormation refuses nobody; the real client does."""

    def client(self, service: str, region: Region) -> Any:
        if region == ABROAD:
            return Account.client(self, service, region)
        return super().client(service, region)


def _refuse_abroad(**event: Any) -> Any:
    if event["context"]["client_region"] != ABROAD:
        return None
    return Reply(), {"Error": {"Code": "InvalidClientTokenId", "Message": "on purpose"}, "ResponseMetadata": {}}


def _not_opted_in(parsed: dict[str, Any], **_: Any) -> None:
    for entry in parsed.get("Regions", ()):
        entry["OptInStatus"] = "not-opted-in"


@pytest.mark.parametrize("was_off", [True, False])
def test_a_region_that_is_off_is_left_out_only_if_it_was_off_before_the_first_test(was_off):
    land = Land()
    land.changes["registration"] = replace(land.assignment().registration, regions=(ABROAD,))
    items = {**land.there(), **({region_off(ABROAD): OFF} if was_off else {})}
    land.store.put(baseline_name(KEY), Baseline(items=items, types=land.types, regions=(REGION, ABROAD)).to_json())
    land.faulty(SwitchedOff)
    result = land.clean()
    if was_off:
        assert result.verdict is Verdict.CLEAN
        assert land.report(result)["skipped"][f"{QUEUE}@{ABROAD}"] == "the region is off"
    else:
        assert (result.verdict, result.reason) == (Verdict.BLOCKED, f"unknown:AWS::Account::Region@{ABROAD}")


# --- debt -------------------------------------------------------------------------------------------------------------

DEBT = "debt/222222222222/us-east-1.json"


def in_debt(land: Land) -> list[Any]:
    entries: list[Any] = json.loads(land.store.texts.get(DEBT, "[]"))
    return entries


def indebted(**changes: Any) -> Land:
    """A queue that cannot be deleted for now, of a type that may be left for later."""
    land = Land()
    land.changes["registration"] = replace(land.assignment().registration, deferred=(QUEUE,))
    settings(land, **changes)
    root("sqs").create_queue(QueueName="leftover")
    land.faulty(judge=_undeletable)
    return land


def _undeletable(operation: str, _: dict[str, Any]) -> str | None:
    return "InUse" if operation == "DeleteQueue" else None


def next_cleaning(land: Land) -> None:
    land.changes["allocation"] = AllocationId(f"2222{len(land.store.texts):04}-3333-4444-5555-666677778888")


def test_what_may_be_deferred_is_tried_remembered_and_reported_and_the_environment_is_clean():
    land = indebted()
    tried: list[str] = []

    def judge(operation: str, names: dict[str, Any]) -> str | None:
        tried.extend([operation] if operation == "DeleteQueue" else [])
        return _undeletable(operation, names)

    land.faulty(judge=judge)
    result = land.clean()
    assert (result.verdict, tried) == (Verdict.CLEAN, ["DeleteQueue"])
    [debt] = land.report(result)["debts"]
    assert (debt["resource"].startswith(QUEUE), debt["cleanings"]) == (True, 1)
    assert len(land.report(result)["deferred"]) == 1


def test_without_the_pools_word_the_same_thing_blocks():
    land = indebted()
    land.changes.pop("registration")
    assert land.clean().verdict is Verdict.BLOCKED


def test_debt_is_counted_once_for_a_cleaning_and_retried_by_the_next_until_it_is_paid():
    land = indebted()
    land.clean()
    next_cleaning(land)
    assert land.clean().verdict is Verdict.CLEAN
    assert [entry[4] for entry in in_debt(land)] == [2]
    next_cleaning(land)
    land.faulty()
    assert land.clean().verdict is Verdict.CLEAN
    assert (in_debt(land), land.left()) == ([], set())


def test_debt_that_cannot_be_looked_at_is_not_forgotten():
    land = indebted()
    land.clean()
    before = in_debt(land)
    next_cleaning(land)
    land.faulty(judge=lambda operation, _: "InternalFailure" if "Queue" in operation else None)
    assert land.clean().verdict is Verdict.BLOCKED
    assert in_debt(land) == before != []


def test_debt_that_gets_too_old_blocks():
    land = indebted(deferred_age=timedelta(minutes=30))
    assert land.clean().verdict is Verdict.CLEAN
    land.clock.advance(timedelta(minutes=31))
    next_cleaning(land)
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, f"blocked:{QUEUE}")


def test_more_debt_than_an_environment_may_carry_blocks():
    land = indebted(max_deferred=1)
    assert land.clean().verdict is Verdict.CLEAN
    root("sqs").create_queue(QueueName="a-second")
    next_cleaning(land)
    result = land.clean()
    [blocker] = land.report(result)["blockers"]
    assert (result.verdict, blocker["id"].endswith("a-second")) == (Verdict.BLOCKED, True)


def test_a_stack_lets_go_of_what_may_remain_and_it_is_tried_by_its_id_at_every_later_cleaning():
    scene = Scene(FakeStack("app", [Part("AWS::Lambda::EdgeReplica", "edge", Manner.FULL)]))
    scene.world.undeletable.add("edge")
    scene.changes["registration"] = replace(scene.assignment().registration, deferred=("AWS::Lambda::EdgeReplica",))
    assert scene.clean().verdict is Verdict.CLEAN
    assert (scene.world.alive, len(scene.world.there)) == ([], 1)
    scene.world.undeletable.clear()
    scene.changes["allocation"] = AllocationId("22222222-3333-4444-5555-666677778888")
    assert scene.clean().verdict is Verdict.CLEAN
    assert (scene.world.there, scene.store.texts[DEBT]) == (set(), "[]")


# --- much -------------------------------------------------------------------------------------------------------------


def test_an_environment_in_which_nothing_is_left_costs_two_looks_and_changes_nothing():
    land = Land(*TYPES)
    calls: list[str] = []

    def judge(operation: str, _: dict[str, Any]) -> str | None:
        calls.append(operation)
        return None

    accounts = land.faulty(LandAccounts, judge=judge)
    assert land.clean().verdict is Verdict.CLEAN
    assert (accounts.mutations, land.passes) == ([], 2)
    assert calls.count("ListQueues") == 2
    assert len(calls) <= 2 * (2 * len(TYPES) + 6), calls


@pytest.mark.slow
def test_two_thousand_leftovers_go_and_what_travels_from_pass_to_pass_stays_small():
    land = Land("AWS::SNS::Topic", "AWS::SSM::Parameter", "AWS::Logs::LogGroup")
    sqs, sns, ssm, logs = (root(service) for service in ("sqs", "sns", "ssm", "logs"))
    for number in range(500):
        sqs.create_queue(QueueName=f"leftover-{number}")
        sns.create_topic(Name=f"leftover-{number}")
        ssm.put_parameter(Name=f"leftover-{number}", Type="String", Value="x")
        logs.create_log_group(logGroupName=f"leftover-{number}")
    sizes: list[int] = []
    state = PassState()
    while (result := land.one_pass(state)).verdict is Verdict.AGAIN:
        sizes.append(len(json.dumps(result.state.to_json())))
        state = result.state
        land.clock.advance(result.wait)
    assert (result.verdict, land.left()) == (Verdict.CLEAN, set())
    assert max(sizes) < 1000
    assert len(land.operations()) == 2000  # each thing is deleted once
