"""Builds what a Lambda is made of: our package without its outer rooms, the locked dependencies, AWS models.

One directory for each set of AWS services (`contract.Function.services`), named by the digest of all that goes in:
equal inputs give an equal asset, and a second build costs nothing. `host` copies what is installed (no network); `aws`
asks pip for arm64 wheels once for each lock.
"""

from __future__ import annotations

import compileall
import importlib.metadata
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from infra.target import RUNTIME, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = ROOT / "requirements" / "lambda.txt"
PACKAGE: Final = ROOT / "service" / "atmosphere"
CACHE: Final = ROOT / ".cache" / "assets"
NEVER_IN_A_LAMBDA: Final = frozenset({"cli", "client", "config", "local"})
SHARED_MODELS: Final = frozenset({"endpoints.json", "partitions.json", "sdk-default-configuration.json", "_retry.json"})
PLATFORMS: Final = ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")

_PIN: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_DEAD_WEIGHT: Final = frozenset({"__pycache__", "tests", "test", "examples", "bin", ".."})
_POWERTOOLS_UNUSED: Final = re.compile(
    r"aws_lambda_powertools/(event_handler/|utilities/(?!__init__\.py|jmespath_utils/|typing/))"
)  # two fifths of an asset; logs and metrics need none of it
_KEPT: Final = 16  # assets; each change of the code makes two
_EPOCH: Final = 315_532_800  # 1980-01-01, the oldest time that a zip can hold


class AssetFailed(RuntimeError):
    """An asset cannot be built; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A built directory and the digest of what went in, which is also its name for CDK."""

    directory: Path
    digest: str


def build(services: Iterable[str], target: Target) -> Asset:
    """The asset for functions that use these AWS services. Raises `AssetFailed`."""
    wanted = frozenset(services)
    digest = _digest(wanted, target)
    directory = CACHE / f"{target}-{digest[:32]}"
    if not directory.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            fresh = Path(scratch) / "asset"
            _fill(fresh, wanted, target)
            os.utime(fresh)  # its age decides what is forgotten
            _publish(fresh, directory)
        _prune()
    else:
        os.utime(directory)
    return Asset(directory, digest)


def _prune() -> None:
    """Forget the assets that were not used for the longest time."""
    built = [path for target in Target for path in CACHE.glob(f"{target}-*")]
    for path in sorted(built, key=lambda path: path.stat().st_mtime, reverse=True)[_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


def _digest(services: frozenset[str], target: Target) -> str:
    """Over everything that decides the asset's content."""
    python = sys.implementation.cache_tag if target is Target.HOST else RUNTIME
    state = sha256(repr((sorted(services), target.value, python)).encode())
    for source in (LOCK, Path(__file__)):
        state.update(source.read_bytes())
    for relative, source in sorted(_own_files()):
        state.update(relative.encode() + b"\0" + sha256(source.read_bytes()).digest())
    return state.hexdigest()


def _own_files() -> Iterator[tuple[str, Path]]:
    for source in PACKAGE.rglob("*"):
        relative = source.relative_to(PACKAGE)
        if source.is_file() and relative.parts[0] not in NEVER_IN_A_LAMBDA and "__pycache__" not in relative.parts:
            yield f"{PACKAGE.name}/{relative.as_posix()}", source


def _fill(directory: Path, services: frozenset[str], target: Target) -> None:
    theirs = _installed() if target is Target.HOST else _downloaded()
    wanted = [(relative, source) for relative, source in theirs if _belongs(PurePosixPath(relative), services)]
    for relative, source in sorted([*_own_files(), *wanted]):
        destination = directory / relative
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, destination)
    _demand_models(directory, services)
    if target is Target.HOST:
        _compile(directory)
    for path in (directory, *directory.rglob("*")):
        os.utime(path, (_EPOCH, _EPOCH))


def _belongs(path: PurePosixPath, services: frozenset[str]) -> bool:
    """Whether a file of a dependency is used: no tests, metadata (nothing here has entry points) or foreign models."""
    parts = path.parts
    if (
        _DEAD_WEIGHT.intersection(parts)
        or parts[0].endswith((".dist-info", ".data"))
        or path.suffix in {".pyc", ".pyi"}
    ):
        return False
    if parts[:2] in {("botocore", "data"), ("boto3", "data")}:
        models = services | SHARED_MODELS if parts[0] == "botocore" else services
        return parts[2] in models and not parts[-1].startswith("examples-")
    return not _POWERTOOLS_UNUSED.match(path.as_posix())


def _demand_models(directory: Path, services: frozenset[str]) -> None:
    missing = sorted(name for name in services if not (directory / "botocore" / "data" / name).is_dir())
    if missing:
        raise AssetFailed(
            f"botocore has no models of {', '.join(missing)}: correct `services` in atmosphere/contract.py"
        )


def _compile(directory: Path) -> None:
    """Byte code goes along where the interpreter is known: each of its many workers would compile for itself."""
    compileall.compile_dir(
        directory, quiet=2, stripdir=str(directory), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )


def _publish(fresh: Path, directory: Path) -> None:
    """Into place in one step; somebody else may have been faster with the same content."""
    try:
        fresh.rename(directory)
    except OSError:
        if not directory.is_dir():
            raise


def pins() -> dict[str, str]:
    """The locked distributions of the Lambdas with their versions."""
    return dict(_PIN.findall(LOCK.read_text()))


def _installed() -> Iterator[tuple[str, Path]]:
    """The files of the locked distributions in this environment."""
    for name, version in pins().items():
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            raise AssetFailed(f"{name} is not installed: run `make setup`") from None
        if distribution.version != version:
            raise AssetFailed(f"{name} is {distribution.version} here, but the lock says {version}: run `make setup`")
        for entry in distribution.files or ():
            source = Path(str(distribution.locate_file(entry)))
            if source.is_file():
                yield entry.as_posix(), source


def wheels_directory() -> Path:
    """Where pip has put, or will put, the locked distributions for Lambda's own platform."""
    lock = sha256(LOCK.read_bytes()).hexdigest()[:32]
    return CACHE / f"wheels-{RUNTIME}-{lock}"


def _downloaded() -> Iterator[tuple[str, Path]]:
    """The files of the locked distributions for Lambda's own platform."""
    wheels = wheels_directory()
    if not wheels.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            fresh = Path(scratch) / "wheels"
            _pip_install(fresh)
            _publish(fresh, wheels)
    for source in wheels.rglob("*"):
        if source.is_file():
            yield source.relative_to(wheels).as_posix(), source


def _pip_install(directory: Path) -> None:
    platforms = [option for platform in PLATFORMS for option in ("--platform", platform)]
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--python-version", RUNTIME, "--implementation", "cp", *platforms, "--only-binary=:all:"),
        *("--require-hashes", "--no-deps", "--no-compile", "-r", str(LOCK), "--target", str(directory)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssetFailed(
            f"pip could not fetch the Lambdas' dependencies (needs the network once): {done.stderr[-2000:]}"
        )
