"""The app as a command."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from infra.target import RUNTIME
from tests.infra.cdk import main

INFRA = Path(__file__).resolve().parents[2] / "infra"


def test_a_bad_configuration_is_told_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "environments.yaml").write_text("environments: 7\n")
    out = tmp_path / "out"
    assert main(["--config", str(config), "--target", "host", "--out", str(out)]) == 1
    assert not out.exists()
    assert "environments.yaml" in capsys.readouterr().err


def test_infra_enters_the_service_by_its_contract_and_configuration_only() -> None:
    doors = {
        "atmosphere.contract",
        "atmosphere.config.load",
        "atmosphere.config.problems",
        "atmosphere.config.deployment_shapes",
        "atmosphere.core.snapshot",
    }
    found = set()
    for source in INFRA.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom):
                found.add(node.module or "")
            elif isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
    assert {name for name in found if name.partition(".")[0] == "atmosphere"} <= doors


def test_a_setting_that_is_none_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--setting", "session_seconds"])
    assert ended.value.code == 2
    assert "name=value" in capsys.readouterr().err


def test_a_name_that_cannot_name_a_role_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--service-name", "Tests"])
    assert ended.value.code == 2
    assert "lower-case letters" in capsys.readouterr().err


def test_a_build_for_aws_without_byte_code_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["--target", "aws", "--out", str(out)]) == 1
    assert not out.exists()
    assert f"the functions run on {RUNTIME}" in capsys.readouterr().err
