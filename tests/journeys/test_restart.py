"""SIGTERM in the middle of a cleanup, and a start with the same state: nothing stays in between."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.journeys.api import Api, until
from tests.journeys.conftest import EXAMPLE, SHORT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.emulator, pytest.mark.slow]  # a cleanup is silent for 90 s before it is replaced


@contextmanager
def running(state: Path) -> Iterator[tuple[dict[str, Any], subprocess.Popen[bytes]]]:
    """`atmosphere local up` in a process of its own; ended by SIGTERM, and well."""
    ready = state.parent / "ready.json"
    settings = [word for name, value in (SHORT | {"ticker": "1"}).items() for word in ("--setting", f"{name}={value}")]
    words = ["local", "up", "--config", str(EXAMPLE), "--state", str(state), "--ready-file", str(ready), *settings]
    code = "import sys; from atmosphere.cli.main import main; sys.exit(main())"
    process = subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.DEVNULL)
    try:
        until(lambda: ready.exists() or process.poll() is not None, "the local service is ready")
        assert process.poll() is None, "it ended instead of getting ready"
        yield json.loads(ready.read_text()), process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def rows(service: dict[str, Any]) -> list[dict[str, Any]]:
    operator = Api(service["endpoint"], service["callers"]["operator"])
    found: list[dict[str, Any]] = operator.ask("GET", "/environments").body["environments"]
    return found


def test_a_cleanup_that_was_cut_off_is_taken_up_again(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with running(state) as (service, process):
        runner = Api(service["endpoint"], service["callers"]["runner"])
        granted = runner.ask("POST", "/allocations", {"pool": "release", "requester": "restart journey"}).body
        _leave_something(service, granted["credentials"])
        assert runner.ask("DELETE", f"/allocations/{granted['id']}", {"outcome": "success"}).status == 200
        assert {row["status"] for row in rows(service) if row["pool"] == "release"} == {"cleaning"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    with running(state) as (service, _):
        until(
            lambda: {row["status"] for row in rows(service)} <= {"free", "dirty"}, "every environment is free or dirty"
        )
        released = next(row for row in rows(service) if row["pool"] == "release")
        assert (released["status"], released["dirtyReason"]) == ("free", None)
        root = _client(service, "s3", {"accessKeyId": "444444444444", "secretAccessKey": "test"})
        assert "left-over" not in {bucket["Name"].rpartition(".")[2] for bucket in root.list_buckets()["Buckets"]}


def _client(service: dict[str, Any], name: str, keys: dict[str, Any]) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        name,
        endpoint_url=service["awsEndpoint"],
        region_name="us-east-1",
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        aws_session_token=keys.get("sessionToken"),
    )


def _leave_something(service: dict[str, Any], keys: dict[str, Any]) -> None:
    """A stack with a bucket, and enough objects that emptying it takes a moment."""
    stacks, objects = _client(service, "cloudformation", keys), _client(service, "s3", keys)
    template = {
        "Resources": {"Uploads": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "restart.left-over"}}}
    }
    stacks.create_stack(StackName="restart", TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(StackName="restart", WaiterConfig={"Delay": 1})
    for number in range(50):
        objects.put_object(Bucket="restart.left-over", Key=f"object-{number}", Body=b"x")
