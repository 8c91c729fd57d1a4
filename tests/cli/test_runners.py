"""docs/runners.md: the snippet of each runner, run by a shell as that runner would, against a service on loopback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import yaml

from atmosphere.cli.exits import RunExit
from atmosphere.cli.main import main
from atmosphere.cli.run import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.lending import Lending

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "runners.md").read_text()
ENDPOINT: Final = "https://ID.execute-api.REGION.amazonaws.com/v1"
SNIPPETS: Final = dict(re.findall(r"<!-- runs as: (\w+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
INSTALL: Final = 'install "atmosphere-client[cli]"'


def _exports(variables: dict[str, str]) -> list[str]:
    return [f"export {name}='{value}'" for name, value in variables.items()]


def _codebuild(text: str) -> list[str]:
    spec = yaml.safe_load(text)
    return _exports(spec["env"]["variables"]) + [
        command for phase in ("install", "build") for command in spec["phases"][phase]["commands"]
    ]


def _jenkins(text: str) -> list[str]:
    return _exports(dict(re.findall(r"^ +(\w+) = '(.*)'$", text, re.MULTILINE))) + re.findall(r"\bsh '(.*)'", text)


def _gitlab(text: str) -> list[str]:
    (job,) = yaml.safe_load(text).values()
    token = dict.fromkeys(job["id_tokens"], "a token")
    return [*_exports(token | job["variables"]), *job["script"]]


def _buildkite(text: str) -> list[str]:
    (step,) = yaml.safe_load(text)["steps"]
    assert [retry["exit_status"] for retry in step["retry"]["automatic"]] == [RunExit.BUSY]
    return [*_exports(step["env"]), *step["command"]]


READ: Final[dict[str, tuple[Callable[[str], list[str]], dict[str, str]]]] = {
    "codebuild": (_codebuild, {"CODEBUILD_BUILD_ARN": "arn:aws:codebuild:us-east-1:111111111111:build/it:7"}),
    "jenkins": (_jenkins, {"BUILD_URL": "https://jenkins.example.com/job/it/7/"}),
    "gitlab": (_gitlab, {"CI_JOB_URL": "https://gitlab.example.com/-/jobs/7"}),
    "buildkite": (_buildkite, {"BUILDKITE_BUILD_URL": "https://buildkite.com/it/builds/7"}),
    "laptop": (str.splitlines, {"ATMOSPHERE_REQUESTER": "me"}),
}


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o700)


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The variables of a machine with an AWS identity, on which installing puts `atmosphere` into place."""
    tools, home = tmp_path / "tools", tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "credentials").write_text("[my-sso-profile]\naws_access_key_id = SSO\naws_secret_access_key = x\n")
    tools.mkdir()
    command = (
        f"#!/bin/sh\nexec {sys.executable} -c 'import sys; from atmosphere.cli.main import main; sys.exit(main())'"
    )
    install = (
        "#!/bin/sh\n[ \"$*\" = 'install atmosphere-client[cli]' ] || exit 9\ncat > \"$(dirname $0)/atmosphere\" <<'E'\n"
    )
    install += f'{command} "$@"\nE\nchmod +x "$(dirname $0)/atmosphere"\n'
    _program(tools / "pip", install)
    _program(
        tools / "python3",
        '#!/bin/sh\n[ "$1 $2" = "-m venv" ] && mkdir -p "$3/bin" && cp "$(dirname $0)/pip" "$3/bin"\n',
    )
    _program(tmp_path / "integration-test", "#!/bin/sh\nenv > tested\n")
    return {
        "PATH": f"{tools}:/usr/bin:/bin",
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "service"), *sys.path]),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "ROLE",
        "AWS_SECRET_ACCESS_KEY": "x",
    }


def test_every_runner_of_the_page_is_run() -> None:
    assert SNIPPETS.keys() == READ.keys()
    assert all(f"](#{anchor})" in PAGE for anchor in ("aws-codebuild", "jenkins", "gitlab-ci", "buildkite", "a-laptop"))


@pytest.mark.parametrize("runner", READ)
def test_the_snippet_runs_the_test_in_an_environment_and_gives_it_back(
    runner: str, lending: Lending, machine: dict[str, str], tmp_path: Path
) -> None:
    read, variables = READ[runner]
    assert ENDPOINT in SNIPPETS[runner]
    assert INSTALL in SNIPPETS[runner]
    lines = read(SNIPPETS[runner].replace(ENDPOINT, lending.endpoint).replace("/tmp/", f"{tmp_path}/"))

    ran = subprocess.run(
        ["sh", "-e", "-c", "\n".join(lines)],
        cwd=tmp_path,
        env=machine | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    tested = (tmp_path / "tested").read_text()
    assert "ATMOSPHERE_ALLOCATION=" in tested
    assert "AWS_PROFILE=atmosphere" in tested or "AWS_ACCESS_KEY_ID=an id" in tested
    assert list(lending.outcomes.values()) == ["success"]
    assert lending.held == set()
    (asked,) = lending.asked
    assert (asked["pool"], asked["requester"]) == ("demo", next(iter(variables.values())))


def test_every_option_of_run_is_explained() -> None:
    options = {name for parameter in run.params for name in parameter.opts if name.startswith("--")}
    connection = {"--endpoint", "--profile", "--region", "--ready-file", "--as"}
    explained = set(re.findall(r"`(--[a-z-]+)", PAGE))
    assert options - connection <= explained


def test_every_exit_code_of_run_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    codes = set(re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE))
    assert codes == {str(int(code)) for code in RunExit} | {"2"}
    assert main(["run", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert all(f" {code} " in shown for code in codes)


def test_the_json_of_a_run_is_as_explained(
    lending: Lending, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, value)
    assert main(["run", "--pool", "demo", "--endpoint", lending.endpoint, "--json", "--", "true"]) == 0
    (row,) = re.findall(r"^\| `--json` \|(.*)\|$", PAGE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) == set(json.loads(capsys.readouterr().err.splitlines()[-1]))
