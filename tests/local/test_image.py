"""Images: made once, copied by every start that has no state, never written to."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from atmosphere.local import image
from atmosphere.local.places import EXAMPLE
from atmosphere.local.service import LocalService
from atmosphere.local.state import State
from tests.local.conftest import SHORT

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def _first_start(text: str, *, whole: bool = True, may_be_kept: bool = True) -> Callable[[Path], bool]:
    """Saves a text, as the embedded AWS saves what it holds."""

    def start(directory: Path) -> bool:
        made = State(directory)
        made.open()
        made.saved.mkdir()
        (made.saved / "services").write_text(text)
        made.close(whole=whole)
        return may_be_kept

    return start


def _not_again(_: Path) -> bool:
    raise AssertionError("it is made only once")


def _saved(state: State) -> str | None:
    file = state.saved / "services"
    return file.read_text() if file.exists() else None


def test_it_is_made_once_and_each_state_has_a_copy_of_its_own(tmp_path: Path, cache: Path) -> None:
    first, second, third = (State(tmp_path / name) for name in ("first", "second", "third"))
    image.fill(first, "name", _first_start("as made"), cache=cache)
    image.fill(second, "name", _not_again, cache=cache)
    (second.saved / "services").write_text("used")
    image.fill(third, "name", _not_again, cache=cache)
    assert [_saved(state) for state in (first, second, third)] == ["as made", "used", "as made"]


def test_another_digest_is_another_image(tmp_path: Path, cache: Path) -> None:
    first, second = State(tmp_path / "first"), State(tmp_path / "second")
    image.fill(first, "one", _first_start("one"), cache=cache)
    image.fill(second, "other", _first_start("other"), cache=cache)
    assert (_saved(first), _saved(second)) == ("one", "other")


def test_what_others_may_not_begin_from_is_used_once(tmp_path: Path, cache: Path) -> None:
    first, second = State(tmp_path / "first"), State(tmp_path / "second")
    image.fill(first, "name", _first_start("dirty", may_be_kept=False), cache=cache)
    image.fill(second, "name", _first_start("clean"), cache=cache)
    assert (_saved(first), _saved(second)) == ("dirty", "clean")


def test_what_was_not_saved_whole_is_not_used_at_all(tmp_path: Path, cache: Path) -> None:
    first, second = State(tmp_path / "first"), State(tmp_path / "second")
    image.fill(first, "name", _first_start("half", whole=False), cache=cache)
    image.fill(second, "name", _first_start("whole"), cache=cache)
    assert (_saved(first), _saved(second)) == (None, "whole")


def test_a_first_start_that_fails_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    state = State(tmp_path / "state")
    with pytest.raises(AssertionError):
        image.fill(state, "name", _not_again, cache=cache)
    assert _saved(state) is None
    assert [path.name for path in cache.iterdir()] == ["name.lock"]


def test_the_remains_of_a_first_start_that_was_killed_go(tmp_path: Path, cache: Path) -> None:
    (cache / "part-name-1").mkdir(parents=True)
    (cache / "part-other-1").mkdir()
    image.fill(State(tmp_path / "state"), "name", _first_start("as made"), cache=cache)
    assert {path.name for path in cache.iterdir() if path.is_dir()} == {"name", "part-other-1"}


def test_who_comes_while_it_is_made_waits_for_it(tmp_path: Path, cache: Path) -> None:
    first, second = State(tmp_path / "first"), State(tmp_path / "second")
    other = threading.Thread(target=image.fill, args=(second, "name", _not_again), kwargs={"cache": cache})

    def start(directory: Path) -> bool:
        other.start()
        return _first_start("as made")(directory)

    image.fill(first, "name", start, cache=cache)
    other.join()
    assert (_saved(first), _saved(second)) == ("as made", "as made")


def test_the_image_that_was_not_used_for_longest_goes(tmp_path: Path, cache: Path) -> None:
    names = [f"name-{number}" for number in range(7)]
    for name in names[:6]:
        image.fill(State(tmp_path / name), name, _first_start(name), cache=cache)
    for age, name in enumerate(reversed(names[:6]), start=1):
        os.utime(cache / name, (1_000_000_000 - age, 1_000_000_000 - age))
    image.fill(State(tmp_path / "again"), names[0], _not_again, cache=cache)
    image.fill(State(tmp_path / names[6]), names[6], _first_start(names[6]), cache=cache)
    assert sorted(path.name for path in cache.iterdir() if path.is_dir()) == [names[0], *names[2:]]


def test_the_digest_is_over_the_assembly_and_each_module_of_the_local_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "__file__", str(tmp_path / "image.py"))
    (tmp_path / "lacking.py").write_text("A = 1\n")
    first = image.digest(Path("assembly"))
    assert image.digest(Path("assembly")) == first
    assert image.digest(Path("other")) != first
    (tmp_path / "lacking.py").write_text("A = 2\n")
    assert image.digest(Path("assembly")) != first


@pytest.mark.emulator
def test_what_a_run_does_is_in_no_later_run() -> None:
    with LocalService(EXAMPLE, settings=SHORT, ticker=60) as first:
        first.hub.client("s3").create_bucket(Bucket="of-the-first-run")
        rows, directory = first.store().environments(), first.emulator.directory
    assert not directory.exists()
    with LocalService(EXAMPLE, settings=SHORT, ticker=60) as second:
        names = {bucket["Name"] for bucket in second.hub.client("s3").list_buckets()["Buckets"]}
        assert "of-the-first-run" not in names
        assert second.store().environments() == rows
