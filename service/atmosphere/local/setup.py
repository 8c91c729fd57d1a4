"""Makes the embedded AWS outside of a checkout: an environment of its own from the lock that comes with the wheel.

The same steps as in the Makefile, for `atmosphere local setup`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PACKAGES: Final = ("package.json", "package-lock.json")
_NPM: Final = ("ci", "--loglevel=error", "--no-audit", "--no-fund", "--ignore-scripts")
_READY: Final = ".ready"


class SetupFailed(RuntimeError):
    """The embedded AWS could not be installed; the text ends with the output of the tool that failed."""


def install(place: Path, requirements: Path) -> bool:
    """Install what the locks name into `place`; False if that is done already. Raises `SetupFailed`.

    One that was interrupted, or whose locks are older, is made from its start.
    """
    lock = requirements / "emulator.txt"
    packages = [requirements / "emulator" / name for name in _PACKAGES]
    wanted = "".join(path.read_text(encoding="utf-8") for path in (lock, *packages))
    ready = place / _READY
    if ready.is_file() and ready.read_text(encoding="utf-8") == wanted:
        return False
    npm = shutil.which("npm")
    if npm is None:
        raise SetupFailed("there is no `npm` on the PATH: install Node.js 20 or newer")
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=False, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "--disable-pip-version-check"]
    _run([*pip, "install", "--quiet", "--require-hashes", "-r", str(lock)], place)
    for path in packages:
        shutil.copy2(path, place)
    _run([npm, *_NPM], place)
    ready.write_text(wanted, encoding="utf-8")
    return True


def _run(words: Sequence[str], place: Path) -> None:
    done = subprocess.run(words, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupFailed(
            f"`{' '.join(words[:4])} ...` ended with {done.returncode}: {(done.stderr or done.stdout)[-2000:]}"
        )
