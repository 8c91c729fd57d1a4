"""The service as its callers, its cleanups and its operators use it, one operation at a time, each checked on the spot.

Each operation may be troubled: at one of its calls a fault happens, or others act meanwhile. Untroubled, its answer is
also compared with what the rows say.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from atmosphere.core import selection
from atmosphere.core.errors import AllDirty, AlreadyEnded, PoolBusy, QuotaReached, Refused, Unavailable, Unsatisfiable
from atmosphere.core.model import (
    ActKind,
    Allocation,
    AllocationId,
    AllocationStatus,
    Environment,
    EnvironmentKey,
    Mark,
    Status,
)
from atmosphere.core.request import allocate_request
from atmosphere.operations.clean import Superseded
from atmosphere.operations.reconcile import Repair, Run
from atmosphere.operations.sessions import Granted
from atmosphere.ports import CleanupOrder, Unreachable
from tests.builders import POOL, a_key, a_registration
from tests.machine.invariants import check_move, check_nothing_overdue, check_rows
from tests.machine.observed import ObservedStore
from tests.operations.line import Crash, Fault, Trap
from tests.operations.world import NEIGHBOUR, OPERATOR, RUNNER, World, a_configuration, many

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.snapshot import Snapshot
    from tests.machine.observed import Move

KEYS: Final = (a_key(1), a_key(1, "us-east-1"), a_key(2), a_key(3))
CALLERS: Final = {"runner": RUNNER, "neighbour": NEIGHBOUR, "operator": OPERATOR}
SESSION: Final = timedelta(minutes=20)
CLEANUP_LIMIT: Final = timedelta(minutes=10)
_ENOUGH_MINUTES: Final = 40

Action: TypeAlias = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens at the `at`-th call of an operation."""

    at: int
    fault: Fault | None = None
    meanwhile: tuple[Action, ...] = ()


def a_deployment(kept: int, version: int) -> Snapshot:
    """A configuration of the environments whose bits are set, in one of its versions."""
    entries = [
        a_registration(key, capabilities={"version": version})
        for number, key in enumerate(KEYS)
        if kept & (1 << number)
    ]
    return a_configuration(*entries, max_active=3, session=SESSION, cleanup_limit=CLEANUP_LIMIT)


class Driver:
    """One service and everything that was ever asked of it."""

    def __init__(self) -> None:
        self.store = ObservedStore()
        self.world = World(a_deployment(0b1111, 0), rows=self.store)
        self.known: list[AllocationId] = [self.world.ids.new()]  # one that nobody has asked for yet
        self.asked: list[tuple[str, dict[str, Any], AllocationId]] = []  # every request with a key
        self._freed: dict[tuple[AllocationId, EnvironmentKey], datetime | None] = {}

    # --- what anybody can do ---

    def allocate(
        self, caller: str, body: dict[str, Any], *, key: AllocationId | None, trouble: Trouble | None = None
    ) -> object:
        if key is not None:
            self.asked.append((caller, body, key))
        quiet = trouble is None and not self.store.lagging and not self.world.keys.failing
        free = [row for row in self.store.environments() if row.status is Status.FREE]
        room = 3 - self.store.active_of_rule(self.world.snapshot.access.iam[0].name)
        result, moves = self._do("allocate", trouble, lambda: self.world.ask(caller=CALLERS[caller], key=key, **body))
        if isinstance(result, Granted):
            self._granted(result, CALLERS[caller])
            assert key in {None, result.allocation.id}
        elif isinstance(result, Refused):
            assert not moves, f"refused as {result.code}, and yet something was taken"
            if quiet:
                self._truthful(result, body, free, room)
        return result

    def _granted(self, grant: Granted, caller: VerifiedCaller) -> None:
        """P4: keys are returned for an active allocation only, and were made since its environments were last clean."""
        now = self.world.recorded(grant.allocation.id)
        assert now.status is AllocationStatus.ACTIVE, "keys were returned for an allocation that has ended"
        assert now.owner == caller.owner
        if now.id not in self.known:
            self.known.append(now.id)
        minted = {entry.credentials: entry for entry in self.world.keys.minted}
        for lot, session in zip(now.lots, grant.sessions, strict=True):
            made = minted[session]
            assert lot.registered == self.world.row(lot.key).registered, "taken as something that it is not any more"
            assert made.request.role_arn == lot.role_arn
            freed_at = self._freed[now.id, lot.key]
            assert freed_at is not None
            assert made.issued_at >= freed_at, "keys are older than the clean state"

    def _truthful(self, refusal: Refused, body: dict[str, Any], free: Sequence[Environment], room: int) -> None:
        """P7: a refusal says what is so."""
        request = allocate_request({"pool": POOL, "requester": "a test", **body})
        registered = self.world.snapshot.environments
        assert not isinstance(refusal, Unavailable)
        if isinstance(refusal, QuotaReached):
            assert len(request.wants) > room
        if isinstance(refusal, Unsatisfiable):
            everything = selection.assign(request.wants, registered, distinct_accounts=request.distinct_accounts)
            assert everything is None or len(request.wants) > 3
        if isinstance(refusal, (PoolBusy, AllDirty)):
            assert selection.assign(request.wants, free, distinct_accounts=request.distinct_accounts) is None

    def refresh(self, caller: str, id_: AllocationId, *, trouble: Trouble | None = None) -> object:
        quiet = trouble is None and not self.world.keys.failing
        before = self.store.allocation(id_)
        result, _ = self._do("refresh", trouble, lambda: self.world.refresh(id_, caller=CALLERS[caller]))
        if isinstance(result, Granted):
            self._granted(result, CALLERS[caller])
        elif quiet and before and before.owner == CALLERS[caller].owner and before.lots:
            left = before.deadline - self.world.clock.now()
            assert isinstance(result, AlreadyEnded)
            assert before.status is AllocationStatus.ENDED or left < timedelta(seconds=60)
        return result

    def deallocate(self, caller: str, id_: AllocationId, *, trouble: Trouble | None = None) -> object:
        before = self.store.allocation(id_)
        result, moves = self._do("deallocate", trouble, lambda: self.world.deallocate(id_, caller=CALLERS[caller]))
        if isinstance(result, Allocation):
            assert self.world.recorded(id_).status is AllocationStatus.ENDED
        if before and caller != "operator" and before.owner != CALLERS[caller].owner:
            assert not moves, "a stranger ended an allocation"
        return result

    def reconcile(self, *, trouble: Trouble | None = None) -> object:
        result, _ = self._do("reconcile", trouble, self.world.reconciler.run)
        if isinstance(result, Run):
            faults = {entry.fault for entry in result.repaired if entry.repair is Repair.FAILED}
            assert faults <= {"Unreachable", "OutcomeUnknown"}, faults
        return result

    def cleanup_says(self, verdict: str, order: CleanupOrder, *, trouble: Trouble | None = None) -> object:
        said = self.world.cleaning(order)
        verbs: dict[str, Callable[[], object]] = {
            "beat": said.beat,
            "clean": lambda: said.free(report="report"),
            "dirty": lambda: said.give_up(reason="leftovers", report="report"),
            "blocked": lambda: said.rest(reason="leftovers", report="report", pause=timedelta(seconds=60)),
        }
        row = self.store.environment(order.key)
        current = row and (row.status, row.allocation, row.attempt) == (
            Status.CLEANING,
            order.allocation,
            order.attempt,
        )
        result, moves = self._do(verdict, trouble, verbs[verdict])
        if not current and not (trouble and trouble.meanwhile):
            assert isinstance(result, (Superseded, Unreachable, Crash))
            assert not moves, "a cleanup that is over had an effect"
        return result

    def register(self, kept: int, version: int, *, trouble: Trouble | None = None) -> object:
        self.world.snapshot = snapshot = a_deployment(kept, version)
        result, _ = self._do("register", trouble, lambda: self.world.registrar.register(snapshot))
        if not isinstance(result, BaseException) and not (trouble and trouble.meanwhile):
            rows = {row.key: row for row in self.store.environments()}
            for entry in snapshot.environments:
                row = rows.pop(entry.key)
                assert row.mark is Mark.REGISTERED
                assert (row.next_registered or row.registered) == entry
            assert all(row.mark is Mark.DEREGISTERING for row in rows.values())
        return result

    def operate(self, act: ActKind, key: EnvironmentKey, *, trouble: Trouble | None = None) -> object:
        acting = self.world.operating
        return self._do(
            f"operator {act}", trouble, lambda: acting.act(key, act, reason="because", caller=OPERATOR)
        )[0]

    def settle(self) -> None:
        """P2: with the reconciler alone, nothing stays past its deadline, and all ends free, dirty, held or gone."""
        self.store.catch_up()
        for _ in range(_ENOUGH_MINUTES):
            self.reconcile()
            check_nothing_overdue(self.store, self.world.clock.now())
            if not any(row.deadline for row in self.store.environments()):
                break
            self.world.clock.advance(timedelta(seconds=60))
        left = {row.status for row in self.store.environments()}
        assert left <= {Status.FREE, Status.DIRTY, Status.HELD}, f"stuck: {left}"

    # --- how it is run ---

    def _do(self, doing: str, trouble: Trouble | None, call: Callable[[], object]) -> tuple[object, list[Move]]:
        """What came of it, an expected exception included, and the writes that were its own."""
        first = len(self.store.moves)
        with self._as(doing):
            self.world.line.lay(self._trap(trouble))
            try:
                result = call()
            except (Refused, Superseded, Unreachable, Crash) as no:
                result = no
            finally:
                self.world.line.lay(None)
        moves = self.store.moves[first:]
        for move in moves:
            check_move(move)
            if move.by == "allocate" and move.before and move.after and move.after.allocation:
                self._freed[move.after.allocation, move.after.key] = move.before.freed_at
        check_rows(self.store)
        return result, [move for move in moves if move.by == doing] if not trouble or not trouble.meanwhile else []

    def _trap(self, trouble: Trouble | None) -> Trap | None:
        if trouble is None:
            return None
        return Trap(trouble.at, trouble.fault, lambda: self._meanwhile(trouble.meanwhile))

    @contextmanager
    def _as(self, doing: str) -> Iterator[None]:
        outer, self.store.doing = self.store.doing, doing
        try:
            yield
        finally:
            self.store.doing = outer

    def _meanwhile(self, actions: Sequence[Action]) -> None:
        for name, number in actions:
            MEANWHILE[name](self, number)

    def pick_id(self, number: int) -> AllocationId:
        """One that was heard of; every other time one that is active."""
        among = self.known
        if number % 2:
            holders = {row.allocation for row in self.store.environments() if row.status is Status.IN_USE}
            among = [id_ for id_ in self.known if id_ in holders] or self.known
        return among[number // 2 % len(among)]

    def who(self, word: str, id_: AllocationId) -> str:
        """The caller that is the owner, a stranger or the operator to an allocation."""
        if word == "operator":
            return word
        found = self.store.allocation(id_)
        owner = next((name for name, caller in CALLERS.items() if found and caller.owner == found.owner), "runner")
        return owner if word == "owner" else "neighbour" if owner == "runner" else "runner"

    def pick_order(self, number: int) -> CleanupOrder | None:
        """One that was started; every other time one that is at work."""
        started = self.world.cleanups.started
        rows = {(row.allocation, row.key, row.attempt) for row in self.store.environments()}
        current = [order for order in started if (order.allocation, order.key, order.attempt) in rows]
        among = current if number % 2 and current else started
        return among[number // 2 % len(among)] if among else None


def _cycle(driver: Driver, number: int) -> None:
    """Somebody takes all there is, gives it back, and it is clean again."""
    results = [driver.allocate("neighbour", {}, key=None) for _ in KEYS]
    driver.world.clock.advance(timedelta(seconds=20 + number))
    for allocation in [result.allocation for result in results if isinstance(result, Granted)]:
        driver.deallocate("neighbour", allocation.id)
        for lot in allocation.lots:
            driver.cleanup_says("clean", CleanupOrder(allocation.id, lot.key, 1))


def _said(verdict: str) -> Callable[[Driver, int], object]:
    def act(driver: Driver, number: int) -> None:
        if order := driver.pick_order(number):
            driver.cleanup_says(verdict, order)

    return act


def _again(driver: Driver, number: int) -> None:
    """A request arrives a second time while it is being answered."""
    if driver.asked:
        caller, body, key = driver.asked[-1 - number % min(len(driver.asked), 2)]
        driver.allocate(caller, body, key=key)


def _end(driver: Driver, number: int) -> None:
    driver.deallocate("operator", driver.pick_id(number))


MEANWHILE: Final[dict[str, Callable[[Driver, int], object]]] = {
    "cycle": _cycle,
    "allocate": lambda driver, number: driver.allocate("neighbour", {"environments": many(1 + number % 2)}, key=None),
    "again": _again,
    "end": _end,
    "advance": lambda driver, number: driver.world.clock.advance(timedelta(seconds=31 * (number + 1))),
    "reconcile": lambda driver, number: driver.reconcile(),
    "clean": _said("clean"),
    "blocked": _said("blocked"),
    "dirty": _said("dirty"),
    "register": lambda driver, number: driver.register(1 + number % 15, number % 3),
    "hold": lambda driver, number: driver.operate(ActKind.HOLD, KEYS[number % 4]),
    "reinstate": lambda driver, number: driver.operate(ActKind.REINSTATE, KEYS[number % 4]),
    "clean again": lambda driver, number: driver.operate(ActKind.CLEAN, KEYS[number % 4]),
}
