"""Lints the action's metadata, the workflows, and those in the guides: actionlint, zizmor, published schemas."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
BIN: Final = Path(sys.executable).parent
METADATA: Final = (ROOT / "action.yml", ROOT / "action" / "action.yml")
WORKFLOWS: Final = tuple(sorted((ROOT / ".github" / "workflows").glob("*.yml")))
GUIDES: Final = (ROOT / "docs" / "action.md", ROOT / "docs" / "pull-requests.md")


def shown(document: Path) -> list[str]:
    """The workflows in a document: its YAML blocks with jobs."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)
    return [block for block in blocks if re.search(r"^jobs:", block, re.MULTILINE)]


def commands(metadata: tuple[Path, ...], workflows: tuple[Path, ...]) -> list[list[str]]:
    """What looks at these files. Linters of other languages are switched off: a machine may have them or not."""
    strict = ["--persona", "pedantic", "--min-severity", "medium"]  # all that could harm, nothing about style
    rules = ["--config", str(ROOT / ".github" / "zizmor.yml")]
    zizmor = ["zizmor", "--offline", "--quiet", "--no-progress", *strict, *rules]
    schema = ["check-jsonschema", "--quiet", "--builtin-schema"]
    found = [[*zizmor, *map(str, (*metadata, *workflows))]]
    if metadata:
        found.append([*schema, "vendor.github-actions", *map(str, metadata)])
    if workflows:
        found.append([*schema, "vendor.github-workflows", *map(str, workflows)])
        found.append(["actionlint", "-shellcheck=", "-pyflakes=", *map(str, workflows)])
    return found


def lint(metadata: tuple[Path, ...], workflows: tuple[Path, ...], documents: tuple[Path, ...] = ()) -> list[str]:
    """What is wrong, as the linters tell it; nothing if all is well."""
    with tempfile.TemporaryDirectory() as scratch:
        copies = []
        for document in documents:
            for number, text in enumerate(shown(document)):
                copy = Path(scratch) / f"{document.stem}-{number}.yml"
                copy.write_text(text)
                copies.append(copy)
        told = []
        for program, *arguments in commands(metadata, (*workflows, *copies)):
            done = subprocess.run([BIN / program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                told.append(f"{program}:\n{done.stdout}{done.stderr}")
        return told


if __name__ == "__main__":
    sys.exit("\n".join(lint(METADATA, WORKFLOWS, GUIDES)) or 0)
