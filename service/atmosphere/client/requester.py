"""Who asks, for people: the address of the build where a CI system names it, else the user and the machine."""

from __future__ import annotations

import getpass
import os
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST: Final = 1024  # bytes
# By vendor, as each documents its predefined variables.
_ADDRESSES: Final = (
    "CI_JOB_URL",  # GitLab
    "BUILDKITE_BUILD_URL",
    "CIRCLE_BUILD_URL",
    "BUILD_URL",  # Jenkins
    "CODEBUILD_BUILD_URL",
    "CODEBUILD_BUILD_ARN",
)


def requester(environ: Mapping[str, str] = os.environ) -> str:
    """A text of at most 1024 bytes without control characters."""
    found = environ.get("ATMOSPHERE_REQUESTER") or _run_on_github(environ)
    found = found or next((environ[name] for name in _ADDRESSES if environ.get(name)), "") or _user(environ)
    printable = "".join(character if character.isprintable() else " " for character in found).strip()
    return printable.encode()[:_LONGEST].decode(errors="ignore") or "unknown"


def _run_on_github(environ: Mapping[str, str]) -> str:
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    if not all(environ.get(name) for name in names):
        return ""
    server, repository, run = (environ[name] for name in names)
    return f"{server}/{repository}/actions/runs/{run}"


def _user(environ: Mapping[str, str]) -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        user = environ.get("USER") or "unknown"
    return f"{user}@{socket.gethostname()}"
