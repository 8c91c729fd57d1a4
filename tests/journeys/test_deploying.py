"""The life of a deployment by the commands of docs/deploying.md, with the real CDK CLI on an embedded AWS.

A first deployment fails and says why; an earlier version is deployed and used; it is upgraded with an allocation in
use, rolled back, and upgraded again; a table is restored; the stack is destroyed, and a new one adopts what was kept.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import boto3
import pytest

from atmosphere.contract import STAGE, FunctionName, Table
from atmosphere.local.accounts import make_callers
from atmosphere.local.emulator import HUB_ACCOUNT, REGION, Emulator
from atmosphere.local.entrance import Entrance
from atmosphere.local.lacking import with_skipped
from atmosphere.local.root import Account
from atmosphere.local.tap import Tap
from atmosphere.local.ticker import Ticker
from tests.journeys.api import INSTALLED, ROOT, Api
from tests.journeys.conftest import EXAMPLE, SHORT
from tests.journeys.deploying import ENVIRONMENT, Place, a_place, is_run, sections
from tests.quick import FEW_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.emulator, pytest.mark.slow, pytest.mark.timeout(3000)]

EARLIER: Final = "d142cb1"
"""What main was before the configuration in force became a row."""
KEY: Final = f"{ENVIRONMENT}/{REGION}"
POOL: Final = "demo"
ENTRY: Final = f"""
environments:
  - account: "{ENVIRONMENT}"
    region: {REGION}
    pool: {POOL}
    admin_role: arn:aws:iam::{ENVIRONMENT}:role/AtmosphereAdmin
    external_id: atmosphere-example
    capabilities: []
"""


@dataclass
class Hub:
    """An embedded AWS on which somebody deploys, and what is seen of the service there."""

    emulator: Emulator
    endpoint: str
    callers: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def account(self) -> Account:
        return Account(self.emulator.endpoint, HUB_ACCOUNT, REGION)

    def root(self, service: str) -> Any:
        keys = {"aws_access_key_id": HUB_ACCOUNT, "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, **keys)  # type: ignore[call-overload]

    def outputs(self) -> dict[str, str]:
        (stack,) = self.root("cloudformation").describe_stacks(StackName="atmosphere")["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    def api(self, caller: str) -> Api:
        return Api(f"{self.endpoint}/_aws/execute-api/{self.outputs()['ApiId']}/{STAGE}", self.callers[caller])

    def baseline(self, bucket: str) -> list[tuple[str, str]]:
        """Every version of the baseline that was ever written, in order, with its content."""
        storage = self.root("s3")
        versions = storage.list_object_versions(Bucket=bucket, Prefix="baselines/").get("Versions", [])
        found = [(each["Key"], each["VersionId"]) for each in versions]
        return sorted(
            (key, storage.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read().decode())
            for key, version in found
        )

    def tables(self) -> set[str]:
        return {
            name
            for page in self.root("dynamodb").get_paginator("list_tables").paginate()
            for name in page["TableNames"]
        }

    def ready_file(self, place: Place) -> None:
        """What `atmosphere` finds the service by here."""
        ready = {"endpoint": self.api("operator").endpoint, "region": REGION, "callers": self.callers}
        (place.directory / "ready.json").write_text(json.dumps(ready))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    assert (INSTALLED / ".ready").exists(), "the CDK CLI is not installed: run `make setup`"
    home = tmp_path / "emulator"
    home.mkdir()
    emulator = Emulator(home)
    tap, entrance = Tap(emulator.port), Entrance(emulator.port)
    emulator.start(lambda_endpoint=f"http://127.0.0.1:{tap.start()}")
    hub = Hub(emulator, f"http://127.0.0.1:{entrance.start()}")
    ticker = Ticker(hub.account, f"atmosphere-{FunctionName.RECONCILE}", gap=1.0, show=lambda _: None)
    try:
        hub.callers = {name: keys.described() for name, keys in make_callers(hub.account).items()}
        ticker.start()
        yield hub
    finally:
        ticker.stop()
        emulator.stop()
        tap.stop()
        entrance.stop()


def configured(place: Path) -> None:
    """The example configuration with a single environment."""
    shutil.copytree(EXAMPLE, place / "config")
    (place / "config" / "environments.yaml").write_text(ENTRY)
    access = place / "config" / "access.yaml"
    text = access.read_text().replace("[demo, release, europe]", "[demo]").replace("[demo, release]", "[demo]")
    access.write_text(text)


@pytest.fixture
def today(hub: Hub, tmp_path: Path) -> Place:
    (tmp_path / "today").mkdir()
    configured(tmp_path / "today")
    return a_place(tmp_path / "today", hub.endpoint, with_skipped(SHORT | FEW_TYPES))


@pytest.fixture
def earlier(hub: Hub, tmp_path: Path) -> Place:
    """The code of an earlier commit, with the packages of today, as they are installed here."""
    archived = subprocess.run(["git", "archive", EARLIER], cwd=ROOT, capture_output=True, check=False)
    if archived.returncode != 0:
        pytest.skip(f"this clone does not have the commit {EARLIER}: {archived.stderr.decode().strip()}")
    place = tmp_path / "earlier"
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as archive:
        archive.extractall(place, filter="data")
    for name in ("requirements", "config"):
        shutil.rmtree(place / name)
    shutil.copytree(ROOT / "requirements", place / "requirements")
    configured(place)
    (place / ".cache").mkdir()
    return a_place(place, hub.endpoint, with_skipped(SHORT | FEW_TYPES))


def broken(place: Place) -> None:
    """As if the snapshot had been damaged on its way: the publisher refuses it."""
    assembly = place.directory / "cdk.out"
    template = json.loads((assembly / "atmosphere.template.json").read_text())
    (publication,) = [each for each in template["Resources"].values() if each["Type"].startswith("Custom::")]
    publication["Properties"]["Digest"] = "0" * 64
    (assembly / "atmosphere.template.json").write_text(json.dumps(template))
    listing = json.loads((assembly / "atmosphere.assets.json").read_text())["files"]
    (key,) = [key for key, each in listing.items() if each["source"]["path"] == "atmosphere.template.json"]
    for name in ("manifest.json", "atmosphere.assets.json"):  # the CDK does not send again what is there by this name
        text = (assembly / name).read_text()
        (assembly / name).write_text(text.replace(key, "b" * 64))


def a_first_deployment_fails_and_says_why(hub: Hub, today: Place) -> None:
    today.section("Both stacks")
    broken(today)
    (deploy,) = sections()["First deployment"][:1]
    assert "WrongDigest" in today.run(deploy, fails=True)
    events, log = today.section("A first deployment that fails")
    assert re.search(r"ServicePublication\w*\s+.*WrongDigest", events)
    assert "publishing failed" in log
    assert "WrongDigest" in log
    with pytest.raises(hub.root("ssm").exceptions.ParameterNotFound):
        hub.root("ssm").get_parameter(Name=f"/atmosphere/kept/{REGION}")


def a_version_is_deployed(hub: Hub, place: Place) -> None:
    """Where the first deployment has failed."""
    place.section("Both stacks")
    place.section("The role of an environment")
    deploy, look = sections()["First deployment"]
    place.run(deploy)
    hub.ready_file(place)
    hub.api("runner").until_free(POOL)
    assert KEY in place.run(look)


def it_is_used(hub: Hub) -> dict[str, Any]:
    """A test leaves something and releases; another one is at work. Its allocation."""
    runner = hub.api("runner")
    with runner.allocation(pool=POOL, requester="leaves something") as granted:
        keys = granted["credentials"]
        session = {
            "aws_access_key_id": keys["accessKeyId"],
            "aws_secret_access_key": keys["secretAccessKey"],
            "aws_session_token": keys["sessionToken"],
        }
        storage = boto3.client("s3", endpoint_url=hub.endpoint, region_name=REGION, **session)
        storage.create_bucket(Bucket="left.over")
    runner.until_free(POOL)
    answer = runner.ask("POST", "/allocations", {"pool": POOL, "requester": "is at work"})
    assert answer.status == 200, answer.text
    held: dict[str, Any] = answer.body
    return held


def requesters(hub: Hub) -> list[str]:
    entries = hub.api("operator").ask("GET", f"/allocations?environment={quote(KEY, safe='')}").body["entries"]
    return sorted(each["requester"] for each in entries if each.get("requester"))


def an_allocation_in_use_goes_on(hub: Hub, held: dict[str, Any]) -> None:
    runner = hub.api("runner")
    answer = runner.ask("POST", f"/allocations/{held['id']}/credentials")
    assert answer.status == 200, answer.text
    assert runner.ask("GET", f"/allocations/{held['id']}").body["expiresAt"] == held["expiresAt"]
    assert runner.ask("DELETE", f"/allocations/{held['id']}", {"outcome": "success"}).status == 200
    runner.until_free(POOL)


def a_new_deployment_is_refused(hub: Hub, today: Place, bucket: str) -> None:
    """Nothing is captured; the tables that it made are empty."""
    before = hub.tables()
    (deploy,) = sections()["First deployment"][:1]
    assert "already exists" in today.run(deploy, fails=True).replace("AlreadyExists", "already exists")
    made = hub.tables() - before
    assert made
    assert all(hub.root("dynamodb").scan(TableName=name)["Count"] == 0 for name in made)
    others = {each["Name"] for each in hub.root("s3").list_buckets()["Buckets"]} - {bucket}
    assert all(hub.baseline(name) == [] for name in others)


def everything_is_removed(hub: Hub, today: Place, outputs: dict[str, str]) -> None:
    today.section("Destroy")
    today.section("Remove what is retained")
    assert hub.tables() & {name for key, name in outputs.items() if key.startswith("Table")} == set()
    assert outputs["BucketName"] not in {each["Name"] for each in hub.root("s3").list_buckets()["Buckets"]}
    groups = hub.root("logs").describe_log_groups()["logGroups"]
    assert [each["logGroupName"] for each in groups if "ServicePublishLogs" in each["logGroupName"]] == []


def test_a_deployment_fails_is_used_upgraded_rolled_back_restored_destroyed_and_adopted(
    hub: Hub, earlier: Place, today: Place
) -> None:
    today.section("Prerequisites")
    a_first_deployment_fails_and_says_why(hub, today)
    a_version_is_deployed(hub, earlier)
    held = it_is_used(hub)
    bucket = hub.outputs()["BucketName"]
    captured = hub.baseline(bucket)
    assert [key for key, _ in captured] == [f"baselines/{KEY}.json"]

    today.section("Upgrade")
    assert f"Table{Table.SNAPSHOTS.title()}" in hub.outputs()
    assert hub.outputs()["BucketName"] == bucket
    an_allocation_in_use_goes_on(hub, held)
    assert requesters(hub) == ["is at work", "leaves something"]

    held = hub.api("runner").ask("POST", "/allocations", {"pool": POOL, "requester": "meets a roll-back"}).body
    roll_back, forget = sections()["Roll back"]
    earlier.run(roll_back)
    an_allocation_in_use_goes_on(hub, held)
    today.run(forget)
    today.section("Upgrade")

    today.section("Restore a table")
    assert hub.outputs()["TableHistory"] == "atmosphere-history-restored"
    used = ["is at work", "leaves something", "meets a roll-back"]
    assert requesters(hub) == used

    today.section("Destroy")
    assert hub.baseline(bucket) == captured
    a_new_deployment_is_refused(hub, today, bucket)
    today.section("A new deployment of what is kept")
    adopted = hub.outputs()
    assert (adopted["BucketName"], adopted["TableHistory"]) == (bucket, "atmosphere-history-restored")
    assert hub.api("operator").ask("GET", f"/environments/{KEY}").body["status"] == "free"
    assert hub.baseline(bucket) == captured
    assert requesters(hub) == used
    with hub.api("runner").allocation(pool=POOL, requester="after the adoption"):
        pass
    hub.api("runner").until_free(POOL)
    assert hub.baseline(bucket) == captured

    everything_is_removed(hub, today, adopted)
    assert is_run(sections()["Destroy"][0])
