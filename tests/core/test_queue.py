"""The line: its order, who is in it, who is passed over, what is kept, and what callers learn of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from atmosphere.adapters.memory import SeededIds
from atmosphere.core import queue
from atmosphere.core.model import OwnerKey, RuleName
from atmosphere.core.queue import PLACE, PRESENT, WaiterKey
from atmosphere.core.request import asked_party
from atmosphere.core.snapshot import canonical
from tests.builders import NOW, OWNER, POOL, a_key, a_registration, a_waiter, after, an_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.core.matching import Party
    from atmosphere.core.model import Environment
    from atmosphere.core.queue import Waiter, Walk

ROWS: Final = [an_environment(a_key(number)) for number in range(1, 5)]
ANY: Final = asked_party("{}")


def several(count: int) -> str:
    return canonical({"environments": [{"name": f"e{number}"} for number in range(count)], "accounts": "distinct"})


def of_account(number: int) -> str:
    return canonical({"constraints": [{"type": "account", "value": [a_key(number).account]}]})


def walked(rows: Sequence[Environment], *line: Waiter, caller: Party = ANY, now_after: float = 10) -> Walk:
    parties = {waiter.asked_for: asked_party(waiter.asked_for) for waiter in line}
    below = SeededIds(1).below
    return queue.walk(rows, line, parties, caller, now=after(seconds=now_after), attempt=0, below=below)


def test_those_before_a_caller_are_the_present_ones_in_the_order_of_their_arrival() -> None:
    now = after(seconds=70)
    gone, third, first, second = a_waiter(1), a_waiter(9), a_waiter(6), a_waiter(7)
    assert gone.present_until <= now
    assert queue.earlier([gone, third, first, second], None, now) == [first, second, third]
    assert queue.earlier([gone, third, first, second], second, now) == [first]


def test_who_arrives_at_the_same_instant_is_ordered_by_key() -> None:
    one, other = a_waiter(1), a_waiter(2, arrival=a_waiter(1).arrival)
    assert queue.earlier([other, one], None, NOW) == [one, other]


@pytest.mark.parametrize(("seconds", "gone"), [(599, False), (600, True)])
def test_a_place_is_kept_ten_minutes_after_the_last_ask(seconds: int, *, gone: bool) -> None:
    assert a_waiter(1).is_gone(a_waiter(1).last_ask + timedelta(seconds=seconds)) is gone


def test_a_new_one_comes_behind_all_that_were_read_whatever_their_clocks_said() -> None:
    ahead = a_waiter(1, arrival=after(minutes=5))
    assert queue.arrival_after([ahead], NOW) > ahead.arrival
    assert queue.arrival_after([a_waiter(1)], after(minutes=1)) == after(minutes=1)
    assert queue.arrival_after([], NOW) == NOW


def test_a_caller_gets_what_is_left_after_those_before_it() -> None:
    assert walked(ROWS[:1], a_waiter(1)).taken is None
    found = walked(ROWS[:2], a_waiter(1))
    assert found.taken is not None
    assert {row.key for row in (*found.taken, *found.kept)} == {row.key for row in ROWS[:2]}


def test_nothing_is_kept_for_who_could_not_use_it() -> None:
    found = walked(ROWS[:1], a_waiter(1, asked_for=of_account(4)))
    assert (found.taken, found.kept) == ([ROWS[0]], [])


def test_a_group_keeps_a_part_for_half_an_hour_and_only_the_first_of_two() -> None:
    group, other = a_waiter(1, asked_for=several(3)), a_waiter(2, asked_for=several(4))
    assert walked(ROWS[:2], group).taken is None
    assert walked(ROWS[:3], other, group).taken is None  # the other one keeps all three
    since = replace(group, keeping_since=NOW)
    assert walked(ROWS[:2], since, now_after=1799).taken is None
    assert walked(ROWS[:2], since, now_after=1800).taken is not None
    two = walked(ROWS[:2], replace(other, keeping_since=after(hours=-1)), group)
    assert two.taken is not None  # the first is over its time, and the second is not the first


def test_a_group_that_gets_a_part_only_is_told_so() -> None:
    found = walked(ROWS[:2], caller=asked_party(several(3)))
    assert (found.taken, found.would_keep) == (None, True)
    assert not walked(ROWS[:2], a_waiter(1, asked_for=several(4)), caller=asked_party(several(3))).would_keep
    assert not walked([], caller=asked_party(several(3))).would_keep


def test_those_without_quota_are_passed_over_in_their_rules_order() -> None:
    small, big = RuleName("small"), RuleName("big")
    line = [a_waiter(1, rule=small), a_waiter(2, rule=small), a_waiter(3, rule=big), a_waiter(4, rule=RuleName("old"))]
    passed, left = queue.with_quota(line, {"{}": ANY}, {small: 1, big: None})
    assert passed == [line[0], line[2]]
    assert left == {small: 0, big: None}


def test_a_group_that_lacks_quota_keeps_what_its_rule_has_left() -> None:
    rule, group = RuleName("small"), a_waiter(1, rule=RuleName("small"), asked_for=several(3))
    parties = {several(3): asked_party(several(3)), "{}": ANY}
    assert queue.with_quota([group, a_waiter(2, rule=rule)], parties, {rule: 2}) == ([], {rule: 0})


def test_only_those_who_want_the_same_count_for_the_rank() -> None:
    registered = [a_registration(a_key(number)) for number in (1, 2)]
    line = [a_waiter(1), a_waiter(2, asked_for=of_account(1)), a_waiter(3, asked_for=of_account(2))]
    parties = {waiter.asked_for: asked_party(waiter.asked_for) for waiter in line}
    assert queue.rank(line, parties, ANY, registered) == 3
    assert queue.rank(line, parties, asked_party(of_account(1)), registered) == 2
    assert queue.rank([], parties, ANY, registered) == 0


@pytest.mark.parametrize(("ahead", "seconds"), [(0, 2), (10, 12), (28, 30), (299, 30)])
def test_the_nearer_the_turn_the_sooner_the_next_ask(ahead: int, seconds: int) -> None:
    assert queue.retry_after(ahead, lambda _: 0).total_seconds() == pytest.approx(seconds * 0.8)
    assert queue.retry_after(ahead, lambda _: 40).total_seconds() == pytest.approx(seconds * 1.2)


def test_an_estimate_needs_five_positions_gained_and_grows_with_the_position() -> None:
    now = after(seconds=60)
    moved = [a_waiter(number, first_rank=number + 1, present_until=after(hours=1)) for number in (1, 2)]
    assert queue.estimate(moved, 1, now) is None
    moved.append(a_waiter(3, first_rank=5, present_until=after(hours=1)))
    first, third = queue.estimate(moved, 1, now), queue.estimate(moved, 3, now)
    assert first is not None
    assert third is not None
    assert first[0] < first[1] < third[1]


def test_a_queue_has_bounds_of_a_rule_and_of_a_pool_and_the_gone_do_not_count() -> None:
    of_rule = [a_waiter(number) for number in range(1, 51)]
    now = after(seconds=60)
    assert not queue.has_room(of_rule, a_waiter().rule, now)
    assert queue.has_room(of_rule, RuleName("other"), now)
    assert queue.has_room(of_rule, a_waiter().rule, now + PLACE)
    of_pool = [a_waiter(number, rule=RuleName(f"r{number % 9}")) for number in range(1, 301)]
    assert not queue.has_room(of_pool, RuleName("other"), now)


def test_a_new_waiter_sweeps_three_of_those_that_are_gone() -> None:
    rows = [a_waiter(number) for number in (4, 3, 2, 1)]
    assert queue.to_sweep(rows, NOW + PLACE + timedelta(seconds=9)) == rows[:0:-1]
    assert queue.to_sweep(rows, NOW) == []


def test_a_group_begins_to_keep_at_its_own_ask_and_goes_to_the_end_when_it_kept_too_long() -> None:
    first, last = a_waiter(1, asked_for=several(2)), after(hours=2)

    def again(waiter: Waiter, minutes: float, *, would_keep: bool) -> Waiter:
        now = after(minutes=minutes)
        return queue.asked_again(waiter, now=now, last=last, present_until=now + PRESENT, would_keep=would_keep)

    assert again(first, 1, would_keep=False).keeping_since is None
    keeping = again(first, 1, would_keep=True)
    assert (keeping.keeping_since, keeping.arrival) == (after(minutes=1), first.arrival)
    assert again(keeping, 20, would_keep=True).keeping_since == after(minutes=1)
    over = again(keeping, 31, would_keep=True)
    assert (over.keeping_since, over.arrival) == (None, last)


def test_callers_without_a_key_are_told_apart_by_owner_session_requester_and_request() -> None:
    keys = {
        queue.unkeyed(owner, session, requester, asked)
        for owner in (OWNER, OwnerKey("other"))
        for session in ("a", "b")
        for requester in ("me", "you")
        for asked in ("0", "1")
    }
    assert len(keys) == 16
    assert WaiterKey(POOL, min(keys)).key.startswith("~")  # no UUID is
