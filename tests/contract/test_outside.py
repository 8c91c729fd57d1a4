"""Credentials, cleaners, events, snapshots, objects, clocks and ids under their suites."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.adapters.eventbridge import EventBridgeEvents
from atmosphere.adapters.memory import (
    FakeClock,
    MemoryCleaner,
    MemoryCredentials,
    MemoryEvents,
    MemoryObjects,
    MemoryReports,
    SeededIds,
)
from atmosphere.adapters.s3 import S3Objects, S3Reports
from atmosphere.adapters.stepfunctions import StepFunctionsCleaner
from atmosphere.adapters.sts import StsCredentials
from atmosphere.adapters.system import SystemClock, SystemIds
from atmosphere.contract import EVENT_SOURCE, execution_name
from atmosphere.core.model import AccountId, AllocationId, EnvironmentKey, Region, RoleArn
from atmosphere.ports import CleanupOrder, Unreachable, WatchOrder
from tests.builders import HUB, NOW
from tests.contract.outside_contract import (
    DIRTY,
    EXTERNAL_ID,
    ORDER,
    REQUEST,
    ROLE_ARN,
    CleanerContract,
    ClockContract,
    CredentialsContract,
    EventsContract,
    IdsContract,
    ObjectsContract,
    ReportsContract,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atmosphere.ports import Cleaner, Clock, Credentials, Events, Ids

    Clients = Callable[..., Any]

STRANGE_ROLE: Final = RoleArn(f"arn:aws:iam::{HUB}:role/Strange")


class TestMemoryCredentials(CredentialsContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return FakeClock()

    @pytest.fixture
    def credentials(self, clock: Clock) -> MemoryCredentials:
        return MemoryCredentials(clock)

    @pytest.fixture
    def refused(self, credentials: MemoryCredentials) -> RoleArn:
        credentials.refused.add(STRANGE_ROLE)
        return STRANGE_ROLE

    def test_it_remembers_what_it_minted_and_when(self, clock: FakeClock, credentials: MemoryCredentials) -> None:
        session = credentials.mint([REQUEST])[0]
        assert [(minted.credentials, minted.issued_at) for minted in credentials.minted] == [(session, clock.now())]

    def test_while_it_fails_nothing_is_minted(self, credentials: MemoryCredentials) -> None:
        credentials.failing = True
        with pytest.raises(Unreachable):
            credentials.mint([REQUEST])
        assert credentials.minted == []


def _make_role(iam: Any, name: str, external_id: str) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{HUB}:root"},
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))


class TestStsOnMoto(CredentialsContract):
    refuses = False

    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()

    @pytest.fixture
    def credentials(self, moto_client: Clients) -> Credentials:
        return StsCredentials(moto_client("sts"))

    @pytest.fixture
    def refused(self) -> RoleArn:
        return STRANGE_ROLE


@pytest.mark.emulator
class TestStsOnTheEmulator(CredentialsContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()

    @pytest.fixture
    def credentials(self, emulator_client: Clients) -> Credentials:
        iam = emulator_client("iam")
        _make_role(iam, ROLE_ARN.rpartition("/")[2], EXTERNAL_ID)
        _make_role(iam, STRANGE_ROLE.rpartition("/")[2], "somebody-else")
        iam.create_user(UserName="service")
        allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
        iam.put_user_policy(
            UserName="service",
            PolicyName="assume",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
        )
        key = iam.create_access_key(UserName="service")["AccessKey"]
        return StsCredentials(emulator_client("sts", key["AccessKeyId"], key["SecretAccessKey"]))

    @pytest.fixture
    def refused(self) -> RoleArn:
        return STRANGE_ROLE


class TestMemoryCleaner(CleanerContract):
    @pytest.fixture
    def cleaner(self) -> MemoryCleaner:
        return MemoryCleaner()

    def started(self, cleaner: Cleaner) -> Sequence[CleanupOrder]:
        assert isinstance(cleaner, MemoryCleaner)
        return cleaner.started

    def watched(self, cleaner: Cleaner) -> Sequence[WatchOrder]:
        assert isinstance(cleaner, MemoryCleaner)
        return cleaner.watched

    def test_while_it_fails_nothing_starts(self, cleaner: MemoryCleaner) -> None:
        cleaner.failing = True
        with pytest.raises(Unreachable):
            cleaner.start(ORDER)
        with pytest.raises(Unreachable):
            cleaner.watch(WatchOrder(ORDER.allocation, ORDER.key, NOW))
        assert (cleaner.started, cleaner.watched) == ([], [])


class _StateMachine(CleanerContract):
    @pytest.fixture
    def cleaner(self, client: Any, machine_role: None) -> Cleaner:
        definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
        machine = client.create_state_machine(
            name="cleanup", definition=json.dumps(definition), roleArn=f"arn:aws:iam::{HUB}:role/machine"
        )
        return StepFunctionsCleaner(client, machine["stateMachineArn"])

    def started(self, cleaner: Cleaner) -> Sequence[CleanupOrder]:
        return [self._order(each) for each in self._executions(cleaner) if "attempt" in each["input"]]

    def watched(self, cleaner: Cleaner) -> Sequence[WatchOrder]:
        inputs = [json.loads(each["input"]) for each in self._executions(cleaner) if "watch" in each["input"]]
        return [
            WatchOrder(
                AllocationId(each["watch"]),
                EnvironmentKey(AccountId(each["account"]), Region(each["region"])),
                datetime.fromisoformat(each["freedAt"]),
            )
            for each in inputs
        ]

    @staticmethod
    def _executions(cleaner: Cleaner) -> list[Any]:
        assert isinstance(cleaner, StepFunctionsCleaner)
        client: Any = cleaner._client
        listed = client.list_executions(stateMachineArn=cleaner._state_machine_arn)["executions"]
        return [client.describe_execution(executionArn=each["executionArn"]) for each in listed]

    def _order(self, execution: Any) -> CleanupOrder:
        given = json.loads(execution["input"])
        assert type(given["attempt"]) is int
        allocation, account, region = given["allocation"], given["account"], given["region"]
        assert execution["name"] == execution_name(allocation, account, region, given["attempt"])
        key = EnvironmentKey(AccountId(account), Region(region))
        return CleanupOrder(AllocationId(allocation), key, given["attempt"])


class TestStepFunctionsOnMoto(_StateMachine):
    @pytest.fixture
    def machine_role(self) -> None:
        """Moto asks for none."""

    @pytest.fixture
    def client(self, moto_client: Clients) -> Any:
        return moto_client("stepfunctions")


@pytest.mark.emulator
class TestStepFunctionsOnTheEmulator(_StateMachine):
    @pytest.fixture
    def machine_role(self, emulator_client: Clients) -> None:
        _make_role(emulator_client("iam"), "machine", "")

    @pytest.fixture
    def client(self, emulator_client: Clients) -> Any:
        return emulator_client("stepfunctions")


class TestMemoryEvents(EventsContract):
    @pytest.fixture
    def events(self) -> MemoryEvents:
        return MemoryEvents()

    def heard(self, events: Events) -> Sequence[tuple[str, dict[str, Any]]]:
        assert isinstance(events, MemoryEvents)
        return events.heard

    def test_while_it_fails_nobody_hears(self, events: MemoryEvents) -> None:
        events.failing = True
        with pytest.raises(Unreachable):
            events.publish(DIRTY)
        assert events.heard == []


class _Bus(EventsContract):
    """The default bus, with a rule for what is ours that leads to a queue."""

    @pytest.fixture(autouse=True)
    def queue(self, clients: Clients) -> None:
        self._sqs = clients("sqs")
        self._url = self._sqs.create_queue(QueueName="heard")["QueueUrl"]
        named = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]
        bus = clients("events")
        bus.put_rule(Name="ours", EventPattern=json.dumps({"source": [EVENT_SOURCE]}))
        bus.put_targets(Rule="ours", Targets=[{"Id": "queue", "Arn": named["QueueArn"]}])

    @pytest.fixture
    def events(self, clients: Clients) -> Events:
        return EventBridgeEvents(clients("events"))

    def heard(self, events: Events) -> Sequence[tuple[str, dict[str, Any]]]:
        """Both emulators have delivered when PutEvents answers."""
        found = []
        while received := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", ()):
            found += [json.loads(each["Body"]) for each in received]
        return [(each["detail-type"], each["detail"]) for each in found]


class TestEventBridgeOnMoto(_Bus):
    @pytest.fixture
    def clients(self, moto_client: Clients) -> Clients:
        return moto_client


@pytest.mark.emulator
class TestEventBridgeOnTheEmulator(_Bus):
    @pytest.fixture
    def clients(self, emulator_client: Clients) -> Clients:
        return emulator_client


class TestMemoryObjects(ObjectsContract):
    @pytest.fixture
    def objects(self) -> MemoryObjects:
        return MemoryObjects()


class TestS3ObjectsOnMoto(ObjectsContract):
    @pytest.fixture
    def objects(self, moto_client: Clients) -> S3Objects:
        client = moto_client("s3")
        client.create_bucket(Bucket="objects")
        return S3Objects(client, "objects")


@pytest.mark.emulator
class TestS3ObjectsOnTheEmulator(ObjectsContract):
    @pytest.fixture
    def objects(self, emulator_client: Clients) -> S3Objects:
        client = emulator_client("s3")
        client.create_bucket(Bucket="objects")
        return S3Objects(client, "objects")


class TestMemoryReports(ReportsContract):
    @pytest.fixture
    def reports(self) -> MemoryReports:
        reports = MemoryReports()
        reports.reports["cleanups/r.json"] = {"verdict": "dirty"}
        return reports

    def test_while_it_fails_nothing_is_read(self, reports: MemoryReports) -> None:
        reports.failing = True
        with pytest.raises(Unreachable):
            reports.load("cleanups/r.json")


class TestS3ReportsOnMoto(ReportsContract):
    @pytest.fixture
    def objects(self, moto_client: Clients) -> S3Objects:
        client = moto_client("s3")
        client.create_bucket(Bucket="reports")
        return S3Objects(client, "reports")

    @pytest.fixture
    def reports(self, objects: S3Objects) -> S3Reports:
        objects.put("cleanups/r.json", b'{"verdict": "dirty"}')
        return S3Reports(objects)

    def test_a_report_that_is_no_json_is_unreachable(self, objects: S3Objects, reports: S3Reports) -> None:
        objects.put("cleanups/r.json", b"no")
        with pytest.raises(Unreachable, match=r"cleanups/r\.json"):
            reports.load("cleanups/r.json")


class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()


class TestFakeClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return FakeClock()


class TestSystemIds(IdsContract):
    @pytest.fixture
    def ids(self) -> Ids:
        return SystemIds()


class TestSeededIds(IdsContract):
    @pytest.fixture
    def ids(self) -> Ids:
        return SeededIds(7)

    def test_the_same_seed_gives_the_same_ids(self) -> None:
        assert [SeededIds(3).new() for _ in range(2)] == [SeededIds(3).new() for _ in range(2)]
        assert SeededIds(3).new() != SeededIds(4).new()
