"""Subscribers of the default bus and of the topic hear what happened: from the real functions, under their own roles.

Every event that arrives here is checked against the published schemas.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from uuid import uuid4

import pytest

from atmosphere.contract import EVENT_SOURCE, MEASURE, FunctionName
from atmosphere.core.changes import Put, Update
from atmosphere.core.model import AccountId, AllocationId, EnvironmentKey, Region, Status
from tests.docs.json_schema import Validator
from tests.docs.test_events import SCHEMAS, kinds
from tests.journeys.api import Api, until
from tests.journeys.sweep import client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atmosphere.core.model import Environment
    from atmosphere.local.service import LocalService

pytestmark = pytest.mark.emulator

KEY: Final = EnvironmentKey(AccountId("555555555555"), Region("eu-west-1"))
POOL: Final = "europe"
PATH: Final = f"/environments/{KEY.path}"


class Ears:
    """What arrived in two queues: one behind a rule like those of docs/operations.md, one subscribed to the topic."""

    def __init__(self, service: LocalService) -> None:
        self._service = service
        self._sqs = client(service, "sqs")
        self.events: list[dict[str, Any]] = []
        self.mail: list[dict[str, Any]] = []
        self._heard, arn = self._queue("heard")
        bus, sns = client(service, "events"), client(service, "sns")
        bus.put_rule(Name="heard", EventPattern=json.dumps({"source": [EVENT_SOURCE]}))
        bus.put_targets(Rule="heard", Targets=[{"Id": "queue", "Arn": arn}])
        self._mailed, arn = self._queue("mailed")
        (topic,) = sns.list_topics()["Topics"]
        sns.subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=arn)

    def _queue(self, name: str) -> tuple[str, str]:
        url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return url, arn

    def _drain(self, url: str) -> Iterator[dict[str, Any]]:
        while received := self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
            for message in received:
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield json.loads(message["Body"])

    def listen(self) -> None:
        for event in self._drain(self._heard):
            (name,) = [name for name in SCHEMAS if event["detail-type"] in kinds(name)]
            schema = SCHEMAS[name]
            assert list(Validator(schema).complaints(event, schema["$defs"]["Event"])) == []
            self.events.append(event)
        self.mail += self._drain(self._mailed)

    def wait_for(self, kind: str, **detail: object) -> dict[str, Any]:
        """The event of this kind whose detail has these; also if it arrived before."""
        found: list[dict[str, Any]] = []

        def arrived() -> bool:
            self.listen()
            found.extend(
                event
                for event in self.events
                if event["detail-type"] == kind and detail.items() <= event["detail"].items()
            )
            return bool(found)

        until(arrived, f"{kind} is there")
        return found[0]["detail"]  # type: ignore[no-any-return]

    def wait_for_mail(self, subject: str) -> dict[str, Any]:
        """The mail with this subject."""

        def arrived() -> bool:
            self.listen()
            return any(each["Subject"] == subject for each in self.mail)

        until(arrived, f"the mail {subject!r} is there")
        return next(each for each in self.mail if each["Subject"] == subject)


@pytest.fixture(scope="module")
def ears(local_service: LocalService) -> Ears:
    return Ears(local_service)


@pytest.fixture
def operator(local_service: LocalService) -> Api:
    told = local_service.description
    return Api(told["endpoint"], told["callers"]["operator"])


@pytest.fixture
def runner(local_service: LocalService) -> Api:
    told = local_service.description
    return Api(told["endpoint"], told["callers"]["runner"])


def act(operator: Api, name: str, **body: object) -> dict[str, Any]:
    answer = operator.ask("POST", f"{PATH}/{name}", body)
    assert answer.status == 200, answer.text
    return answer.body  # type: ignore[no-any-return]


def until_free(operator: Api) -> None:
    until(lambda: bool(operator.ask("GET", PATH).body["status"] == "free"), f"{KEY} is free")


@contextmanager
def changed(service: LocalService, change: Callable[[Environment], Environment]) -> Iterator[Environment]:
    """The row of the environment as something that went wrong would leave it."""
    store = service.store()
    row = store.environment(KEY)
    assert row is not None
    broken = change(row)
    store.commit([Put(row=broken, expects=())], token=str(uuid4()))
    yield broken


def test_an_environment_that_came_back_is_told_with_its_report(
    local_service: LocalService, ears: Ears, runner: Api
) -> None:
    with runner.allocation(pool="demo", requester="who listens") as granted:
        place = granted["environment"]
    detail = ears.wait_for("Environment Free", allocation=granted["id"])
    assert (detail["account"], detail["region"], detail["pool"]) == (place["account"], place["region"], "demo")
    assert (detail["requester"], detail["reason"]) == ("who listens", None)
    assert detail["report"].endswith(f"{granted['id']}/report-{detail['attempt']}.json")
    assert detail["markdown"].startswith(f"# {detail['environment']}: clean")


def test_acts_of_operators_are_events_and_dry_runs_are_not(ears: Ears, operator: Api) -> None:
    until_free(operator)
    foreseen = act(operator, "hold", dryRun=True)
    assert (foreseen["status"], foreseen["changed"]) == ("held", True)
    assert operator.ask("GET", PATH).body["status"] == "free"
    assert act(operator, "hold", reason="to see it")["changed"] is True
    assert act(operator, "hold", reason="to see it")["changed"] is False
    held = ears.wait_for("Environment Held", environment=str(KEY))
    assert held["reason"] == "to see it"
    assert held["who"].endswith("role/operator") or "operator" in held["who"]
    act(operator, "resume", reason="seen")
    ears.wait_for("Environment Resumed", environment=str(KEY), reason="seen")
    until_free(operator)
    ears.wait_for("Environment Free", environment=str(KEY))
    assert len([event for event in ears.events if event["detail-type"] == "Environment Held"]) == 1


def test_an_operator_releases_what_a_test_holds(ears: Ears, runner: Api, operator: Api) -> None:
    until_free(operator)
    granted = runner.ask("POST", "/allocations", {"pool": POOL, "requester": "hangs"}).body
    assert act(operator, "release", reason="it hangs")["status"] == "cleaning"
    found = runner.ask("GET", f"/allocations/{granted['id']}").body
    assert (found["status"], found["endedBy"], found["outcome"]) == ("ended", "operator", "released")
    answer = operator.ask("GET", f"/allocations?environment={quote(KEY.path, safe='')}")
    assert answer.status == 200, answer.text
    history = answer.body["entries"]
    assert [entry["reason"] for entry in history if entry["kind"] == "release"] == ["it hangs"]
    ears.wait_for("Environment Free", allocation=granted["id"])


def test_an_allocation_past_its_deadline_is_an_event(
    local_service: LocalService, ears: Ears, runner: Api, operator: Api
) -> None:
    until_free(operator)
    granted = runner.ask("POST", "/allocations", {"pool": POOL, "requester": "dies"}).body
    past = datetime.now(UTC) - timedelta(minutes=1)
    overdue = Update(target=KEY, expects=(), sets={"deadline": past, "wake_at": past})
    local_service.store().commit([overdue], token=str(uuid4()))
    detail = ears.wait_for("Allocation Timed Out", allocation=granted["id"])
    assert (detail["requester"], detail["environments"]) == ("dies", [str(KEY)])
    until_free(operator)


def test_an_environment_that_the_reconciler_gave_up_is_an_event_and_a_mail_until_it_is_reinstated(
    local_service: LocalService, ears: Ears, operator: Api
) -> None:
    until_free(operator)
    past = datetime.now(UTC) - timedelta(minutes=1)
    stuck = {"status": Status.CLEANING, "deadline": past, "wake_at": past, "freed_at": None, "attempt": 1}
    fence = AllocationId(str(uuid4()))
    with changed(local_service, lambda row: replace(row, allocation=fence, **stuck)):  # type: ignore[arg-type]
        detail = ears.wait_for("Environment Dirty", environment=str(KEY), allocation=fence)
    assert detail["reason"] == "cleanup-timeout"
    assert f"atmosphere cleanup run {KEY.path} --reason WHY" in detail["next"]
    mail = ears.wait_for_mail(f"Atmosphere: Environment Dirty: {KEY}")
    assert f"\n  atmosphere environment reinstate {KEY.path} --reason WHY\n" in mail["Message"]
    assert f"Event {detail['id']}.\n" in mail["Message"]
    assert act(operator, "reinstate", reason="it was only slow")["status"] == "free"
    ears.wait_for("Environment Reinstated", environment=str(KEY), reason="it was only slow")


def test_a_pool_without_a_free_environment_for_which_callers_wait_is_exhausted_once(
    local_service: LocalService, ears: Ears, runner: Api, operator: Api
) -> None:
    until_free(operator)
    functions = client(local_service, "lambda")
    with runner.allocation(pool=POOL, requester="first"):
        assert runner.ask("POST", "/allocations", {"pool": POOL, "requester": "second"}).status == 423
        for _ in range(2):
            name = local_service.description["functions"][FunctionName.RECONCILE]
            reply = functions.invoke(FunctionName=name, Payload=json.dumps({"do": MEASURE}).encode())
            assert "FunctionError" not in reply, reply["Payload"].read()
        detail = ears.wait_for("Pool Exhausted", pool=POOL)
        assert (detail["waiting"], detail["counts"]["in-use"], detail["counts"]["free"]) == (1, 1, 0)
    ears.wait_for_mail(f"Atmosphere: Pool Exhausted: {POOL}")
    assert [event["detail"]["pool"] for event in ears.events if event["detail-type"] == "Pool Exhausted"] == [POOL]
    until_free(operator)
