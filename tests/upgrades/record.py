"""Writes what a version keeps, as that version writes it: run with an older checkout's code, not in a test.

    git archive REVISION | tar -x -C OLD    (with this checkout's .venv, .emulator and .cache/npm linked into OLD)
    cd OLD && PYTHONPATH=service:. .venv/bin/python RECORD_PY OUT.json

A local service lives through allocations, a waiter, an operator's acts and a dirty environment, and its tables and
bucket are copied. Rows of kinds that did not come up are encoded from values.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import boto3

from atmosphere.adapters.items import encode
from atmosphere.cleanup.model import PassState, Phase
from atmosphere.contract import TABLES, Table
from atmosphere.core.breaker import Breaker, Case
from atmosphere.core.model import OwnerKey, PoolName, RuleName
from atmosphere.core.over import Over, OverKey
from atmosphere.core.quota import Slot, SlotKey
from atmosphere.core.shortage import Shortage, ShortageKey
from atmosphere.core.tombstone import TombstoneSlot, TombstoneSlotKey
from atmosphere.local.root import Account
from atmosphere.local.service import LocalService
from tests.builders import NOW, a_key, an_id
from tests.journeys.api import Api, send, until
from tests.journeys.conftest import EXAMPLE, SHORT
from tests.quick import FEW_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRY: Final = """
environments:
  - account: "222222222222"
    region: us-east-1
    pool: demo
    admin_role: arn:aws:iam::222222222222:role/AtmosphereAdmin
    external_id: atmosphere-example
    capabilities: {public-network: true, quota: {vpcs: 20}}
  - account: "333333333333"
    region: us-east-1
    pool: release
    admin_role: arn:aws:iam::333333333333:role/AtmosphereAdmin
    external_id: atmosphere-example
    capabilities: []
"""


def live(service: LocalService) -> None:
    """Everything that a deployment does in its first days."""
    runner, operator = (
        Api(service.description["endpoint"], service.description["callers"][name]) for name in ("runner", "operator")
    )
    with runner.allocation(pool="demo", requester="leaves something") as granted:
        storage = client(service, "s3", granted["credentials"])
        storage.create_bucket(Bucket="left-over.example")
        storage.put_object(Bucket="left-over.example", Key="object", Body=b"x")
        assert runner.ask("POST", f"/allocations/{granted['id']}/credentials").status == 200
    runner.until_free("demo")
    by_workflow(service, runner)
    asked = {"pool": "demo", "requester": "still at work", "heartbeatSeconds": 3600, "durationSeconds": 10800}
    assert runner.ask("POST", "/allocations", asked, headers={"Idempotency-Key": str(uuid4())}).status == 200
    assert runner.ask("POST", "/allocations", {"pool": "demo", "requester": "waits"}).status == 423
    release = "/environments/333333333333/us-east-1"
    assert operator.ask("POST", f"{release}/hold", {"reason": "a look"}).status == 200
    assert operator.ask("POST", f"{release}/resume", {"reason": "looked"}).status == 200
    until(lambda: operator.ask("GET", release).body["status"] == "free", "it is free again")
    becomes_dirty(service, runner)
    until(lambda: operator.ask("GET", release).body["status"] == "dirty", "it is dirty")


def by_workflow(service: LocalService, runner: Api) -> None:
    """A row of a used token, and an allocation with the identity of a run."""
    token = service.issuer.token({})
    body = json.dumps({"pool": "demo", "requester": "a workflow", "releaseTokenHash": "0" * 64}).encode()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    reply = send("POST", f"{service.description['endpoint']}/github/allocations", body, headers)
    assert reply.status == 200, reply.text
    end = {"authorization": f"Bearer {service.issuer.token({})}", "content-type": "application/json"}
    path = f"{service.description['endpoint']}/github/allocations/{reply.body['id']}"
    assert send("DELETE", path, b'{"outcome":"success"}', end).status == 200
    runner.until_free("demo")


def becomes_dirty(service: LocalService, runner: Api) -> None:
    """A role that lets nobody in any more."""
    granted = runner.ask("POST", "/allocations", {"pool": "release", "requester": "meets a broken role"}).body
    denied = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    Account(service.hub.endpoint, "333333333333", "us-east-1").client("iam").update_assume_role_policy(
        RoleName="AtmosphereAdmin", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    )
    assert runner.ask("DELETE", f"/allocations/{granted['id']}", {"outcome": "failure"}).status == 200


def client(service: LocalService, name: str, keys: dict[str, str]) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        name,
        endpoint_url=service.description["awsEndpoint"],
        region_name="us-east-1",
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        aws_session_token=keys.get("sessionToken"),
    )


def encoded() -> Iterator[tuple[Table, dict[str, Any]]]:
    """A row of each kind that an example does not come to."""
    case = Case(key=a_key(), at=NOW, owner="owner", rule="rule", things=("AWS::S3::Bucket:{account}-x@us-east-1",))
    pool = PoolName("demo")
    slot = SlotKey(RuleName("integration-tests"), 3)
    tombstone = TombstoneSlotKey(OwnerKey("iam:111111111111:role/runner"), 7)
    for table, row in (
        (Table.POOLS, Breaker(pool=pool, revision=4, cases=(case,), opened=NOW, thing="a thing")),
        (Table.POOLS, Shortage(id=ShortageKey(pool), since=NOW, told=True)),
        (Table.WAITERS, Slot(id=slot, allocation=an_id(1), until=NOW)),
        (Table.WAITERS, TombstoneSlot(id=tombstone, allocation=an_id(2), until=NOW)),
        (Table.USED_TOKENS, Over(id=OverKey("https://github.com#701234567#1", "attempt#1#0"), until=NOW)),  # type: ignore[arg-type]
    ):
        yield table, encode(row, row.key if isinstance(row, Breaker) else row.id)


def kept(service: LocalService) -> dict[str, Any]:
    """All that outlives the stack."""
    rows: dict[str, list[Any]] = {table: [] for table in Table}
    for table, name in service.description["tables"].items():
        rows[table] += service.hub.client("dynamodb").scan(TableName=name)["Items"]
    for table, row in encoded():
        rows[table].append(row)
    storage = service.hub.client("s3")
    (bucket,) = [each["Name"] for each in storage.list_buckets()["Buckets"] if not each["Name"].startswith("cdk-")]
    listed = [each["Key"] for each in storage.list_objects_v2(Bucket=bucket).get("Contents", [])]
    objects = {key: storage.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in listed}
    state = PassState(number=2, phase=Phase.CLEAR, mutations=5, cut_off=NOW)
    keys = {
        table: [each.partition, each.sort, *sorted(index.name for index in each.indexes)]
        for table, each in TABLES.items()
    }
    return {"tables": keys, "rows": rows, "objects": extremes(objects), "pass": state.to_json()}


def extremes(objects: dict[str, str]) -> dict[str, str]:
    """Of the objects of one kind the smallest and the largest, so that the file stays small."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for key in sorted(objects, key=lambda key: (len(objects[key]), key)):
        parts = key.split("/")
        name = parts[-1] if parts[0] == "cleanups" and "journal" not in parts else ""
        kinds.setdefault((parts[0], name), []).append(key)
    return {key: objects[key] for keys in kinds.values() for key in (keys[0], keys[-1])}


def main(out: str) -> None:
    """Live, and write down what stays."""
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch) / "config"
        shutil.copytree(EXAMPLE, config)
        (config / "environments.yaml").write_text(ENTRY)
        access = config / "access.yaml"
        access.write_text(access.read_text().replace("[demo, release, europe]", "[demo, release]"))
        settings = {**SHORT, **FEW_TYPES, "attempt_pause_seconds": "1"}
        with LocalService(config, settings=settings, ticker=1.0, fresh=True) as service:
            live(service)
            found = kept(service)
    Path(out).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    sys.stdout.write(f"{time.strftime('%F')}: {len(found['objects'])} objects\n")


if __name__ == "__main__":
    main(sys.argv[1])
