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

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.local.lacking import LACKING
from atmosphere.local.service import LocalService
from bench.allocating import BAR as ALLOCATE_BAR
from bench.allocating import allocating
from bench.authorizing import BAR as AUTHORIZER_BAR
from bench.authorizing import authorizing
from bench.clearing import BAR as CLEARING_BAR
from bench.clearing import MEMORY_BAR, Cleared, clearing
from bench.clearing import REPEATS as CLEARINGS
from bench.coldstart import cold_starts
from bench.coldstart import kept as cold_starts_kept
from bench.coldstart import table as table_of_cold_starts
from bench.counting import Count, add_pool, at_once, in_line, measure
from bench.first_request import BAR as FIRST_REQUEST_BAR
from bench.first_request import first_requests
from bench.first_request import table as table_of_first_requests
from bench.revisions import EARLIER
from bench.startup import BAR as STARTUP_BAR
from bench.startup import REPEATS as STARTUPS
from bench.startup import Startup, startup
from bench.suite import BAR as SUITE_BAR
from bench.suite import Suite, last_measured
from bench.turnaround import BAR as TURNAROUND_BAR
from bench.turnaround import REPEATS as TURNAROUNDS
from bench.turnaround import SETTINGS, Turnaround, turnaround
from bench.waiting import table as table_of_waiting
from bench.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.pairing import Paired

HERE: Final = Path(__file__).parent
POOLS: Final = [(size, size * share // 100) for size in (10, 100, 1000) for share in (0, 50, 99)]
AT_ONCE: Final = 64
AT_ONCE_BAR: Final = 2.0
BEHIND_BAR: Final = 2.4  # with somebody in line, for whom one environment is kept
WAITING_HOURS: Final = 3.0  # a day, as `python -m bench.waiting` takes it, is minutes


def main() -> int:
    """Measure everything; the exit code."""
    print("starting functions cold", file=sys.stderr)
    cold = cold_starts()  # first, because a start from a large process takes longer
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch) / "config"
        shutil.copytree(HERE.parent / "config", config)
        add_pool(config)
        print("starting the local service", file=sys.stderr)
        with LocalService(config, settings=SETTINGS) as service:
            print("releasing an empty environment", file=sys.stderr)
            turned = turnaround(service)
            counts = [count for size, taken in POOLS for count in _told(service, size, taken)]
            _, transactions = at_once(service, AT_ONCE)
            _, behind = at_once(service, AT_ONCE, waiting=[in_line()])
    print("timing warm handlers", file=sys.stderr)
    authorizer, allocate = authorizing(), allocating()
    print("clearing leftovers", file=sys.stderr)
    cleared = clearing()
    print("starting the local service again and again", file=sys.stderr)
    started, tested = startup(), last_measured()
    print("asking functions for the first time", file=sys.stderr)
    first = first_requests()
    print("waiting in line, on a virtual clock", file=sys.stderr)
    waited = waiting(hours=WAITING_HOURS)
    text = (
        report(counts, (transactions, behind))
        + of_handlers(authorizer, allocate)
        + of_cleaning(turned, cleared)
        + of_working(started, tested)
    )
    text += table_of_cold_starts(cold) + table_of_first_requests(first) + table_of_waiting(waited)
    (HERE / "README.md").write_text(text)
    print(text)
    kept = (
        transactions <= AT_ONCE_BAR,
        behind <= BEHIND_BAR,
        authorizer.ratio <= AUTHORIZER_BAR,
        allocate.ratio <= ALLOCATE_BAR,
        turned.over <= TURNAROUND_BAR,
        cleared.ratio <= CLEARING_BAR,
        cleared.engine.memory <= MEMORY_BAR,
        started.ratio <= STARTUP_BAR,
        cold_starts_kept(cold),
        all(one.ratio <= FIRST_REQUEST_BAR for one in first),
        tested is None or max(tested.ratios) <= SUITE_BAR,
        all(count.total <= count.bar for count in counts),
        all(waited.kept.values()),
    )
    return 0 if all(kept) else 1


def _told(service: LocalService, size: int, taken: int) -> list[Count]:
    print(f"counting in a pool of {size}, {taken} taken", file=sys.stderr)
    return measure(service, size, taken)


def report(counts: Sequence[Count], transactions: tuple[float, float]) -> str:
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
[Notes](notes.md) say why a bar is missed and what to try next.

## AWS calls of one request

| request | pool | taken | calls | bar | which |
| --- | ---: | ---: | ---: | ---: | --- |
{rows}

## {AT_ONCE} callers at once on {AT_ONCE} free environments

All were served, with {transactions[0]:.2f} transactions for each allocation (bar: {AT_ONCE_BAR}).
With a waiter in line, and one environment more to keep for it: {transactions[1]:.2f} (bar: {BEHIND_BAR}).
"""


def of_handlers(authorizer: Paired, allocate: Paired) -> str:
    """What handlers take beside their calls, as Markdown."""
    rows = "\n".join(
        f"| {name} | {found.handler:.1f} | {found.bare:.1f} | {found.ratio:.2f} | {bar} |"
        for name, found, bar in (
            ("authorize (verify + PutItem)", authorizer, AUTHORIZER_BAR),
            ("allocate (2 Query, AssumeRole, TransactWriteItems)", allocate, ALLOCATE_BAR),
        )
    )
    return f"""
## Handler time over the same bare calls

Warm, paired, on the same embedded AWS.

| handler | ms | bare, ms | ratio | bar |
| --- | ---: | ---: | ---: | ---: |
{rows}
"""


def of_cleaning(turned: Turnaround, cleared: Cleared) -> str:
    """The figures of cleaning as Markdown."""
    listed = sum(entry.name not in LACKING for entry in CATALOGUE)
    total = turned.calls.total()
    ways = "\n".join(
        f"| {name} | {run.seconds:.1f} | {run.processor:.1f} | {run.calls} | {run.memory:.0f} |"
        for name, run in (("engine", cleared.engine), ("script", cleared.script))
    )
    return f"""
## From release to free

An empty environment; service, embedded AWS and wire tap share {os.cpu_count()} processors, whose load average was \
{turned.load:.1f} before; the shortest of {TURNAROUNDS}.
The pause of one second between the two passes is in both, a verify gap in neither.

| | s |
| --- | ---: |
| release until free | {turned.release:.2f} |
| the same state machine with passes that do nothing | {turned.empty:.2f} |
| difference (bar: {TURNAROUND_BAR:.0f}) | {turned.over:.2f} |

A clean environment costs {total} AWS calls: two looks at {listed} types each, in its region and its account, and \
{total - 2 * listed} more: stacks and tags, listings that need another's, what is watched inside of the baseline, the \
revocation with its proof, the cleanup's own state and its report.

## {cleared.leftovers} leftovers of {cleared.types} types

Against a plain script with as many threads that lists, prepares and deletes by the catalogue's own operations and \
looks twice again; in a process of its own each, in turn, on the same embedded AWS; the shortest of {CLEARINGS} each.

| | s | processor, s | AWS calls | memory, MB |
| --- | ---: | ---: | ---: | ---: |
{ways}

That is {cleared.ratio:.2f} times the script (bar: {CLEARING_BAR}). The engine may use {MEMORY_BAR} MB.
"""


def of_working(started: Startup, tested: Suite | None) -> str:
    """How long one waits who works on it, as Markdown."""
    text = f"""
## Starting and testing

Against revision {EARLIER} on the same machine, dependencies and embedded AWS, in turn.
A start is `atmosphere local up` from the command to its description, with warm caches: the shortest of {STARTUPS}, \
with a load average of {started.load:.1f} before.

| | s | at {EARLIER}, s | ratio | bar |
| --- | ---: | ---: | ---: | ---: |
| `atmosphere local up` | {started.now:.1f} | {started.earlier:.1f} | {started.ratio:.2f} | {STARTUP_BAR} |
"""
    if tested is None:
        return text + "\n`make test` was not compared: `python -m bench.suite` does that.\n"
    rows = "".join(
        f"| `make test`, {caches} caches | {now:.0f} | {then:.0f} | {now / then:.2f} | {SUITE_BAR} |\n"
        for caches, now, then in zip(("empty", "warm"), tested.now, tested.earlier, strict=True)
    )
    return f"""{text}{rows}
`make test` was compared {tested.measured} by `python -m bench.suite` in fresh clones after set-up, on \
{tested.machine}, with a load average of {tested.load:.1f} before; the caches are of templates, assets and images.
"""


def _calls(count: Count) -> str:
    return ", ".join(f"{number} {name.partition(':')[2]}" for name, number in sorted(count.calls.items()))


if __name__ == "__main__":
    sys.exit(main())
