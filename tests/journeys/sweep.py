"""Looks for secrets in everything that the embedded AWS keeps of the service's account, and in all that it printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from atmosphere.local.service import LocalService


def client(service: LocalService, name: str, **options: Any) -> Any:
    """A client as the root of the service's account."""
    hub = service.hub
    keys = {"aws_access_key_id": hub.account, "aws_secret_access_key": "test"}
    return boto3.client(name, endpoint_url=hub.endpoint, region_name=hub.region, **keys, **options)  # type: ignore[call-overload]


def leaks(service: LocalService, secrets: Iterable[str]) -> set[str]:
    """The places where one of the secrets is; never the secret."""
    wanted = [secret.encode() for secret in secrets]
    assert wanted
    return {place for place, content in kept(service) if any(secret in content for secret in wanted)}


def kept(service: LocalService) -> Iterator[tuple[str, bytes]]:
    """Everything that is there, each with the place it is at."""
    yield "the emulator's log", service.emulator.log.read_bytes()
    for part in (_items, _objects, _executions, _log_lines, _metrics):
        yield from part(service)


def _text(value: object) -> bytes:
    return json.dumps(value, default=str, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _items(service: LocalService) -> Iterator[tuple[str, bytes]]:
    tables = client(service, "dynamodb")
    for name in tables.list_tables()["TableNames"]:
        for page in tables.get_paginator("scan").paginate(TableName=name):
            for item in page["Items"]:
                yield f"table {name}", _text(item)


def _objects(service: LocalService) -> Iterator[tuple[str, bytes]]:
    storage = client(service, "s3")
    for bucket in storage.list_buckets()["Buckets"]:
        name = bucket["Name"]
        for page in storage.get_paginator("list_object_versions").paginate(Bucket=name):
            for entry in page.get("Versions", ()):
                found = storage.get_object(Bucket=name, Key=entry["Key"], VersionId=entry["VersionId"])
                yield f"bucket {name}, {entry['Key']}", found["Body"].read() + _text(found["Metadata"])


def _executions(service: LocalService) -> Iterator[tuple[str, bytes]]:
    machines = client(service, "stepfunctions")
    for machine in machines.list_state_machines()["stateMachines"]:
        for execution in machines.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]:
            arn = execution["executionArn"]
            yield f"execution {arn}", _text(machines.describe_execution(executionArn=arn))
            for page in machines.get_paginator("get_execution_history").paginate(executionArn=arn):
                yield f"history of {arn}", _text(page["events"])


def _log_lines(service: LocalService) -> Iterator[tuple[str, bytes]]:
    logs = client(service, "logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            for lines in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                yield f"log group {group['logGroupName']}", _text(lines["events"])


def _metrics(service: LocalService) -> Iterator[tuple[str, bytes]]:
    for page in client(service, "cloudwatch").get_paginator("list_metrics").paginate():
        yield "metrics", _text(page["Metrics"])
