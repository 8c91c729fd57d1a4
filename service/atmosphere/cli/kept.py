"""The private files of one allocation on this machine, which other commands need later.

`$XDG_STATE_HOME/atmosphere/ID/` (default `~/.local/state`) has `lease.json` with the release token, for a profile also
the AWS variables of the caller, and `credentials.json`, the cache of the environments' credentials. Only this user can
read them. `deallocate` removes the directory; what `deallocate` never saw is removed after its deadline.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PRIVATE: Final = 0o700
_LOCK_POLL: Final = 0.05  # seconds
_FORGOTTEN: Final = 24 * 3600.0  # seconds after which a directory without a readable lease is removed


@dataclass(frozen=True, slots=True)
class Kept:
    """The directory of one allocation."""

    place: Path

    @property
    def lease(self) -> Path:
        """What is known from the request on: `releaseToken`, `expiresAt` and, for profiles, `variables`."""
        return self.place / "lease.json"

    @property
    def cache(self) -> Path:
        """The credentials of all environments."""
        return self.place / "credentials.json"

    def create(self, lease: Mapping[str, Any]) -> None:
        """Make the directory with its lease. Raises `ClickException`."""
        self.create_place()
        try:
            write_private(self.lease, json.dumps(lease))
        except OSError as broken:
            raise click.ClickException(f"{self.lease} cannot be written ({broken.strerror})") from broken

    def create_place(self) -> None:
        """Make the directory; raises `ClickException`."""
        try:
            self.place.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        except OSError as broken:
            raise click.ClickException(
                f"{self.place} cannot be created ({broken.strerror}): set XDG_STATE_HOME to a writable directory"
            ) from broken

    def amend(self, **more: Any) -> None:
        """Add to the lease."""
        write_private(self.lease, json.dumps({**(read(self.lease) or {}), **more}))

    def remove(self) -> None:
        """Remove the directory; it is all right if there is none."""
        shutil.rmtree(self.place, ignore_errors=True)

    @contextmanager
    def locked(self, patience: float) -> Iterator[None]:
        """Hold the lock between processes, which ends with its holder; an error after `patience` seconds."""
        give_up = time.monotonic() + patience
        with (self.place / "lock").open("a") as file:
            while not _try_lock(file.fileno()):
                if time.monotonic() > give_up:
                    raise click.ClickException(
                        f"{file.name} has been locked by another process for {patience:.0f} s: does that process hang?"
                    )
                time.sleep(_LOCK_POLL)
            yield


def kept(allocation: str, environ: Mapping[str, str] = os.environ) -> Kept:
    """The files of an allocation, whether there are any or not."""
    return Kept(_root(environ) / allocation.replace("/", "_"))


def _root(environ: Mapping[str, str]) -> Path:
    try:
        state = environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    except RuntimeError as homeless:
        raise click.ClickException(f"{homeless} Set HOME, or XDG_STATE_HOME to a writable directory") from homeless
    return Path(state).absolute() / "atmosphere"


def sweep(now: float, environ: Mapping[str, str] = os.environ) -> None:
    """Remove what belongs to allocations whose deadline has passed."""
    root = _root(environ)
    for place in root.iterdir() if root.is_dir() else ():
        lease = read(place / "lease.json") or {}
        try:
            ends = datetime.fromisoformat(lease["expiresAt"]).timestamp()
        except (KeyError, TypeError, ValueError):
            ends = place.stat().st_mtime + _FORGOTTEN
        if ends < now:
            Kept(place).remove()


def read(path: Path) -> dict[str, Any] | None:
    """A file's JSON object; None if there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # as good as not there: the caller then asks the service
        return None
    return value if isinstance(value, dict) else None


def write_private(path: Path, text: str) -> None:
    """Replace a file as a whole; only this user can read it. Raises `OSError`."""
    descriptor, temporary = tempfile.mkstemp(prefix=".atmosphere-", dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:  # another process has it
            return False
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another process has it
            return False
        return True
