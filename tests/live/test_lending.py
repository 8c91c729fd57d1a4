"""The whole service on a real account: an allocation, what a test leaves in it, and the next test's view.

README.md and docs/reliability.md promise it (P1, P3, P4); nobody knows how long it takes.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.journeys.api import drive
from tests.live.account import permitted
from tests.live.lending import lent, until_free
from tests.live.waiting import MINUTE, until

if TYPE_CHECKING:
    from tests.live.account import Live
    from tests.live.lending import Environment

pytestmark = pytest.mark.live


def template(name: str) -> str:
    """A stack of what costs nothing while it is empty."""
    resources = {
        "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": name, "Type": "String", "Value": "left"}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}},
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}},
    }
    return json.dumps({"Resources": resources})


def left(environment: Environment, name: str) -> set[str]:
    """What of the stack the listings of an environment have."""
    stacks = environment.client("cloudformation").get_paginator("list_stacks").paginate()
    buckets = environment.client("s3").list_buckets()["Buckets"]
    parameters = environment.client("ssm").get_parameters(Names=[name])["Parameters"]
    groups = environment.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    found = {
        "stack": any(
            each["StackName"] == name and each["StackStatus"] != "DELETE_COMPLETE"
            for page in stacks
            for each in page["StackSummaries"]
        ),
        "bucket": name in {bucket["Name"] for bucket in buckets},
        "queue": bool(environment.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls")),
        "parameter": bool(parameters),
        "log group": bool(groups),
    }
    return {what for what, there in found.items() if there}


ALL: Final = {"stack", "bucket", "queue", "parameter", "log group"}


def created(environment: Environment, name: str) -> None:
    """Create the stack, and wait until it is there."""
    stacks = environment.client("cloudformation")
    stacks.create_stack(StackName=name, TemplateBody=template(name))

    def status() -> str:
        (stack,) = stacks.describe_stacks(StackName=name)["Stacks"]
        assert stack["StackStatus"] in {"CREATE_IN_PROGRESS", "CREATE_COMPLETE"}, stack
        return str(stack["StackStatus"])

    until(lambda: status() == "CREATE_COMPLETE", f"stack {name} is complete", seconds=10 * MINUTE)


def refused(environment: Environment) -> bool:
    """Whether the keys of an allocation are refused."""
    return not permitted(environment.client("cloudformation").list_stacks)


def test_what_a_test_leaves_is_gone_and_its_keys_are_refused(live: Live) -> None:
    """Proves P3 and P4 on AWS with a small stack, and measures how long revocation and cleaning take."""
    name = f"atmosphere-live-{live.run}"
    with lent(live) as first:
        created(first, name)
        assert left(first, name) == ALL
    start = time.monotonic()

    live.figure("from the release until the keys were refused", until(lambda: refused(first), "they are refused"))
    with lent(live, like=first) as second:
        live.figure("from the release until the next test had the environment", time.monotonic() - start)
        assert left(second, name) == set()
        assert refused(first)


def test_the_npm_client_works_against_the_default_endpoint(live: Live) -> None:
    """Proves the wire contract: the published client signs for the service, acquires and releases (docs/clients.md).

    It names no id of its own, so a run that is killed here leaves an allocation until its deadline.
    """
    keys = {"accessKeyId": live.keys.access_key, "secretAccessKey": live.keys.secret_key}
    steps: list[dict[str, object]] = [
        {"do": "acquire", "pool": live.pool, "requester": f"live suite {live.run}", "timeoutMinutes": 3},
        {"do": "release", "outcome": "success"},
    ]
    until_free(live)
    acquired, released = drive(live.endpoint, keys | {"sessionToken": live.keys.token or ""}, steps)

    assert acquired["ok"], acquired
    assert released == {"ok": True, "reply": {}, "retries": 0}
    gone: Any = live.api.ask("GET", f"/allocations/{acquired['id']}").body
    assert gone["status"] == "ended"
