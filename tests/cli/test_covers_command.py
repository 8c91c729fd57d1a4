"""`atmosphere cleanup covers`: what cleaning finds of the types in a folder of templates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.parts import PARTS
from atmosphere.cleanup.report.coverage import Coverage, coverage_of
from atmosphere.cli.exits import Exit
from atmosphere.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = {"Resources": {"Kept": {"Type": "AWS::S3::Bucket"}, "Policy": {"Type": "AWS::S3::BucketPolicy"}}}
YAML = """
Resources:
  Rule:
    Type: AWS::IoT::TopicRule
    Properties:
      RuleName: !Sub "${AWS::StackName}-rule"
      TopicRulePayload: {Sql: !Join ["", [a, !Ref B]]}
  Own:
    Type: Custom::Thing
"""


def put(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def covers(directory: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = main(["cleanup", "covers", str(directory), "--json"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, told


def test_templates_in_json_and_yaml_are_read_in_all_folders_but_assets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "App.template.json", BUCKET)
    put(tmp_path / "assembly-Stage" / "Stage.template.json", BUCKET)
    put(tmp_path / "by-hand" / "template.yaml", YAML)
    put(tmp_path / "asset.0123" / "other.template.json", {"Resources": {"X": {"Type": "AWS::DataBrew::Job"}}})
    put(tmp_path / "tree.json", {"tree": {"path": ""}})
    put(tmp_path / "notes.txt", "Resources: none")
    code, told = covers(tmp_path, capsys)
    assert (code, told["templates"], told["unread"]) == (Exit.FINE, 3, {})
    assert {(each["type"], each["coverage"], each["templates"], each["resources"]) for each in told["types"]} == {
        ("AWS::S3::Bucket", "row", 2, 2),
        ("AWS::S3::BucketPolicy", "owner", 2, 2),
        ("AWS::IoT::TopicRule", "row", 1, 1),
        ("Custom::Thing", "stack", 1, 1),
    }
    assert told["totals"]["owner"] == {"types": 1, "resources": 2}


def test_a_type_that_nothing_finds_is_named_first_and_is_a_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "App.template.json", {"Resources": {**BUCKET["Resources"], "Job": {"Type": "AWS::DataBrew::Job"}}})
    assert main(["cleanup", "covers", str(tmp_path)]) == Exit.PROBLEMS
    out = capsys.readouterr().out
    assert out.index("AWS::DataBrew::Job") < out.index("found and deleted")
    assert "by its id, through Cloud Control" in out
    assert "cleaning finds 66.7 % of the types and 66.7 % of the resources" in out


@pytest.mark.parametrize(("name", "text"), [("App.template.json", '{"Resources": {'), ("t.yaml", "Resources: [")])
def test_a_template_that_cannot_be_read_makes_the_answer_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    put(tmp_path / name, text)
    put(tmp_path / "Good.template.json", BUCKET)
    code, told = covers(tmp_path, capsys)
    assert (code, told["templates"]) == (Exit.UNKNOWN, 1)
    assert list(told["unread"]) == [str(tmp_path / name)]


def test_a_folder_without_templates_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cleanup", "covers", str(tmp_path)]) == Exit.FINE
    assert "there is no template" in capsys.readouterr().out
    assert main(["cleanup", "covers", str(tmp_path / "none")]) == Exit.USAGE


@pytest.mark.parametrize(
    ("type_", "coverage"),
    [
        ("AWS::Serverless::Function", Coverage.ROW),
        ("AWS::Serverless::Application", Coverage.STACK),
        ("AWS::DynamoDB::GlobalTable", Coverage.ROW),
        ("AWS::Neptune::DBSubnetGroup", Coverage.ROW),
        ("AWS::EKS::Addon", Coverage.OWNER),
        ("AWS::CDK::Metadata", Coverage.STACK),
        ("AWS::AppMesh::Mesh", Coverage.ENDED),
        ("AWS::DataBrew::Job", Coverage.BY_ID),
        ("AWS::KinesisAnalytics::Application", Coverage.NOTHING),
        ("Alexa::ASK::Skill", Coverage.NOTHING),
        ("Private::Own::Thing", Coverage.BY_ID),
    ],
)
def test_what_becomes_of_a_type(type_: str, coverage: Coverage) -> None:
    assert coverage_of(type_) is coverage


def test_no_row_is_of_what_is_a_part_or_has_ended() -> None:
    assert {coverage_of(entry.name) for entry in CATALOGUE} == {Coverage.ROW}
    assert {entry.name for entry in CATALOGUE} & PARTS == set()
