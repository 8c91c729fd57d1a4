"""Times `make test` of this revision and of an earlier one in turn; `python -m bench.suite` writes bench/suite.json.

Each runs twice in a fresh clone: with empty caches of templates and images, and with what that filled. It takes an
hour, so `make bench` does not do it but shows what was measured last. Nothing else should run meanwhile.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.revisions import EARLIER, environment, tree_of

if TYPE_CHECKING:
    from collections.abc import Sequence

BAR: Final = 0.6
FILE: Final = Path(__file__).with_name("suite.json")
_NOT_AGAIN: Final = (".venv/.ready", ".emulator/.ready", ".cache/npm/.ready", ".cache/wheels.ready")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """How long the tests of two revisions took, in seconds, with empty and with warm caches; when and where."""

    now: Sequence[float]
    earlier: Sequence[float]
    measured: str
    machine: str
    load: float

    @property
    def ratios(self) -> list[float]:
        """How much of the earlier time is left."""
        return [now / then for now, then in zip(self.now, self.earlier, strict=True)]


def last_measured() -> Suite | None:
    """What `python -m bench.suite` wrote."""
    return Suite(**json.loads(FILE.read_text())) if FILE.exists() else None


def suite() -> Suite:
    """Run both twice, in turn. Raises `CalledProcessError` if a test fails."""
    load = os.getloadavg()[0]
    with tree_of(EARLIER) as earlier, tree_of("HEAD") as now:
        pairs = [(_run(earlier), _run(now)) for _ in range(2)]
    return Suite(
        now=[now for _, now in pairs],
        earlier=[then for then, _ in pairs],
        measured=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        load=load,
    )


def _run(tree: Path) -> float:
    words = ["make", "test", *(f"--assume-old={made}" for made in _NOT_AGAIN)]
    started = time.perf_counter()
    subprocess.run(words, cwd=tree, env=environment(tree), check=True)
    return time.perf_counter() - started


def main() -> int:
    """Measure, write and print; the exit code says whether the bar is kept."""
    found = suite()
    FILE.write_text(json.dumps(asdict(found), indent=2) + "\n")
    print(FILE.read_text(), f"ratios {found.ratios} (bar: {BAR})")
    return 0 if max(found.ratios) <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
