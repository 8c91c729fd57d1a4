"""The wheel `atmosphere-client`, installed in an environment that has nothing but what it requires."""

from __future__ import annotations

import os
import re
import zipfile
from typing import TYPE_CHECKING, Final

import pytest

from atmosphere.cli.main import _SUBCOMMANDS
from distribution.client import build
from tests.cli.lending import Lending
from tests.release.installing import installed, ran

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARTS: Final = {"__init__.py", "py.typed", "contract.py", "cli", "client", "core", "status"}
SUBCOMMANDS: Final = {"allocate", "run", "credentials", "deallocate", "status"}
USE: Final = """
import sys
from atmosphere.client.connect import from_variables
with from_variables().allocation("demo", requester="a wheel", heartbeat_seconds=60) as held:
    keys = held.session().get_credentials()
    print(held.environment.account, keys.access_key)
print([name for name in sys.modules if name in ("pytest", "click", "rich", "pydantic", "yaml", "jwt")])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture
def lending() -> Iterator[Lending]:
    service = Lending()
    yield service
    service.stop()


def environ(lending: Lending, home: Path) -> dict[str, str]:
    own = {"AWS_ACCESS_KEY_ID": "OWNER", "AWS_SECRET_ACCESS_KEY": "x", "ATMOSPHERE_ENDPOINT": lending.endpoint}
    return {"PATH": os.environ["PATH"], "HOME": str(home), **own}


def test_the_wheel_has_the_client_and_nothing_of_the_service(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith("atmosphere/")]
        (meta,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(meta).decode()
    assert {name.split("/")[1] for name in names} == PARTS
    core = {name for name in names if name.startswith("atmosphere/core/")}
    assert len(core) < 10, core
    assert re.findall(r"^Requires-Dist: ([a-z0-9-]+)[^;]*$", metadata, re.MULTILINE) == ["boto3"]
    assert re.findall(r"^Requires-Dist: ([a-z0-9-]+).*extra == ['\"]cli['\"]", metadata, re.MULTILINE) == [
        "click",
        "rich",
    ]
    assert "# Python client" in metadata


def test_with_boto3_alone_a_program_allocates(wheel: Path, lending: Lending, tmp_path: Path) -> None:
    binaries = installed(tmp_path / "venv", "boto3", wheels=(wheel,))

    used = ran(binaries / "python", "-I", "-c", USE, env=environ(lending, tmp_path), cwd=tmp_path)

    assert used.returncode == 0, used.stderr
    assert used.stdout.splitlines() == ["222222222222 an id", "[]"]
    assert list(lending.outcomes.values()) == ["success"]

    command = ran(binaries / "atmosphere", "status", env=environ(lending, tmp_path), cwd=tmp_path)
    assert command.returncode == 1
    assert command.stderr == "the command needs more packages: pip install 'atmosphere-client[cli]'\n"


def test_with_its_extra_the_command_runs_a_test(wheel: Path, lending: Lending, tmp_path: Path) -> None:
    binaries = installed(tmp_path / "venv", "boto3", "click", "rich", wheels=(wheel,))
    env = environ(lending, tmp_path)

    words = ("run", "--pool", "demo", "--credentials", "profile", "--", "sh", "-c", "echo $AWS_PROFILE; exit 5")
    used = ran(binaries / "atmosphere", *words, env=env, cwd=tmp_path)
    assert (used.returncode, used.stdout) == (5, "atmosphere\n"), used.stderr
    assert list(lending.outcomes.values()) == ["failed: exit code 5"]

    shown = ran(binaries / "atmosphere", "--help", env=env, cwd=tmp_path).stdout
    table = shown.partition("Commands:")[2].partition("\n\n")[0]
    listed = set(re.findall(r"^  ([a-z]+) ", table, re.MULTILINE))
    assert listed == SUBCOMMANDS
    assert set(_SUBCOMMANDS) > SUBCOMMANDS
    assert ran(binaries / "atmosphere", "local", env=env, cwd=tmp_path).returncode == 2
    assert re.match(r"atmosphere, version \d", ran(binaries / "atmosphere", "--version", env=env, cwd=tmp_path).stdout)
    for name in SUBCOMMANDS:
        assert ran(binaries / "atmosphere", name, "--help", env=env, cwd=tmp_path).returncode == 0


def test_pytest_finds_the_plugin_by_itself(wheel: Path, lending: Lending, tmp_path: Path) -> None:
    binaries = installed(tmp_path / "venv", "boto3", "pytest", wheels=(wheel,))
    (tmp_path / "pytest.ini").write_text("[pytest]\natmosphere_pool = demo\n")
    (tmp_path / "test_it.py").write_text("def test_it(atmosphere_environment): assert atmosphere_environment.id\n")

    used = ran(binaries / "python", "-I", "-m", "pytest", "-q", env=environ(lending, tmp_path), cwd=tmp_path)

    assert used.returncode == 0, used.stdout
    assert list(lending.outcomes.values()) == ["success"]
