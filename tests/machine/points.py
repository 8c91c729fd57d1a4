"""The outgoing calls of every act, in order: each is a place where the process can die, before and after its effect.

They are a table, `points.md`, that a test holds against what happens. `python -m tests.machine.points` writes it again.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atmosphere import observability
from atmosphere.adapters.memory import SeededIds
from tests.machine.acted import ACTS, PLACES
from tests.machine.functions import Functions
from tests.machine.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.machine.acted import Act
    from tests.machine.setting import Trouble

TABLE: Final = Table(
    Path(__file__).parent / "points.md", "Where a function can die", "test_crash_matrix.py", "tests.machine.points"
)


def begin(act: Act) -> Functions:
    """The functions where an act is about to begin."""
    driver = PLACES[act.place]().fork()
    driver.world.ids = SeededIds(3)  # others than the place was made with
    functions = Functions(driver)
    act.first(functions)
    return functions


def do(act: Act, functions: Functions, trouble: Trouble | None = None) -> Sequence[str]:
    """The calls that an act made, troubled or not."""
    return functions.run(act.doing, act.of(functions.driver), lambda: act.call(functions), trouble)


def main() -> None:
    """Write the file."""
    observability._logger.handlers[0].stream = io.StringIO()  # type: ignore[attr-defined]
    with redirect_stdout(io.StringIO()):
        TABLE.write({name: do(act, begin(act)) for name, act in ACTS.items()})


if __name__ == "__main__":
    main()
