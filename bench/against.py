"""Measures two revisions side by side, so that a slower change is seen: `make bench AGAINST=REVISION`.

Each figure is taken by this revision's benches from a child process that imports either tree, in turn, and the
median of each side counts. What the other revision does not have yet is said, not compared.

Exit codes: 0 nothing got slower than `SLOWER`, 1 something did.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from bench.revisions import ROOT, environment, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SLOWER: Final = 1.15
"""A ratio above it is a slower change; what is below is noise of a machine that does something else, too."""
ROUNDS: Final = 3

PARTS: Final[Mapping[str, str]] = {
    "cold start of allocate, ms": """
from atmosphere.contract import FunctionName
from bench.coldstart import cold_starts
figure = cold_starts([FunctionName.ALLOCATE], rounds=5)[0].milliseconds
""",
    "cold start of authorize, ms": """
from atmosphere.contract import FunctionName
from bench.coldstart import cold_starts
figure = cold_starts([FunctionName.AUTHORIZE], rounds=5)[0].milliseconds
""",
    "warm authorize, over its bare calls": """
from bench.authorizing import authorizing
figure = authorizing(60).ratio
""",
    "warm allocate, over its bare calls": """
from bench.allocating import allocating
figure = allocating(60).ratio
""",
    "a decision of the queue, ms": """
from bench.waiting import Policy, Simulation
figure = 1000 / Simulation(policy=Policy.QUEUE, environments=200, waiting=60, hours=1).run().decisions
""",
    "import of the command, ms": """
import time
begun = time.process_time()
import atmosphere.cli.main
figure = (time.process_time() - begun) * 1000
""",
}
"""What is measured, as Python that leaves it in `figure`; smaller is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One figure of both revisions; None where a revision cannot be measured so."""

    name: str
    now: float | None
    then: float | None

    @property
    def ratio(self) -> float | None:
        """What this revision takes of the other."""
        return None if self.now is None or not self.then else self.now / self.then


def against(revision: str, parts: Mapping[str, str] = PARTS, rounds: int = ROUNDS) -> Iterator[Compared]:
    """Measure part after part, both trees in turn."""
    with tree_of(revision) as other, tempfile.TemporaryDirectory() as scratch:
        benches = Path(scratch)
        for room in ("bench", "tests"):
            (benches / room).symlink_to(ROOT / room)
        for name, script in parts.items():
            pairs = [(_figure(script, ROOT, benches), _figure(script, other, benches)) for _ in range(rounds)]
            now, then = zip(*pairs, strict=True)
            yield Compared(name=name, now=_middle(now), then=_middle(then))


def _figure(script: str, tree: Path, benches: Path) -> float | None:
    """One measurement in a process that has this revision's benches and that tree's product."""
    paths = os.pathsep.join(str(place) for place in (benches, tree / "service", tree))
    run = subprocess.run(
        [sys.executable, "-c", f"{script}\nprint('figure', figure)"],
        cwd=benches,
        env=environment(tree) | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    last = run.stdout.strip().rpartition("\n")[2].split()
    return float(last[1]) if run.returncode == 0 and last[:1] == ["figure"] else None


def _middle(figures: Sequence[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return median(known) if known else None


def row(found: Compared, revision: str) -> str:
    """For a terminal."""
    if found.ratio is None:
        missing = [name for name, figure in (("this revision", found.now), (revision, found.then)) if figure is None]
        return f"{found.name:<40} not compared: {' and '.join(missing)} cannot be measured so"
    verdict = "slower" if found.ratio > SLOWER else ""
    return f"{found.name:<40} {found.now:>9.2f} {found.then:>9.2f} {found.ratio:>7.2f}  {verdict}"


def main(arguments: Sequence[str]) -> int:
    """Print each figure as it is known; with `--json` one object each line."""
    revision, *flags = arguments
    machine = "--json" in flags
    if not machine:
        print(f"{'':<40} {'now':>9} {revision[:9]:>9} {'ratio':>7}  load {os.getloadavg()[0]:.1f}", flush=True)
    slower = False
    for found in against(revision):
        slower |= found.ratio is not None and found.ratio > SLOWER
        told = {"name": found.name, "now": found.now, "then": found.then, "ratio": found.ratio}
        print(json.dumps(told) if machine else row(found, revision), flush=True)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
