"""What a Lambda carries, and what it must not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.contract import FUNCTIONS, FunctionName
from infra import assets
from infra.app import synthesize
from infra.target import Target

if TYPE_CHECKING:
    from pathlib import Path

    from atmosphere.core.snapshot import Snapshot

SETS = sorted({function.services for function in FUNCTIONS})
each_set = pytest.mark.parametrize("services", SETS, ids=lambda services: f"{len(services)}-services")
has_wheels = pytest.mark.skipif(
    not assets.wheels_directory().is_dir(), reason="the wheels for AWS are fetched by the slow test, with the network"
)


def files(asset: assets.Asset) -> set[str]:
    found = (path.relative_to(asset.directory) for path in asset.directory.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


@each_set
def test_a_lambda_carries_our_package_without_its_outer_rooms(services: tuple[str, ...]) -> None:
    rooms = {
        name.split("/")[1] for name in files(assets.build(services, Target.HOST)) if name.startswith("atmosphere/")
    }
    assert {"contract.py", "core", "handlers", "adapters"} <= rooms
    assert not rooms & {"cli", "client", "config", "local"}


@each_set
def test_a_lambda_carries_models_of_its_own_services_only(services: tuple[str, ...]) -> None:
    names = {
        name.split("/")[2] for name in files(assets.build(services, Target.HOST)) if name.startswith("botocore/data/")
    }
    assert names == {*services, *assets.SHARED_MODELS}


def test_the_cleanup_speaks_to_no_service_that_its_asset_has_no_models_of() -> None:
    sources = [path.read_text() for path in (assets.PACKAGE / "cleanup").rglob("*.py")]
    spoken = {name for text in sources for name in re.findall(r"""(?:client\(|service=)["']([a-z0-9-]+)["']""", text)}
    carried = next(function.services for function in FUNCTIONS if function.name is FunctionName.CLEANUP)
    assert {"cloudformation", "iam", "s3"} <= spoken, "the pattern finds them"
    assert spoken <= set(carried)


@each_set
def test_every_handlers_clients_can_be_made_from_the_asset_alone(services: tuple[str, ...]) -> None:
    asset = assets.build(services, Target.HOST)
    program = f"""
import sys
sys.path[:] = [{str(asset.directory)!r}] + [entry for entry in sys.path if "site-packages" not in entry]
import boto3, botocore
from aws_lambda_powertools import Logger, Metrics
assert botocore.__file__.startswith({str(asset.directory)!r}), botocore.__file__
for service in {services!r}:
    boto3.client(service, region_name="us-east-1", aws_access_key_id="1" * 12, aws_secret_access_key="x")
import atmosphere.contract, atmosphere.core.snapshot
Logger(service="x"); Metrics(namespace="x")
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@each_set
def test_an_asset_has_no_tests_metadata_or_programs(services: tuple[str, ...]) -> None:
    names = files(assets.build(services, Target.HOST))
    assert not [name for name in names if ".dist-info" in name or "/tests/" in name or name.startswith("bin/")]
    assert not [name for name in names if name.endswith(".pyi")]


@each_set
def test_an_asset_is_small_enough_to_be_unpacked_at_every_cold_start(services: tuple[str, ...]) -> None:
    asset = assets.build(services, Target.HOST)
    size = sum((asset.directory / name).stat().st_size for name in files(asset))
    assert size < 8_000_000


def test_equal_inputs_give_the_same_asset_and_changed_code_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "atmosphere"
    (package / "cli").mkdir(parents=True)
    (package / "contract.py").write_text("A = 1\n")
    monkeypatch.setattr(assets, "PACKAGE", package)
    monkeypatch.setattr(assets, "CACHE", tmp_path / "cache")
    services = ("sts",)
    first = assets.build(services, Target.HOST)
    assert assets.build(services, Target.HOST) == first
    (package / "cli" / "main.py").write_text("print()\n")
    assert assets.build(services, Target.HOST) == first, "what no Lambda carries changes no asset"
    (package / "contract.py").write_text("A = 2\n")
    assert assets.build(services, Target.HOST).digest != first.digest


def test_a_distribution_that_differs_from_the_lock_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lambda.txt"
    lock.write_text("boto3==0.0.1 \\\n    --hash=sha256:00\n")
    monkeypatch.setattr(assets, "LOCK", lock)
    monkeypatch.setattr(assets, "CACHE", tmp_path / "cache")
    with pytest.raises(assets.AssetFailed, match="make setup"):
        assets.build(("sts",), Target.HOST)


def test_a_service_that_botocore_does_not_know_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "CACHE", tmp_path / "cache")
    with pytest.raises(assets.AssetFailed, match="dynamo-db"):
        assets.build(("dynamo-db",), Target.HOST)


def without_asset_hashes(template: dict[str, Any]) -> str:
    text = json.dumps(template, sort_keys=True)
    for function in template["Resources"].values():
        if function["Type"] == "AWS::Lambda::Function":
            text = text.replace(function["Properties"]["Code"]["S3Key"], "ASSET")
    return text


def compare_targets(snapshot: Snapshot, template: dict[str, Any], out: Path) -> None:
    synthesize(snapshot, target=Target.AWS, out=out)
    aws = json.loads((out / "atmosphere.template.json").read_text())
    assert aws != template, "the assets do differ"
    assert without_asset_hashes(aws) == without_asset_hashes(template)
    for services in SETS:
        compiled = list(assets.build(services, Target.AWS).directory.rglob("*.so"))
        assert all(path.name.endswith("aarch64-linux-gnu.so") for path in compiled)


@has_wheels
def test_both_targets_give_the_same_template(snapshot: Snapshot, template: dict[str, Any], tmp_path: Path) -> None:
    compare_targets(snapshot, template, tmp_path / "out")


@pytest.mark.slow
def test_the_assets_for_aws_can_be_fetched_and_built(
    snapshot: Snapshot, template: dict[str, Any], tmp_path: Path
) -> None:
    compare_targets(snapshot, template, tmp_path / "out")
