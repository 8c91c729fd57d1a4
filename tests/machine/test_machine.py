"""Everything that can happen to the service, in any order, with crashes: P1, P2, P4 and P5 hold after every step."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from atmosphere.core.model import ActKind, HistoryEntry
from atmosphere.core.over import Over
from atmosphere.core.queue import Waiter
from atmosphere.operations.operate import EVENTS
from atmosphere.operations.sessions import Granted
from tests.machine.driver import Driver
from tests.machine.invariants import check_rows
from tests.machine.meanwhile import MEANWHILE
from tests.machine.setting import CALLERS, KEYS, TOKEN_HASH, Trouble
from tests.operations.line import Fault
from tests.operations.world import many

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.core.changes import Row, Target
    from atmosphere.ports import CleanupOrder

_NUMBERS = st.integers(0, 40)
_CALLERS = st.sampled_from(["runner", "runner", "neighbour", "operator", "run", "rerun"])
_WHO = st.sampled_from(["owner", "owner", "owner", "stranger", "operator"])
_KEPT = st.sampled_from([0b1111, 0b1111, 0b1111, 0b1101, 0b0111, 0b1110, 0b0101, 0b0001])
_ACTION = st.tuples(st.sampled_from(sorted(MEANWHILE)), _NUMBERS)
_ACTIONS = st.lists(_ACTION, min_size=1, max_size=3).map(tuple)


def _trouble(calls: int) -> st.SearchStrategy[Trouble | None]:
    """For an operation of about so many calls: half of the time none, else a fault or others at one of them."""
    at = st.integers(1, calls)
    return st.one_of(
        st.none(),
        st.none(),
        st.builds(Trouble, at=at, fault=st.sampled_from(Fault)),
        st.builds(Trouble, at=at, meanwhile=_ACTIONS),
    )


_BODIES = st.sampled_from(
    [
        {},
        {"releaseTokenHash": TOKEN_HASH},
        {"environments": many(2), "releaseTokenHash": TOKEN_HASH},
        {"constraints": [{"type": "region", "value": ["us-east-1"]}]},
        {"constraints": [{"type": "capability", "value": {"version": 1}}]},
        {"durationSeconds": 900},
        {"heartbeatSeconds": 60, "releaseTokenHash": TOKEN_HASH},
        {"heartbeatSeconds": 120, "environments": many(2)},
        {"environments": many(2)},
        {"environments": many(2), "accounts": "any"},
        {"environments": many(3)},
        {"environments": many(4), "accounts": "any"},
    ]
)


class Service(RuleBasedStateMachine):
    steps = 0  # of all runs

    def __init__(self) -> None:
        super().__init__()
        self.driver = Driver(MEANWHILE)

    @initialize(freed=st.integers(0, 4))
    def deploy(self, freed: int) -> None:
        self.driver.register(0b1111, 0)
        for order in list(self.driver.world.cleanups.started)[freed:]:
            self.driver.cleanup_says("clean", order)

    @rule(caller=_CALLERS, body=_BODIES, key=st.sampled_from(["none", "none", "new", "known"]), number=_NUMBERS)
    def allocate(self, caller: str, body: dict[str, Any], key: str, number: int) -> None:
        self._allocate(caller, body, key, number, None)

    @rule(
        caller=_CALLERS,
        body=_BODIES,
        key=st.sampled_from(["none", "new", "new", "known"]),
        number=_NUMBERS,
        trouble=_trouble(5),
    )
    def allocate_in_trouble(
        self, caller: str, body: dict[str, Any], key: str, number: int, trouble: Trouble | None
    ) -> None:
        self._allocate(caller, body, key, number, trouble)

    def _allocate(self, caller: str, body: dict[str, Any], key: str, number: int, trouble: Trouble | None) -> None:
        new = self.driver.world.ids.new()
        id_ = {"none": None, "new": new, "known": self.driver.pick_id(number)}[key]
        self.driver.allocate(caller, body, key=id_, trouble=trouble)

    @rule(number=_NUMBERS, trouble=_trouble(5))
    def allocate_again(self, number: int, trouble: Trouble | None) -> None:
        if asked := self.driver.asked:
            caller, body, key = asked[-1 - number % min(len(asked), 3)]
            self._repeatable(lambda: self.driver.allocate(caller, body, key=key, trouble=trouble), trouble)

    @rule(caller=_WHO, number=_NUMBERS, trouble=_trouble(3))
    def refresh(self, caller: str, number: int, trouble: Trouble | None) -> None:
        id_ = self.driver.pick_id(number)
        who = self.driver.who(caller, id_)
        self._repeatable(lambda: self.driver.refresh(who, id_, trouble=trouble), trouble)

    @rule(caller=_WHO, number=_NUMBERS, trouble=_trouble(2))
    def heartbeat(self, caller: str, number: int, trouble: Trouble | None) -> None:
        id_ = self.driver.pick_id(number)
        who = self.driver.who(caller, id_)
        self._repeatable(lambda: self.driver.heartbeat(who, id_, trouble=trouble), trouble)

    @rule(right=st.booleans(), number=_NUMBERS, trouble=_trouble(2))
    def heartbeat_by_token(self, right: bool, number: int, trouble: Trouble | None) -> None:  # noqa: FBT001 hypothesis names it
        id_ = self.driver.pick_id(number)
        token_hash = TOKEN_HASH if right else TOKEN_HASH[::-1]
        self._repeatable(lambda: self.driver.heartbeat_by_token(id_, token_hash, trouble=trouble), trouble)

    @rule(number=_NUMBERS, late=st.sampled_from([60, 120, 250, 310]), trouble=_trouble(4))
    def silence(self, number: int, late: int, trouble: Trouble | None) -> None:
        """One that asked for heartbeats sends none until the reconciler runs, in time or late."""
        driver = self.driver
        if isinstance(driver.allocate("runner", {"heartbeatSeconds": 60}, key=driver.world.ids.new()), Granted):
            driver.world.clock.advance(timedelta(seconds=late))
            driver.reconcile(trouble=trouble)

    @rule(caller=_WHO, number=_NUMBERS, trouble=_trouble(4))
    def deallocate(self, caller: str, number: int, trouble: Trouble | None) -> None:
        id_ = self.driver.pick_id(number)
        who = self.driver.who(caller, id_)
        self._repeatable(lambda: self.driver.deallocate(who, id_, trouble=trouble), trouble)

    @rule(right=st.booleans(), number=_NUMBERS, trouble=_trouble(4))
    def release(self, right: bool, number: int, trouble: Trouble | None) -> None:  # noqa: FBT001 hypothesis names it
        id_ = self.driver.pick_id(number)
        token_hash = TOKEN_HASH if right else TOKEN_HASH[::-1]
        self._repeatable(lambda: self.driver.release(id_, token_hash, trouble=trouble), trouble)

    @rule(who=st.sampled_from(["run", "rerun"]), by_job=st.booleans(), trouble=_trouble(4))
    def completed(self, who: str, by_job: bool, trouble: Trouble | None) -> None:  # noqa: FBT001 hypothesis names it
        run = CALLERS[who].run
        assert run is not None
        self._repeatable(lambda: self.driver.completed(run, by_job=by_job, trouble=trouble), trouble)

    @rule(at=st.integers(1, 4), by_job=st.integers(0, 1))
    def over_before_commit(self, at: int, by_job: int) -> None:
        """GitHub says that a run is over while an allocate of it is on its way."""
        self.driver.allocate("run", {}, key=None, trouble=Trouble(at, None, (("completed", by_job),)))

    @rule(seconds=st.sampled_from([1, 29, 60, 91, 180, 601, 1201]))
    def time_passes(self, seconds: int) -> None:
        self.driver.world.clock.advance(timedelta(seconds=seconds))

    @rule(trouble=_trouble(6))
    def reconcile(self, trouble: Trouble | None) -> None:
        self._repeatable(lambda: self.driver.reconcile(trouble=trouble), trouble)

    @rule(
        verdict=st.sampled_from(["clean", "clean", "beat", "dirty", "dirty until", "blocked"]),
        number=_NUMBERS,
        trouble=_trouble(2),
    )
    def cleanup_says(self, verdict: str, number: int, trouble: Trouble | None) -> None:
        if order := self.driver.pick_order(number):
            self._say(verdict, order, trouble)

    def _say(self, verdict: str, order: CleanupOrder, trouble: Trouble | None) -> None:
        self._repeatable(lambda: self.driver.cleanup_says(verdict, order, trouble=trouble), trouble)

    @rule()
    def everything_is_cleaned(self) -> None:
        for order in self.driver.current_orders():
            self.driver.cleanup_says("clean", order)

    @rule(kept=_KEPT, version=st.integers(0, 2), trouble=_trouble(6))
    def register(self, kept: int, version: int, trouble: Trouble | None) -> None:
        self._repeatable(lambda: self.driver.register(kept, version, trouble=trouble), trouble)

    @rule(act=st.sampled_from(sorted(EVENTS)), number=_NUMBERS, trouble=_trouble(4))
    def operate(self, act: ActKind, number: int, trouble: Trouble | None) -> None:
        key = KEYS[number % len(KEYS)]
        self._repeatable(lambda: self.driver.operate(act, key, trouble=trouble), trouble)

    @rule(
        kind=st.sampled_from(["allocate", "deallocate", "reconcile", "register", "operate", *["verdict"] * 3]),
        verdict=st.sampled_from(["clean", "clean", "beat", "dirty", "dirty until", "blocked"]),
        act=st.sampled_from(sorted(EVENTS)),
        number=_NUMBERS,
        trouble=st.builds(Trouble, at=st.sampled_from([2, 2, 3]), meanwhile=st.tuples(_ACTION)),
    )
    def race(self, kind: str, verdict: str, act: ActKind, number: int, trouble: Trouble) -> None:
        """An operation that has something to do, and others between its read and its write."""
        driver = self.driver
        if kind == "allocate":
            driver.allocate("runner", {}, key=driver.world.ids.new(), trouble=trouble)
        elif kind == "deallocate":
            driver.deallocate("operator", driver.pick_id(2 * number + 1), trouble=trouble)
        elif kind == "reconcile":
            driver.wait_for_something_due(number)
            driver.reconcile(trouble=trouble)
        elif kind == "register":
            driver.register(1 + number % 15, number % 3, trouble=trouble)
        elif kind == "operate":
            driver.operate(act, KEYS[number % len(KEYS)], trouble=trouble)
        elif orders := driver.current_orders():
            driver.cleanup_says(verdict, orders[number % len(orders)], trouble=trouble)

    @rule(failing=st.sampled_from(["nothing", "nothing", "cleaner", "credentials", "indexes"]))
    def dependencies_fail_or_recover(self, failing: str) -> None:
        self.driver.world.cleanups.failing = failing == "cleaner"
        self.driver.world.keys.failing = failing == "credentials"
        self.driver.store.catch_up()
        if failing == "indexes":
            self.driver.store.lag()

    @invariant()
    def holds(self) -> None:
        type(self).steps += 1
        check_rows(self.driver.store)
        self.driver.agrees()

    def teardown(self) -> None:
        self.driver.settle()

    def _repeatable(self, act: Callable[[], object], trouble: Trouble | None) -> None:
        """P5: what went through has no further effect when it comes again."""
        act()
        if trouble is None:
            once = self._everything()
            act()
            assert self._everything() == once, "repeating it changed something more"

    def _everything(self) -> tuple[dict[Target, Row], list[CleanupOrder]]:
        """All but what records that somebody asked: operators in the history, callers in the queue, GitHub's notes."""
        rows = self.driver.store.everything()
        kept: dict[Target, Row] = {
            target: row
            for target, row in rows.items()
            if not isinstance(row, Waiter | Over)
            and (not isinstance(row, HistoryEntry) or row.kind is ActKind.ALLOCATION)
        }
        return kept, list(self.driver.world.cleanups.started)


_FAST: Final = 300
_DEEP: Final = 100_000


def test_the_promises_hold_whatever_happens(record_property: Callable[[str, object], None]) -> None:
    examples = max(settings().max_examples, _FAST)
    run_state_machine_as_test(
        Service,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    record_property("steps", Service.steps)
    assert examples == _FAST or Service.steps >= _DEEP
