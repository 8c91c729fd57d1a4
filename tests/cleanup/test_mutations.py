"""Each condition of what stays, of the guard and of the revocation is needed by a test that is named here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cleanup.mutations import MUTATIONS, UNNOTICED, Mutation

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The service and the tests, to be spoiled."""
    place = tmp_path_factory.mktemp("mutated")
    for name in ("service", "tests", "config", "infra"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copy(ROOT / "pyproject.toml", place)
    yield place
    shutil.rmtree(place)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_the_text_that_is_changed_is_there_once(mutation: Mutation) -> None:
    text = (ROOT / "service/atmosphere/cleanup" / mutation.module).read_text(encoding="utf-8")
    assert text.count(mutation.before) == 1


@pytest.mark.slow
@pytest.mark.parametrize("mutation", [each for each in MUTATIONS if each.before not in UNNOTICED], ids=str)
def test_without_the_condition_a_test_fails(copy: Path, mutation: Mutation) -> None:
    module = copy / "service/atmosphere/cleanup" / mutation.module
    sound = module.read_text(encoding="utf-8")
    module.write_text(sound.replace(mutation.before, mutation.after), encoding="utf-8")
    try:
        assert _tests_fail(copy, mutation)
    finally:
        module.write_text(sound, encoding="utf-8")


def _tests_fail(copy: Path, mutation: Mutation) -> bool:
    named = [f"tests/cleanup/{name}.py" for name in mutation.tests]
    command = [
        sys.executable,
        "-m",
        "pytest",
        *named,
        "-x",
        "-q",
        "-m",
        "not emulator",
        "-n",
        "0",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
    ]
    environment = {**os.environ, "PYTHONPATH": f"{copy / 'service'}{os.pathsep}{copy}"}
    ran = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stdout[-2000:] + ran.stderr[-2000:]
    return ran.returncode == 1
