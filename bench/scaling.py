"""What breaks first as the number of environments grows, on a virtual clock. `python -m bench.scaling [--json]`.

Each environment lives by the traffic of `bench/waiting.py`: a test of 20 minutes in the mean, cleaning of 2 minutes
with its heartbeats, then the next test at once; a fifth as many callers wait. All environments are in one pool, which
is the worst case. Each act counts with what the real operations write (`bench/indexes.py`) and call
(`bench/calls.json`), so what is simulated is when things happen, second by second. docs/scaling.md holds the tables.
"""

from __future__ import annotations

import heapq
import json
import math
import random
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from atmosphere.adapters.partitions import WAKE, wake_shard
from atmosphere.cleanup.aws.budget import BEAT_EVERY
from atmosphere.client.heartbeats import BEATS
from atmosphere.contract import BY_STATUS, BY_WAKE
from atmosphere.core.queue import MAX_OF_POOL, retry_after
from atmosphere.core.request import MIN_HEARTBEAT
from atmosphere.operations.reconcile import BATCH
from atmosphere.wiring import RECONCILE_BUDGET
from bench import prices
from bench.indexes import COUNTED, IN_TABLE, Act
from infra.options import Throttles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SIZES: Final = (40, 400, 4000, 10_000)
WINDOW: Final = 600  # seconds that are counted
HOLD: Final = 1200.0  # seconds, the mean
SPREAD: Final = 0.8
LONGEST: Final = 10800.0  # seconds: the session
CLEANING: Final = 120.0  # seconds
DYING: Final = 0.02
WAITING: Final = 0.2  # callers in line for each environment
NPM_PAUSE: Final = 60.0  # seconds: what its back-off comes to
ROLES_OF_A_CLEANUP: Final = 4
"""AssumeRole of one cleanup in two passes, with the proof that a test's keys are refused: an estimate."""
ROW_KB: Final = 1
"""A row of an environment, at most."""
WAITER_BYTES: Final = 512
"""Of a row of the line: the plain ones have some 300, constraints and a long name of the caller add to that."""
REPAIR_SECONDS: Final = 0.05
"""Of the reconciler for one row, a read, a transaction and a StartExecution: an estimate, not measured on AWS."""
REPAIRS: Final = min(BATCH, int(RECONCILE_BUDGET.total_seconds() / REPAIR_SECONDS))
"""Rows that one run of the reconciler repairs."""
RUNS_IN_TIME: Final = 1
"""It begins at most 60 s after a deadline and ends 45 s later; the next one begins when 120 s are over."""
MEASURE_EVERY: Final = 300  # seconds


@dataclass(frozen=True, slots=True)
class Mix:
    """How many of the allocations send heartbeats, and how often."""

    name: str
    share: float
    every: float


USUAL: Final = Mix("usual", share=0.5, every=60.0)
"""Half use `atmosphere run` or the pytest fixture, which send one each minute; the others send none."""
WORST: Final = Mix("worst", share=1.0, every=MIN_HEARTBEAT.total_seconds() / BEATS)
"""All ask for the shortest heartbeat that the settings allow by default, and send three in that time."""
MIXES: Final = (USUAL, WORST)

Happened = tuple[float, Act]
Acts = dict[Act, list[int]]


@dataclass(frozen=True, slots=True)
class Simulated:
    """How often each act happened in each second of the window, and on the rows of each partition of `by_wake`."""

    environments: int
    waiting: int
    acts: Acts
    by_shard: Mapping[str, Acts]

    def per_second(self, weights: Mapping[Act, float]) -> list[float]:
        """The sum of what the acts come to, in each second."""
        return _summed(self.acts, weights)

    def hottest(self, weights: Mapping[Act, float]) -> list[float]:
        """Likewise, on the rows of the partition of `by_wake` that has the busiest second."""
        return max((_summed(acts, weights) for acts in self.by_shard.values()), key=max)


def _summed(acts: Acts, weights: Mapping[Act, float]) -> list[float]:
    used = [(acts[act], weight) for act, weight in weights.items() if weight and act in acts]
    return [sum(counts[second] * weight for counts, weight in used) for second in range(WINDOW)]


@cache
def simulate(environments: int, mix: Mix, seed: int = 1) -> Simulated:
    """Run the clock for `WINDOW` seconds, beginning in the middle of things."""
    waiting = round(environments * WAITING)
    draw = random.Random(f"{seed}-{environments}")  # noqa: S311 -- a simulation
    lives: list[Iterator[Happened]] = [_life(mix, draw) for _ in range(environments)]
    lives += [_caller(rank, draw) for rank in range(waiting)]
    shards = [wake_shard(f"{number:012}", "us-east-1", environments=environments) for number in range(environments)]
    by_shard: dict[str, Acts] = {shard: _nothing() for shard in {*shards, WAKE}}
    homes = [*(by_shard[shard] for shard in shards), *([_nothing()] * waiting)]
    acts = _nothing()
    due = [(*next(life), number) for number, life in enumerate(lives)]
    heapq.heapify(due)
    while due[0][0] < WINDOW:
        now, act, number = due[0]
        if now >= 0:
            acts[act][int(now)] += 1
            homes[number][act][int(now)] += 1
        heapq.heapreplace(due, (*next(lives[number]), number))
    return Simulated(environments=environments, waiting=waiting, acts=acts, by_shard=by_shard)


def _nothing() -> Acts:
    return {act: [0] * WINDOW for act in Act}


def _life(mix: Mix, draw: random.Random) -> Iterator[Happened]:
    """What happens to one environment; it begins somewhere in its first test or cleaning, so before the window."""
    hold = _hold_at_hand(draw)
    now = -draw.uniform(0.0, hold + CLEANING)
    while True:
        yield now, Act.ALLOCATE
        dies = draw.random() < DYING
        ends = now + hold
        if draw.random() < mix.share:
            yield from _each(mix.every, now, ends, Act.HEARTBEAT)
        yield ends, Act.DUE if dies else Act.DEALLOCATE
        yield from _each(BEAT_EVERY.total_seconds(), ends, ends + CLEANING, Act.BEAT)
        now = ends + CLEANING
        yield now, Act.FREE
        hold = _hold(draw)


def _hold(draw: random.Random) -> float:
    return min(LONGEST, HOLD * draw.lognormvariate(-(SPREAD**2) / 2, SPREAD))


def _hold_at_hand(draw: random.Random) -> float:
    """That of the test or cleaning that is met at any moment: the longer one takes, the likelier it is met."""
    while True:
        hold = _hold(draw)
        if draw.uniform(0.0, LONGEST + CLEANING) < hold + CLEANING:
            return hold


def _each(pause: float, begin: float, end: float, act: Act) -> Iterator[Happened]:
    return ((begin + pause * number, act) for number in range(1, math.ceil((end - begin) / pause)))


def _caller(rank: int, draw: random.Random) -> Iterator[Happened]:
    """A place in line, whoever has it: half of the callers ask when they are told to, half as the npm client does."""
    act = Act.ASK if rank < MAX_OF_POOL else Act.TURNED_AWAY
    now = draw.uniform(0.0, 30.0)
    while True:
        yield now, act
        now += NPM_PAUSE if rank % 2 else retry_after(rank, draw.randrange).total_seconds()


# --- what is limited ----------------------------------------------------------------------------------------------

UNDIVIDED: Final = "(`by_wake` undivided: writes)"
PARTITION_WRITES: Final = 1000
PARTITION_READS: Final = 3000
REQUESTS: Final = (Act.ALLOCATE, Act.HEARTBEAT, Act.DEALLOCATE, Act.ASK, Act.TURNED_AWAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Something that AWS or we allow so much of, a second; `weights` are what an act takes of it.

    With `bursts` a moment more than that is allowed, so the mean counts, otherwise the busiest second.
    """

    what: str
    allowed: float
    weights: Mapping[Act, float]
    bursts: bool = False


def _of_index(name: str) -> dict[Act, float]:
    weights: dict[Act, float] = {act: found.get(name, 0) for act, found in COUNTED.items()}
    return weights | {Act.DUE: weights[Act.DEALLOCATE]}


def _called(operation: str) -> dict[Act, float]:
    """Of the counted acts; a cleanup's calls are counted where it ends, a renewal of keys where the test ends."""
    calls = prices.calls()
    return {
        Act.ALLOCATE: calls["allocate"].get(operation, 0),
        Act.DEALLOCATE: calls["deallocate"].get(operation, 0) + calls["refresh"].get(operation, 0),
        Act.DUE: calls["deallocate"].get(operation, 0),
        Act.ASK: calls["ask"].get(operation, 0),
        Act.FREE: calls["cleanup"].get(operation, 0),
    }


def limits(waiting: int) -> tuple[Limit, ...]:
    """All that is counted, hottest partitions first."""
    line_units = math.ceil(min(waiting, MAX_OF_POOL) * WAITER_BYTES / 4096)
    reads = dict.fromkeys((Act.ALLOCATE, Act.ASK, Act.TURNED_AWAY), float(line_units))
    rows = {act: 2.0 * number for act, number in IN_TABLE.items()} | {Act.DUE: 2.0}
    requests = dict.fromkeys(REQUESTS, 1.0) | {Act.DEALLOCATE: 2.0}  # with one renewal of keys for each test
    asked = dict.fromkeys((Act.ALLOCATE, Act.ASK, Act.TURNED_AWAY), 1.0)
    throttle = Throttles().github.rate  # by which release tokens come, and the smaller one
    return (
        Limit(what="`by_status`: writes", allowed=PARTITION_WRITES, weights=_of_index(BY_STATUS.name)),
        Limit(what="waiters of a pool: reads", allowed=PARTITION_READS, weights=reads),
        Limit(what="waiters of a pool: writes", allowed=PARTITION_WRITES, weights={Act.ASK: 2.0, Act.ALLOCATE: 2.0}),
        Limit(what="`environments`: writes", allowed=40_000, weights=rows),
        Limit(what="our throttle: heartbeats", allowed=throttle, weights={Act.HEARTBEAT: 1.0}, bursts=True),
        Limit(what="our throttle: allocate", allowed=throttle, weights=asked, bursts=True),
        Limit(what="API Gateway: requests", allowed=10_000, weights=requests, bursts=True),
        Limit(
            what="STS: AssumeRole",
            allowed=600,
            weights={Act.ALLOCATE: 1.0, Act.DEALLOCATE: 1.0, Act.FREE: float(ROLES_OF_A_CLEANUP)},
            bursts=True,
        ),
        Limit(
            what="Step Functions: StartExecution",
            allowed=300,
            weights={Act.DEALLOCATE: 1.0, Act.DUE: 1.0},
            bursts=True,
        ),
        Limit(
            what="Step Functions: state transitions",
            allowed=1500,
            weights={Act.FREE: float(prices.transitions())},
            bursts=True,
        ),
        Limit(what="EventBridge: PutEvents", allowed=10_000, weights=_called("events:PutEvents"), bursts=True),
        Limit(what="S3: GET of a prefix", allowed=5500, weights=_called("s3:GetObject")),
        Limit(what="S3: PUT of a prefix", allowed=3500, weights=_called("s3:PutObject")),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How much of a limit is used: a second in the mean, in the busiest second, and as a share of what is allowed."""

    what: str
    mean: float
    peak: float
    share: float


def uses(found: Simulated) -> list[Use]:
    """Of each limit, and of the concurrency of Lambda and the reconciler's work, which are no rates."""
    each = [_use(found, limit) for limit in limits(found.waiting)]
    return [_waking(found), *each, _concurrency(found), _open(found), _due(found), _measured(found)]


def _use(found: Simulated, limit: Limit) -> Use:
    series = found.per_second(limit.weights)
    mean, peak = sum(series) / WINDOW, max(series)
    return Use(what=limit.what, mean=mean, peak=peak, share=(mean if limit.bursts else peak) / limit.allowed)


def _waking(found: Simulated) -> Use:
    return _of_series("`by_wake`: writes", found.hottest(_of_index(BY_WAKE.name)))


def undivided(found: Simulated) -> Use:
    """What it would be if `by_wake` were one partition in every configuration."""
    return _of_series(UNDIVIDED, found.per_second(_of_index(BY_WAKE.name)))


def _of_series(what: str, series: Sequence[float]) -> Use:
    """Of a partition's 1000 write units."""
    return Use(what=what, mean=sum(series) / WINDOW, peak=max(series), share=max(series) / PARTITION_WRITES)


def _rate(found: Simulated, *acts: Act) -> float:
    return sum(sum(found.acts[act]) for act in acts) / WINDOW


def _concurrency(found: Simulated) -> Use:
    """Functions at work at once: requests, and passes."""
    passes = _rate(found, Act.FREE) * prices.PASSES * float(prices.PASS_SECONDS)
    mean = passes + _rate(found, *REQUESTS, Act.DEALLOCATE) * float(prices.API_SECONDS)
    return Use(what="Lambda: at once", mean=mean, peak=mean, share=mean / 1000)


def _open(found: Simulated) -> Use:
    mean = _rate(found, Act.FREE) * CLEANING
    return Use(what="Step Functions: open executions", mean=mean, peak=mean, share=mean / 1_000_000)


def _due(found: Simulated) -> Use:
    """Rows of a minute that the reconciler has to end, of those that one run takes."""
    minutes = [sum(found.acts[Act.DUE][begin : begin + 60]) for begin in range(0, WINDOW, 60)]
    return Use(
        what="reconciler: due rows a minute", mean=_mean(minutes), peak=max(minutes), share=max(minutes) / REPAIRS
    )


def _measured(found: Simulated) -> Use:
    """Reads of a pool's partition of `by_status` while it is measured: eventually consistent, 8 KB a unit."""
    asked = max(found.per_second(dict.fromkeys((Act.ALLOCATE, Act.ASK, Act.TURNED_AWAY), 1.0)))
    burst = found.environments * ROW_KB / 8
    mean = burst / MEASURE_EVERY + _rate(found, Act.ALLOCATE, Act.ASK, Act.TURNED_AWAY)
    return Use(what="`by_status`: reads", mean=mean, peak=burst + asked, share=(burst + asked) / PARTITION_READS)


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


def first_limit(found: Simulated) -> tuple[Use, bool]:
    """The use with the highest share, and whether that is more than is allowed."""
    most = max(uses(found), key=lambda use: use.share)
    return most, most.share > 1


# --- what is printed ----------------------------------------------------------------------------------------------


def table(mix: Mix) -> str:
    """As Markdown: mean and busiest second, with the share of what is allowed."""
    by_size = [uses(simulate(size, mix)) for size in SIZES]
    rows = [[each[0].what, *map(_cell, each)] for each in zip(*by_size, strict=True)]
    rows.insert(0, [UNDIVIDED, *(_cell(undivided(simulate(size, mix))) for size in SIZES)])
    rows.append(["**first limit met**", *(_first(simulate(size, mix)) for size in SIZES)])
    head = [f"a second, {mix.name} heartbeats", *(f"{size:,}".replace(",", " ") for size in SIZES)]
    lines = [head, ["---", *["---:"] * len(SIZES)], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def table_of_outages() -> str:
    """As Markdown: how long the reconciler takes if every holder dies at the same moment."""
    head = ["", *(f"{size:,}".replace(",", " ") for size in SIZES)]
    runs = [math.ceil(size / REPAIRS) for size in SIZES]
    rows = [["runs of the reconciler, one a minute", *map(str, runs)]]
    rows.append(["all end within 120 s of their deadline", *("yes" if run <= RUNS_IN_TIME else "no" for run in runs)])
    lines = [head, ["---", *["---:"] * len(SIZES)], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(use: Use) -> str:
    return f"{_short(use.mean)}, {_short(use.peak)} ({_percent(use.share)})"


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"  # noqa: PLR2004 -- digits


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "< 1 %"  # noqa: PLR2004 -- digits


def _first(found: Simulated) -> str:
    most, is_met = first_limit(found)
    return most.what if is_met else f"none; nearest {most.what}"


def as_json() -> str:
    """The same figures, for scripts."""
    return json.dumps(
        {
            mix.name: {
                str(size): {use.what: [use.mean, use.peak, use.share] for use in uses(simulate(size, mix))}
                for size in SIZES
            }
            for mix in MIXES
        },
        indent=2,
    )


if __name__ == "__main__":
    sys.stdout.write(
        as_json() + "\n" if "--json" in sys.argv[1:] else "\n".join([*map(table, MIXES), table_of_outages()])
    )
