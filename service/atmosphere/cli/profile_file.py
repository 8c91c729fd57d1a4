"""The AWS config file of `allocate --profile-file`: a profile for each environment, whose command renews its keys.

Everything that can be wrong is found before anything is allocated. The file holds no secret.
Format: docs.aws.amazon.com, "Configuration and credential file settings".
"""

from __future__ import annotations

import os
import re
import shlex
from configparser import Error, RawConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from atmosphere.cli.kept import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atmosphere.client.results import Granted

FIRST: Final = "atmosphere"
_MARK: Final = "# Written by `atmosphere allocate`"
# In a command these would end the quotes, a value or a line for one of the tools that read the file.
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f\"'`$%!#;\\]")


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """A file that may be written, and the command of each environment's profile by the environment's name."""

    path: Path
    commands: Mapping[str, str]

    def write(self, grant: Granted) -> None:
        """Write it as a whole; raises `OSError`."""
        sections = [f"{_MARK} for allocation {grant.id}, which the next one may replace.\n"]
        for place in grant.environments:
            name = profile_of(place.name, grant)
            command = self.commands[place.name]
            sections.append(f"[profile {name}]\nregion = {place.region}\ncredential_process = {command}\n")
        write_private(self.path, "\n".join(sections))


def profile_of(environment: str, grant: Granted) -> str:
    """The name of an environment's profile: `atmosphere` for the first."""
    return FIRST if environment == grant.environment.name else f"{FIRST}-{environment}"


def prepared(path: Path, commands: Mapping[str, Sequence[str]], environ: Mapping[str, str] = os.environ) -> ProfileFile:
    """Check the place and the commands; raises `UsageError` with what to do."""
    path = path.expanduser().absolute()
    problem = _not_writable(path) or _in_use(path, environ) or _someone_elses(path) or _preferred(environ)
    if problem:
        raise click.UsageError(f"--profile-file {path}: {problem}")
    return ProfileFile(path, {name: _line(words) for name, words in commands.items()})


def _not_writable(path: Path) -> str:
    if path.is_symlink():
        return "it is a symbolic link, which is not followed: name a regular file"
    if not path.parent.is_dir():
        return f"the directory {path.parent} does not exist: create it"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"the directory {path.parent} is not writable: name another file"
    return ""


def _in_use(path: Path, environ: Mapping[str, str]) -> str:
    """The caller's own identity may be read from the shared files: to replace them would make it resolve to itself."""
    used = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}
    for variable, usual in used.items():
        if Path(environ.get(variable) or usual).expanduser().absolute().resolve() == path.resolve():
            where = variable if environ.get(variable) else usual
            return (
                f"your own identity is read from this file ({where}), and a profile in it would resolve to itself: "
                f"name another file{', or unset the variable' if environ.get(variable) else ''}"
            )
    return ""


def _someone_elses(path: Path) -> str:
    try:
        content = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    except OSError as broken:
        return f"it cannot be read ({broken.strerror}): name another file"
    if content.strip() and not content.startswith(_MARK):
        return "it exists, and `atmosphere allocate` did not write it: name another file"
    return ""


def _preferred(environ: Mapping[str, str]) -> str:
    credentials = Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()
    parser = RawConfigParser(strict=False)
    try:
        parser.read(credentials, encoding="utf-8")
    except (OSError, Error, UnicodeDecodeError):  # AWS tools will say so themselves
        return ""
    if parser.has_section(FIRST):
        return f"{credentials} has a profile {FIRST!r}, which AWS tools prefer: rename it"
    return ""


def _line(words: Sequence[str]) -> str:
    for word in words:
        if _UNSAFE.search(word):
            raise click.UsageError(f"{word!r} contains characters that the command of an AWS profile cannot contain")
    return shlex.join(words)
