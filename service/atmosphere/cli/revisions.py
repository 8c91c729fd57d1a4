"""A configuration as a git revision has it, copied out of the repository without touching its files."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from atmosphere.config.load import Checked, check
from atmosphere.config.shapes import FILES, SHAPES

_PATIENCE: Final = 60  # seconds that git may take for one answer
_UNKNOWN: Final = "there is no such commit here; a shallow clone has only the newest ones: fetch it first"


class NotReadable(Exception):
    """Git cannot tell what a revision has; the text says why."""


def is_revision(directory: Path, name: str) -> bool:
    """Whether git finds a commit of this name in the repository around `directory`."""
    try:
        _commit(directory, name)
    except NotReadable:
        return False
    return True


def check_revision(directory: Path, name: str) -> Checked | None:
    """The check of `directory` as the revision has it; None if none of its files is there. Raises `NotReadable`."""
    commit = _commit(directory, name)
    listed = _git(directory, "ls-tree", "-z", commit, "--", *SHAPES).split(b"\0")
    blobs = [entry.split(maxsplit=3)[1:] for entry in listed if entry]
    if not {blob[2].decode() for blob in blobs} & FILES.keys():
        return None
    with TemporaryDirectory(prefix="atmosphere-") as scratch:
        for kind, object_id, name_of_file in blobs:
            if kind == b"blob":  # a submodule or a folder of that name is no file
                (Path(scratch) / name_of_file.decode()).write_bytes(_git(directory, "cat-file", "blob", object_id))
        return check(Path(scratch))


def _commit(directory: Path, name: str) -> str:
    return (
        _git(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").decode().strip()
    )


def _git(directory: Path, *words: str | bytes) -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *words],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as failed:
        raise NotReadable(f"git cannot be run: {failed}") from failed
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [_UNKNOWN]
        raise NotReadable(f"git {words[0]!s}: {lines[-1]}")
    return done.stdout
