"""Files that only this user may read: written whole or not at all, and locks between processes."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import Iterator

from atmosphere_action.errors import FileTrouble

PRIVATE_DIRECTORY = 0o700
_PRIVATE = 0o600
_LOCK_POLL = 0.05  # seconds
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # Windows has none


def directory(path: str) -> None:
    """Make a directory that only this user may enter; it is all right if it exists. Raises `FileTrouble`."""
    try:
        os.mkdir(path, PRIVATE_DIRECTORY)
    except FileExistsError:
        if os.path.islink(path) or not os.path.isdir(path):
            raise FileTrouble(f"{path} is not a directory: remove it") from None
    except OSError as broken:
        raise FileTrouble(f"{path} cannot be created ({broken.strerror})") from broken


def replace(path: str, content: bytes) -> None:
    """Write a file as a whole, readable by this user only; never through a link. Raises `FileTrouble`."""
    refuse_link(path)
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".atmosphere-", dir=os.path.dirname(path) or ".")  # 0600
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as broken:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise FileTrouble(f"{path} cannot be written ({broken.strerror})") from broken


def read(path: str) -> bytes:
    """A file's content, empty if it does not exist; never through a link. Raises `FileTrouble`."""
    refuse_link(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
    except OSError as broken:
        raise FileTrouble(f"{path} cannot be read ({broken.strerror})") from broken


def refuse_link(path: str) -> None:
    """Raises `FileTrouble` for a symbolic link, which could make us write somebody else's file."""
    if os.path.islink(path):
        raise FileTrouble(f"{path} is a symbolic link, which is not followed: use a regular file, or name another one")


@contextmanager
def locked(path: str, patience: float) -> Iterator[None]:
    """Hold an exclusive lock between processes, which ends with its holder; the file goes away afterwards.

    Raises `FileTrouble` after `patience` seconds.
    """
    give_up = time.monotonic() + patience
    descriptor = _acquired(path)
    while descriptor is None:
        if time.monotonic() > give_up:
            raise FileTrouble(
                f"{path} has been locked by another process for {patience:.0f} s: does that process hang?"
            )
        time.sleep(_LOCK_POLL)
        descriptor = _acquired(path)
    try:
        yield
    finally:
        if sys.platform != "win32":  # there an open file cannot be removed
            os.unlink(path)
        os.close(descriptor)


def _acquired(path: str) -> int | None:
    """A descriptor that has the lock, or None if another process has it (or had it, and took the file away)."""
    descriptor = -1
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_FOLLOW, _PRIVATE)
        if _try_lock(descriptor) and os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except FileNotFoundError:
        if descriptor < 0:
            raise FileTrouble(f"{path} cannot be created: its directory no longer exists") from None
    except OSError as broken:
        if descriptor < 0:
            raise FileTrouble(f"{path} cannot be created ({broken.strerror})") from broken
        raise
    os.close(descriptor)
    return None


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:  # somebody has it
            return False
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # somebody has it
            return False
        return True
