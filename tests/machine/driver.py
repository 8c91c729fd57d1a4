"""The service as its callers, its cleanups and its operators use it, one operation at a time, each checked on the spot.

Each operation may be troubled: at one of its calls a fault happens, or others act meanwhile. Untroubled, its answer is
also compared with what the rows say.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from atmosphere.adapters.memory import SeededIds
from atmosphere.core import access, selection
from atmosphere.core.errors import (
    AllDirty,
    AlreadyEnded,
    InvalidRequest,
    PoolBusy,
    QuotaReached,
    Refused,
    Unavailable,
    UnknownAllocation,
    Unsatisfiable,
)
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
from atmosphere.core.webhook import Completed
from atmosphere.operations.clean import Superseded
from atmosphere.operations.heartbeat import Heard
from atmosphere.operations.reconcile import Repair, Run
from atmosphere.operations.sessions import Granted
from atmosphere.ports import CleanupOrder, Unreachable
from tests.builders import POOL
from tests.machine.invariants import check_move, check_nothing_overdue, check_rows
from tests.machine.model import Model
from tests.machine.observed import ObservedStore
from tests.machine.setting import CALLERS, KEYS, Action, Trouble, a_deployment
from tests.operations.line import Crash, Trap
from tests.operations.world import OPERATOR, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.github import RunIdentity
    from tests.machine.observed import Move

_ENOUGH_MINUTES: Final = 40


def _is_no(result: object) -> bool:
    """Whether an answer came, and says that nothing was done."""
    return isinstance(result, Refused) and not isinstance(result, Unavailable)


def _is_concerned(run: RunIdentity | None, told: Completed) -> bool:
    """Whether GitHub's message says that this run, or its job, is over."""
    if run is None or (run.repository_id, run.run_id) != (told.repository_id, told.run_id):
        return False
    return run.check_run_id == told.job if told.job else int(run.run_attempt) <= told.run_attempt


class Driver:
    """One service and everything that was ever asked of it."""

    def __init__(self, others: Mapping[str, Callable[[Driver, int], object]]) -> None:
        self._others = others
        self.world = World(a_deployment(0b1111, 0))
        self.world.watch(store := ObservedStore(self.world.clock))
        self.store = store
        store.limits = {rule.name: rule.max_active or len(KEYS) for rule in self.world.snapshot.access.rules}
        self.known: list[AllocationId] = [self.world.ids.new()]  # one that nobody has asked for yet
        self.asked: list[tuple[str, dict[str, Any], AllocationId]] = []  # every request with a key
        self.over: set[Completed] = set()  # what GitHub said and what was taken back to the end
        self.model = Model()
        self._words = count()
        self._freed: dict[tuple[AllocationId, EnvironmentKey], datetime | None] = {}

    def fork(self) -> Driver:
        """Another service in the same state."""
        twin = Driver(self._others)
        twin.store.become(self.store)
        twin.world.snapshot = self.world.snapshot
        twin.world.clock.advance(self.world.clock.now() - twin.world.clock.now())
        twin.world.ids = SeededIds(2)
        twin.world.cleanups.started.extend(self.world.cleanups.started)
        twin.world.keys.minted.extend(self.world.keys.minted)
        twin.known, twin.asked, twin._freed = list(self.known), list(self.asked), dict(self._freed)
        twin.over = set(self.over)
        twin.model = self.model.copy()
        return twin

    # --- what anybody can do ---

    def allocate(
        self, caller: str, body: dict[str, Any], *, key: AllocationId | None, trouble: Trouble | None = None
    ) -> object:
        if key is not None:
            self.asked.append((caller, body, key))
        quiet = trouble is None and not self.store.lagging and not self.world.keys.failing
        free = [row for row in self.store.environments() if row.status is Status.FREE]
        rule = access.rule_for(self.world.snapshot.access, CALLERS[caller], POOL)
        room = 3 - sum(slot.id.rule == rule.name for slot in self.store.slots())
        behind = any(waiter.present_until > self.world.clock.now() for waiter in self.store.waiters(POOL))
        result, moves = self._do(
            "allocate", key, trouble, lambda: self.world.ask(caller=CALLERS[caller], key=key, **body)
        )
        if isinstance(result, Granted):
            self.model.granted(result.allocation)
            self._granted(result, CALLERS[caller])
            assert key in {None, result.allocation.id}
        elif isinstance(result, Refused):
            assert not moves, f"refused as {result.code}, and yet something was taken"
            if quiet and not behind:
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
        for item, session in zip(now.items, grant.sessions, strict=True):
            made = minted[session]
            assert item.registered == self.world.row(item.key).registered, "taken as something that it is not any more"
            assert made.request.role_arn == item.role_arn
            freed_at = self._freed[now.id, item.key]
            assert freed_at is not None
            assert made.issued_at >= freed_at, "keys are older than the clean state"

    def _truthful(self, refusal: Refused, body: dict[str, Any], free: Sequence[Environment], room: int) -> None:
        """P7: a refusal says what is so."""
        request = allocate_request({"pool": POOL, "requester": "a test", **body})
        registered = self.world.snapshot.environments
        assert not isinstance(refusal, Unavailable)
        if isinstance(refusal, QuotaReached):
            assert len(request.environments) > room
        if isinstance(refusal, Unsatisfiable):
            everything = selection.assign(request.environments, registered, distinct_accounts=request.distinct_accounts)
            assert everything is None or len(request.environments) > 3
        if isinstance(refusal, (PoolBusy, AllDirty)):
            assert selection.assign(request.environments, free, distinct_accounts=request.distinct_accounts) is None

    def refresh(self, caller: str, id_: AllocationId, *, trouble: Trouble | None = None) -> object:
        quiet = trouble is None and not self.world.keys.failing
        before = self.store.allocation(id_)
        result, _ = self._do("refresh", id_, trouble, lambda: self.world.refresh(id_, caller=CALLERS[caller]))
        if isinstance(result, Granted):
            self.model.heard(id_, self.world.clock.now())
            self._granted(result, CALLERS[caller])
        elif quiet and before and before.owner == CALLERS[caller].owner and before.items:
            left = before.deadline - self.world.clock.now()
            assert isinstance(result, AlreadyEnded)
            assert before.status is AllocationStatus.ENDED or left < timedelta(seconds=60)
        return result

    def heartbeat(self, caller: str, id_: AllocationId, *, trouble: Trouble | None = None) -> object:
        return self._beat("heartbeat", id_, trouble, lambda: self.world.heartbeats.beat(id_, caller=CALLERS[caller]))

    def heartbeat_by_token(self, id_: AllocationId, token_hash: str, *, trouble: Trouble | None = None) -> object:
        beat = partial(self.world.heartbeats.beat_by_token, id_, token_hash=token_hash)
        return self._beat("heartbeat by token", id_, trouble, beat)

    def _beat(self, doing: str, id_: AllocationId, trouble: Trouble | None, call: Callable[[], object]) -> object:
        """A heartbeat that was acknowledged is on record, and whoever is refused changed nothing."""
        result, moves = self._do(doing, id_, trouble, call)
        if isinstance(result, Heard):
            allocation, now = self.world.recorded(id_), self.world.clock.now()
            self.model.heard(id_, now)
            assert allocation.heartbeat is not None
            assert result.next_by <= allocation.deadline
            row = self.store.environment(allocation.items[0].key)
            if not trouble:
                assert row is not None
                assert row.wake_at == result.next_by >= min(allocation.deadline, now + allocation.heartbeat)
        elif isinstance(result, (UnknownAllocation, InvalidRequest, AlreadyEnded)):
            assert not moves, f"refused as {result.code}, and yet it was put off"
        return result

    def deallocate(self, caller: str, id_: AllocationId, *, trouble: Trouble | None = None) -> object:
        before = self.store.allocation(id_)
        result, moves = self._do("deallocate", id_, trouble, lambda: self.world.deallocate(id_, caller=CALLERS[caller]))
        self._may_have_ended(id_, result)
        if isinstance(result, Allocation):
            assert self.world.recorded(id_).status is AllocationStatus.ENDED
        if before and caller != "operator" and before.owner != CALLERS[caller].owner:
            assert not moves, "a stranger ended an allocation"
        return result

    def release(self, id_: AllocationId, token_hash: str, *, trouble: Trouble | None = None) -> object:
        before = self.store.allocation(id_)
        ending = partial(self.world.deallocator.release, id_, token_hash=token_hash, outcome="released")
        result, moves = self._do("release", id_, trouble, ending)
        self._may_have_ended(id_, result)
        if isinstance(result, Allocation):
            assert self.world.recorded(id_).status is AllocationStatus.ENDED
        if before is None or before.release_token_hash != token_hash:
            assert not moves, "a token that is not its own ended an allocation"
            assert before is not None or (trouble and trouble.meanwhile) or self.store.allocation(id_) is None
            assert trouble or isinstance(result, UnknownAllocation)
        return result

    def completed(self, run: RunIdentity, *, by_job: bool, trouble: Trouble | None = None) -> object:
        """GitHub tells that this attempt of a run, or this job of it, is over."""
        told = Completed(
            issuer=run.issuer,
            repository_id=run.repository_id,
            run_id=run.run_id,
            run_attempt=int(run.run_attempt),
            job=run.check_run_id if by_job else None,
            conclusion="failure",
        )
        lagging = self.store.lagging
        self.model.may_end(lambda hold: _is_concerned(hold.told.run, told))
        result, moves = self._do("completed", told, trouble, lambda: self.world.reclaimer.reclaim(told))
        if isinstance(result, int) and not lagging:
            self.over.add(told)
            self._check_over()
        for move in moves:
            held = self.world.recorded(move.before.allocation) if move.before and move.before.allocation else None
            assert held is not None
            assert held.run is not None, "a message of GitHub ended a signer's allocation"
            assert held.run.key == run.key
            assert not by_job or held.run.check_run_id == run.check_run_id
            assert by_job or int(held.run.run_attempt) <= int(run.run_attempt)
        return result

    def _check_over(self) -> None:
        """P10: what is over holds nothing any more, also nothing whose request was on its way then."""
        for row in self.store.everything().values() if self.over else ():
            if not isinstance(row, Allocation) or row.status is AllocationStatus.ENDED or row.run is None:
                continue
            ids = (row.run.repository_id, row.run.run_id)
            for told in self.over:
                is_it = row.run.check_run_id == told.job if told.job else int(row.run.run_attempt) == told.run_attempt
                assert not is_it or ids != (told.repository_id, told.run_id), f"{row.id} is held by a run that is over"

    def reconcile(self, *, trouble: Trouble | None = None) -> object:
        result, _ = self._do("reconcile", None, trouble, self.world.reconciler.run)
        self.model.fell_silent(self.world.clock.now())
        if isinstance(result, Run):
            faults = {entry.fault for entry in result.repaired if entry.repair is Repair.FAILED}
            assert faults <= {"Unreachable", "OutcomeUnknown"}, faults
        return result

    def cleanup_says(self, verdict: str, order: CleanupOrder, *, trouble: Trouble | None = None) -> object:
        said = self.world.cleaning(order)
        reason = f"leftovers {next(self._words)}"  # told apart from what others say
        verbs: dict[str, Callable[[], object]] = {
            "beat": said.beat,
            "clean": lambda: said.free(report="report"),
            "dirty": lambda: said.give_up(reason=reason, report="report"),
            "dirty until": lambda: said.give_up(
                reason=reason, report="report", retry_at=self.world.clock.now() + timedelta(minutes=10)
            ),
            "blocked": lambda: said.rest(reason=reason, report="report", pause=timedelta(seconds=60)),
        }
        row = self.store.environment(order.key)
        current = row and (row.status, row.allocation, row.attempt) == (
            Status.CLEANING,
            order.allocation,
            order.attempt,
        )
        result, moves = self._do(verdict, order, trouble, verbs[verdict])
        if verdict == "clean" and not isinstance(result, Superseded):
            self.model.may_be_clean(order.key)
        if not current and not (trouble and trouble.meanwhile):
            assert isinstance(result, (Superseded, Unreachable, Crash))
            assert not moves, "a cleanup that is over had an effect"
        return result

    def register(self, kept: int, version: int, *, trouble: Trouble | None = None) -> object:
        self.world.snapshot = snapshot = a_deployment(kept, version)
        result, _ = self._do("register", snapshot, trouble, lambda: self.world.registrar.register(snapshot))
        if not isinstance(result, BaseException) and not (trouble and trouble.meanwhile):
            self.model.free &= {entry.key for entry in snapshot.environments}
            rows = {row.key: row for row in self.store.environments()}
            for entry in snapshot.environments:
                row = rows.pop(entry.key)
                assert row.mark is Mark.REGISTERED
                assert (row.next_registered or row.registered) == entry
            assert all(row.mark is Mark.DEREGISTERING for row in rows.values())
        return result

    def operate(self, act: ActKind, key: EnvironmentKey, *, trouble: Trouble | None = None) -> object:
        acting = self.world.operating
        act_on = partial(acting.act, key, act, reason="because", caller=OPERATOR)
        known = set(self.model.free)
        if act is ActKind.REINSTATE:
            self.model.may_be_clean(key)  # others may get it before the operator is answered
        result, _ = self._do(f"operator {act}", key, trouble, act_on)
        if act is ActKind.RELEASE and not _is_no(result):
            self.model.may_end(lambda hold: key in hold.keys)
        if act is ActKind.REINSTATE and _is_no(result) and not (trouble and trouble.meanwhile):
            self.model.free = known
        return result

    def _may_have_ended(self, id_: AllocationId, result: object) -> None:
        if not _is_no(result):
            self.model.may_end(lambda hold: hold.told.id == id_)

    def agrees(self) -> None:
        """What the rows say is what callers were told."""
        self.model.agrees(self.store.environments(), self.world.clock.now())

    def settle(self) -> None:
        """P2: with the reconciler alone, nothing stays past its deadline, and all ends free, dirty, held or gone.

        Minutes in which nothing is due are passed over; the state machine has them.
        """
        self.store.catch_up()
        self.agrees()
        for _ in range(_ENOUGH_MINUTES):
            if self.store.waking(self.world.clock.now(), 1):
                self.reconcile()
            check_nothing_overdue(self.store, self.world.clock.now())
            if not any(row.deadline for row in self.store.environments()):
                break
            self.world.clock.advance(timedelta(seconds=60))
        self.agrees()
        left = {row.status for row in self.store.environments()}
        assert left <= {Status.FREE, Status.DIRTY, Status.HELD}, f"stuck: {left}"

    def wait_for_something_due(self, number: int) -> None:
        """Until one of the rows is due; others may be due as well."""
        due = sorted(row.wake_at for row in self.store.environments() if row.wake_at)
        if due:
            self.world.clock.advance(max(due[number % len(due)] - self.world.clock.now(), timedelta()))

    # --- how it is run ---

    def _do(
        self, doing: str, of: object, trouble: Trouble | None, call: Callable[[], object]
    ) -> tuple[object, list[Move]]:
        """What came of it, an expected exception included, and the writes that were its own."""
        first = len(self.store.moves)
        with self._as((doing, of)):
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
        self._check_over()
        return result, [move for move in moves if move.by == doing] if not trouble or not trouble.meanwhile else []

    def _trap(self, trouble: Trouble | None) -> Trap | None:
        if trouble is None:
            return None
        return Trap(trouble.at, trouble.fault, lambda: self._meanwhile(trouble.meanwhile))

    @contextmanager
    def _as(self, doing: tuple[str, object]) -> Iterator[None]:
        outer = self.store.doing, self.store.begun
        self.store.doing = doing
        self.store.begun = self.store.seen() if doing[0] == "allocate" else None
        try:
            yield
        finally:
            self.store.doing, self.store.begun = outer

    def _meanwhile(self, actions: Sequence[Action]) -> None:
        for name, number in actions:
            self._others[name](self, number)

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

    def current_orders(self) -> list[CleanupOrder]:
        """One for each environment that is being cleaned, whether or not it was started."""
        return [
            CleanupOrder(row.allocation, row.key, row.attempt)
            for row in self.store.environments()
            if row.status is Status.CLEANING and row.allocation
        ]

    def pick_order(self, number: int) -> CleanupOrder | None:
        """One that was started; every other time one that is at work."""
        started = self.world.cleanups.started
        among = [order for order in self.current_orders() if order in started] if number % 2 else started
        among = among or started
        return among[number // 2 % len(among)] if among else None
