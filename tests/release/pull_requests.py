"""A pull request on a configuration, and a machine on which the real `act` runs the workflows for it.

What is replaced: `actions/checkout`, `actions/setup-python` and the credentials' action by folders that do the same
here, the step that installs the command by this environment, and `npx aws-cdk deploy` by a stand-in that takes what was
synthesized, by this Python and so without byte code.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from infra.target import RUNTIME
from tests.journeys.action.acting import ACT, TOOLS
from tests.release.github import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).parents[2]
WORKFLOWS: Final = ROOT / ".github" / "workflows"
PULL_REQUEST: Final = 7
_CHECKOUT: Final = re.search(r"actions/checkout@[0-9a-f]{40}", (WORKFLOWS / "config.yml").read_text())
_CREDENTIALS: Final = re.search(
    r"aws-actions/configure-aws-credentials@[0-9a-f]{40}", (WORKFLOWS / "config.yml").read_text()
)
_PYTHON: Final = re.search(r"actions/setup-python@[0-9a-f]{40}", (WORKFLOWS / "deploy.yml").read_text())
_INSTALL: Final = re.compile(r"python3 -m venv .*\n.*pip install .*\n")
_PATIENCE: Final = 400  # seconds that a run may take; synthesis needs 20 of a processor's time

CHECKOUT: Final = """
name: checkout
description: Both repositories are on this machine.
inputs:
  repository: {default: ""}
  ref: {default: ""}
  path: {required: true}
  fetch-depth: {default: "1"}
  persist-credentials: {required: true}
runs:
  using: composite
  steps:
    - shell: bash
      env:
        WANTED: ${{ inputs.path }}
        DEPTH: ${{ inputs.fetch-depth }}
      run: |
        if [ "$WANTED" = atmosphere ]; then cp -R "$STAGE_TOOL" atmosphere; exit; fi
        git clone -q --depth "$DEPTH" "file://$STAGE_CHANGE" "$WANTED"
"""
PYTHON: Final = """
name: python
description: This one is there already.
inputs:
  python-version: {required: true}
runs:
  using: composite
  steps:
    - shell: bash
      env:
        WANTED: ${{ inputs.python-version }}
      run: test "$WANTED" = "RUNTIME"
"""
CREDENTIALS: Final = """
name: credentials
description: Keys that were made for this run.
inputs:
  role-to-assume: {required: true}
  aws-region: {required: true}
runs:
  using: composite
  steps:
    - shell: bash
      env:
        REGION: ${{ inputs.aws-region }}
      run: |
        echo "AWS_ACCESS_KEY_ID=111111111111" >> "$GITHUB_ENV"
        echo "AWS_SECRET_ACCESS_KEY=$STAGE_SECRET" >> "$GITHUB_ENV"
        echo "AWS_REGION=$REGION" >> "$GITHUB_ENV"
"""


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    log: str


@dataclass(slots=True)
class PullRequest:
    """A base and a change of `config/`, and where a run finds them."""

    directory: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def repository(self) -> Path:
        return self.directory / "repository"

    @property
    def config(self) -> Path:
        return self.repository / "config"

    def prepare(self) -> None:
        """The example in the base, the workflows beside it, the tools and the replacements."""
        shutil.copytree(ROOT / "config", self.config, ignore=shutil.ignore_patterns("schema"))
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", f"https://github.com/{REPOSITORY}")
        self.commit("The example")
        tools = self.directory / "tools"
        tools.mkdir()
        for name in (*TOOLS, "uname"):
            if found := shutil.which(name):
                (tools / name).symlink_to(found)
        (tools / "python3").symlink_to(Path(sys.executable).resolve())
        python = PYTHON.replace("RUNTIME", RUNTIME)
        for name, text in (("checkout", CHECKOUT), ("credentials", CREDENTIALS), ("python-of-functions", python)):
            (self.directory / name).mkdir()
            (self.directory / name / "action.yml").write_text(text)
        (self.directory / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (self.directory / "python").chmod(0o755)
        tool = self.directory / "tool"
        (tool / ".github").mkdir(parents=True)
        shutil.copytree(ROOT / ".github" / "scripts", tool / ".github" / "scripts")
        for name in ("service", "infra", "requirements"):
            (tool / name).symlink_to(ROOT / name)

    def git(self, *words: str) -> str:
        who = {f"GIT_{role}_{part}": "t@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        own = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, **who}
        command = ["git", "-C", str(self.repository), *words]
        return subprocess.run(command, check=True, env=own, capture_output=True, text=True).stdout.strip()

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.config / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    def merged(self) -> None:
        """What GitHub checks out for a pull request: the change, merged into its base."""
        self.git("checkout", "-q", "-b", "change")
        self.commit("The change")
        self.git("checkout", "-q", "main")
        self.git("merge", "-q", "--no-ff", "-m", "Merge", "change")

    def stage(self, name: str) -> None:
        """The workflow as it is committed, but for the command that is installed already."""
        text = (WORKFLOWS / f"{name}.yml").read_text()
        staged_lines = (
            'mkdir -p "$RUNNER_TEMP/atmosphere/bin"',
            f'cp {self.directory / "python"} "$RUNNER_TEMP/atmosphere/bin/python"',
        )
        made = "\n          ".join(staged_lines) + "\n"
        staged, count = _INSTALL.subn(lambda _: made, text)
        assert count == 1, "the workflow installs the command in exactly one step"
        staged = staged.replace("--target aws", "--target aws --without-byte-code")  # this is another Python
        path = self.directory / "workflows" / f"{name}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(staged)

    def run(self, name: str, event: str, payload: Mapping[str, Any], environment: Mapping[str, str]) -> Ran:
        """Run a workflow for an event, to its end."""
        self.stage(name)
        told = self.directory / "event.json"
        told.write_text(json.dumps(payload))
        assert _CHECKOUT is not None
        assert _CREDENTIALS is not None
        assert _PYTHON is not None
        words = [str(ACT), event, "-C", str(self.repository), "-W", str(self.directory / "workflows" / f"{name}.yml")]
        words += ["-e", str(told), "-P", "ubuntu-latest=-self-hosted", "--pull=false", "--no-cache-server"]
        words += ["--local-repository", f"{_CHECKOUT[0]}={self.directory / 'checkout'}", "--no-skip-checkout"]
        words += ["--local-repository", f"{_CREDENTIALS[0]}={self.directory / 'credentials'}"]
        words += ["--local-repository", f"{_PYTHON[0]}={self.directory / 'python-of-functions'}"]
        words += ["--action-cache-path", str(self.directory / "cache"), "--concurrent-jobs", "1"]
        for key, value in self.variables.items():
            words += ["--var", f"{key}={value}"]
        for key, value in environment.items():
            words += ["-s", key] if key == "GITHUB_TOKEN" else ["--env", f"{key}={value}"]
        machine = {
            "HOME": str(self.directory),
            "PATH": str(self.directory / "tools"),
            "LANG": "C.UTF-8",
            "STAGE_TOOL": str(self.directory / "tool"),
            "STAGE_CHANGE": str(self.repository),
        }
        done = subprocess.run(
            words,
            env={**machine, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace"))


def pull_request(*, fork: bool = False) -> dict[str, Any]:
    """The event of a pull request from the repository itself, or from a fork."""
    head = "someone/fork" if fork else REPOSITORY
    return {
        "repository": {"full_name": REPOSITORY, "default_branch": "main"},
        "pull_request": {"number": PULL_REQUEST, "head": {"repo": {"full_name": head}}},
    }
