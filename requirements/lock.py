"""Compiles the lock files of this directory from pyproject.toml (`make lock`): pinned, hashed, naming no registry."""

# ruff: noqa: INP001 - a script, no package

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PROJECT: Final = "pyproject.toml"
OPTIONS: Final = (
    *("--generate-hashes", "--universal", "--python-version", "3.11"),
    *("--no-header", "--no-emit-index-url", "--no-emit-find-links", "-q"),
)
LOCKS: Final = {
    "dev.txt": (PROJECT, *("--extra", "tokens", "--extra", "cli", "--extra", "infra"), "--group", "dev"),
    "cli.txt": (PROJECT, *("--extra", "cli", "--extra", "infra"), "-c", "requirements/dev.txt"),
    "lambda.txt": (PROJECT, "-c", "requirements/dev.txt"),  # after dev.txt: the same pins
    "authorizer.txt": (PROJECT, "--extra", "tokens", "-c", "requirements/dev.txt"),
    "release.txt": ("--group", "release", "-c", "requirements/dev.txt"),
    "emulator.txt": ("--group", "emulator"),
}


def main() -> int:
    """Compile each lock in order; stop at the first that fails, with its exit code."""
    uv = Path(sys.executable).with_name("uv")
    for name, sources in LOCKS.items():
        command = [str(uv), "pip", "compile", *OPTIONS, *sources, "-o", f"requirements/{name}"]
        done = subprocess.run(command, cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
