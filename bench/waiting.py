"""Who waits how long: the queue's own rules on a virtual clock, beside other ways. `python -m bench.waiting`.

A pool is always in use: as many callers as environments and waiters, each of which asks again as another one once its
test is over. Half of them ask like the npm client (no key, 1 s doubling to a minute), half as the reply says. Tests
take a lognormal time, cleaning two minutes; two of a hundred callers die while they wait.

    queue         the rules of `core/queue.py`, on the same rows as the service reads
    back-off      no queue: who asks while something is free gets it (the service before it had one)
    random        no queue, and a poll wins only if it is drawn among all who wait, one draw for each free one
    ideal         a free environment goes at once to the first in line that lives
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from statistics import quantiles
from typing import TYPE_CHECKING, Final

from atmosphere.core import queue
from atmosphere.core.model import (
    ADMIN,
    AccountId,
    Environment,
    EnvironmentKey,
    OwnerKey,
    PoolName,
    Region,
    Registration,
    RoleArn,
    RuleName,
    Status,
)
from atmosphere.core.queue import Waiter, WaiterKey
from atmosphere.core.request import asked_party

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.core.matching import Party

UTILIZATION: Final = 0.97
NPM_P95, NPM_MOST = 0.6, 0.3
DECISIONS: Final = 1000.0
SLACK: Final = 65.0  # seconds over the ideal wait, or a tenth of it
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_POOL: Final = PoolName("pool")
_RULE: Final = RuleName("rule")
_CLEANING: Final = 120.0  # seconds
_DYING: Final = 0.02
_HOLD: Final = 1200.0  # seconds, the mean
_SPREAD: Final = 0.8
_LONGEST: Final = 10800.0  # seconds: the session
_BACK_OFF: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
_ANY: Final[Party] = asked_party("{}")
_PARTIES: Final = {"{}": _ANY}


class Policy(StrEnum):
    """How what is free is handed out."""

    QUEUE = "queue"
    BACK_OFF = "back-off"
    RANDOM = "random"
    IDEAL = "ideal"


class Kind(StrEnum):
    """How a caller asks."""

    OWN = "own client"
    NPM = "npm client"


@dataclass(slots=True, kw_only=True)
class _Caller:
    number: int
    kind: Kind
    hold: float
    dies_after: float | None
    arrival: float = 0.0
    asks: int = 0

    def is_dead(self, now: float) -> bool:
        return self.dies_after is not None and now >= self.arrival + self.dies_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Waiting times of one kind of caller, in seconds."""

    p50: float
    p95: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one policy gave: `overtaken` are living callers that a grant passed, `decisions` those of a second.

    `estimates` are the tenth and ninetieth percent of actual over estimated waits, where something was estimated.
    """

    policy: Policy
    waits: dict[Kind, Waits]
    overtaken: float
    busy: float
    grants: int
    decisions: float
    estimates: tuple[float, float] | None = None


@dataclass(kw_only=True)
class Simulation:
    """One pool under one policy."""

    policy: Policy
    environments: int
    waiting: int
    hours: float
    seed: int = 1
    _now: float = 0.0
    _free: dict[int, float] = field(default_factory=dict)
    _living: dict[int, _Caller] = field(default_factory=dict)
    _callers: dict[int, _Caller] = field(default_factory=dict)
    _rows: dict[str, Waiter] = field(default_factory=dict)
    _events: list[tuple[float, int, str, int]] = field(default_factory=list)
    _waits: list[tuple[Kind, float]] = field(default_factory=list)
    _guesses: dict[int, tuple[float, float]] = field(default_factory=dict)
    _errors: list[float] = field(default_factory=list)
    _count: int = 0
    _overtaken: int = 0
    _busy: float = 0.0
    _asked: int = 0
    _spent: float = 0.0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 -- a simulation
        self._environments = [_environment(number) for number in range(self.environments)]

    def run(self) -> Outcome:
        """Until the time is over."""
        self._free = dict.fromkeys(range(self.environments), 0.0)
        for _ in range(self.environments + self.waiting):
            self._arrive(self._random.uniform(0, 600))
        acts = {"arrive": self._arrived, "ask": self._ask, "done": self._done, "freed": self._freed}
        while self._events and self._events[0][0] <= self.hours * 3600:
            self._now, _, what, number = heapq.heappop(self._events)
            acts[what](number)
        return self._outcome()

    def _later(self, after: float, what: str, number: int) -> None:
        self._count += 1
        heapq.heappush(self._events, (self._now + after, self._count, what, number))

    def _arrive(self, after: float) -> None:
        number = len(self._callers)
        draw = random.Random(f"{self.seed}-{number}")  # noqa: S311 -- the same callers under each policy
        self._callers[number] = _Caller(
            number=number,
            kind=(Kind.OWN, Kind.NPM)[number % 2],
            hold=min(_LONGEST, _HOLD * draw.lognormvariate(-(_SPREAD**2) / 2, _SPREAD)),
            dies_after=draw.uniform(0, 300) if draw.random() < _DYING else None,
        )
        self._later(after, "arrive", number)

    def _arrived(self, number: int) -> None:
        caller = self._callers[number]
        caller.arrival = self._now
        self._living[number] = caller
        if self.policy is Policy.IDEAL:
            self._serve_ideally()
        else:
            self._ask(number)

    def _ask(self, number: int) -> None:
        caller = self._callers[number]
        if caller.is_dead(self._now):
            self._living.pop(number, None)
            self._arrive(0.0)
            return
        self._asked += 1
        caller.asks += 1
        begun = time.process_time()
        row, pause = self._decide(caller)
        self._spent += time.process_time() - begun
        if row is None:
            self._later(pause, "ask", number)
        else:
            self._grant(caller, row)

    def _decide(self, caller: _Caller) -> tuple[int | None, float]:
        if self.policy is Policy.QUEUE:
            return self._in_line(caller)
        drawn = self.policy is Policy.BACK_OFF or self._random.random() * len(self._living) < len(self._free)
        if self._free and drawn:
            return min(self._free, key=self._free.__getitem__), 0.0
        return None, self._pause(caller, 5.0 * self._random.uniform(0.8, 1.2))

    def _pause(self, caller: _Caller, told: float) -> float:
        return told if caller.kind is Kind.OWN else _BACK_OFF[min(caller.asks, len(_BACK_OFF)) - 1]

    def _in_line(self, caller: _Caller) -> tuple[int | None, float]:
        """What the service does, from the read of the queue to the write of the waiter."""
        now, key = _START + timedelta(seconds=self._now), str(caller.number)
        own = self._rows.get(key)
        placed = own if own is not None and not own.is_gone(now) else None
        line = queue.earlier(self._rows.values(), placed, now)
        rows = [self._environments[number] for number in sorted(self._free, key=self._free.__getitem__)]
        below = self._random.randrange
        found = queue.walk(rows, line, _PARTIES, _ANY, now=now, attempt=0, below=below)
        if found.taken is not None:
            self._rows.pop(key, None)
            return int(found.taken[0].key.account), 0.0
        after = queue.retry_after(len(line), below)
        present = queue.PRESENT if caller.kind is Kind.NPM else after + queue.GRACE
        for gone in queue.to_sweep(self._rows.values(), now) if placed is None else ():
            self._rows.pop(gone.id.key, None)
        self._rows[key] = self._waiter(key, placed, now, now + present, len(line))
        self._guess(caller, len(line) + 1, now)
        return None, self._pause(caller, after.total_seconds())

    def _guess(self, caller: _Caller, position: int, now: datetime) -> None:
        if caller.number in self._guesses:
            return
        said = queue.estimate(self._rows.values(), position, now)
        if said is not None:
            self._guesses[caller.number] = (self._now, sum(said) / 2.6)  # of its range, 0.6 to 2.0, back to the guess

    def _waiter(self, key: str, placed: Waiter | None, now: datetime, until: datetime, rank: int) -> Waiter:
        if placed is not None:
            return replace(placed, last_ask=now, present_until=until)
        return Waiter(
            id=WaiterKey(_POOL, key),
            owner=OwnerKey(key),
            rule=_RULE,
            asked_hash="",
            asked_for="{}",
            arrival=queue.arrival_after(self._rows.values(), now),
            last_ask=now,
            present_until=until,
            first_rank=rank,
        )

    def _grant(self, caller: _Caller, row: int) -> None:
        del self._free[row]
        del self._living[caller.number]
        self._waits.append((caller.kind, self._now - caller.arrival))
        before = sum(other.arrival < caller.arrival and not other.is_dead(self._now) for other in self._living.values())
        self._overtaken += max(0, before - len(self._free))  # what is free still is kept for the first of them
        if guess := self._guesses.pop(caller.number, None):
            begun, seconds = guess
            self._errors.append((self._now - begun) / max(seconds, 1.0))
        self._busy += min(caller.hold, self.hours * 3600 - self._now)
        self._later(caller.hold, "done", row)

    def _done(self, row: int) -> None:
        self._later(_CLEANING, "freed", row)
        self._arrive(0.0)

    def _freed(self, row: int) -> None:
        self._free[row] = self._now
        self._environments[row] = replace(self._environments[row], freed_at=_START + timedelta(seconds=self._now))
        if self.policy is Policy.IDEAL:
            self._serve_ideally()

    def _serve_ideally(self) -> None:
        while self._free and self._living:
            caller = min(self._living.values(), key=lambda one: one.arrival)
            if caller.is_dead(self._now):
                del self._living[caller.number]
                self._arrive(0.0)
            else:
                self._grant(caller, next(iter(self._free)))

    def _outcome(self) -> Outcome:
        by_kind = {kind: sorted(waited for one, waited in self._waits if one is kind) for kind in Kind}
        return Outcome(
            policy=self.policy,
            waits={kind: _waits(waits) for kind, waits in by_kind.items()},
            overtaken=self._overtaken / len(self._waits),
            busy=self._busy / (self.hours * 3600 * self.environments),
            grants=len(self._waits),
            decisions=self._asked / self._spent if self._spent else 0.0,
            estimates=_tenths(self._errors),
        )


def _environment(number: int) -> Environment:
    key = EnvironmentKey(AccountId(str(number)), Region("us-east-1"))
    registered = Registration(key=key, pool=_POOL, roles={ADMIN: RoleArn("arn")})
    return Environment(registered=registered, status=Status.FREE, since=_START, freed_at=_START)


def _waits(waits: Sequence[float]) -> Waits:
    cuts = quantiles(waits, n=20)
    return Waits(p50=cuts[9], p95=cuts[18], most=waits[-1])


def _tenths(errors: Sequence[float]) -> tuple[float, float] | None:
    if len(errors) < 20:  # noqa: PLR2004 -- too few to say anything of
        return None
    cuts = quantiles(errors, n=10)
    return cuts[0], cuts[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The four policies on one pool."""

    environments: int
    waiting: int
    hours: float
    outcomes: tuple[Outcome, ...]

    def of(self, policy: Policy) -> Outcome:
        """One of them."""
        return next(outcome for outcome in self.outcomes if outcome.policy is policy)

    @property
    def kept(self) -> dict[str, bool]:
        """Which bars of the queue are kept."""
        queued, ideal, before = self.of(Policy.QUEUE), self.of(Policy.IDEAL), self.of(Policy.BACK_OFF)
        npm, npm_before = queued.waits[Kind.NPM], before.waits[Kind.NPM]
        return {
            f"at least {UTILIZATION} of the ideal's use": queued.busy / ideal.busy >= UTILIZATION,
            "p95 of each kind within a tenth or 65 s of the ideal": all(
                _near(queued.waits[kind].p95, ideal.waits[kind].p95) for kind in Kind
            ),
            f"npm client's p95 at most {NPM_P95} of back-off": npm.p95 <= NPM_P95 * npm_before.p95,
            f"npm client's longest wait at most {NPM_MOST} of back-off": npm.most <= NPM_MOST * npm_before.most,
            "no living caller overtaken": queued.overtaken == 0,
            f"at least {DECISIONS:.0f} decisions a second": queued.decisions >= DECISIONS,
        }


def _near(seconds: float, ideal: float) -> bool:
    return seconds <= max(1.1 * ideal, ideal + SLACK)


def waiting(environments: int = 1000, waiters: int = 200, hours: float = 24.0) -> Waiting:
    """Run all four."""
    outcomes = tuple(
        Simulation(policy=policy, environments=environments, waiting=waiters, hours=hours).run() for policy in Policy
    )
    return Waiting(environments=environments, waiting=waiters, hours=hours, outcomes=outcomes)


def table(result: Waiting) -> str:
    """As Markdown."""
    rows = "".join(_row(outcome, result.of(Policy.IDEAL)) for outcome in result.outcomes)
    kept = "\n".join(f"- {name}: {'kept' if holds else 'missed'}" for name, holds in result.kept.items())
    said = result.of(Policy.QUEUE).estimates
    estimates = f"{said[0]:.2f} to {said[1]:.2f}" if said else "not enough of them"
    return f"""
## Waiting in line

{result.environments} environments and about {result.waiting} callers in line for {result.hours:.0f} hours on a \
virtual clock, with the rules of the service; `python -m bench.waiting`.
Waits in seconds; half of the callers are like the npm client, two of a hundred die while they wait.

| policy | own p50 | p95 | most | npm p50 | p95 | most | overtaken a grant | use of the ideal | decisions a second |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{rows}
{kept}
- actual over estimated wait, from the tenth to the ninetieth percent: {estimates}
"""


def _row(outcome: Outcome, ideal: Outcome) -> str:
    own, npm = outcome.waits[Kind.OWN], outcome.waits[Kind.NPM]
    waits = " | ".join(f"{value:.0f}" for one in (own, npm) for value in (one.p50, one.p95, one.most))
    decisions = f"{outcome.decisions:.0f}" if outcome.policy is Policy.QUEUE else ""
    return f"| {outcome.policy} | {waits} | {outcome.overtaken:.3f} | {outcome.busy / ideal.busy:.3f} | {decisions} |\n"


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code says whether every bar is kept."""
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m bench.waiting", description=__doc__, formatter_class=as_written)
    parser.add_argument("--environments", type=int, default=1000)
    parser.add_argument("--waiters", type=int, default=200, help="callers in line at a time, about")
    parser.add_argument("--hours", type=float, default=24.0, help="of the virtual clock")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    asked = parser.parse_args(words)
    result = waiting(asked.environments, asked.waiters, asked.hours)
    print(json.dumps(asdict(result), indent=2) if asked.json else table(result))
    return 0 if all(result.kept.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
