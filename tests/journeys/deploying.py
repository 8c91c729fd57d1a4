"""The commands of docs/deploying.md, and a place in which the journey runs them as they are written there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.journeys.api import INSTALLED, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCUMENT: Final = ROOT / "docs" / "deploying.md"
LIMIT: Final = 600.0  # seconds for one block
SERVICE, ENVIRONMENT = "111111111111", "222222222222"
_HEADING: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK: Final = re.compile(r"^ *```sh\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)

NOT_RUN: Final = (
    "make setup",
    "aws dynamodb export-table-to-point-in-time",
    "aws dynamodb import-table",
    "aws s3 sync",
)
"""Commands that the journey does not run; the document has the reason for each."""

_QUIET: Final = {
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "CDK_DISABLE_VERSION_CHECK": "true",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    "NODE_NO_WARNINGS": "1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_PAGER": "",
}


def sections() -> dict[str, list[str]]:
    """The shell blocks of each section that has some, in order."""
    parts = _HEADING.split(DOCUMENT.read_text())
    found = {name: _BLOCK.findall(text) for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    return {name: blocks for name, blocks in found.items() if blocks}


def commands(block: str) -> list[str]:
    """The lines of a block, those that go on joined."""
    return [" ".join(line.split()) for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def is_run(block: str) -> bool:
    """Whether the journey runs a block; none holds both kinds."""
    left_out = {command.startswith(NOT_RUN) for command in commands(block)}
    assert len(left_out) == 1, f"a part of it is not run:\n{block}"
    return left_out == {False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A checkout with a shell in it, in front of an embedded AWS."""

    directory: Path
    variables: Mapping[str, str]
    settings: tuple[str, ...]

    def section(self, name: str, *, fails: bool = False) -> list[str]:
        """Run every block of a section; what each prints."""
        return [self.run(block, fails=fails) for block in sections()[name] if is_run(block)]

    def run(self, block: str, *, fails: bool = False) -> str:
        """What a block prints, both streams; it has to succeed, or to fail."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._here(block)],
            cwd=self.directory,
            env={**self.variables, "HOME": str(self.directory)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert (done.returncode != 0) is fails, f"{block}\n{done.stdout}"
        return done.stdout

    def _here(self, block: str) -> str:
        """For the Python at hand, with the times of a journey."""
        words = " ".join(["--target host", *(f"--setting {each}" for each in self.settings)])
        changed = block.replace("--target aws", words)
        assert ("infra.app" in block) == (changed != block)
        return changed


def a_place(directory: Path, endpoint: str, settings: Mapping[str, str]) -> Place:
    """A directory made into a place: today's code where it has none, AWS profiles of two roots, the CDK's CLI."""
    for name in ("infra", "service", "requirements", ".venv", ".cache"):
        if not (directory / name).exists():
            (directory / name).symlink_to(ROOT / name)
    (directory / "node_modules").symlink_to(INSTALLED / "node_modules")
    profiles = {"service": SERVICE, "environment": ENVIRONMENT}
    (directory / "aws.ini").write_text(
        "".join(
            f"[profile {name}]\nregion = us-east-1\nendpoint_url = {endpoint}\naws_access_key_id = {account}\n"
            "aws_secret_access_key = test\n"
            for name, account in profiles.items()
        )
    )
    variables = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(directory / "service"),
        "AWS_CONFIG_FILE": str(directory / "aws.ini"),
        "AWS_SHARED_CREDENTIALS_FILE": str(directory / "none"),
        "AWS_ENDPOINT_URL": endpoint,
        "ATMOSPHERE_READY_FILE": str(directory / "ready.json"),
        **_QUIET,
    }
    chosen = tuple(f"{name}={value}" for name, value in sorted(settings.items()))
    return Place(directory=directory, variables=variables, settings=chosen)
