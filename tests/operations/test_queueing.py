"""P9: a later caller never gets what an earlier one, still waiting, could use; and nothing is kept for the absent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atmosphere.core.changes import Delete, Put
from atmosphere.core.errors import AllDirty, Conflicting, KeyReused, PoolBusy, QuotaReached, Refused
from atmosphere.core.model import ActKind, AllocationId, RuleName, Status
from atmosphere.core.queue import GRACE, PLACE, PRESENT
from atmosphere.core.request import allocate_request, asked_party
from atmosphere.core.selection import matches
from atmosphere.operations.allocate import DryRun
from atmosphere.operations.register import Applied
from tests.builders import POOL, a_key, a_registration, a_waiter, an_environment, an_iam_rule, an_id
from tests.operations.line import Fault, Trap
from tests.operations.world import NEIGHBOUR, OPERATOR, World, a_caller, a_configuration, a_world, many

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.errors import Place
    from atmosphere.core.matching import Party
    from atmosphere.core.model import Environment, EnvironmentKey
    from atmosphere.core.queue import Waiter

FIRST, SECOND, THIRD = (a_caller(f"caller{number}") for number in range(3))
KEY: Final = an_id(1)
OTHER_KEY: Final = an_id(2)


def refused(world: World, caller: VerifiedCaller, **asked: Any) -> Place:
    """The place that a 423 tells."""
    with pytest.raises((PoolBusy, QuotaReached, AllDirty)) as raised:
        world.ask(caller=caller, **asked)
    assert raised.value.place is not None
    return raised.value.place


def taken_world(count: int = 1, **tuned: Any) -> tuple[World, list[AllocationId]]:
    """All environments are in use."""
    world = a_world(count, **tuned)
    return world, [world.allocate(caller=NEIGHBOUR, requester=f"holder {number}").id for number in range(count)]


def give_back(world: World, id_: AllocationId) -> None:
    world.deallocate(id_, caller=NEIGHBOUR)
    world.cleaning(world.cleanups.started[-1]).free(report=None)


def become(world: World, key: EnvironmentKey, status: Status) -> None:
    freed_at = world.clock.now() if status is Status.FREE else None
    world.rows.commit(
        [Put(row=replace(world.row(key), status=status, freed_at=freed_at), expects=())], token=world.ids.new()
    )


def line(world: World) -> list[str]:
    return [waiter.owner.rpartition("/")[2] for waiter in sorted(world.rows.waiters(POOL), key=lambda one: one.order)]


def test_who_came_first_is_served_first_whoever_asks_first_afterwards() -> None:
    world, (held,) = taken_world()
    assert (refused(world, FIRST).position, refused(world, SECOND).position) == (1, 2)
    give_back(world, held)
    assert refused(world, THIRD).position == 3
    assert refused(world, SECOND) == replace(refused(world, SECOND), position=2, waiting=3)
    assert world.allocate(caller=FIRST).owner == FIRST.owner
    assert line(world) == ["caller1", "caller2"]


def test_two_that_come_free_serve_the_first_two() -> None:
    world, held = taken_world(2)
    for caller in (FIRST, SECOND, THIRD):
        refused(world, caller)
    for id_ in held:
        give_back(world, id_)
    refused(world, THIRD)
    world.allocate(caller=SECOND)
    refused(world, THIRD)
    world.allocate(caller=FIRST)


def test_nothing_is_kept_for_one_that_did_not_ask_for_65_seconds_but_its_place_is() -> None:
    world, (held,) = taken_world()
    refused(world, FIRST)
    world.clock.advance(PRESENT)
    refused(world, SECOND)
    refused(world, FIRST)  # back again, and first
    give_back(world, held)
    refused(world, SECOND)
    world.clock.advance(PRESENT)
    world.allocate(caller=SECOND)


def test_a_place_is_lost_after_ten_minutes() -> None:
    world, _ = taken_world()
    refused(world, FIRST)
    world.clock.advance(PLACE)
    refused(world, SECOND)
    assert refused(world, FIRST).position == 2


def test_a_caller_with_a_key_is_present_until_its_next_ask_is_15_seconds_late() -> None:
    world, (held,) = taken_world()
    with pytest.raises(PoolBusy) as raised:
        world.ask(caller=FIRST, key=KEY)
    assert raised.value.retry_after is not None
    give_back(world, held)
    world.clock.advance(raised.value.retry_after + GRACE - timedelta(microseconds=1))
    refused(world, SECOND)
    world.clock.advance(timedelta(microseconds=1))
    world.allocate(caller=SECOND)


def test_sessions_of_one_role_are_told_apart_by_their_access_keys_and_the_same_ask_shares_a_place() -> None:
    world, _ = taken_world()
    one, other = replace(FIRST, session="one"), replace(FIRST, session="other")
    assert [refused(world, caller).position for caller in (one, other, one, other)] == [1, 2, 1, 2]


def test_a_waiter_that_could_not_use_it_keeps_nothing_from_others() -> None:
    gpu = a_registration(a_key(1), capabilities={"gpu": True})
    world = World(a_configuration(gpu, a_registration(a_key(2))))
    world.put(an_environment(gpu.key, registered=gpu, status=Status.IN_USE), an_environment(a_key(2)))
    refused(world, FIRST, constraints=[{"type": "capability", "value": "gpu"}])
    assert world.allocate(caller=SECOND).items[0].key == a_key(2)


def test_who_needs_a_certain_one_gets_it_although_an_earlier_one_would_take_any() -> None:
    gpu = a_registration(a_key(1), capabilities={"gpu": True})
    world = World(a_configuration(gpu, a_registration(a_key(2))))
    world.put(
        an_environment(gpu.key, registered=gpu, status=Status.IN_USE), an_environment(a_key(2), status=Status.IN_USE)
    )
    refused(world, FIRST)
    for key in (a_key(1), a_key(2)):
        become(world, key, Status.FREE)
    given = world.allocate(caller=SECOND, constraints=[{"type": "capability", "value": "gpu"}])
    assert given.items[0].key == a_key(1)
    assert world.allocate(caller=FIRST).items[0].key == a_key(2)


def test_what_is_kept_must_still_be_free_when_the_later_one_takes_its_own() -> None:
    """The earlier one takes the environment that was kept for it, and another became free for nobody: still fair."""
    world, held = taken_world(2)
    refused(world, FIRST)
    for id_ in held:
        give_back(world, id_)
    taken = []
    world.line.lay(Trap(4, meanwhile=lambda: taken.append(world.allocate(caller=FIRST))))
    world.allocate(caller=SECOND)
    assert {item.key for one in taken for item in one.items} <= {a_key(1), a_key(2)}
    assert {world.status(a_key(1)), world.status(a_key(2))} == {Status.IN_USE}


def test_a_later_one_whose_kept_row_is_taken_by_somebody_else_does_not_take_the_last() -> None:
    world, held = taken_world(2)
    refused(world, FIRST)
    for id_ in held:
        give_back(world, id_)

    def an_operator_holds_one() -> None:
        world.operating.act(a_key(2), ActKind.HOLD, reason="maintenance", caller=OPERATOR)

    world.line.lay(Trap(4, meanwhile=an_operator_holds_one))  # waiters, free, mint, commit
    refused(world, SECOND)
    world.allocate(caller=FIRST)


def test_a_group_keeps_what_it_finds_for_half_an_hour() -> None:
    world, held = taken_world(2)
    assert refused(world, FIRST, environments=many(2)).position == 1
    give_back(world, held[0])
    refused(world, FIRST, environments=many(2))  # keeps it from now on
    for _ in range(29):
        world.clock.advance(timedelta(minutes=1))
        refused(world, FIRST, environments=many(2))
        refused(world, SECOND)
    world.clock.advance(timedelta(minutes=1))
    world.allocate(caller=SECOND)


def test_a_group_that_can_never_be_complete_is_told_so_and_keeps_nothing() -> None:
    world, _ = taken_world(2)
    become(world, a_key(2), Status.DIRTY)
    with pytest.raises(AllDirty):
        world.ask(caller=FIRST, environments=many(2))
    become(world, a_key(1), Status.FREE)
    world.allocate(caller=SECOND)


def test_who_lacks_quota_waits_and_is_passed_over() -> None:
    small = an_iam_rule(name=RuleName("small"), roles=("caller0",), max_active=1)
    rest = an_iam_rule(name=RuleName("rest"), roles=("caller1", "caller2", "neighbour"))
    world = a_world(2)
    world.snapshot = replace(world.snapshot, access=replace(world.snapshot.access, iam=(small, rest)))
    mine = world.allocate(caller=FIRST)
    with pytest.raises(QuotaReached) as raised:
        world.ask(caller=FIRST, requester="another")
    assert raised.value.place is not None
    world.allocate(caller=SECOND)
    assert [slot.id.rule for slot in world.rows.slots()] == ["small"]
    world.deallocate(mine.id, caller=FIRST)
    assert world.rows.slots() == []


def test_a_key_that_waits_belongs_to_its_caller_and_its_request() -> None:
    world, _ = taken_world()
    refused(world, FIRST, key=KEY)
    with pytest.raises(Conflicting):
        world.ask(caller=SECOND, key=KEY)
    with pytest.raises(KeyReused):
        world.ask(caller=FIRST, key=KEY, requester="somebody else")


def test_a_request_that_is_granted_while_it_is_put_in_line_gets_its_allocation() -> None:
    world, (held,) = taken_world()

    def granted_meanwhile() -> None:
        give_back(world, held)
        world.allocate(caller=FIRST, key=KEY)

    world.line.lay(Trap(5, meanwhile=granted_meanwhile))  # allocation, waiters, free, any_with, commit
    assert world.allocate(caller=FIRST, key=KEY).id == KEY
    assert line(world) == []


def test_one_that_asks_twice_at_once_has_one_place() -> None:
    world, _ = taken_world()
    world.line.lay(Trap(4, meanwhile=lambda: refused(world, FIRST)))  # waiters, free, any_with, commit
    assert refused(world, FIRST).position == 1
    assert line(world) == ["caller0"]


def test_a_queue_that_is_full_refuses_without_a_place() -> None:
    world, _ = taken_world()
    now = world.clock.now()
    rows = [a_waiter(number, arrival=now, last_ask=now, present_until=now + PRESENT) for number in range(50)]
    world.rows.commit([Put(row=row) for row in rows], token="full")
    with pytest.raises(PoolBusy) as raised:
        world.ask(caller=FIRST)
    assert raised.value.place is None
    assert len(world.rows.waiters(POOL)) == 50


def test_a_new_waiter_sweeps_those_that_are_gone_in_the_same_write() -> None:
    world, _ = taken_world()
    long_ago = world.clock.now() - timedelta(hours=1)
    rows = [a_waiter(number, arrival=long_ago, last_ask=long_ago, present_until=long_ago) for number in range(5)]
    world.rows.commit([Put(row=row) for row in rows], token="gone")
    world.line.lay(None)
    refused(world, FIRST)
    assert world.line.counts["commit"] == 1
    assert len(world.rows.waiters(POOL)) == 5 - 3 + 1


def test_a_dry_run_tells_the_position_and_takes_no_place() -> None:
    world, _ = taken_world()
    refused(world, FIRST)
    assert world.ask(caller=SECOND, dryRun=True) == DryRun(would_allocate=False, position=2)
    assert line(world) == ["caller0"]


def test_a_lost_reply_to_the_waiters_write_is_answered_503() -> None:
    world, _ = taken_world()
    world.line.lay(Trap(4, Fault.REQUEST_LOST))
    with pytest.raises(Refused) as raised:
        world.ask(caller=FIRST)
    assert raised.value.code == "unavailable"


def test_a_deployment_counts_what_began_before_its_rule_had_a_limit() -> None:
    world = a_world(4)
    older = [world.allocate() for _ in range(3)]
    assert [one.slots for one in older] == [None] * 3
    limited = a_configuration(*world.snapshot.environments, max_active=2)
    assert world.registrar.register(limited)[Applied.COUNTED] == 3
    assert world.registrar.register(limited)[Applied.COUNTED] == 0
    world.snapshot = limited
    for one in older[:2]:
        with pytest.raises(QuotaReached):
            world.ask()
        world.deallocate(one.id)
    world.allocate()


# --- the promise over everything that can happen in some order ---

_ACTS: Final = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 4)),
        st.tuples(st.just("free"), st.integers(0, 2)),
        st.tuples(st.just("wait"), st.sampled_from([1, 20, 60, 66, 300])),
    ),
    min_size=5,
    max_size=40,
)
_WISHES: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"constraints": [{"type": "account", "value": [a_key(1).account]}]},
    {"constraints": [{"type": "account", "value": [a_key(2).account, a_key(3).account]}]},
    {},
    {"constraints": [{"type": "account", "value": [a_key(3).account]}]},
)


def _served(parties: Sequence[Party], rows: Sequence[Environment]) -> list[Party]:
    """Those who can have one beside all before them, by trying every way."""
    served: list[Party] = []
    for party in parties:
        asked = [*served, party]
        if any(
            all(matches(row.registered, one.requested[0]) for one, row in zip(asked, way, strict=True))
            for way in permutations(rows, len(asked))
        ):
            served = asked
    return served


@given(acts=_ACTS)
def test_no_order_of_asks_releases_and_pauses_gives_a_later_one_what_an_earlier_one_could_use(
    acts: list[tuple[str, int]],
) -> None:
    world = a_world(3)
    held: list[tuple[AllocationId, VerifiedCaller]] = []
    for act, number in acts:
        if act == "wait":
            world.clock.advance(timedelta(seconds=number))
        elif act == "free" and held:
            id_, caller = held.pop(number % len(held))
            world.deallocate(id_, caller=caller)
            world.cleaning(world.cleanups.started[-1]).free(report=None)
        elif act == "ask":
            _ask_and_check(world, number, held)


def _ask_and_check(world: World, number: int, held: list[tuple[AllocationId, VerifiedCaller]]) -> None:
    caller, now = a_caller(f"caller{number}"), world.clock.now()
    before = [row for row in world.rows.environments() if row.status is Status.FREE]
    waiters = {row.owner: row for row in world.rows.waiters(POOL)}
    own = waiters.get(caller.owner)
    others = [row for row in waiters.values() if row.owner != caller.owner and row.present_until > now]
    ahead = sorted((row for row in others if _is_before(row, own, now)), key=lambda row: row.order)
    parties = [asked_party(row.asked_for) for row in ahead]
    mine = asked_party(world_asked(_WISHES[number]))
    try:
        granted = world.allocate(caller=caller, **_WISHES[number])
    except Refused:
        assert mine not in _served([*parties, mine], before)[len(_served(parties, before)) :]
        return
    held.append((granted.id, caller))
    left = [row for row in before if row.key != granted.items[0].key]
    assert _served(parties, left) == _served(parties, before)


def _is_before(row: Waiter, own: Waiter | None, now: datetime) -> bool:
    return own is None or own.is_gone(now) or row.order < own.order


def world_asked(wish: dict[str, Any]) -> str:
    return allocate_request({"pool": POOL, "requester": "a test", **wish}).asked_for


def test_a_slot_that_is_not_there_never_keeps_an_environment_from_being_released() -> None:
    world = a_world(1, max_active=1)
    held = world.allocate()
    (slot,) = world.rows.slots()
    world.rows.commit([Delete(target=slot.id, expects=())], token=world.ids.new())
    world.deallocate(held.id)
    assert world.status(held.items[0].key) is Status.CLEANING
