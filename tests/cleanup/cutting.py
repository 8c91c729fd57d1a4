"""What cleanups do that die, and the table of their calls; `python -m tests.cleanup.cutting` writes it again."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moto import mock_aws

from atmosphere import observability
from atmosphere.cleanup.state.baseline import Baseline, baseline_name
from atmosphere.core.model import Status
from tests.cleanup.cuts import CutEstate
from tests.cleanup.estate import MANAGEMENT, trust
from tests.cleanup.executing import execute
from tests.machine.tables import Table
from tests.operations.line import Crash, Trap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.operations.line import Fault

TABLE: Final = Table(
    Path(__file__).parent / "cuts.md",
    "Where a cleanup can die",
    "test_cuts.py",
    "tests.cleanup.cutting",
)


@dataclass(frozen=True, slots=True)
class Scene:
    """`prepare` returns what runs and may die; `outcome` says what must be so in the end."""

    prepare: Callable[[CutEstate], Callable[[], None]]
    outcome: Callable[[CutEstate], None]


def _capture(estate: CutEstate) -> Callable[[], None]:
    estate.world.registrar.register(estate.world.snapshot)
    return lambda: execute(estate, estate.world.cleanups.started[0])


def _is_captured(estate: CutEstate) -> None:
    name = baseline_name(estate.key)
    found, expected = (Baseline.from_json(texts[name]) for texts in (estate.kept.texts, _captured()))
    assert found.items.keys() == expected.items.keys()
    assert set(estate.changed) == {"PutRolePolicy"}, "a capture changes nothing but the room for a revocation"


def _clean(estate: CutEstate) -> Callable[[], None]:
    estate.captured(_captured())
    order = estate.used()
    return lambda: execute(estate, order)


def _is_clean(estate: CutEstate) -> None:
    assert estate.there() == {"needed", "AtmosphereAdmin"}
    assert estate.early == [], "something was deleted while the test's keys worked"
    assert "DeleteQueue" in estate.changed


def _scan(estate: CutEstate) -> Callable[[], None]:
    estate.captured(_captured())
    estate.root(estate.key, "iam").create_role(RoleName="landing", AssumeRolePolicyDocument=trust(AWS=MANAGEMENT))
    return estate.scan


def _is_as_it_was(estate: CutEstate) -> None:
    assert estate.changed == []
    assert "landing" in estate.there()


SCENES: Final = {
    "a new environment is captured": Scene(_capture, _is_captured),
    "what a test left is deleted": Scene(_clean, _is_clean),
    "a free environment is scanned": Scene(_scan, _is_as_it_was),
}


@cache
def _captured() -> Mapping[str, str]:
    """What the capture of such an account writes."""
    with mock_aws():
        estate = CutEstate()
        _capture(estate)()
        assert estate.world.status(estate.key) is Status.FREE
        return dict(estate.kept.texts)


def calls_of(scene: Scene) -> list[str]:
    """Its calls, undisturbed."""
    _captured()
    with mock_aws():
        estate = CutEstate()
        run = scene.prepare(estate)
        estate.line.lay(None)
        run()
        calls = list(estate.line.calls)
        _end(scene, estate)
        return calls


def cut(scene: Scene, at: int, moment: Fault) -> None:
    """Let it die there, let time pass, and see that all is well in the end."""
    _captured()
    with mock_aws():
        estate = CutEstate()
        run = scene.prepare(estate)
        estate.line.lay(Trap(at, moment))
        try:
            run()
        except Crash:
            pass
        else:
            raise AssertionError(f"it did not die at call {at}")
        estate.start()
        _end(scene, estate)


def _end(scene: Scene, estate: CutEstate) -> None:
    """Time passes; then the execution that died comes once more, late, and has no effect (P5)."""
    estate.settle()
    assert estate.world.status(estate.key) is Status.FREE
    scene.outcome(estate)
    row, changed = estate.world.row(estate.key), list(estate.changed)
    for order in estate.world.cleanups.started:
        execute(estate, order)
    assert (estate.world.row(estate.key), estate.changed) == (row, changed)


def main() -> None:
    """Write the table."""
    os.environ |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "x")
    observability._logger.handlers[0].stream = io.StringIO()  # type: ignore[attr-defined]
    with redirect_stdout(io.StringIO()):
        calls = {name: calls_of(scene) for name, scene in SCENES.items()}
    TABLE.write(calls)


if __name__ == "__main__":
    main()
