"""Builds what a Lambda is made of: our package without its outer rooms, the locked dependencies, AWS models.

One directory for each set of AWS services (`contract.Function.services`), and one of its own for what verifies tokens,
named by the digest of all that goes in: equal inputs give an equal asset, and a second build costs nothing.
"""

from __future__ import annotations

import compileall
import os
import py_compile
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from infra import dependencies, models
from infra.dependencies import CACHE, AssetFailed
from infra.sources import package
from infra.target import RUNTIME, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PACKAGE: Final = package()
NEVER_IN_A_LAMBDA: Final = frozenset({"cli", "client", "config", "local"})
SHARED_MODELS: Final = frozenset({"endpoints.json", "partitions.json", "sdk-default-configuration.json", "_retry.json"})

_DEAD_WEIGHT: Final = frozenset({"__pycache__", "tests", "test", "examples", "bin", ".."})
_UNUSED: Final = re.compile(
    r"aws_lambda_powertools/(event_handler/|utilities/(?!__init__\.py|jmespath_utils/|typing/))"
    r"|cffi/|pycparser/"
)  # two fifths of an asset; logs and metrics need none of it, and cryptography only what cffi has compiled
_DATA: Final = frozenset({("botocore", "data"), ("boto3", "data")})
_IN_A_VERSION: Final = 5
_KEPT: Final = 24  # assets; each change of the code makes four
_EPOCH: Final = 315_532_800  # 1980-01-01, the oldest time that a zip can hold


@dataclass(frozen=True, slots=True)
class Asset:
    """A built directory and the digest of what went in, which is also its name for CDK."""

    directory: Path
    digest: str


def build(services: Iterable[str], target: Target, *, verifies_tokens: bool = False) -> Asset:
    """The asset for functions that use these AWS services. Raises `AssetFailed`."""
    wanted = frozenset(services)
    lock = dependencies.lock_of(verifies_tokens=verifies_tokens)
    digest = _digest(wanted, target, lock)
    directory = CACHE / f"{target}-{digest[:32]}"
    if not directory.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            fresh = Path(scratch) / "asset"
            _fill(fresh, wanted, target, lock)
            os.utime(fresh)  # its age decides what is forgotten
            dependencies.publish(fresh, directory)
        _prune()
    else:
        os.utime(directory)
    return Asset(directory, digest)


def has_byte_code(target: Target) -> bool:
    """Whether an asset gets byte code, which only the Python that it runs on can make: without it a start is slow.

    A Lambda cannot write into its own directory, so it would compile everything again at every start.
    """
    return target is Target.HOST or f"{sys.version_info.major}.{sys.version_info.minor}" == RUNTIME


def plain(directory: Path, services: Iterable[str]) -> Path:
    """What a function of bare boto3 would carry: the locked dependencies as they are, for comparison."""
    _fill_theirs(directory, frozenset(services), Target.HOST, dependencies.lock_of(verifies_tokens=False))
    _compile(directory)
    return directory


def _prune() -> None:
    """Forget the assets that were not used for the longest time."""
    built = [path for target in Target for path in CACHE.glob(f"{target}-*")]
    for path in sorted(built, key=lambda path: path.stat().st_mtime, reverse=True)[_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


def _digest(services: frozenset[str], target: Target, lock: Path) -> str:
    """Over everything that decides the asset's content."""
    python = sys.implementation.cache_tag if target is Target.HOST else RUNTIME
    state = sha256(repr((sorted(services), target.value, python, has_byte_code(target))).encode())
    for source in (lock, *(Path(module) for module in (__file__, dependencies.__file__, models.__file__))):
        state.update(source.read_bytes())
    for relative, source in sorted(_own_files()):
        state.update(relative.encode() + b"\0" + sha256(source.read_bytes()).digest())
    return state.hexdigest()


def _own_files() -> Iterator[tuple[str, Path]]:
    for source in PACKAGE.rglob("*"):
        relative = source.relative_to(PACKAGE)
        if source.is_file() and relative.parts[0] not in NEVER_IN_A_LAMBDA and "__pycache__" not in relative.parts:
            yield f"{PACKAGE.name}/{relative.as_posix()}", source


def _fill(directory: Path, services: frozenset[str], target: Target, lock: Path) -> None:
    _copy(directory, _own_files())
    _fill_theirs(directory, services, target, lock)
    _demand_models(directory, services)
    models.trim(directory / "botocore")
    if has_byte_code(target):
        _compile(directory)
    for path in (directory, *directory.rglob("*")):
        os.utime(path, (_EPOCH, _EPOCH))


def _fill_theirs(directory: Path, services: frozenset[str], target: Target, lock: Path) -> None:
    theirs = list(dependencies.files(target, lock))
    newest = _newest(relative for relative, _ in theirs)
    _copy(
        directory,
        (
            (relative, source)
            for relative, source in theirs
            if _belongs(PurePosixPath(relative), services) and _is_newest(PurePosixPath(relative), newest)
        ),
    )


def _copy(directory: Path, files: Iterable[tuple[str, Path]]) -> None:
    for relative, source in sorted(files):
        destination = directory / relative
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, destination)


def _belongs(path: PurePosixPath, services: frozenset[str]) -> bool:
    """Whether a file of a dependency is used: no tests, metadata (nothing here has entry points) or foreign models."""
    parts = path.parts
    if (
        _DEAD_WEIGHT.intersection(parts)
        or parts[0].endswith((".dist-info", ".data"))
        or path.suffix in {".pyc", ".pyi"}
    ):
        return False
    if parts[:2] in _DATA:
        models = services | SHARED_MODELS if parts[0] == "botocore" else services
        return parts[2] in models and not parts[-1].startswith("examples-")
    return not _UNUSED.match(path.as_posix())


def _newest(names: Iterable[str]) -> dict[tuple[str, ...], str]:
    """The newest version of each service's model, by the folder of the service: clients are made of no other."""
    newest: dict[tuple[str, ...], str] = {}
    for parts in (PurePosixPath(name).parts for name in names):
        if _is_versioned(parts):
            newest[parts[:3]] = max(newest.get(parts[:3], ""), parts[3])
    return newest


def _is_newest(path: PurePosixPath, newest: Mapping[tuple[str, ...], str]) -> bool:
    return not _is_versioned(path.parts) or path.parts[3] == newest[path.parts[:3]]


def _is_versioned(parts: tuple[str, ...]) -> bool:
    """Whether it is a file of one version of a model: botocore/data/SERVICE/VERSION/FILE."""
    return parts[:2] in _DATA and len(parts) == _IN_A_VERSION


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
