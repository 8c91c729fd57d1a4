"""The directory that keeps a local service's state from one start to the next.

What the embedded AWS saves is whole only after it ended in good order. So a marker is written then and taken away at
the next start: without it, what is there is thrown away. A lock keeps two services from sharing a directory; the kernel
lets go of it whatever becomes of its holder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from typing import TYPE_CHECKING, Final

from atmosphere.local.emulator import free_port, is_free

if TYPE_CHECKING:
    from pathlib import Path

_SAVED: Final = "saved"
_MARKER: Final = "clean-stop"
_LOCK: Final = "lock"
_ISSUER_PORT: Final = "issuer-port"


class StateInUse(RuntimeError):
    """Another local service runs on this directory."""


class State:
    """A state directory from `open` to `close`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock: int | None = None

    @property
    def saved(self) -> Path:
        """What the embedded AWS saves and reads."""
        return self.directory / _SAVED

    @property
    def is_whole(self) -> bool:
        """Whether the last stop was in good order, so that what is saved can be used."""
        return (self.directory / _MARKER).exists()

    def open(self) -> bool:
        """Take the directory; whether something had to be thrown away because the last stop was not in good order.

        Raises `StateInUse`.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self.directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            self.close()
            message = f"another local service uses {self.directory}: stop it, or choose another --state directory"
            raise StateInUse(message) from taken
        whole = self.is_whole
        (self.directory / _MARKER).unlink(missing_ok=True)
        if whole or not self.saved.exists():
            return False
        shutil.rmtree(self.saved)
        return True

    def issuer_port(self) -> int:
        """The same at every start, unless somebody else has it: it is a parameter of the stack."""
        kept = self.directory / _ISSUER_PORT
        text = kept.read_text() if kept.exists() else ""
        if text.isdecimal() and is_free(int(text)):
            return int(text)
        port = free_port()
        kept.write_text(str(port))
        return port

    def close(self, *, whole: bool = False) -> None:
        """Let go of the directory; `whole` says that what is in it can be used again. Safe to repeat."""
        if self._lock is None:
            return
        if whole:
            (self.directory / _MARKER).touch()
        os.close(self._lock)
        self._lock = None
