"""Private files: whole or not at all, never through a link, and one holder of a lock."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from atmosphere_action import files
from atmosphere_action.errors import FileTrouble

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_as_a_whole_and_for_this_user_only(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o644)

    files.replace(str(path), b"new")

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("act", [lambda path: files.replace(path, b"new"), files.read])
def test_a_link_is_neither_written_nor_read(tmp_path: Path, act: object) -> None:
    victim, link = tmp_path / "victim", tmp_path / "link"
    victim.write_bytes(b"old")
    link.symlink_to(victim)

    assert callable(act)
    with pytest.raises(FileTrouble, match="symbolic link"):
        act(str(link))

    assert link.is_symlink()
    assert victim.read_bytes() == b"old"


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()

    with pytest.raises(FileTrouble, match="cannot be written"):
        files.replace(str(tmp_path / "directory"), b"new")

    assert [path.name for path in tmp_path.iterdir()] == ["directory"]


def test_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert files.read(str(tmp_path / "none")) == b""


def test_a_lock_that_is_held_is_not_waited_for_forever(tmp_path: Path) -> None:
    path = tmp_path / "lock"

    with (
        files.locked(str(path), 1),
        pytest.raises(FileTrouble, match="locked by another process"),
        files.locked(str(path), 0.1),
    ):
        pass

    assert not path.exists()


@pytest.mark.parametrize("again", [False, True])
def test_a_lock_on_a_file_that_its_last_holder_removed_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, again: bool
) -> None:
    path = tmp_path / "lock"
    real = files._try_lock

    def last_holder_goes_first(descriptor: int) -> bool:
        path.unlink()
        if again:  # and the next one has made it anew
            path.touch()
        return real(descriptor)

    monkeypatch.setattr(files, "_try_lock", last_holder_goes_first)

    assert files._acquired(str(path)) is None


def test_a_lock_in_a_directory_that_is_gone_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(FileTrouble, match="its directory no longer exists"),
        files.locked(str(tmp_path / "no" / "lock"), 1),
    ):
        pass
