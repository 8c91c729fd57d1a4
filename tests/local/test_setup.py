"""The embedded AWS as `atmosphere local setup` makes it, from locks that need no network."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cli.main import main
from atmosphere.local.setup import SetupFailed, install

if TYPE_CHECKING:
    from pathlib import Path

NOTHING: dict[str, Any] = {
    "name": "emulator",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "requires": True,
    "packages": {},
}


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    place = tmp_path / "requirements"
    (place / "emulator").mkdir(parents=True)
    (place / "emulator.txt").write_text("# nothing\n")
    (place / "emulator" / "package.json").write_text('{"name": "emulator", "version": "1.0.0"}\n')
    (place / "emulator" / "package-lock.json").write_text(json.dumps(NOTHING))
    return place


def test_it_is_made_once_for_each_version_of_the_locks(tmp_path: Path, requirements: Path) -> None:
    place = tmp_path / "cache" / "emulator"
    assert install(place, requirements)
    subprocess.run([place / "bin" / "python", "-c", ""], check=True)
    assert (place / "package.json").is_file()
    assert not install(place, requirements)

    (place / "of-an-older-version").touch()
    (requirements / "emulator.txt").write_text("# nothing else\n")
    assert install(place, requirements)
    assert not (place / "of-an-older-version").exists()


def test_one_that_was_interrupted_is_made_again(tmp_path: Path, requirements: Path) -> None:
    place = tmp_path / "emulator"
    place.mkdir()
    (place / "half").touch()
    assert install(place, requirements)
    assert not (place / "half").exists()


def test_what_the_tool_says_is_in_the_error(tmp_path: Path, requirements: Path) -> None:
    (requirements / "emulator.txt").write_text("without-a-hash==1.0\n")
    with pytest.raises(SetupFailed, match="hash"):
        install(tmp_path / "emulator", requirements)
    assert not (tmp_path / "emulator" / ".ready").exists()


def test_without_npm_nothing_is_made(tmp_path: Path, requirements: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupFailed, match=r"Node\.js"):
        install(tmp_path / "emulator", requirements)
    assert not (tmp_path / "emulator").exists()


def test_a_checkout_has_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "setup"]) == 1
    assert "make setup" in capsys.readouterr().err
