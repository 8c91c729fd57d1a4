"""What must not stand anywhere in the repository: keys, registry hosts, paths of somebody's machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
# Put together here so that this file does not hold them.
KEYS: Final = {
    "an AWS access key": r"\b(?:AK|AS)" + r"IA[0-9A-Z]{16}\b",
    "a private key": r"-----BEGIN [A-Z ]*" + r"PRIVATE KEY",
    "a GitHub token": r"\b(?:gh[pousr]|github_pat)" + r"_[A-Za-z0-9_]{30,}",
    "a JWT": r"\bey" + r"J[A-Za-z0-9_-]{20,}\.ey" + r"J[A-Za-z0-9_-]{20,}",
}
PLACES: Final = {
    "a registry host": "|".join((r"py" + r"pi\.org", r"python" + r"hosted\.org", r"registry\.(?:n" + r"pmjs|yarn)")),
    "a machine's path": r"(?<![\w.$}/-])/(?:wo" + r"rk|ro" + r"ot|home/\w+)/",
}


def _files() -> list[Path]:
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", [*KEYS, *PLACES])
def test_it_stands_nowhere(what: str) -> None:
    pattern = re.compile((KEYS | PLACES)[what].encode())
    found = [str(path.relative_to(ROOT)) for path in _files() if pattern.search(path.read_bytes())]
    assert not found, f"{what} stands in {found}"


def test_the_patterns_find_what_they_look_for() -> None:
    samples = {
        "an AWS access key": "key=" + "AK" + "IA" + "A" * 16,
        "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
        "a GitHub token": "gh" + "p_" + "a" * 36,
        "a JWT": "ey" + "J" + "a" * 30 + ".ey" + "J" + "b" * 30,
        "a registry host": "https://" + "py" + "pi.org/simple",
        "a machine's path": "see /ro" + "ot/x",
    }
    for what, pattern in (KEYS | PLACES).items():
        assert re.search(pattern, samples[what]), what
