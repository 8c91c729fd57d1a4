"""Whoever has a rule on the default bus hears what became of an environment: from the real function, under its role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.contract import EVENT_SOURCE
from tests.journeys.api import Api, until
from tests.journeys.sweep import client

if TYPE_CHECKING:
    from atmosphere.local.service import LocalService

pytestmark = pytest.mark.emulator


@pytest.fixture
def queue(local_service: LocalService) -> tuple[Any, str]:
    """A queue behind a rule like the one of docs/operations.md: its client and its address."""
    sqs, bus = client(local_service, "sqs"), client(local_service, "events")
    address = sqs.create_queue(QueueName="heard")["QueueUrl"]
    named = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {"source": [EVENT_SOURCE], "detail-type": ["Environment Free", "Environment Dirty"]}
    bus.put_rule(Name="heard", EventPattern=json.dumps(pattern))
    bus.put_targets(Rule="heard", Targets=[{"Id": "queue", "Arn": named["QueueArn"]}])
    return sqs, address


def test_an_environment_that_came_back_is_told_with_its_report(
    local_service: LocalService, queue: tuple[Any, str]
) -> None:
    sqs, address = queue
    events: list[dict[str, Any]] = []
    told = local_service.description
    runner = Api(told["endpoint"], told["callers"]["runner"])
    with runner.allocation(pool="demo", requester="who listens") as granted:
        place = granted["environment"]

    def arrived() -> bool:
        messages = sqs.receive_message(QueueUrl=address, MaxNumberOfMessages=10).get("Messages", ())
        events.extend(json.loads(message["Body"]) for message in messages)
        return any(event["detail"]["allocation"] == granted["id"] for event in events)

    until(arrived, "the event is there")
    (event,) = [event for event in events if event["detail"]["allocation"] == granted["id"]]
    detail = event["detail"]
    assert (event["source"], event["detail-type"]) == ("atmosphere", "Environment Free")
    assert (detail["account"], detail["region"], detail["pool"]) == (place["account"], place["region"], "demo")
    assert (detail["requester"], detail["reason"]) == ("who listens", None)
    assert detail["report"].endswith(f"{granted['id']}/report-{detail['attempt']}.json")
    assert detail["markdown"].startswith(f"# {detail['environment']}: clean")
