"""Deploying an assembly to the embedded AWS: a small one made by hand, in the shape that CDK writes."""

from __future__ import annotations

import hashlib
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.local.deployment import DeploymentFailed, deploy, zip_directory
from atmosphere.local.root import Account

if TYPE_CHECKING:
    from pathlib import Path

    from atmosphere.local.emulator import Emulator

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}

VERSION = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}


def _template(asset: str, *, answer: str) -> dict[str, Any]:
    bucket = {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}
    function = {
        "FunctionName": "tiny",
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"S3Bucket": bucket, "S3Key": asset},
        "Environment": {"Variables": {"ANSWER": answer}},
    }
    return {
        "Parameters": {"BootstrapVersion": VERSION},
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "tiny-bucket"}},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
        },
        "Outputs": {"Bucket": {"Value": {"Ref": "Bucket"}}, "Function": {"Value": {"Ref": "Function"}}},
    }


def _assembly(directory: Path, *, answer: str = "42") -> Path:
    """A stack `tiny` with a bucket, a role and a function whose code is an asset."""
    code = "import os\ndef handler(event, context):\n    return {'answer': os.environ['ANSWER']}\n"
    digest = hashlib.sha256(code.encode()).hexdigest()
    asset = directory / f"asset.{digest}"
    asset.mkdir(parents=True, exist_ok=True)
    (asset / "index.py").write_text(code)
    target = {"bucketName": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}", "objectKey": f"{digest}.zip"}
    entry = {
        "source": {"path": asset.name, "packaging": "zip"},
        "destinations": {"current_account-current_region": target},
    }
    (directory / "tiny.assets.json").write_text(json.dumps({"files": {digest: entry}}))
    template = _template(f"{digest}.zip", answer=answer)
    (directory / "tiny.template.json").write_text(json.dumps(template))
    return directory


def _ask(place: Account) -> object:
    return json.load(place.client("lambda").invoke(FunctionName="tiny")["Payload"])


@pytest.fixture
def place(emulator: Emulator) -> Account:
    return Account(emulator.endpoint, "111111111111", "us-east-1")


@pytest.mark.emulator
def test_a_stack_with_an_asset_is_deployed_and_its_function_runs(place: Account, tmp_path: Path) -> None:
    outputs = deploy(place, assembly=_assembly(tmp_path), stack="tiny")
    assert outputs["Function"] == "tiny"
    assert _ask(place) == {"answer": "42"}


@pytest.mark.emulator
def test_deploying_again_changes_nothing_and_sends_no_asset_twice(place: Account, tmp_path: Path) -> None:
    assembly = _assembly(tmp_path)
    first = deploy(place, assembly=assembly, stack="tiny")
    for asset in assembly.glob("asset.*/index.py"):
        asset.unlink()  # what is not read cannot be missed
    for packed in assembly.glob("asset.*.zip"):
        packed.unlink()
    assert deploy(place, assembly=assembly, stack="tiny") == first


@pytest.mark.emulator
def test_a_changed_template_updates_the_stack(place: Account, tmp_path: Path) -> None:
    first = deploy(place, assembly=_assembly(tmp_path), stack="tiny")
    assert deploy(place, assembly=_assembly(tmp_path, answer="43"), stack="tiny") == first
    assert _ask(place) == {"answer": "43"}


@pytest.mark.emulator
def test_a_failure_names_the_resource_and_the_next_attempt_starts_over(place: Account, tmp_path: Path) -> None:
    storage = Account(place.endpoint, "999999999999", place.region).client("s3")
    storage.create_bucket(Bucket="tiny-bucket")
    with pytest.raises(DeploymentFailed, match=r"(?s)tiny is .*Bucket \(AWS::S3::Bucket\)"):
        deploy(place, assembly=_assembly(tmp_path), stack="tiny")
    storage.delete_bucket(Bucket="tiny-bucket")
    assert deploy(place, assembly=_assembly(tmp_path), stack="tiny")["Function"] == "tiny"


@pytest.mark.emulator
def test_one_stack_can_stand_twice_and_in_any_account_and_region(emulator: Emulator, tmp_path: Path) -> None:
    template = {
        "Parameters": {"Revision": {"Type": "String"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"Revision": {"Value": {"Ref": "Revision"}}, "Topic": {"Value": {"Ref": "Topic"}}},
    }
    (tmp_path / "topic.template.json").write_text(json.dumps(template))
    elsewhere = Account(emulator.endpoint, "222222222222", "eu-west-1")
    for name, word in (("one", "a"), ("two", "b")):
        outputs = deploy(elsewhere, assembly=tmp_path, stack="topic", name=name, parameters={"Revision": word})
        assert outputs["Revision"] == word
        assert outputs["Topic"].startswith("arn:aws:sns:eu-west-1:222222222222:")


@pytest.mark.emulator
def test_a_stack_without_assets_leaves_its_account_as_the_cdk_expects_it(place: Account, tmp_path: Path) -> None:
    (tmp_path / "topic.template.json").write_text(json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}))
    deploy(place, assembly=tmp_path, stack="topic")
    assert place.client("s3").list_buckets()["Buckets"] == []
    assert place.client("ssm").describe_parameters()["Parameters"] == []


def test_equal_directories_make_equal_archives(tmp_path: Path) -> None:
    packed = []
    for name, order in (("a", ["x.py", "y/z.py"]), ("b", ["y/z.py", "x.py"])):
        for file in order:
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file)
        zip_directory(tmp_path / name, tmp_path / f"{name}.zip")
        packed.append((tmp_path / f"{name}.zip").read_bytes())
    assert packed[0] == packed[1]
    assert zipfile.ZipFile(tmp_path / "a.zip").namelist() == ["x.py", "y/z.py"]
