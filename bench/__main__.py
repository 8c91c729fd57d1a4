"""`make bench`: starts a local service, measures, prints, and writes bench/README.md with the machine.

Exit codes: 0 every bar is kept, 1 one is missed (the figures are written all the same).
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atmosphere.local.service import LocalService
from bench.authorizing import BAR as AUTHORIZER_BAR
from bench.authorizing import Paired, authorizing
from bench.counting import Count, add_pool, at_once, measure

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE: Final = Path(__file__).parent
POOLS: Final = [(size, size * share // 100) for size in (10, 100, 1000) for share in (0, 50, 99)]
AT_ONCE: Final = 64
AT_ONCE_BAR: Final = 2.0


def main() -> int:
    """Measure everything; the exit code."""
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch) / "config"
        shutil.copytree(HERE.parent / "config", config)
        add_pool(config)
        print("starting the local service", file=sys.stderr)
        with LocalService(config) as service:
            counts = [count for size, taken in POOLS for count in _told(service, size, taken)]
            _, transactions = at_once(service, AT_ONCE)
    print("timing the authorizer", file=sys.stderr)
    paired = authorizing()
    text = report(counts, transactions, paired)
    (HERE / "README.md").write_text(text)
    print(text)
    within = transactions <= AT_ONCE_BAR and paired.ratio <= AUTHORIZER_BAR
    return 0 if within and all(count.total <= count.bar for count in counts) else 1


def _told(service: LocalService, size: int, taken: int) -> list[Count]:
    print(f"counting in a pool of {size}, {taken} taken", file=sys.stderr)
    return measure(service, size, taken)


def report(counts: Sequence[Count], transactions: float, paired: Paired) -> str:
    """The figures as Markdown."""
    rows = "\n".join(
        f"| {count.verb} | {count.size} | {count.taken} | {count.total} | {count.bar} | {_calls(count)} |"
        for count in sorted(counts, key=lambda count: (count.verb, count.size, count.taken))
    )
    return f"""# How good it is

Measured {datetime.now(UTC):%Y-%m-%d} by `make bench` on {os.cpu_count()} cores, {platform.machine()}, Python \
{platform.python_version()}, against the local service (the real template on an embedded AWS).
AWS calls are counted on the wire, not timed, so that they hold on AWS too.
The read of the configuration snapshot (once a container) is not counted.

## AWS calls of one request

| request | pool | taken | calls | bar | which |
| --- | ---: | ---: | ---: | ---: | --- |
{rows}

## {AT_ONCE} callers at once on {AT_ONCE} free environments

All were served, with {transactions:.2f} transactions for each allocation (bar: {AT_ONCE_BAR}).

## Handler time over the same bare calls

Warm, paired, on the same embedded AWS.

| handler | ms | bare, ms | ratio | bar |
| --- | ---: | ---: | ---: | ---: |
| authorize (verify + PutItem) | {paired.handler:.1f} | {paired.bare:.1f} | {paired.ratio:.2f} | {AUTHORIZER_BAR} |
"""


def _calls(count: Count) -> str:
    return ", ".join(f"{number} {name.partition(':')[2]}" for name, number in sorted(count.calls.items()))


if __name__ == "__main__":
    sys.exit(main())
