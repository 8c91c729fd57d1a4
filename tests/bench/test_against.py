"""Two revisions side by side: a slower change is seen, and what cannot be compared is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench import against
from bench.against import SLOWER, Compared

if TYPE_CHECKING:
    from collections.abc import Iterator

SAME = Compared(name="same", now=1.0, then=1.0)
SLOW = Compared(name="slow", now=1.0 + SLOWER, then=1.0)
NEW = Compared(name="new", now=1.0, then=None)


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        ([SAME], 0, "1.00"),
        ([SAME, SLOW], 1, "slower"),
        ([NEW], 0, "not compared: abc cannot be measured so"),
    ],
    ids=["as fast", "slower", "new"],
)
def test_a_slower_change_is_seen(
    found: list[Compared], code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measured(_: str) -> Iterator[Compared]:
        return iter(found)

    monkeypatch.setattr(against, "against", measured)
    assert against.main(["abc"]) == code
    assert said in capsys.readouterr().out


@pytest.mark.slow
def test_both_revisions_are_measured_by_these_benches() -> None:
    script = "import atmosphere, bench.against; from pathlib import Path; figure = len(Path(atmosphere.__file__).parts)"
    (found,) = against.against("HEAD", {"how deep the package lies": script}, rounds=1)
    assert found.now is not None
    assert found.then is not None
    assert found.now != found.then or found.ratio == 1
