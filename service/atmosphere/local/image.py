"""Images: what the embedded AWS holds once the service is deployed and every environment has its baseline.

An image is kept under the digest of all that decides it. A start without state of its own begins from a copy, so that
deploying and capturing cost their time once, and again only after a change. Nobody writes to an image.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atmosphere.local import places
from atmosphere.local.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CACHE: Final = places.CACHE / "images"
_KEPT: Final = 6  # images, of some 140 MB each; tests use four


def digest(assembly: Path) -> str:
    """Over the assembly, whose name is the digest of its inputs, and over this package, which is not among them."""
    state = sha256(assembly.name.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        state.update(path.name.encode() + b"\0" + path.read_bytes())
    return state.hexdigest()[:32]


def fill(state: State, name: str, first_start: Callable[[Path], bool], *, cache: Path = CACHE) -> None:
    """Put a copy of the image `name` into an empty state; the first to ask makes it, and others wait for that.

    `first_start` starts and stops a service on a directory and returns whether others may begin like that. If not, only
    this one does; and if the stop was not in good order, the state stays empty.
    """
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    image = cache / name
    with _locked(cache / f"{name}.lock"):
        if image.is_dir():
            image.touch()
            shutil.copytree(image, state.saved)
            return
        for remains in cache.glob(f"part-{name}-*"):  # of a first start that was killed
            shutil.rmtree(remains, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=f"part-{name}-") as scratch:
            made = State(Path(scratch))
            may_be_kept = first_start(made.directory)
            if made.is_whole:
                shutil.copytree(made.saved, state.saved)
                if may_be_kept:
                    made.saved.rename(image)
    _prune(cache)


@contextmanager
def _locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Whether no one else is in a block of this path; with `wait` only once that is so. The kernel lets go of it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _lock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        return False
    return True


def _prune(cache: Path) -> None:
    """Remove the images that were not used for longest, except those that someone copies now."""
    images = [path for path in cache.iterdir() if path.is_dir() and not path.name.startswith("part-")]
    for path in sorted(images, key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        with _locked(cache / f"{path.name}.lock", wait=False) as alone:
            if alone:
                shutil.rmtree(path, ignore_errors=True)
