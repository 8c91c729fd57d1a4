"""How fast a cleanup asks: never faster than a service takes, and never more of one service at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.aws.quotas import QUOTAS, Bucket, Queue, Rates, at_once
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.delete.batches import batches
from atmosphere.cleanup.model import Resource
from tests.cleanup.conftest import REGION
from tests.cleanup.context import some_workers

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_a_bucket_gives_its_burst_at_once_and_then_one_token_at_a_time():
    bucket = Bucket(rate=5, burst=3)
    rests = [bucket.reserve(NOW).total_seconds() for _ in range(6)]
    assert rests == pytest.approx([0, 0, 0, 0.2, 0.4, 0.6])


def test_a_bucket_fills_up_again_and_not_beyond_its_burst():
    bucket = Bucket(rate=5, burst=3)
    for _ in range(3):
        bucket.reserve(NOW)
    later = NOW + timedelta(hours=1)
    rests = [bucket.reserve(later).total_seconds() for _ in range(4)]
    assert rests == pytest.approx([0, 0, 0, 0.2])


def test_threads_never_share_a_token():
    bucket = Bucket(rate=10, burst=1)
    with ThreadPoolExecutor(8) as pool:
        rests = sorted(pool.map(lambda _: bucket.reserve(NOW).total_seconds(), range(200)))
    assert rests == pytest.approx([number / 10 for number in range(200)])


class Raw(BytesIO):
    """The body of a reply, as botocore reads it."""

    def stream(self, amount: int = 1024, **_: Any) -> Iterator[bytes]:
        while part := self.read(amount):
            yield part


class Service:
    """Answers calls itself; says "slow down" to the calls of these numbers."""

    def __init__(self, service: str, *too_fast: int) -> None:
        self.clock = FakeClock(NOW)
        self._too_fast = too_fast
        self._calls = 0
        session: Any = Session()  # whose clients repeat nothing by themselves
        session.set_credentials("x", "x")
        Rates(self.clock).watch(session)
        session.register("before-send", self._answer)
        once = Config(retries={"total_max_attempts": 1})
        self.client: Any = session.create_client(service, region_name=REGION, config=once)

    def _answer(self, **_: Any) -> Any:
        self._calls += 1
        if self._calls not in self._too_fast:
            return AWSResponse("", 200, HTTPHeaders(), Raw(b"<Reply/>"))
        body = b"<ErrorResponse><Error><Code>Throttling</Code><Message/></Error></ErrorResponse>"
        return AWSResponse("", 400, HTTPHeaders(), Raw(body))

    def seconds(self, operation: str, calls: int, **parameters: Any) -> float:
        """How long so many calls take."""
        began = self.clock.now()
        for _ in range(calls):
            with suppress(ClientError):
                getattr(self.client, operation)(**parameters)
        return (self.clock.now() - began).total_seconds()


def test_a_service_that_publishes_its_rate_is_never_asked_faster():
    zones = Service("route53")
    assert zones.seconds("list_hosted_zones", 25) == pytest.approx((25 - QUOTAS["route53"].burst) / 5)


def test_a_service_that_publishes_none_is_asked_at_full_speed_until_it_says_that_this_is_too_fast():
    iam = Service("iam", 100)
    assert iam.seconds("delete_group", 100, GroupName="g") == 0
    assert iam.seconds("delete_group", 51, GroupName="g") == pytest.approx(50 / 10)


def test_reads_of_ec2_are_not_held_up_and_its_operations_wait_each_for_itself():
    ec2 = Service("ec2")
    assert ec2.seconds("describe_vpcs", 200) == 0
    assert ec2.seconds("delete_vpc", 50, VpcId="v") == 0
    assert ec2.seconds("delete_subnet", 50, SubnetId="s") == 0
    assert ec2.seconds("delete_vpc", 20, VpcId="v") == pytest.approx(1)


def test_no_more_of_a_service_run_side_by_side_than_it_takes_while_others_go_on():
    _, _, workers = some_workers(FakeClock(), count=16)
    lock, running, most, done = threading.Lock(), {"route53": 0, "sqs": 0}, {"route53": 0, "sqs": 0}, threading.Event()

    def work(service: str) -> None:
        with lock:
            running[service] += 1
            most[service] = max(most[service], running[service])
        if service == "route53":  # holds on until the others are through: they must not wait for it
            assert done.wait(10)
        with lock:
            running[service] -= 1

    services = ["route53"] * 10 + ["sqs"] * 40
    left = iter(range(39, -1, -1))

    def other() -> None:
        work("sqs")
        with lock:
            if next(left) == 0:
                done.set()

    tasks = [partial(work, "route53") if service == "route53" else other for service in services]
    workers.run(tasks, services)
    assert most["route53"] == at_once("route53")
    assert most["sqs"] <= at_once("sqs")


def test_tasks_are_taken_in_order_as_far_as_there_is_room():
    queue = Queue(["route53", "route53", "route53", "route53", "sqs"])
    assert [queue.take() for _ in range(5)] == [0, 1, 2, 4, None]
    queue.give_back(1)
    assert queue.take() == 3


# --- waves ------------------------------------------------------------------------------------------------------------


def test_stages_follow_each_other_and_a_type_comes_after_those_it_names():
    items = [Resource(entry.name, "id", REGION) for entry in CATALOGUE]
    order = [(stage, item.type) for stage, wave in batches(items) for item in wave]
    assert [stage for stage, _ in order] == sorted(stage for stage, _ in order)
    assert sorted(name for _, name in order) == sorted(entry.name for entry in CATALOGUE)
    place = {name: number for number, (_, wave) in enumerate(batches(items)) for name in {item.type for item in wave}}
    stages = {entry.name: entry.stage for entry in CATALOGUE}
    hints = [(entry.name, other) for entry in CATALOGUE for other in entry.after if stages.get(other) is entry.stage]
    assert hints
    assert [(name, other) for name, other in hints if place[name] <= place[other]] == []


def test_nothing_to_delete_is_no_wave_and_a_type_without_a_row_has_one():
    assert list(batches([])) == []
    odd = Resource("AWS::Odd::Thing", "id", REGION)
    assert [wave for _, wave in batches([odd])] == [[odd]]
