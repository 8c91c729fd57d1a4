"""What the live suite creates is listed before, deleted after, and absent from the listings: on moto, each kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from moto import mock_aws

from tests.live.api import Api
from tests.live.ledger import Kind, Ledger, Thing
from tests.live.removal import Place, delete, is_there, remove_all
from tests.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REGION: Final = "us-east-1"
ACCOUNT: Final = "123456789012"  # moto's
POLICY: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}]}
)
NAME: Final = "atmosphere-live-1"


class Service(Api):
    """The API with these allocations."""

    def __init__(self, active: set[str], *, broken: bool = False, slow: bool = False) -> None:
        super().__init__("https://api.example.com", REGION)
        object.__setattr__(self, "active", active)
        object.__setattr__(self, "broken", broken)
        object.__setattr__(self, "slow", slow)

    active: set[str]
    broken: bool
    slow: bool

    def ask(self, method: str, path: str, body: object = None, **_: Any) -> Reply:
        identity = path.rpartition("/")[2]
        if self.broken:
            return Reply(503, {}, "{}")
        if identity not in self.active:
            return Reply(404, {}, "{}")
        if method == "DELETE" and not self.slow:
            self.active.discard(identity)
        return Reply(200, {}, json.dumps({"status": "active"}))


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        yield Place(_client, ACCOUNT, Service({NAME}))


def _client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


def _role(name: str, service: str = "states") -> str:
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{service}.amazonaws.com"}}
    text = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    return str(_client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=text)["Role"]["Arn"])


def _make_role(name: str) -> None:
    _role(name)
    _client("iam").put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=POLICY)
    arn = _client("iam").create_policy(PolicyName="other", PolicyDocument=POLICY)["Policy"]["Arn"]
    _client("iam").attach_role_policy(RoleName=name, PolicyArn=arn)


def _make_table(name: str) -> None:
    _client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )


def _make_bucket(name: str) -> None:
    _client("s3").create_bucket(Bucket=name)
    _client("s3").put_object(Bucket=name, Key="object", Body=b"1")


def _make_rule(name: str) -> None:
    _client("events").put_rule(Name=name, EventPattern='{"source": ["x"]}')
    _client("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"}])


def _make_alarm(name: str) -> None:
    _client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="x",
        MetricName="x",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )


def _make_machine(name: str) -> None:
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    _client("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=_role("machine"))


def _make_function(name: str) -> None:
    _client("lambda").create_function(
        FunctionName=name, Runtime="python3.13", Role=_role("function", "lambda"), Handler="h.h", Code={"ZipFile": b"x"}
    )


MAKERS: Final[dict[Kind, Callable[[str], object]]] = {
    Kind.ROLE: _make_role,
    Kind.POLICY: lambda name: _client("iam").create_policy(PolicyName=name, PolicyDocument=POLICY),
    Kind.TABLE: _make_table,
    Kind.BUCKET: _make_bucket,
    Kind.QUEUE: lambda name: _client("sqs").create_queue(QueueName=name),
    Kind.RULE: _make_rule,
    Kind.ALARM: _make_alarm,
    Kind.MACHINE: _make_machine,
    Kind.FUNCTION: _make_function,
    Kind.ALLOCATION: lambda name: name,
}
"""Of each kind but a stack, which moto cannot create here: `tests/journeys/test_live_suite.py` has that one."""


@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_there_is_listed_until_it_is_deleted(kind: Kind, place: Place) -> None:
    thing = Thing(0, kind, NAME, REGION)
    MAKERS[kind](NAME)
    assert is_there(place, thing)
    delete(place, thing)
    assert not is_there(place, thing)


def test_no_kind_is_left_out() -> None:
    assert {*MAKERS, Kind.STACK} == {*Kind}


@pytest.mark.parametrize("kind", MAKERS)
def test_what_was_never_created_is_no_fault(kind: Kind, place: Place) -> None:
    thing = Thing(0, kind, "atmosphere-live-never", REGION)
    delete(place, thing)
    assert not is_there(place, thing)


def test_everything_is_deleted_the_latest_first(place: Place, tmp_path: Path) -> None:
    """The policy is attached to the role, so it can only go after it."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.note(Kind.POLICY, "other", REGION)
    ledger.note(Kind.ROLE, NAME, REGION)
    _make_role(NAME)

    assert remove_all(ledger, lambda _: place, seconds=0) == []
    assert ledger.left() == []


def test_what_cannot_be_deleted_is_named_and_stays_in_the_ledger(place: Place, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.note(Kind.ALLOCATION, NAME, REGION)
    broken = Place(place.client, ACCOUNT, Service({NAME}, broken=True))

    assert remove_all(ledger, lambda _: broken, seconds=0) == [f"allocation {NAME} in {REGION}: HTTP 503"]
    assert [thing.name for thing in ledger.left()] == [NAME]
    assert remove_all(ledger, lambda _: place, seconds=0) == []


def test_what_is_still_listed_after_its_deletion_is_not_gone(place: Place, tmp_path: Path) -> None:
    """AWS accepts a deletion long before it is one."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.note(Kind.ALLOCATION, NAME, REGION)
    slow = Place(place.client, ACCOUNT, Service({NAME}, slow=True))

    assert remove_all(ledger, lambda _: slow, seconds=0) == [f"allocation {NAME} in {REGION}: still listed"]
    assert [thing.name for thing in ledger.left()] == [NAME]


def test_a_ledger_that_a_kill_cut_short_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "ledger.jsonl"
    first = Ledger(path).note(Kind.ROLE, "a", REGION)
    with path.open("a") as file:
        file.write('{"made": 1, "kind": "bu')
    second = Ledger(path).note(Kind.BUCKET, "b", "eu-west-1")

    assert Ledger(path).all() == [first, second]
    assert Ledger(path).left() == [second, first]
    Ledger(path).gone(second)
    assert Ledger(path).left() == [first]


def test_a_file_that_is_not_there_lists_nothing(tmp_path: Path) -> None:
    assert Ledger(tmp_path / "ledger.jsonl").left() == []
