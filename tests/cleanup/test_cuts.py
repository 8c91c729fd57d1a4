"""A cleanup dies at each of its calls, before and after its effect; then time passes, and it ends as if it had not.

The calls are the table `cuts.md`, so that a pass that gains one is seen. What changes something is cut at each run of
the tests, everything else by `make cuts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.cleanup.cutting import SCENES, TABLE, calls_of, cut
from tests.machine.tables import MOMENTS
from tests.operations.line import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

_MOMENTS: Final = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER)
_KNOWN: Final = TABLE.known()
_CHANGES: Final = ("Put", "Delete")
_PARTS: Final = 10


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")


def test_the_table_names_every_scene_and_adds_up() -> None:
    assert list(_KNOWN) == list(SCENES)
    assert TABLE.read() == TABLE.text(_KNOWN)


@pytest.mark.parametrize("name", SCENES)
def test_its_calls_are_those_of_the_table(name: str) -> None:
    assert calls_of(SCENES[name]) == _KNOWN[name], f"write {TABLE.path.name} again and look at what changed"


@pytest.mark.parametrize("name", SCENES)
def test_it_may_die_after_every_change_of_the_account(name: str) -> None:
    for at, call in enumerate(_KNOWN[name], start=1):
        if call.startswith(_CHANGES):
            cut(SCENES[name], at, Fault.CRASH_AFTER)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(_PARTS))
@pytest.mark.parametrize("name", SCENES)
def test_it_may_die_at_every_call(name: str, part: int, record_property: Callable[[str, object], None]) -> None:
    points = 0
    for at in range(1 + part, len(_KNOWN[name]) + 1, _PARTS):
        for moment in _MOMENTS:
            cut(SCENES[name], at, moment)
            points += 1
    assert points == MOMENTS * len(range(part, len(_KNOWN[name]), _PARTS))
    record_property("points", points)
