"""What every store promises (ports.Store), as one suite; each adapter subclasses it with a `store` of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from atmosphere.core import changes, over
from atmosphere.core.access import VerifiedCaller
from atmosphere.core.breaker import Breaker, Case
from atmosphere.core.changes import Absent, Before, Delete, Is, Put, Update
from atmosphere.core.lifecycle import Event
from atmosphere.core.model import (
    ADMIN,
    ActKind,
    AllocationStatus,
    EndedBy,
    Mark,
    PoolName,
    Region,
    RoleArn,
    RoleName,
    RuleName,
    Status,
)
from atmosphere.core.queue import WaiterKey
from atmosphere.core.quota import slots_of
from atmosphere.core.shortage import Shortage, ShortageKey
from atmosphere.core.tombstone import slot_of, tombstone
from atmosphere.core.webhook import Completed
from atmosphere.ports import Conflict, InvalidCursor, TokenReused
from tests.builders import (
    ALLOCATION,
    KEY,
    LIMIT,
    NOW,
    OTHER_ALLOCATION,
    OWNER,
    POOL,
    a_history_entry,
    a_key,
    a_registration,
    a_run,
    a_waiter,
    after,
    an_allocation,
    an_environment,
    an_id,
    an_item,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from atmosphere.core.changes import Row
    from atmosphere.core.model import Environment, EnvironmentKey, HistoryEntry
    from atmosphere.ports import Page, Store

EVERYTHING = an_environment(
    registered=a_registration(
        capabilities={"gpu": True, "zones": ["a", "b"], "limits": {"vpc": 5, "share": 0.5}},
        regions=(Region("eu-central-1"), Region("us-east-1")),
        keep=("role/Keep*", "bucket/logs"),
        roles={
            ADMIN: RoleArn("arn:aws:iam::222222222222:role/A"),
            RoleName("reader"): RoleArn("arn:aws:iam::2:role/R"),
        },
    ),
    status=Status.CLEANING,
    mark=Mark.DEREGISTERING,
    next_registered=a_registration(pool=PoolName("next")),
    hold=True,
    capture=True,
    spared=True,
    attempt=3,
    blocked=2,
    freed_at=after(seconds=1),
    dirty_reason="why not",
    report="cleanups/x/report.json",
)


def _write(store: Store, *rows: Row) -> None:
    for row in rows:
        store.commit([Put(row=row, expects=())], token=f"write {row}")


def _all(pages: Iterable[Sequence[Environment]]) -> list[Environment]:
    return [row for page in pages for row in page]


class StoreContract:
    """Subclasses give `store`, with pages of three rows."""

    keeps_tokens = True

    # --- rows ------------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "row",
        [an_environment(status=status) for status in Status] + [EVERYTHING],
        ids=[*Status, "every field"],
    )
    def test_an_environment_comes_back_as_it_was_written(self, store: Store, row: Environment) -> None:
        _write(store, row)
        assert store.environment(row.key) == row

    def test_an_allocation_comes_back_as_it_was_written(self, store: Store) -> None:
        ended = an_allocation(
            items=(an_item(name="a", session_policy='{"Statement": []}'), an_item(a_key(2), name="b")),
            status=AllocationStatus.ENDED,
            release_token_hash="f" * 64,
            ended=after(hours=1),
            outcome="ok ✓",
            ended_by=EndedBy.LOST,
            heartbeat=timedelta(seconds=90),
        )
        tombstone = an_allocation(id=an_id(2), items=(), status=AllocationStatus.ENDED)
        _write(store, an_allocation(id=an_id(1)), tombstone, ended)
        assert store.allocation(an_id(1)) == an_allocation(id=an_id(1))
        assert store.allocation(an_id(2)) == tombstone
        assert store.allocation(ALLOCATION) == ended

    def test_a_history_row_comes_back_as_it_was_written(self, store: Store) -> None:
        entry = a_history_entry(reason="because", ended=after(minutes=1), outcome="failed", ended_by=EndedBy.OPERATOR)
        _write(store, entry)
        assert self._of(store).entries == (entry,)

    def test_a_breaker_comes_back_as_it_was_written(self, store: Store) -> None:
        case = Case(key=a_key(2), at=after(seconds=1), owner="0f", rule="runners", things=("a1", "b2"))
        for breaker in (Breaker(pool=POOL), Breaker(pool=POOL, revision=3, cases=(case,), opened=NOW, thing="T:x@r")):
            _write(store, breaker)
            assert store.breaker(POOL) == breaker
        assert store.breaker(PoolName("other")) is None

    def test_a_breaker_is_replaced_only_by_whoever_read_it(self, store: Store) -> None:
        first, second = Breaker(pool=POOL, revision=1), Breaker(pool=POOL, revision=2)
        store.commit([changes.breaker(None, first)], token="first")
        for late in (None, second):
            with pytest.raises(Conflict):
                store.commit([changes.breaker(late, second)], token=f"late {late}")
        store.commit([changes.breaker(first, second)], token="second")
        assert store.breaker(POOL) == second

    def test_a_shortage_is_beside_its_pools_breaker(self, store: Store) -> None:
        shortage = Shortage(id=ShortageKey(POOL), since=after(seconds=1))
        _write(store, Breaker(pool=POOL, revision=3))
        _write(store, shortage)
        assert store.shortage(POOL) == shortage
        store.commit([changes.short_told(shortage)], token="told")
        assert store.shortage(POOL) == replace(shortage, told=True)
        assert store.breaker(POOL) == Breaker(pool=POOL, revision=3)
        store.commit([changes.short_over(shortage)], token="over")
        assert store.shortage(POOL) is None
        assert store.shortage(PoolName("other")) is None

    def test_what_is_not_there_is_none(self, store: Store) -> None:
        assert store.environment(KEY) is None
        assert store.allocation(ALLOCATION) is None
        assert store.environments() == []

    def test_an_instant_of_another_zone_is_the_same_instant(self, store: Store) -> None:
        elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
        _write(store, an_environment(freed_at=elsewhere))
        store.commit([Update(target=KEY, expects=(Is("freed_at", NOW),), sets={"hold": True})], token="t")
        found = store.environment(KEY)
        assert found is not None
        assert found.freed_at == NOW

    # --- commit ----------------------------------------------------------------------------------------------------

    def test_all_changes_are_applied_together(self, store: Store) -> None:
        keys = [a_key(1), a_key(2)]
        rows = {key: an_environment(key) for key in keys}
        _write(store, *rows.values())
        allocation = an_allocation(*keys)
        store.commit(changes.start(allocation, rows), token="take")
        assert store.allocation(ALLOCATION) == allocation
        for key in keys:
            taken = store.environment(key)
            assert taken is not None
            assert (taken.status, taken.allocation) == (Status.IN_USE, ALLOCATION)
            assert (taken.deadline, taken.wake_at) == (allocation.deadline, allocation.deadline)
            assert taken.freed_at is None
            assert [entry.id for entry in self._of(store, key=key).entries] == [ALLOCATION]

    def test_one_broken_expectation_leaves_everything_as_it_was(self, store: Store) -> None:
        keys = [a_key(1), a_key(2)]
        rows = {key: an_environment(key) for key in keys}
        dirty = an_environment(keys[1], status=Status.DIRTY)
        _write(store, rows[keys[0]], dirty)
        with pytest.raises(Conflict):
            store.commit(changes.start(an_allocation(*keys), rows), token="take")
        assert store.environments() == [rows[keys[0]], dirty]
        assert store.allocation(ALLOCATION) is None
        assert self._of(store, key=keys[0]).entries == ()

    def test_a_conflict_tells_what_was_found_in_the_way(self, store: Store) -> None:
        held = an_environment(a_key(1), status=Status.HELD)
        other = an_allocation(owner="iam:111111111111:role/other")
        _write(store, held, other)
        with pytest.raises(Conflict) as conflict:
            store.commit(
                [
                    changes.let_go(a_key(1), ALLOCATION, now=NOW, limit=LIMIT),
                    Put(row=an_environment(a_key(2))),
                    changes.let_go(a_key(3), ALLOCATION, now=NOW, limit=LIMIT),
                    Put(row=an_allocation()),
                ],
                token="t",
            )
        assert conflict.value.actual == {0: held, 2: None, 3: other}

    def test_an_update_does_not_make_a_row(self, store: Store) -> None:
        with pytest.raises(Conflict) as conflict:
            store.commit([Update(target=KEY, expects=(Is("hold", None),), sets={"hold": True})], token="t")
        assert conflict.value.actual == {0: None}
        with pytest.raises(Conflict):
            store.commit([Update(target=KEY, expects=(), sets={"hold": True})], token="u")
        assert store.environment(KEY) is None

    def test_a_deletion_needs_its_row(self, store: Store) -> None:
        with pytest.raises(Conflict):
            store.commit([Delete(target=KEY, expects=())], token="t")

    def test_a_put_may_expect_the_row_it_replaces(self, store: Store) -> None:
        row = an_environment()
        expects = (Is("status", Status.FREE), Is("report", None))
        with pytest.raises(Conflict):
            store.commit([Put(row=row, expects=expects)], token="t")
        _write(store, row)
        store.commit([Put(row=replace(row, report="new"), expects=expects)], token="u")
        assert store.environment(KEY) == replace(row, report="new")

    def test_an_update_cannot_expect_that_there_is_no_row(self, store: Store) -> None:
        _write(store, an_environment())
        with pytest.raises(Conflict):
            store.commit([Update(target=KEY, expects=(Absent(),), sets={"hold": True})], token="t")

    def test_an_update_may_expect_an_earlier_instant_or_none(self, store: Store) -> None:
        _write(store, an_environment(watched_at=NOW))
        for at in (NOW, after(microseconds=-1)):
            with pytest.raises(Conflict) as conflict:
                store.commit([Update(target=KEY, expects=(Before("watched_at", at),), sets={"hold": True})], token="t")
            assert conflict.value.actual == {0: an_environment(watched_at=NOW)}
        later = Before("watched_at", after(microseconds=1).astimezone(timezone(timedelta(hours=-7))))
        store.commit([Update(target=KEY, expects=(later,), sets={"watched_at": None})], token="u")
        store.commit([Update(target=KEY, expects=(Before("watched_at", NOW),), sets={"hold": True})], token="v")
        assert self._row(store) == an_environment(hold=True)

    def test_only_a_put_makes_the_row_that_may_be_earlier(self, store: Store) -> None:
        expects = (Before("watched_at", NOW),)
        with pytest.raises(Conflict):
            store.commit([Update(target=KEY, expects=expects, sets={"hold": True})], token="t")
        store.commit([Put(row=an_environment(watched_at=NOW), expects=expects)], token="u")
        with pytest.raises(Conflict):
            store.commit([Put(row=an_environment(), expects=expects)], token="v")
        assert self._row(store) == an_environment(watched_at=NOW)

    def test_a_heartbeat_is_recorded_and_a_late_one_takes_nothing_back(self, store: Store) -> None:
        allocation = an_allocation(heartbeat=timedelta(minutes=1))
        row = an_environment()
        _write(store, row)
        store.commit(changes.start(allocation, {KEY: row}), token="take")
        assert self._row(store).wake_at == after(minutes=1)
        assert store.waking(after(minutes=1), 9) == [self._row(store)]
        store.commit([changes.heard(allocation, now=after(seconds=40))], token="beat")
        with pytest.raises(Conflict) as conflict:
            store.commit([changes.heard(allocation, now=after(seconds=39))], token="late")
        assert conflict.value.actual == {0: self._row(store)}
        assert self._row(store).wake_at == after(seconds=100)
        assert store.waking(after(minutes=1), 9) == []
        assert store.allocation(ALLOCATION) == allocation

    def test_what_was_silent_when_it_was_read_may_have_been_heard_since(self, store: Store) -> None:
        allocation = an_allocation(heartbeat=timedelta(minutes=1))
        row = an_environment()
        _write(store, row)
        store.commit(changes.start(allocation, {KEY: row}), token="take")
        silent = self._row(store)
        store.commit([changes.heard(allocation, now=after(seconds=61))], token="beat")
        losing = changes.let_go(KEY, ALLOCATION, now=after(seconds=61), limit=LIMIT, silent=silent.wake_at)
        for change in (losing, changes.spare(silent, allocation, now=after(seconds=61))):
            with pytest.raises(Conflict):
                store.commit([change], token=f"{change}")
        spare = changes.spare(self._row(store), allocation, now=after(hours=1))
        store.commit([spare], token="spare")
        assert (self._row(store).spared, self._row(store).wake_at) == (True, after(hours=1, minutes=1))

    @pytest.mark.parametrize("job", [None, "6000000001"], ids=["attempt", "job"])
    def test_a_run_that_is_over_is_allocated_nothing_more(self, store: Store, job: str | None) -> None:
        told = Completed(
            issuer=a_run().issuer,
            repository_id=a_run().repository_id,
            run_id=a_run().run_id,
            run_attempt=1,
            job=job,
            conclusion="failure",
        )
        rows = over.rows_of(told, NOW)
        for again in range(2):
            store.commit(changes.run_over(over.rows_of(told, after(minutes=again))), token=f"over {again}")
        row = an_environment()
        _write(store, row)
        with pytest.raises(Conflict) as conflict:
            store.commit(changes.start(an_allocation(run=a_run()), {KEY: row}), token="take")
        (found,) = conflict.value.actual.values()
        assert isinstance(found, over.Over)
        assert found.id in {each.id for each in rows}
        assert found.until == after(hours=1, minutes=1)
        assert store.environment(KEY) == row
        rerun = an_allocation(run=a_run(run_attempt="2", check_run_id="6000000009"))
        store.commit(changes.start(rerun, {KEY: row}), token="rerun")

    def test_a_tombstone_takes_a_slot_that_is_free_or_needed_no_longer(self, store: Store) -> None:
        caller = VerifiedCaller(owner=OWNER)
        made = [tombstone(an_id(number), caller, outcome="x", now=NOW) for number in (1, 2)]
        later = tombstone(an_id(3), caller, outcome="x", now=after(minutes=16))
        store.commit(changes.bury(made[0], slot_of(made[0], 5)), token="first")
        with pytest.raises(Conflict) as conflict:
            store.commit(changes.bury(made[1], slot_of(made[1], 5)), token="second")
        assert conflict.value.actual == {1: slot_of(made[0], 5)}
        assert store.allocation(an_id(2)) is None
        store.commit(changes.bury(later, slot_of(later, 5)), token="later")
        assert store.allocation(an_id(3)) == later
        assert list(store.slots()) == []

    @pytest.mark.parametrize(
        ("mine", "theirs"),
        [({"n": 1}, {"n": True}), ({"n": 1}, {"n": 1.0}), ({"a": "1", "b": "2"}, {"a": "1", "b": "3"})],
    )
    def test_registrations_that_only_python_calls_equal_are_not(
        self, store: Store, mine: dict[str, object], theirs: dict[str, object]
    ) -> None:
        _write(store, an_environment(registered=a_registration(capabilities=theirs)))
        expects = (Is("registered", a_registration(capabilities=mine)),)
        with pytest.raises(Conflict):
            store.commit([Delete(target=KEY, expects=expects)], token="t")

    def test_the_order_of_keys_in_a_registration_does_not_matter(self, store: Store) -> None:
        _write(store, an_environment(registered=a_registration(capabilities={"a": 1, "b": 2})))
        expects = (Is("registered", a_registration(capabilities={"b": 2, "a": 1})),)
        store.commit([Delete(target=KEY, expects=expects)], token="t")
        assert store.environments() == []

    def test_a_hundred_changes_go_in_one_commit(self, store: Store) -> None:
        rows = [an_environment(a_key(number)) for number in range(100)]
        store.commit([Put(row=row) for row in rows], token="t")
        assert store.environments() == rows

    # --- tokens ----------------------------------------------------------------------------------------------------

    def test_the_same_token_has_no_further_effect(self, store: Store) -> None:
        self._needs_tokens()
        taking = changes.start(an_allocation(), {KEY: an_environment()})
        _write(store, an_environment())
        store.commit(taking, token="take")
        store.commit([changes.let_go(KEY, ALLOCATION, now=NOW, limit=LIMIT)], token="let go")
        cleaning = store.environment(KEY)
        store.commit(taking, token="take")
        assert store.environment(KEY) == cleaning

    def test_a_token_of_any_length_serves(self, store: Store) -> None:
        self._needs_tokens()
        first = Put(row=an_environment(a_key(1)))
        store.commit([first], token=f"{'x' * 100} 1")
        store.commit([Put(row=an_environment(a_key(2)))], token=f"{'x' * 100} 2")
        store.commit([first], token=f"{'x' * 100} 1")
        assert len(store.environments()) == 2

    def test_a_token_that_was_used_for_something_else_is_a_bug(self, store: Store) -> None:
        self._needs_tokens()
        store.commit([Put(row=an_environment(a_key(1)))], token="t")
        with pytest.raises(TokenReused):
            store.commit([Put(row=an_environment(a_key(2)))], token="t")

    def test_a_conflict_does_not_use_up_the_token(self, store: Store) -> None:
        self._needs_tokens()
        letting_go = [changes.let_go(KEY, ALLOCATION, now=NOW, limit=LIMIT)]
        with pytest.raises(Conflict):
            store.commit(letting_go, token="t")
        _write(store, an_environment(status=Status.IN_USE))
        store.commit(letting_go, token="t")
        found = store.environment(KEY)
        assert found is not None
        assert found.status is Status.CLEANING

    def _needs_tokens(self) -> None:
        if not self.keeps_tokens:
            pytest.skip("moto ignores ClientRequestToken")

    # --- by status -------------------------------------------------------------------------------------------------

    def test_free_rows_come_longest_free_first_in_pages(self, store: Store) -> None:
        order = [5, 2, 7, 1, 6, 3, 4]
        _write(store, *(an_environment(a_key(n), freed_at=after(microseconds=n)) for n in order))
        pages = [[row.key for row in page] for page in store.free(POOL)]
        assert [key for page in pages for key in page] == [a_key(n) for n in sorted(order)]
        assert [len(page) for page in pages] == [3, 3, 1]

    def test_only_the_free_rows_of_the_pool_are_free(self, store: Store) -> None:
        _write(store, *(an_environment(a_key(n), status=status) for n, status in enumerate(Status)))
        _write(store, an_environment(a_key(10), registered=a_registration(a_key(10), pool=PoolName("canary2"))))
        assert [row.status for row in _all(store.free(POOL))] == [Status.FREE]
        assert _all(store.free(PoolName("cana"))) == []

    def test_every_status_can_be_listed_asked_and_counted(self, store: Store) -> None:
        for number, status in enumerate(Status, start=1):
            _write(store, *(an_environment(a_key(number * 10 + i), status=status) for i in range(number)))
        assert store.counts(POOL) == {status: number for number, status in enumerate(Status, start=1)}
        for number, status in enumerate(Status, start=1):
            keys = {row.key for row in _all(store.holding(POOL, status))}
            assert keys == {a_key(number * 10 + i) for i in range(number)}
            assert store.any_with(POOL, status)

    def test_a_pool_without_rows_has_nothing_in_any_status(self, store: Store) -> None:
        assert store.counts(POOL) == dict.fromkeys(Status, 0)
        assert not any(store.any_with(POOL, status) for status in Status)
        assert list(store.free(POOL)) == []

    def test_a_row_moves_between_the_lists_all_its_life(self, store: Store) -> None:
        row = an_environment(freed_at=after(hours=-1))
        _write(store, row)
        self._expect_listed(store, Status.FREE)
        store.commit(changes.start(an_allocation(), {KEY: row}), token="1")
        self._expect_listed(store, Status.IN_USE)
        store.commit([changes.let_go(KEY, ALLOCATION, now=NOW, limit=LIMIT)], token="2")
        self._expect_listed(store, Status.CLEANING)
        store.commit([changes.found_dirty(self._row(store), now=NOW, reason="blocked", report=None)], token="3")
        self._expect_listed(store, Status.DIRTY)
        hold = changes.operate(self._row(store), Event.HOLD, fence=OTHER_ALLOCATION, now=NOW, limit=LIMIT)
        assert hold is not None
        store.commit([hold], token="4")
        self._expect_listed(store, Status.HELD)
        resume = changes.operate(self._row(store), Event.RESUME, fence=OTHER_ALLOCATION, now=NOW, limit=LIMIT)
        assert resume is not None
        store.commit([resume], token="5")
        self._expect_listed(store, Status.CLEANING)
        store.commit([changes.found_clean(self._row(store), now=after(hours=1), report="r")], token="6")
        self._expect_listed(store, Status.FREE)
        assert self._row(store).freed_at == after(hours=1)

    def test_a_changed_registration_moves_a_free_row_to_its_new_pool(self, store: Store) -> None:
        row = an_environment()
        _write(store, row)
        elsewhere = a_registration(pool=PoolName("elsewhere"))
        store.commit([changes.reregister(row, elsewhere, now=after(hours=1))], token="t")
        assert _all(store.free(POOL)) == []
        assert _all(store.free(PoolName("elsewhere"))) == [
            replace(row, registered=elsewhere, freed_at=after(hours=1)),
        ]

    def test_a_registration_that_waited_takes_effect_when_the_row_is_free(self, store: Store) -> None:
        row = an_environment(status=Status.CLEANING, next_registered=a_registration(pool=PoolName("elsewhere")))
        _write(store, row)
        assert store.counts(POOL)[Status.CLEANING] == 1
        store.commit([changes.found_clean(row, now=NOW, report=None)], token="t")
        assert sum(store.counts(POOL).values()) == 0
        assert store.counts(PoolName("elsewhere"))[Status.FREE] == 1

    def _row(self, store: Store) -> Environment:
        row = store.environment(KEY)
        assert row is not None
        return row

    def _expect_listed(self, store: Store, status: Status) -> None:
        assert store.counts(POOL) == dict.fromkeys(Status, 0) | {status: 1}
        assert _all(store.holding(POOL, status)) == [self._row(store)]

    # --- other indexes ---------------------------------------------------------------------------------------------

    def test_every_row_is_found_registered_or_deregistering(self, store: Store) -> None:
        rows = [
            an_environment(a_key(n), status=Status.DIRTY, mark=Mark.DEREGISTERING if n % 3 else Mark.REGISTERED)
            for n in range(120)
        ]
        _write(store, *reversed(rows))
        assert store.environments() == rows

    def test_the_rows_of_an_account_are_found_by_region(self, store: Store) -> None:
        rows = [an_environment(a_key(1, region)) for region in ("eu-west-1", "us-east-1")]
        _write(store, *reversed(rows), an_environment(a_key(2)))
        assert store.of_account(a_key(1).account) == rows
        assert store.of_account(a_key(3).account) == []

    def test_rows_wake_at_their_time_earliest_first(self, store: Store) -> None:
        rows = [an_environment(a_key(n), status=Status.CLEANING, wake_at=after(seconds=n)) for n in (3, 1, 5, 2, 4)]
        _write(store, *rows, an_environment(a_key(9)))
        assert [row.wake_at for row in store.waking(after(seconds=4), 10)] == [after(seconds=n) for n in (1, 2, 3, 4)]
        assert [row.wake_at for row in store.waking(after(seconds=4), 2)] == [after(seconds=1), after(seconds=2)]
        assert store.waking(after(microseconds=999_999), 10) == []

    def test_a_row_that_has_nothing_to_wait_for_does_not_wake(self, store: Store) -> None:
        row = an_environment(status=Status.CLEANING)
        _write(store, row)
        store.commit([changes.beat(row, now=after(minutes=5))], token="1")
        assert store.waking(after(minutes=6), 10) == []
        assert len(store.waking(after(minutes=7), 10)) == 1
        store.commit([changes.found_clean(row, now=NOW, report=None)], token="2")
        assert store.waking(after(days=1), 10) == []

    def test_the_waiters_are_those_of_the_pool_with_all_that_they_said(self, store: Store) -> None:
        plain = a_waiter(1)
        keeping = a_waiter(2, asked_for='{"environments":[{"name":"a"}]}', keeping_since=after(minutes=1))
        elsewhere = a_waiter(3, id=WaiterKey(PoolName("other"), "x"))
        _write(store, plain, keeping, elsewhere, *slots_of(an_allocation(slots=(1,))))
        assert sorted(store.waiters(POOL), key=lambda row: row.id) == [plain, keeping]
        store.commit([changes.Delete(target=plain.id, expects=())], token="gone")
        assert list(store.waiters(POOL)) == [keeping]
        with pytest.raises(Conflict):
            store.commit([changes.Delete(target=plain.id, expects=())], token="gone again")

    def test_the_slots_are_those_of_all_rules_until_their_allocations_end(self, store: Store) -> None:
        two = an_allocation(*(a_key(n) for n in range(2)), id=an_id(1), slots=(3, 12))
        one = an_allocation(a_key(2), id=an_id(2), rule=RuleName("other#rule"), slots=(0,))
        _write(store, two, one, a_waiter(1), *slots_of(two), *slots_of(one))
        _write(store, *(a_history_entry(item.key, id=two.id) for item in two.items))
        assert store.allocation(two.id) == two
        assert sorted(store.slots(), key=lambda row: row.id) == sorted(
            (*slots_of(two), *slots_of(one)), key=lambda row: row.id
        )
        store.commit(changes.end(two, now=after(hours=1), outcome="ok", by=EndedBy.OWNER), token="t")
        assert list(store.slots()) == slots_of(one)

    def test_a_condition_is_checked_on_a_row_that_is_not_written(self, store: Store) -> None:
        row, waiter = an_environment(), a_waiter(1)
        _write(store, row)
        free = changes.ConditionCheck(target=KEY, expects=(Is("status", Status.FREE),))
        taken = changes.ConditionCheck(target=KEY, expects=(Is("status", Status.IN_USE),))
        absent = changes.ConditionCheck(target=an_id(1), expects=(Absent(),))
        with pytest.raises(Conflict) as broken:
            store.commit([Put(row=waiter), absent, taken], token="broken")
        assert broken.value.actual == {2: row}
        assert list(store.waiters(POOL)) == []
        store.commit([Put(row=waiter), absent, free], token="kept")
        assert (store.environment(KEY), list(store.waiters(POOL))) == (row, [waiter])

    def test_a_run_has_its_active_allocations_oldest_first(self, store: Store) -> None:
        """Of all its attempts and jobs, and of no other run, repository or issuer."""
        run = a_run()
        again = a_run(run_attempt="2", check_run_id="6000000002")
        late = an_allocation(a_key(1), id=an_id(1), run=again, started=after(hours=1))
        early = an_allocation(a_key(2), id=an_id(2), run=run)
        others = [a_run(run_id="7"), a_run(repository_id="7"), a_run(issuer="https://ghe.example.com"), None]
        _write(store, late, early, *(an_allocation(id=an_id(10 + n), run=other) for n, other in enumerate(others)))
        _write(store, a_history_entry(a_key(2), id=an_id(2)))
        assert store.active_of_run(run.key) == [early, late]
        store.commit(changes.end(early, now=after(hours=2), outcome="ok", by=EndedBy.GITHUB), token="t")
        assert store.active_of_run(run.key) == [late]
        assert store.active_of_run(a_run(run_id="8").key) == []

    def test_what_has_ended_when_it_is_written_belongs_to_no_runs_active_ones(self, store: Store) -> None:
        tombstone = an_allocation(items=(), run=a_run(), status=AllocationStatus.ENDED, ended=NOW)
        _write(store, tombstone)
        assert store.active_of_run(a_run().key) == []

    # --- history ---------------------------------------------------------------------------------------------------

    def test_history_is_newest_first(self, store: Store) -> None:
        _write(store, *(a_history_entry(at=after(seconds=n), id=an_id(n)) for n in (2, 3, 1)))
        _write(store, a_history_entry(a_key(5), at=after(seconds=9), requester="somebody else"))
        assert [entry.id for entry in self._of(store).entries] == [an_id(3), an_id(2), an_id(1)]
        assert [entry.id for entry in self._by(store).entries] == [an_id(3), an_id(2), an_id(1)]

    def test_the_bounds_of_a_history_are_included(self, store: Store) -> None:
        _write(store, *(a_history_entry(at=after(seconds=n), id=an_id(n)) for n in range(5)))
        for page in (
            self._of(store, since=after(seconds=1), until=after(seconds=3)),
            self._by(store, since=after(seconds=1), until=after(seconds=3)),
        ):
            assert [entry.id for entry in page.entries] == [an_id(3), an_id(2), an_id(1)]
        assert self._of(store, since=after(seconds=3), until=after(seconds=1)).entries == ()

    def test_a_long_history_comes_in_pages_without_a_gap(self, store: Store) -> None:
        entries = [a_history_entry(at=after(seconds=n), id=an_id(n)) for n in range(120)]
        for start in range(0, 120, 60):
            store.commit([Put(row=entry) for entry in entries[start : start + 60]], token=f"{start}")
        assert self._walk(lambda cursor: self._of(store, cursor=cursor)) == entries[::-1]
        assert self._walk(lambda cursor: self._by(store, cursor=cursor)) == entries[::-1]
        assert len(self._of(store).entries) == 50

    def test_a_page_may_end_inside_an_allocation_of_several(self, store: Store) -> None:
        entries = [
            a_history_entry(a_key(item), at=after(seconds=n), id=an_id(n)) for n in range(8) for item in range(10)
        ]
        store.commit([Put(row=entry) for entry in entries], token="t")
        found = self._walk(lambda cursor: self._by(store, cursor=cursor))
        assert sorted(found, key=str) == sorted(entries, key=str)
        assert [entry.at for entry in found] == sorted((entry.at for entry in found), reverse=True)

    def test_an_end_is_told_in_the_history(self, store: Store) -> None:
        allocation = an_allocation()
        _write(store, allocation, a_history_entry())
        store.commit(changes.end(allocation, now=after(hours=1), outcome="ok", by=EndedBy.OWNER), token="t")
        entry = a_history_entry(ended=after(hours=1), outcome="ok", ended_by=EndedBy.OWNER)
        assert self._of(store).entries == (entry,)
        assert self._by(store).entries == (entry,)

    def test_what_nobody_requested_is_nobodys_history(self, store: Store) -> None:
        _write(store, a_history_entry(kind=ActKind.HOLD, requester="", reason="look at it"))
        assert store.history_by("", since=None, until=None, cursor=None).entries == ()
        assert len(self._of(store).entries) == 1

    @pytest.mark.parametrize("cursor", ["", "x", "é", "bnVsbA==", "WyJhIl0=", "WzEsMl0=", "////", "WyIyIiwieCJd"])
    def test_a_cursor_that_was_made_up_is_refused(self, store: Store, cursor: str) -> None:
        with pytest.raises(InvalidCursor):
            self._of(store, cursor=cursor)

    def test_a_cursor_of_another_history_is_refused(self, store: Store) -> None:
        store.commit([Put(row=a_history_entry(at=after(seconds=n), id=an_id(n))) for n in range(60)], token="t")
        cursor = self._of(store).cursor
        assert cursor is not None
        with pytest.raises(InvalidCursor):
            self._of(store, key=a_key(7), cursor=cursor)
        with pytest.raises(InvalidCursor):
            self._of(store, since=after(hours=1), cursor=cursor)

    def _of(self, store: Store, *, key: EnvironmentKey = KEY, **bounds: object) -> Page:
        return store.history_of(key, **({"since": None, "until": None, "cursor": None} | bounds))  # type: ignore[arg-type]

    def _by(self, store: Store, **bounds: object) -> Page:
        full = {"since": None, "until": None, "cursor": None} | bounds
        return store.history_by("github.com/acme/app/actions/runs/1", **full)  # type: ignore[arg-type]

    def _walk(self, read: Callable[[str | None], Page]) -> Sequence[HistoryEntry]:
        found: list[HistoryEntry] = []
        page = read(None)
        found += page.entries
        while page.cursor:
            page = read(page.cursor)
            found += page.entries
        return found
