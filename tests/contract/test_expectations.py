"""Every condition of every write is needed, and needed alone.

For each builder in `core/changes.py` and each expectation that it carries, the table tells a story in which exactly
that one is broken. The commit must then fail; and without that one expectation it must go through, which shows that
nothing else would have stopped it. A builder or an expectation without a story fails the test.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from atmosphere.adapters.dynamodb import DynamoStore
from atmosphere.adapters.items import table_of
from atmosphere.adapters.memory import MemoryStore
from atmosphere.core import changes, over
from atmosphere.core.breaker import Breaker, PoolKey
from atmosphere.core.changes import Absent, ConditionCheck, Put, target_of
from atmosphere.core.github import GITHUB_COM, RepositoryId, RunId
from atmosphere.core.lifecycle import Event
from atmosphere.core.model import (
    Allocation,
    AllocationStatus,
    EndedBy,
    Environment,
    EnvironmentKey,
    HistoryEntry,
    Mark,
    PoolName,
    Status,
)
from atmosphere.core.over import Over, OverKey
from atmosphere.core.queue import Waiter, WaiterKey
from atmosphere.core.quota import Slot, SlotKey, slots_of
from atmosphere.core.shortage import Shortage, ShortageKey
from atmosphere.core.tombstone import TombstoneSlot, TombstoneSlotKey, slot_of, tombstone
from atmosphere.core.webhook import Completed
from atmosphere.ports import Conflict
from tests.builders import (
    ALLOCATION,
    KEY,
    LIMIT,
    NOW,
    OTHER_ALLOCATION,
    POOL,
    RULE,
    a_history_entry,
    a_key,
    a_registration,
    a_run,
    a_waiter,
    after,
    an_allocation,
    an_environment,
    an_id,
)
from tests.operations.world import RUNNER
from tests.tables import create_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.core.changes import Change, Expectation, Row, Target
    from atmosphere.ports import Store


@dataclass(frozen=True)
class Case:
    """A write, and the rows that it was made from."""

    before: tuple[Row, ...]
    changes: tuple[Change, ...]


def _of(before: Environment, change: Change | None) -> Case:
    assert change is not None
    return Case((before,), (change,))


FREE: Final = an_environment()
IN_USE: Final = an_environment(status=Status.IN_USE)
CLEANING: Final = an_environment(status=Status.CLEANING)
DIRTY: Final = an_environment(status=Status.DIRTY)
SHORT: Final = Shortage(id=ShortageKey(POOL), since=NOW)
HELD: Final = an_environment(status=Status.HELD)
LEAVING: Final = an_environment(status=Status.DIRTY, mark=Mark.DEREGISTERING)
NEXT: Final = a_registration(pool=PoolName("next"))
COUNTED: Final = Breaker(pool=POOL, revision=1)
THIRD: Final = a_registration(pool=PoolName("third"))


KEPT: Final = an_environment(a_key(2))
OWN: Final = a_waiter(1)
GONE: Final = a_waiter(2, last_ask=after(hours=-1))
LIMITED: Final = an_allocation(slots=(0,))
BEATING: Final = an_allocation(heartbeat=timedelta(minutes=1))
SILENT: Final = replace(IN_USE, wake_at=after(minutes=1))
BURIED: Final = tombstone(ALLOCATION, RUNNER, outcome="x", now=NOW)
TOMB: Final = replace(slot_of(BURIED, 3), allocation=OTHER_ALLOCATION, until=after(hours=-1))
COMPLETED: Final = Completed(
    issuer=GITHUB_COM,
    repository_id=RepositoryId("900000001"),
    run_id=RunId("7000000001"),
    run_attempt=1,
    job=None,
    conclusion="failure",
)
OVER: Final = {row.id: row for row in over.rows_of(COMPLETED, NOW)}
FORGOTTEN: Final = Slot(id=SlotKey(RULE, 0), allocation=OTHER_ALLOCATION, until=after(hours=-1))


def _operate(before: Environment, event: Event) -> Case:
    return _of(before, changes.operate(before, event, fence=OTHER_ALLOCATION, now=NOW, limit=LIMIT))


def _found_clean(**row: Any) -> Case:
    before = replace(CLEANING, **row)
    return _of(before, changes.found_clean(before, now=NOW, report=None))


# The part before the colon is the builder.
CASES: Final[dict[str, Case]] = {
    "start": Case((FREE,), tuple(changes.start(an_allocation(), {KEY: FREE}))),
    "start: behind waiters": Case(
        (FREE, KEPT, OWN, FORGOTTEN),
        tuple(changes.start(LIMITED, {KEY: FREE}, kept=[KEPT], waiter=OWN, forgotten=[FORGOTTEN])),
    ),
    "wait": Case((), tuple(changes.wait(OWN, None, key=ALLOCATION))),
    "wait: again": Case((OWN,), tuple(changes.wait(replace(OWN, last_ask=after(seconds=9)), OWN))),
    "wait: sweeping": Case((GONE,), tuple(changes.wait(OWN, None, swept=[GONE]))),
    "hold_slots": Case((), tuple(changes.hold_slots(LIMITED))),
    "hold_slots: forgotten": Case((FORGOTTEN,), tuple(changes.hold_slots(LIMITED, [FORGOTTEN]))),
    "counted": Case((an_allocation(),), tuple(changes.counted(an_allocation(), (0,)))),
    "bury": Case((TOMB,), tuple(changes.bury(BURIED, slot_of(BURIED, 3)))),
    "run_over": Case((), tuple(changes.run_over(over.rows_of(COMPLETED, NOW)))),
    "start: of a run": Case((FREE,), tuple(changes.start(an_allocation(run=a_run()), {KEY: FREE}))),
    "end: with slots": Case(
        (LIMITED, a_history_entry(), *slots_of(LIMITED)),
        tuple(changes.end(LIMITED, now=NOW, outcome="ok", by=EndedBy.OWNER)),
    ),
    "end": Case(
        (an_allocation(), a_history_entry()),
        tuple(changes.end(an_allocation(), now=NOW, outcome="ok", by=EndedBy.OWNER)),
    ),
    "let_go": _of(IN_USE, changes.let_go(KEY, ALLOCATION, now=NOW, limit=LIMIT)),
    "let_go: silent": _of(
        SILENT, changes.let_go(KEY, ALLOCATION, now=after(minutes=1), limit=LIMIT, silent=SILENT.wake_at)
    ),
    "heard": _of(SILENT, changes.heard(BEATING, now=after(seconds=30))),
    "spare": _of(SILENT, changes.spare(SILENT, BEATING, now=after(minutes=9))),
    "beat": _of(CLEANING, changes.beat(CLEANING, now=NOW)),
    "found_clean: free": _found_clean(),
    "found_clean: free with the next registration": _found_clean(next_registered=NEXT),
    "found_clean: held": _found_clean(hold=True),
    "found_clean: gone": _found_clean(mark=Mark.DEREGISTERING),
    "found_dirty": _of(CLEANING, changes.found_dirty(CLEANING, now=NOW, reason="blocked", report=None)),
    "breaker: first": Case((), (changes.breaker(None, COUNTED),)),
    "breaker: next": Case((COUNTED,), (changes.breaker(COUNTED, replace(COUNTED, revision=2)),)),
    "blocked": _of(CLEANING, changes.blocked(CLEANING, now=NOW, pause=LIMIT, report=None)),
    "next_attempt": _of(CLEANING, changes.next_attempt(CLEANING, now=NOW)),
    "orphaned": _of(IN_USE, changes.orphaned(IN_USE, now=NOW)),
    "told": _of(DIRTY, changes.told(DIRTY, "0f")),
    "short_told": Case((SHORT,), (changes.short_told(SHORT),)),
    "short_over": Case((SHORT,), (changes.short_over(SHORT),)),
    "watched": _of(FREE, changes.watched(FREE, now=after(hours=6))),
    "born": Case((), (changes.born(a_registration(), fence=ALLOCATION, now=NOW, limit=LIMIT),)),
    "reregister: free": _of(FREE, changes.reregister(FREE, NEXT, now=NOW)),
    "reregister: later": _of(IN_USE, changes.reregister(IN_USE, NEXT, now=NOW)),
    "deregister: gone": _of(FREE, changes.deregister(FREE)),
    "deregister: drains": _of(IN_USE, changes.deregister(IN_USE)),
    "operate: clean": _operate(DIRTY, Event.CLEAN),
    "operate: reinstate": _operate(DIRTY, Event.REINSTATE),
    "operate: reinstate what is leaving": _operate(LEAVING, Event.REINSTATE),
    "operate: discard": _operate(LEAVING, Event.DISCARD),
    "operate: hold now": _operate(FREE, Event.HOLD),
    "operate: hold later": _operate(IN_USE, Event.HOLD),
    "operate: resume": _operate(HELD, Event.RESUME),
    "operate: resume before it was held": _operate(replace(IN_USE, hold=True), Event.RESUME),
    "operate: release": _operate(IN_USE, Event.RELEASE),
}

Story = tuple[str, "dict[str, Any] | Row"]
"""What happened meanwhile, and what it did to the row (or the row that it made)."""

TENANT: Final[dict[str, Story]] = {
    "status": ("it went elsewhere meanwhile", {"status": Status.HELD}),
    "allocation": ("it has another tenant by now", {"allocation": OTHER_ALLOCATION}),
}
CLEANUP: Final[dict[str, Story]] = {
    "status": ("it was given up as overdue", {"status": Status.DIRTY}),
    "allocation": ("a late word about an earlier tenant", {"allocation": OTHER_ALLOCATION}),
    "attempt": ("a late word of an attempt that was replaced", {"attempt": 2}),
}
HEARD: Final[dict[str, Story]] = {"wake_at": ("a heartbeat came meanwhile", {"wake_at": after(minutes=2)})}
MARKS: Final[dict[str, Story]] = {
    "mark": ("the configuration dropped it meanwhile", {"mark": Mark.DEREGISTERING}),
    "hold": ("an operator asked to hold it meanwhile", {"hold": True}),
    "next_registered": ("the configuration changed meanwhile", {"next_registered": THIRD}),
}
MARKS_OF_LEAVING: Final = MARKS | {"mark": ("the configuration named it again", {"mark": Mark.REGISTERED})}
MARKS_OF_HELD: Final = MARKS | {"hold": ("the operator took the hold back", {"hold": False})}
ACT: Final = {
    **TENANT,
    "attempt": ("another operator had it cleaned, and it is as before", {"attempt": 7}),
    **MARKS,
}

ACT_OF_DIRTY: Final[dict[str, Story]] = {
    **TENANT,
    "attempt": ("it was cleaned again, and is dirty again", {"attempt": 7}),
}
RECOVERED: Final[dict[str, Story]] = {"since": ("it was over, and is exhausted again", {"since": after(hours=1)})}
IN_LINE: Final[dict[str, Story]] = {"Waiter": ("it asked twice at once", a_waiter(1, last_ask=after(seconds=3)))}
SLOTS: Final[dict[str, Story]] = {
    "Slot": ("somebody else of the rule took it", replace(FORGOTTEN, allocation=OTHER_ALLOCATION, until=after(hours=3)))
}
ASKED_MEANWHILE: Final[dict[str, Story]] = {"last_ask": ("it asked meanwhile", {"last_ask": after(seconds=5)})}
NOT_FORGOTTEN: Final[dict[str, Story]] = {"allocation": ("somebody else took it over", {"allocation": an_id(7)})}
TAKE: Final[dict[str, Story]] = {
    "Allocation": ("the id was released before the allocation came", an_allocation(status=AllocationStatus.ENDED)),
    "HistoryEntry": ("its history tells of it already", a_history_entry(outcome="told")),
    "status": ("an operator holds it", {"status": Status.HELD}),
    "freed_at": ("it was taken, cleaned and freed again since it was read", {"freed_at": after(hours=4)}),
    "mark": ("the configuration dropped it", {"mark": Mark.DEREGISTERING}),
}

STORIES: Final[dict[str, dict[str, Story]]] = {
    "start: behind waiters": TAKE | NOT_FORGOTTEN | {"registered": ("its registration changed", {"registered": NEXT})},
    "wait": IN_LINE | {"no allocation": ("the key was granted meanwhile", an_allocation())},
    "wait: again": ASKED_MEANWHILE,
    "wait: sweeping": IN_LINE | ASKED_MEANWHILE,
    "hold_slots": SLOTS,
    "hold_slots: forgotten": NOT_FORGOTTEN,
    "counted": SLOTS
    | {
        "status": ("it ended meanwhile", {"status": AllocationStatus.ENDED}),
        "slots": ("another deployment counted it", {"slots": (4,)}),
    },
    "end: with slots": {
        "status": ("it was ended already", {"status": AllocationStatus.ENDED}),
        "ended": ("its history tells of its end already", {"ended": after(hours=1)}),
        **NOT_FORGOTTEN,
    },
    "start": TAKE | {"registered": ("its registration changed", {"registered": NEXT})},
    "bury": {
        "Allocation": ("the allocation came first", an_allocation()),
        "until": ("another DELETE of this owner took the slot", {"until": after(minutes=9)}),
    },
    "run_over": {},
    "start: of a run": TAKE
    | {
        "registered": ("its registration changed", {"registered": NEXT}),
        "not over attempt": ("GitHub said that its run is over", OVER[over.checked_by(an_allocation(run=a_run()))[0]]),
        "not over job": (
            "GitHub said that its job is over",
            over.rows_of(replace(COMPLETED, job="6000000001"), NOW)[0],
        ),
    },
    "end": {
        "status": ("it was ended already", {"status": AllocationStatus.ENDED}),
        "ended": ("its history tells of its end already", {"ended": after(hours=1)}),
    },
    "let_go": TENANT,
    "let_go: silent": TENANT | HEARD,
    "heard": TENANT | HEARD,
    "spare": TENANT | HEARD,
    "beat": CLEANUP,
    "found_clean: free": CLEANUP | MARKS,
    "found_clean: free with the next registration": CLEANUP | MARKS,
    "found_clean: held": CLEANUP | MARKS_OF_HELD,
    "found_clean: gone": CLEANUP | MARKS_OF_LEAVING,
    "found_dirty": CLEANUP,
    "breaker: first": {"Breaker": ("another environment was counted first", replace(COUNTED, revision=9))},
    "breaker: next": {"revision": ("another environment was counted meanwhile", {"revision": 9})},
    "blocked": CLEANUP,
    "next_attempt": CLEANUP | {"wake_at": ("the silent cleanup spoke again", {"wake_at": after(minutes=9)})},
    "orphaned": TENANT,
    "told": ACT_OF_DIRTY,
    "short_told": RECOVERED,
    "short_over": RECOVERED,
    "watched": {
        "status": ("an operator holds it", {"status": Status.HELD}),
        "freed_at": ("it was taken, cleaned and freed again since it was read", {"freed_at": after(hours=4)}),
        "watched_at": ("another scan began", {"watched_at": after(hours=5)}),
    },
    "born": {"Environment": ("another deployment registered it, and it is in use", IN_USE)},
    "reregister: free": TENANT | MARKS,
    "reregister: later": TENANT | MARKS,
    "deregister: gone": {
        "status": ("it was taken", {"status": Status.IN_USE}),
        "freed_at": ("it was freed anew", {"freed_at": after(hours=4)}),
    },
    "deregister: drains": TENANT,
    "operate: clean": ACT,
    "operate: reinstate": ACT,
    "operate: reinstate what is leaving": ACT | MARKS_OF_LEAVING,
    "operate: discard": ACT | MARKS_OF_LEAVING,
    "operate: hold now": ACT,
    "operate: hold later": ACT,
    "operate: resume": ACT | {"status": ("it was resumed already", {"status": Status.CLEANING})},
    "operate: resume before it was held": ACT | MARKS_OF_HELD,
    "operate: release": ACT,
}


def _name(change: Change, expected: Expectation) -> str:
    target = target_of(change)
    if isinstance(target, OverKey):
        return f"not over {target.part.partition('-')[0]}"
    if isinstance(expected, Absent):
        return type(change.row).__name__ if isinstance(change, Put) else "no allocation"
    return expected.field


EXPECTATIONS: Final = [
    pytest.param(case, number, which, id=f"{case}-{number}-{_name(change, expected)}")
    for case, made in CASES.items()
    for number, change in enumerate(made.changes)
    for which, expected in enumerate(change.expects)
]


def _fresh(row: Row, store: Store) -> None:
    store.commit([Put(row=row, expects=())], token=str(row))


def _peek(store: Store, target: Target) -> Row | None:
    """A row that no port reads by itself."""
    if isinstance(store, MemoryStore):
        return store._rows.get(target)
    assert isinstance(store, DynamoStore)
    return cast("Row | None", store._row(table_of(target), target))


def _look(store: Store, target: Target) -> Row | None:
    if isinstance(target, EnvironmentKey):
        return store.environment(target)
    if isinstance(target, changes.HistoryKey):
        found = store.history_of(target.key, since=target.at, until=target.at, cursor=None).entries
        return next(iter(found), None)
    if isinstance(target, WaiterKey):
        return next((row for row in store.waiters(target.pool) if row.id == target), None)
    if isinstance(target, SlotKey | OverKey | TombstoneSlotKey):
        return _peek(store, target)
    if isinstance(target, ShortageKey):
        return store.shortage(target.pool)
    return store.breaker(target.pool) if isinstance(target, PoolKey) else store.allocation(target)


def break_(store: Store, case: Case, number: int, story: Story) -> None:
    """Write the rows as they are when the write comes: all as it expects, but for one thing."""
    rows: dict[Target, Row] = {target_of(Put(row=row)): row for row in case.before}
    target, (_, meanwhile) = target_of(case.changes[number]), story
    if isinstance(
        meanwhile,
        Environment | Allocation | HistoryEntry | Waiter | Slot | Breaker | Over | Shortage | TombstoneSlot,
    ):
        rows[target] = meanwhile
    else:
        rows[target] = replace(rows[target], **meanwhile)
    if isinstance(target, EnvironmentKey) and isinstance(row := rows[target], Environment):
        rows[target] = replace(row, registered=replace(row.registered, key=target))
    for row in rows.values():
        _fresh(row, store)


class ExpectationsContract:
    """Subclasses give `store`."""

    @pytest.mark.parametrize("case", CASES)
    def test_the_write_goes_through_when_nothing_happened(self, store: Store, case: str) -> None:
        for row in CASES[case].before:
            _fresh(row, store)
        store.commit(CASES[case].changes, token="t")

    @pytest.mark.parametrize(("case", "number", "which"), EXPECTATIONS)
    def test_each_expectation_alone_stops_the_write(self, store: Store, case: str, number: int, which: int) -> None:
        made = CASES[case]
        change = made.changes[number]
        name = _name(change, change.expects[which])
        assert name in STORIES[case], f"{case} expects {name}: tell in STORIES what could break only that"
        break_(store, made, number, STORIES[case][name])
        targets = [target_of(each) for each in made.changes]
        found = [_look(store, target) for target in targets]

        with pytest.raises(Conflict) as conflict:
            store.commit(made.changes, token="as it is")
        assert conflict.value.actual == {number: found[number]}
        assert [_look(store, target) for target in targets] == found

        careless = replace(change, expects=change.expects[:which] + change.expects[which + 1 :])
        kept = [] if isinstance(careless, ConditionCheck) and not careless.expects else [careless]
        store.commit([*made.changes[:number], *kept, *made.changes[number + 1 :]], token="careless")


class TestMemoryStore(ExpectationsContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()


class TestDynamoStoreOnMoto(ExpectationsContract):
    @pytest.fixture
    def store(self, moto_client: Callable[[str], Any]) -> Store:
        client = moto_client("dynamodb")
        return DynamoStore(client, create_tables(client))


def test_every_builder_has_a_case() -> None:
    builders = {
        name
        for name, value in inspect.getmembers(changes, inspect.isfunction)
        if value.__module__ == changes.__name__ and not name.startswith("_")
    } - {"target_of", "applied"}
    assert {case.partition(":")[0] for case in CASES} == builders


def test_every_story_is_about_an_expectation() -> None:
    expected = {
        case: {_name(change, each) for change in made.changes for each in change.expects}
        for case, made in CASES.items()
    }
    assert {case: set(stories) for case, stories in STORIES.items()} == expected
