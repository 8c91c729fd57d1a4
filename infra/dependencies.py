"""The locked distributions that Lambdas carry, file by file, for either target.

`requirements/authorizer.txt` is `requirements/lambda.txt` with PyJWT and cryptography on top, so one download serves
both. `host` reads what is installed here (no network); `aws` asks pip for arm64 wheels, once for each lock:
`python -m infra.dependencies` does so ahead of time.
"""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.sources import LOCKS, SET_UP, cache
from infra.target import RUNTIME, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK: Final = LOCKS / "lambda.txt"
TOKENS_LOCK: Final = LOCKS / "authorizer.txt"
CACHE: Final = cache()
PLATFORMS: Final = ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")

_PIN: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


class AssetFailed(RuntimeError):
    """An asset cannot be built; the text says what to do."""


def lock_of(*, verifies_tokens: bool) -> Path:
    """The lock of a function's asset: cryptography only where tokens are verified."""
    return TOKENS_LOCK if verifies_tokens else LOCK


def pins(lock: Path) -> dict[str, str]:
    """The distributions of a lock with their versions."""
    return dict(_PIN.findall(lock.read_text()))


def files(target: Target, lock: Path) -> Iterator[tuple[str, Path]]:
    """Each file of the lock's distributions: where it belongs, and where it is. Raises `AssetFailed`."""
    here = _installed() if target is Target.HOST else _downloaded()
    for name, version in pins(lock).items():
        distribution = here.get(_normal(name))
        if distribution is None:
            raise AssetFailed(f"{name} is not installed: run {SET_UP}")
        if distribution.version != version:
            raise AssetFailed(f"{name} is {distribution.version} here, but the lock says {version}: run {SET_UP}")
        for entry in distribution.files or ():
            source = Path(str(distribution.locate_file(entry)))
            if source.is_file():
                yield entry.as_posix(), source


def _normal(name: str) -> str:
    """As indexes compare names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed() -> dict[str, importlib.metadata.Distribution]:
    """What this environment has; where a name is there twice, the first is the one that is imported."""
    found: dict[str, importlib.metadata.Distribution] = {}
    for distribution in importlib.metadata.distributions():
        found.setdefault(_normal(distribution.name), distribution)
    return found


def _downloaded() -> dict[str, importlib.metadata.Distribution]:
    found = importlib.metadata.distributions(path=[str(fetch())])
    return {_normal(distribution.name): distribution for distribution in found}


def wheels_directory() -> Path:
    """Where pip has put, or will put, the locked distributions for Lambda's own platform."""
    digest = sha256(LOCK.read_bytes() + TOKENS_LOCK.read_bytes()).hexdigest()[:32]
    return CACHE / f"wheels-{RUNTIME}-{digest}"


def fetch() -> Path:
    """The directory of the distributions for Lambda's own platform, downloaded once. Raises `AssetFailed`."""
    wheels = wheels_directory()
    if not wheels.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            fresh = Path(scratch) / "wheels"
            _pip_install(fresh)
            publish(fresh, wheels)
    return wheels


def _pip_install(directory: Path) -> None:
    platforms = [option for platform in PLATFORMS for option in ("--platform", platform)]
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--python-version", RUNTIME, "--implementation", "cp", *platforms, "--only-binary=:all:"),
        *("--require-hashes", "--no-deps", "--no-compile", "-r", str(TOKENS_LOCK), "--target", str(directory)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssetFailed(
            f"pip could not fetch the Lambdas' dependencies (needs the network once): {done.stderr[-2000:]}"
        )


def publish(fresh: Path, directory: Path) -> None:
    """Into place in one step; somebody else may have been faster with the same content."""
    try:
        fresh.rename(directory)
    except OSError:
        if not directory.is_dir():
            raise


if __name__ == "__main__":
    fetch()
