"""`atmosphere config` as a pull request's check uses it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from atmosphere.cli.main import main

EXAMPLES = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(EXAMPLES, tmp_path / "config")


def spoil(directory: Path) -> None:
    path = directory / "environments.yaml"
    path.write_text(path.read_text().replace("pool: demo", "pol: demo", 1))


def test_the_repository_s_own_configuration_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", str(EXAMPLES)]) == 0

    assert "4 environments in 3 pools" in capsys.readouterr().out


def test_a_problem_is_shown_with_file_line_and_remedy_and_exits_1(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(copy)

    assert main(["config", "check", str(copy)]) == 1

    text = capsys.readouterr().err
    assert f"{copy}/environments.yaml:9: error: environments[0].pol: unknown key 'pol'\n    did you mean pool?" in text
    assert "2 to fix; this configuration cannot be deployed" in text


def test_machines_get_the_problems_as_json(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(copy)

    assert main(["config", "check", str(copy), "--json"]) == 1

    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert found["problems"][1] == {
        "file": "environments.yaml",
        "line": 9,
        "path": "environments[0].pol",
        "what": "unknown key 'pol'",
        "remedy": "did you mean pool?",
        "severity": "error",
    }


def test_what_a_file_holds_cannot_style_the_terminal(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = copy / "environments.yaml"
    path.write_text(path.read_text().replace("pool: demo", 'pool: "[red]\\e[31m:smile:"', 1))

    assert main(["config", "check", str(copy)]) == 1

    text = capsys.readouterr().err
    assert "\x1b" not in text
    assert "[red]" in text


def test_schemas_that_cannot_be_written_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "schema", str(tmp_path / "nowhere"), "--write"]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_schemas_are_compared_and_written(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / "schema" / "access.json").write_text("{}")

    assert main(["config", "schema", str(copy)]) == 1
    assert main(["config", "schema", str(copy), "--write"]) == 0
    assert main(["config", "schema", str(copy)]) == 0


def test_a_configuration_that_is_not_there_exits_1_as_a_process(tmp_path: Path) -> None:
    program = "import sys; from atmosphere.cli.main import main; sys.exit(main())"

    done = subprocess.run(
        [sys.executable, "-c", program, "config", "check", str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr.count("the file is missing") == 3
    assert done.stdout == ""
