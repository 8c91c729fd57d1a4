"""The real template on the embedded AWS: a configuration comes into force with its deployment, or not at all."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from atmosphere.contract import FUNCTIONS, Env
from atmosphere.core.model import AccountId, EnvironmentKey, Region
from atmosphere.core.snapshot import Snapshot, digest, to_json
from atmosphere.local.deployment import DeploymentFailed, deploy
from atmosphere.local.emulator import HUB_ACCOUNT, REGION, Emulator
from atmosphere.local.root import Account
from atmosphere.local.tap import Tap
from infra.target import Target
from tests.infra.cdk import synthesize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.emulator
FIRST, SECOND = AccountId("222222222222"), AccountId("333333333333")
TEMPLATE = "atmosphere.template.json"


class Deployed:
    """The stack on an embedded AWS of its own: its Lambdas speak through the wire tap, as TLS."""

    def __init__(self, place: Account) -> None:
        self.place = place
        self.outputs: dict[str, str] = {}

    def deploy(self, assembly: Path) -> None:
        self.outputs = deploy(self.place, assembly=assembly, stack="atmosphere")

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": HUB_ACCOUNT, "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.place.endpoint, region_name=REGION, **keys)  # type: ignore[call-overload]

    def snapshots_of_functions(self) -> set[str]:
        found = [
            self.client("lambda").get_function_configuration(FunctionName=f"atmosphere-{it.name}") for it in FUNCTIONS
        ]
        variables = [entry["Environment"]["Variables"] for entry in found]
        return {entry[Env.SNAPSHOT] for entry in variables if Env.SNAPSHOT in entry}

    def row(self, account: str) -> dict[str, Any]:
        key = {"account": {"S": account}, "region": {"S": REGION}}
        reply = self.client("dynamodb").get_item(TableName=self.outputs["TableEnvironments"], Key=key)
        found: dict[str, Any] = reply.get("Item", {})
        return found


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployed]:
    emulator = Emulator(tmp_path / "emulator")
    tap = Tap(emulator.port)
    (tmp_path / "emulator").mkdir()
    try:
        emulator.start(lambda_endpoint=f"http://127.0.0.1:{tap.start()}")
        yield Deployed(Account(emulator.endpoint, HUB_ACCOUNT, REGION))
    finally:
        emulator.stop()
        tap.stop()


@pytest.fixture(scope="session")
def larger(snapshot: Snapshot) -> Snapshot:
    """The snapshot with one environment more."""
    (only,) = snapshot.environments
    return replace(snapshot, environments=(only, replace(only, key=EnvironmentKey(SECOND, Region(REGION)))))


@pytest.fixture(scope="session")
def larger_assembly(larger: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("larger") / "out"
    synthesize(larger, target=Target.HOST, out=out)
    return out


def changed(assembly: Path, copy: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The assembly with something done to its template."""
    shutil.copytree(assembly, copy)
    template = json.loads((copy / TEMPLATE).read_text())
    change(template["Resources"])
    (copy / TEMPLATE).write_text(json.dumps(template))
    return copy


def announce_another_digest(resources: dict[str, Any]) -> None:
    resources[name_of_publication(resources)]["Properties"]["Digest"] = "0" * 64


def fail_after_publishing(resources: dict[str, Any]) -> None:
    """An alarm on an expression, which the embedded AWS does not take."""
    resources["Broken"] = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "Metrics": [{"Id": "sum", "Expression": "1"}],
        },
        "DependsOn": [name_of_publication(resources)],
    }


def name_of_publication(resources: dict[str, Any]) -> str:
    return next(name for name, entry in resources.items() if entry["Type"].startswith("Custom::"))


def digest_of(snapshot: Snapshot) -> str:
    return digest(to_json(snapshot))


def test_a_deployment_puts_its_configuration_in_force_and_the_next_one_replaces_it(
    deployed: Deployed, snapshot: Snapshot, larger: Snapshot, assembly: Path, larger_assembly: Path
) -> None:
    deployed.deploy(assembly)
    assert deployed.snapshots_of_functions() == {digest_of(snapshot)}
    assert deployed.row(FIRST)
    assert not deployed.row(SECOND)
    deployed.deploy(larger_assembly)
    assert deployed.snapshots_of_functions() == {digest_of(larger)}
    assert deployed.row(SECOND)["mark"] == {"S": "registered"}
    stored = deployed.client("dynamodb").scan(TableName=deployed.outputs["TableSnapshots"])
    assert {entry["digest"]["S"] for entry in stored["Items"]} == {digest_of(snapshot), digest_of(larger)}


def test_a_configuration_that_cannot_be_published_changes_nothing(
    deployed: Deployed, snapshot: Snapshot, assembly: Path, larger_assembly: Path, tmp_path: Path
) -> None:
    deployed.deploy(assembly)
    with pytest.raises(DeploymentFailed, match="WrongDigest"):
        deployed.deploy(changed(larger_assembly, tmp_path / "bad", announce_another_digest))
    assert deployed.snapshots_of_functions() == {digest_of(snapshot)}
    assert not deployed.row(SECOND)


def test_a_deployment_that_fails_later_takes_its_configuration_back(
    deployed: Deployed, snapshot: Snapshot, assembly: Path, larger_assembly: Path, tmp_path: Path
) -> None:
    deployed.deploy(assembly)
    with pytest.raises(DeploymentFailed, match="Broken"):
        deployed.deploy(changed(larger_assembly, tmp_path / "broken", fail_after_publishing))
    assert deployed.snapshots_of_functions() == {digest_of(snapshot)}
    assert deployed.row(FIRST)["mark"] == {"S": "registered"}
    assert deployed.row(SECOND).get("mark") in (None, {"S": "deregistering"})
