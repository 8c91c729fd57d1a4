"""Which lines of docs/cleanup.md's table a fake refuses by, and which rest on a backend that refuses nothing.

`python -m tests.cleanup.catalogue.lax` writes the lists of tests/README.md again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.catalogue.row import Row
from tests.cleanup.catalogue.demands import DEMANDS
from tests.cleanup.catalogue.derived import derived
from tests.cleanup.catalogue.frame import TYPES
from tests.cleanup.catalogue.page import LINES

if TYPE_CHECKING:
    from tests.cleanup.catalogue.page import Line

PAGE: Final = Path(__file__).parents[2] / "README.md"
_BEGIN: Final = "<!-- written by tests/cleanup/catalogue/lax.py -->\n"
_END: Final = "<!-- end -->\n"


def refused() -> set[tuple[str, str]]:
    """The lines by which a fake refuses."""
    by_hand = {(demand.type, demand.what) for demand in DEMANDS}
    others = derived([line for line in LINES if (line.type, line.demands) not in by_hand], copies=1)
    return by_hand | {(one.type, one.what) for one in others if one.clears or one.after or one.tries}


def is_refused_by_aws(line: Line) -> bool:
    """Whether AWS refuses, and cleaning then does something else first or tries again."""
    row = TYPES[line.type]
    removes = row.remove.operation if isinstance(row, Row) else ""
    return bool(line.after or line.retried or [name for name in line.operations if name != removes])


def lax() -> list[Line]:
    """The lines that cleaning serves and by which no fake refuses."""
    told = refused()
    served = [line for line in LINES if (line.type, line.demands) not in told and not line.is_not_covered]
    return [line for line in served if is_refused_by_aws(line)]


def written() -> str:
    """What the page says of it."""
    told, left = refused(), lax()
    hopeless = sum(line.is_not_covered for line in LINES)
    rest = len(LINES) - len(told) - hopeless - len(left)
    head = (
        f"| lines of the table | |\n| --- | --- |\n"
        f"| a fake refuses by it until it is served | {len(told)} |\n"
        f"| cleaning can do nothing about it (`not covered`) | {hopeless} |\n"
        f"| AWS refuses nothing: one call deletes it with what it demands, or such a thing is not listed | {rest} |\n"
        f"| no fake refuses by it | {len(left)} |\n\n"
        "The last are these:\n\n| type | AWS demands |\n| --- | --- |\n"
    )
    return head + "".join(f"| `{line.type}` | {line.demands} |\n" for line in left)


def on_the_page() -> str:
    """What it says now."""
    return PAGE.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0]


def main() -> None:
    """Write it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    PAGE.write_text(f"{before}{_BEGIN}{written()}{_END}{rest.partition(_END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
