"""Who the caller is on this machine: the variables that decide it, kept for later and set again for one request.

AWS tools find an identity through AWS_* variables, and through files that these or HOME name. A profile's command is
started with the variables of a test, where AWS_PROFILE is that very profile: it would start itself without end.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RESOLVING: Final = "ATMOSPHERE_RESOLVING"
"""Names the allocations whose credentials a parent process is requesting right now."""
_FILES: Final = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE")


def pinned(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that decide who the caller is; paths are made absolute."""
    found = {name: value for name, value in environ.items() if _decides(name)}
    for name in _FILES:
        if found.get(name):
            found[name] = str(Path(found[name]).expanduser().absolute())
    return found


def _decides(name: str) -> bool:
    return name.startswith("AWS_") or name == "HOME"


@contextmanager
def acting_as(variables: Mapping[str, str] | None) -> Iterator[None]:
    """With these variables in place of those that decide now; None changes nothing."""
    before = {name: value for name, value in os.environ.items() if _decides(name)}
    if variables is not None:
        _replace(before, variables)
    try:
        yield
    finally:
        if variables is not None:
            _replace(variables, before)


def _replace(old: Mapping[str, str], new: Mapping[str, str]) -> None:
    for name in old:
        os.environ.pop(name, None)
    os.environ.update(new)


@contextmanager
def resolving(allocation: str) -> Iterator[None]:
    """While the credentials of an allocation are requested; raises `ClickException` if a parent does that already."""
    before = os.environ.get(_RESOLVING, "")
    if allocation in before.split():
        raise click.ClickException(
            f"the profile of allocation {allocation} is used to request its own credentials: name the profile of your "
            "own identity with --profile, or write the file with `atmosphere allocate --profile-file`, which does that"
        )
    os.environ[_RESOLVING] = f"{before} {allocation}".strip()
    try:
        yield
    finally:
        os.environ[_RESOLVING] = before
