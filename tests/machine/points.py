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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.machine.acted import Act
    from tests.machine.setting import Trouble

TABLE: Final = Path(__file__).parent / "points.md"
MOMENTS: Final = 2
"""Before the effect of a call, and after it."""
_HEAD: Final = """# Where a function can die

Each call that leaves the process, in order.
It dies before and after the effect of each ([the test](test_crash_matrix.py)).
`python -m tests.machine.points` writes this file.

| what it does | points | its calls |
| --- | --- | --- |
"""


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


def table(calls: Mapping[str, Sequence[str]]) -> str:
    """The file for these calls."""
    rows = [f"| {name} | {MOMENTS * len(made)} | {' '.join(made)} |\n" for name, made in calls.items()]
    total = MOMENTS * sum(map(len, calls.values()))
    return f"{_HEAD}{''.join(rows)}| **all** | {total} | |\n"


def known() -> dict[str, list[str]]:
    """The calls of each act as the file has them."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {name: calls.split() for name, points, calls in rows if points.isdecimal() and name != "**all**"}


def main() -> None:
    """Write the file."""
    observability._logger.handlers[0].stream = io.StringIO()  # type: ignore[attr-defined]
    with redirect_stdout(io.StringIO()):
        calls = {name: do(act, begin(act)) for name, act in ACTS.items()}
    TABLE.write_text(table(calls), encoding="utf-8")


if __name__ == "__main__":
    main()
