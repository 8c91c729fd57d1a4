"""The state directory: kept after a clean stop, thrown away after a kill, never shared."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from atmosphere.local.state import State, StateInUse

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from atmosphere.local.state import State
State(Path(sys.argv[1])).open()
print("open", flush=True)
sys.stdin.read()
"""


def _save(state: State, text: str) -> None:
    state.saved.mkdir(exist_ok=True)
    (state.saved / "services").write_text(text)


def test_a_new_directory_has_nothing_to_throw_away(tmp_path: Path) -> None:
    state = State(tmp_path / "deep" / "state")
    assert state.open() is False
    assert (tmp_path / "deep" / "state").stat().st_mode & 0o777 == 0o700
    state.close()


def test_a_clean_stop_keeps_what_was_saved(tmp_path: Path) -> None:
    first = State(tmp_path)
    first.open()
    _save(first, "kept")
    first.close(whole=True)
    second = State(tmp_path)
    assert second.open() is False
    assert (second.saved / "services").read_text() == "kept"
    second.close()


@pytest.mark.parametrize("runs_before", [0, 1])
def test_without_a_clean_stop_the_next_start_is_clean_and_says_so(tmp_path: Path, runs_before: int) -> None:
    for whole in [*[True] * runs_before, False]:
        state = State(tmp_path)
        state.open()
        _save(state, "half")
        state.close(whole=whole)
    again = State(tmp_path)
    assert again.open() is True
    assert not again.saved.exists()
    again.close()


def test_two_services_never_share_a_directory(tmp_path: Path) -> None:
    first, second = State(tmp_path), State(tmp_path)
    first.open()
    with pytest.raises(StateInUse, match="another local service"):
        second.open()
    second.close(whole=True)
    first.close()
    assert second.open() is False
    second.close()


def test_a_killed_holder_locks_nobody_out(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(StateInUse):
            State(tmp_path).open()
        holder.kill()
        holder.wait()
    state = State(tmp_path)
    state.open()
    state.close()
