"""Times `atmosphere local up`, warm, from the command to its description, in turn with an earlier revision.

Both run on this environment's interpreter, dependencies and embedded AWS. Alone: `python -m bench.startup`.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.revisions import EARLIER, ROOT, local_service, tree_of

if TYPE_CHECKING:
    from pathlib import Path

BAR: Final = 0.4
REPEATS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Startup:
    """The shortest start of each of two revisions, in seconds, and the machine's load average before."""

    now: float
    earlier: float
    load: float

    @property
    def ratio(self) -> float:
        """How much of the earlier time is left."""
        return self.now / self.earlier


def startup(repeats: int = REPEATS) -> Startup:
    """Start both in turn; the first time of each warms up."""
    load = os.getloadavg()[0]
    with tree_of(EARLIER) as tree:
        pairs = [(_start(ROOT), _start(tree)) for _ in range(repeats + 1)][1:]
    return Startup(now=min(now for now, _ in pairs), earlier=min(then for _, then in pairs), load=load)


def _start(tree: Path) -> float:
    started = time.perf_counter()
    with local_service(tree):
        return time.perf_counter() - started


def main() -> int:
    """Measure and print; the exit code says whether the bar is kept."""
    found = startup()
    print(
        f"{found.now:.2f} s, {found.earlier:.2f} s at {EARLIER}: {found.ratio:.2f} (bar: {BAR}); load {found.load:.1f}"
    )
    return 0 if found.ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
