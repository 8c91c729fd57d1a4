"""A copy of the repository's own configuration that a test may spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "config"


class Configuration:
    """Three files in a directory of their own; `replace` spoils one place of one file."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for file in EXAMPLES.glob("*.yaml"):
            shutil.copy(file, directory)

    def replace(self, file: str, old: str, new: str) -> None:
        text = self.text(file)
        assert old in text, f"the example no longer has {old!r}"
        self.write(file, text.replace(old, new, 1))

    def text(self, file: str) -> str:
        return (self.directory / file).read_text()

    def write(self, file: str, content: str | bytes) -> None:
        path = self.directory / file
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def append(self, file: str, text: str) -> None:
        self.write(file, self.text(file) + text)

    def line_of(self, file: str, fragment: str, *, nth: int = 1) -> int:
        lines = [number for number, line in enumerate(self.text(file).splitlines(), start=1) if fragment in line]
        return lines[nth - 1]


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return Configuration(tmp_path)
