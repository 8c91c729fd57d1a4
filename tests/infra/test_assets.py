"""What a Lambda carries, and what it must not."""

from __future__ import annotations

import gzip
import inspect
import json
import re
import struct
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore.loaders import create_loader
from botocore.regions import EndpointResolver
from botocore.session import Session

from atmosphere.contract import FUNCTIONS, Function, FunctionName
from infra import assets, dependencies, sources
from infra.dependencies import AssetFailed
from infra.target import RUNTIME, Target
from tests.infra.cdk import synthesize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from atmosphere.core.snapshot import Snapshot


class Kind(NamedTuple):
    """What an asset is made for."""

    services: tuple[str, ...]
    verifies_tokens: bool

    @property
    def title(self) -> str:
        last = self.services[-1]  # tells apart those that are as many
        return f"{len(self.services)}-services-to-{last}{'-and-tokens' if self.verifies_tokens else ''}"

    @property
    def most(self) -> int:
        """Bytes: cryptography's library alone is 14 MB; what cleans has the models of dozens of services."""
        if self.verifies_tokens:
            return 30_000_000
        return 14_000_000 if "cloudcontrol" in self.services else 8_000_000


KINDS = sorted({Kind(function.services, function.verifies_tokens) for function in FUNCTIONS})
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
has_wheels = pytest.mark.skipif(
    not dependencies.wheels_directory().is_dir(),
    reason="the wheels for AWS are not there: `make setup` fetches them, with the network",
)
each_target = pytest.mark.parametrize("target", [Target.HOST, pytest.param(Target.AWS, marks=has_wheels)])
_VERSION = re.compile(r"botocore/data/[^/]+/[^/]+/")
THEIRS = ("jwt", "cryptography", "_cffi_backend")
VERIFIES = """
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
token = jwt.encode({"aud": "a"}, key, algorithm="RS256")
assert jwt.decode(token, key.public_key(), algorithms=["RS256"], audience="a") == {"aud": "a"}
"""


def built(kind: Kind, target: Target = Target.HOST) -> assets.Asset:
    return assets.build(kind.services, target, verifies_tokens=kind.verifies_tokens)


def files(asset: assets.Asset) -> set[str]:
    found = (path.relative_to(asset.directory) for path in asset.directory.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


@each_kind
def test_a_lambda_carries_our_package_without_its_outer_rooms(kind: Kind) -> None:
    rooms = {name.split("/")[1] for name in files(built(kind)) if name.startswith("atmosphere/")}
    assert {"contract.py", "core", "handlers", "adapters"} <= rooms
    assert not rooms & {"cli", "client", "config", "local"}


@each_kind
def test_a_lambda_carries_models_of_its_own_services_only(kind: Kind) -> None:
    names = {name.split("/")[2] for name in files(built(kind)) if name.startswith("botocore/data/")}
    assert names == {*kind.services, *assets.SHARED_MODELS}


def test_the_cleanup_speaks_to_no_service_that_its_asset_has_no_models_of() -> None:
    sources = [path.read_text() for path in (assets.PACKAGE / "cleanup").rglob("*.py")]
    spoken = {name for text in sources for name in re.findall(r"""(?:client\(|service=)["']([a-z0-9-]+)["']""", text)}
    carried = next(function.services for function in FUNCTIONS if function.name is FunctionName.CLEANUP)
    assert {"cloudformation", "iam", "s3"} <= spoken, "the pattern finds them"
    assert spoken <= set(carried)


def modules_of(kind: Kind) -> list[str]:
    return [
        entry.handler.rpartition(".")[0] for entry in FUNCTIONS if Kind(entry.services, entry.verifies_tokens) == kind
    ]


@each_kind
def test_every_handler_can_be_imported_and_its_clients_made_from_the_asset_alone(kind: Kind) -> None:
    asset = built(kind)
    program = f"""
import sys
sys.path[:] = [{str(asset.directory)!r}] + [entry for entry in sys.path if "site-packages" not in entry]
import boto3, botocore
from aws_lambda_powertools import Logger, Metrics
assert botocore.__file__.startswith({str(asset.directory)!r}), botocore.__file__
for service in {kind.services!r}:
    boto3.client(service, region_name="us-east-1", aws_access_key_id="1" * 12, aws_secret_access_key="x")
Logger(service="x"); Metrics(namespace="x")
import importlib
for module in {modules_of(kind)!r}:
    importlib.import_module(module)
{VERIFIES if kind.verifies_tokens else ""}
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@each_kind
def test_every_module_of_an_asset_has_byte_code(kind: Kind) -> None:
    directory = built(kind).directory
    compiled = {path.relative_to(directory) for path in directory.rglob("*.pyc")}
    for source in directory.rglob("*.py"):
        assert Path(cache_from_source(str(source.relative_to(directory)))) in compiled


def test_an_asset_for_aws_has_byte_code_if_the_functions_python_builds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not assets.has_byte_code(Target.AWS)
    monkeypatch.setattr(assets, "RUNTIME", f"{sys.version_info.major}.{sys.version_info.minor}")
    assert assets.has_byte_code(Target.AWS)


def test_an_asset_with_byte_code_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    without = assets._digest(frozenset({"sts"}), Target.AWS, dependencies.LOCK)
    monkeypatch.setattr(assets, "has_byte_code", lambda _: True)
    assert assets._digest(frozenset({"sts"}), Target.AWS, dependencies.LOCK) != without


def endpoints(services: Iterable[str]) -> str:
    """What the older endpoints say of each service in a region of each partition."""
    session = Session()
    data = session.get_component("data_loader").load_data("endpoints")
    resolver = EndpointResolver(data)
    prefixes = {name: session.get_service_model(name).endpoint_prefix for name in services}
    found = {}
    for partition in data["partitions"]:
        for region in sorted(partition["regions"])[:2]:
            for name, prefix in prefixes.items():
                found[f"{name} {region}"] = resolver.construct_endpoint(prefix, region, partition["partition"])
    return json.dumps(found)


@each_kind
def test_trimmed_models_give_the_same_endpoints_in_every_partition(kind: Kind) -> None:
    program = f"""
import json, sys
sys.path[:] = [{str(built(kind).directory)!r}] + [entry for entry in sys.path if "site-packages" not in entry]
from botocore.regions import EndpointResolver
from botocore.session import Session
from collections.abc import Iterable
{inspect.getsource(endpoints)}
print(endpoints({kind.services!r}))
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == json.loads(endpoints(kind.services))


@each_kind
def test_a_trimmed_model_differs_in_its_texts_only(kind: Kind) -> None:
    for service in kind.services:
        (path,) = (built(kind).directory / "botocore" / "data" / service).glob("*/service-2.json.gz")
        trimmed = json.loads(gzip.decompress(path.read_bytes()))
        loader = create_loader()
        whole = loader.load_data(f"{service}/{loader.determine_latest_version(service, 'service-2')}/service-2")
        assert trimmed["operations"].keys() == whole["operations"].keys()
        assert trimmed == _emptied(whole)
        assert not {text for text in _texts(trimmed) if text}


def _emptied(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _emptied(entry, key) for key, entry in value.items()}
    if isinstance(value, list):
        return [_emptied(entry) for entry in value]
    return "" if name == "documentation" else value


def _texts(value: Any) -> Iterator[str]:
    for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
        if key == "documentation" and isinstance(entry, str):
            yield entry
        elif isinstance(entry, (dict, list)):
            yield from _texts(entry)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_function_on_aws_has_its_clients_before_its_first_request_and_collects_from_then_on(
    function: Function,
) -> None:
    asset = assets.build(function.services, Target.HOST, verifies_tokens=function.verifies_tokens)
    module, _, name = function.handler.rpartition(".")
    program = f"""
import sys
sys.path[:] = [{str(asset.directory)!r}] + [entry for entry in sys.path if "site-packages" not in entry]
import gc, importlib
module = importlib.import_module({module!r})
assert gc.isenabled() and gc.get_freeze_count() > 10_000
from atmosphere.adapters import clients
made = clients._session.cache_info().currsize
assert made, "no client was made"
assert callable(getattr(module, {name!r}))
"""
    environment = {
        "AWS_LAMBDA_FUNCTION_NAME": "a-function",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        **{variable.value: "{}" for variable in function.variables},
    }
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr


@each_kind
def test_an_asset_has_no_tests_metadata_or_programs(kind: Kind) -> None:
    names = files(built(kind))
    assert not [name for name in names if ".dist-info" in name or "/tests/" in name or name.startswith("bin/")]
    assert not [name for name in names if name.endswith(".pyi")]


@each_kind
def test_an_asset_has_the_newest_version_of_each_model_and_no_other(kind: Kind) -> None:
    versions = {tuple(name.split("/")[2:4]) for name in files(built(kind)) if _VERSION.match(name)}
    newest = {service: create_loader().determine_latest_version(service, "service-2") for service in kind.services}
    assert versions == set(newest.items())


@each_kind
def test_an_asset_is_small_enough_to_be_unpacked_at_every_cold_start(kind: Kind) -> None:
    asset = built(kind)
    size = sum((asset.directory / name).stat().st_size for name in files(asset))
    assert size < kind.most, f"{size} bytes"


@each_target
@each_kind
def test_cryptography_is_only_where_tokens_are_verified(kind: Kind, target: Target) -> None:
    carried = {name.partition("/")[0].partition(".")[0] for name in files(built(kind, target))}
    assert carried & {*THEIRS, "cffi", "pycparser"} == (set(THEIRS) if kind.verifies_tokens else set())


def test_one_function_verifies_tokens() -> None:
    assert [entry.name for entry in FUNCTIONS if entry.verifies_tokens] == [FunctionName.AUTHORIZE]


@each_target
@each_kind
def test_nothing_of_the_local_run_is_in_an_asset(kind: Kind, target: Target) -> None:
    """The stand-in token issuer above all: what signs tokens must not be where they are verified."""
    asset = built(kind, target)
    own = [asset.directory / name for name in files(asset) if name.startswith("atmosphere/")]
    assert own
    assert not [path for path in own if path.name in {"issuer.py", "job.py", "tap.py"}]
    for path in own:
        if path.suffix == ".py":
            text = path.read_text()
            assert "atmosphere.local" not in text, path
            assert "generate_private_key" not in text, path


AARCH64 = 183  # e_machine: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
ABI = re.compile(rf"\.(?:cpython-{RUNTIME.replace('.', '')}-aarch64-linux-gnu|abi3)\.so$")


@has_wheels
def test_every_compiled_file_for_aws_is_for_its_machine_and_its_python() -> None:
    compiled = [path for kind in KINDS for path in built(kind, Target.AWS).directory.rglob("*.so*")]
    assert {path.name.partition(".")[0] for path in compiled} >= {"_rust", "_cffi_backend"}
    for path in compiled:
        head = path.read_bytes()[:20]
        assert head[:6] == b"\x7fELF\x02\x01", "64 bit, least significant byte first"
        assert struct.unpack_from("<H", head, 18) == (AARCH64,), path
        assert ABI.search(path.name), path


@each_target
@each_kind
def test_a_compiled_file_is_only_where_it_is_needed(kind: Kind, target: Target) -> None:
    compiled = [path.name for path in built(kind, target).directory.rglob("*.so*")]
    assert sorted(name.partition(".")[0] for name in compiled) == (
        ["_cffi_backend", "_rust"] if kind.verifies_tokens else []
    )


def test_the_locks_of_the_lambdas_have_the_pins_that_are_tested() -> None:
    tested = dependencies.pins(sources.LOCKS / "dev.txt")
    lean, verifying = dependencies.pins(dependencies.LOCK), dependencies.pins(dependencies.TOKENS_LOCK)
    assert lean.items() < verifying.items() < tested.items()
    assert set(verifying) - set(lean) == {"pyjwt", "cryptography", "cffi", "pycparser"}


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
    monkeypatch.setattr(dependencies, "LOCK", lock)
    monkeypatch.setattr(assets, "CACHE", tmp_path / "cache")
    with pytest.raises(AssetFailed, match="make setup"):
        assets.build(("sts",), Target.HOST)


def test_a_service_that_botocore_does_not_know_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "CACHE", tmp_path / "cache")
    with pytest.raises(AssetFailed, match="dynamo-db"):
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


@has_wheels
def test_both_targets_give_the_same_template(snapshot: Snapshot, template: dict[str, Any], tmp_path: Path) -> None:
    compare_targets(snapshot, template, tmp_path / "out")


@pytest.mark.slow
def test_the_assets_for_aws_can_be_fetched_and_built(
    snapshot: Snapshot, template: dict[str, Any], tmp_path: Path
) -> None:
    compare_targets(snapshot, template, tmp_path / "out")
