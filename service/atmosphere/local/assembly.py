"""Synthesizes the template of `infra/` for this machine, and keeps what came out under the digest of all that went in.

So only a changed input costs seconds and needs node; a second start needs neither.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atmosphere.local import places

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CACHE: Final = places.CACHE / "assembly"
_KEPT: Final = 8  # assemblies; tests use some side by side
_LIMIT: Final = 300  # seconds
_NOT_SYNTHESIZED: Final = frozenset({"cli", "client", "local"})  # rooms of the package that are in no template or asset


class SynthesisFailed(RuntimeError):
    """The template could not be synthesized; the text is what the synthesis printed."""


def command(config: Path, settings: Mapping[str, str], out: Path) -> list[str]:
    """The synthesis as a command line, to be run at the root of the repository, if it is one."""
    chosen = [word for name, value in sorted(settings.items()) for word in ("--setting", f"{name}={value}")]
    arguments = ["--config", str(config.resolve()), "--target", "host", "--out", str(out)]
    return [sys.executable, "-m", f"{places.CONSTRUCT}.app", *arguments, *chosen]


def synthesize(config: Path, settings: Mapping[str, str], *, cache: Path = CACHE) -> Path:
    """The directory of the assembly for this configuration and these settings. Raises `SynthesisFailed`."""
    kept = cache / _digest(config, settings)
    if not kept.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="part-") as scratch:
            fresh = Path(scratch) / "out"
            run(command(config, settings, fresh))
            _keep(fresh, kept)
        _prune(cache)
    kept.touch()
    return kept


def run(words: Sequence[str]) -> None:
    """Run a synthesis, without anything of the caller's AWS settings. Raises `SynthesisFailed` with its text."""
    if shutil.which(os.environ.get("JSII_NODE", "node")) is None:
        raise SynthesisFailed(
            "there is no `node` on the PATH: install Node.js 20 or newer, which synthesizes the template"
        )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"PYTHONUTF8": "1"}
    try:
        done = subprocess.run(
            words,
            cwd=places.SYNTHESIS_RUNS_IN,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise SynthesisFailed(f"the synthesis took more than {_LIMIT} s: check for a stuck node process") from late
    if done.returncode != 0:
        raise SynthesisFailed(f"{done.stdout}{done.stderr}".strip() or f"the synthesis ended with {done.returncode}")


def _keep(fresh: Path, kept: Path) -> None:
    """Into place in one step; somebody else may have been faster with the same content."""
    try:
        fresh.rename(kept)
    except OSError:
        if not kept.is_dir():
            raise


def _digest(config: Path, settings: Mapping[str, str]) -> str:
    """Over everything that decides what the synthesis writes."""
    state = sha256(repr((sorted(settings.items()), sys.version_info[:2])).encode())
    for name, path in sorted(_inputs(config)):
        state.update(name.encode() + b"\0" + sha256(path.read_bytes()).digest())
    return state.hexdigest()[:32]


def _inputs(config: Path) -> Iterator[tuple[str, Path]]:
    package = Path(__file__).resolve().parents[1]
    for path in package.rglob("*"):
        parts = path.relative_to(package).parts
        if path.is_file() and parts[0] not in _NOT_SYNTHESIZED and "__pycache__" not in parts:
            yield f"package/{'/'.join(parts)}", path
    for path in places.INFRA.rglob("*.py"):
        yield f"infra/{path.relative_to(places.INFRA).as_posix()}", path
    for path in places.REQUIREMENTS.glob("*.txt"):
        yield f"requirements/{path.name}", path
    for path in config.glob("*.yaml"):
        yield f"config/{path.name}", path


def _prune(cache: Path) -> None:
    """Forget what was not used for longest."""
    kept = sorted((path for path in cache.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in kept[:-_KEPT]:
        shutil.rmtree(path, ignore_errors=True)
