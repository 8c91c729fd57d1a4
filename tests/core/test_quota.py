"""Slots: never more than the limit, whoever reads what when, and a lowered limit is reached from above."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hypothesis import given
from hypothesis import strategies as st

from atmosphere.adapters.memory import SeededIds
from atmosphere.core import quota
from atmosphere.core.model import RuleName
from atmosphere.core.quota import Slot, SlotKey
from tests.builders import ALLOCATION, NOW, RULE, after, an_allocation

if TYPE_CHECKING:
    from datetime import datetime

UNTIL: Final = after(hours=4)


def a_slot(number: int, *, rule: RuleName = RULE, until: datetime = UNTIL) -> Slot:
    return Slot(id=SlotKey(rule, number), allocation=ALLOCATION, until=until)


def test_a_rule_has_room_for_its_limit_less_what_it_holds() -> None:
    other, free = RuleName("other"), RuleName("free")
    slots = [a_slot(0), a_slot(7), a_slot(1, until=NOW), a_slot(0, rule=other)]
    assert quota.room({RULE: 3, other: 1, free: None}, slots, NOW) == {RULE: 1, other: 0, free: None}


def test_a_lowered_limit_leaves_no_room_and_no_less() -> None:
    assert quota.room({RULE: 1}, [a_slot(number) for number in range(3)], NOW) == {RULE: 0}


def test_the_slots_of_an_allocation_outlive_its_deadline_by_an_hour() -> None:
    allocation = an_allocation(slots=(3, 5))
    assert [(slot.id.number, slot.until) for slot in quota.slots_of(allocation)] == [
        (number, allocation.deadline + timedelta(hours=1)) for number in (3, 5)
    ]
    assert quota.slots_of(an_allocation()) == []


_ACTS: Final = st.sampled_from(["read", "take", "release", "lower"])
_STEPS: Final = st.lists(st.tuples(_ACTS, st.integers(0, 5), st.integers(0, 1000)), max_size=40)


@given(steps=_STEPS, limit=st.integers(1, 5))
def test_takers_that_read_at_any_time_never_take_more_than_the_limit(
    steps: list[tuple[str, int, int]], limit: int
) -> None:
    """Each takes what it read; a number that is there already refuses it, as the condition of the write does."""
    held: dict[int, Slot] = {}
    read: dict[int, list[Slot]] = {}
    for act, who, seed in steps:
        if act == "read":
            read[who] = list(held.values())
        elif act == "release" and held:
            held.pop(sorted(held)[seed % len(held)])
        elif act == "lower":
            limit, read = max(1, limit - 1), {}
        elif act == "take" and who in read:
            below = SeededIds(seed).below
            numbers = quota.free_numbers(RULE, limit, read.pop(who), 1, now=NOW, below=below)
            if numbers and numbers[0] not in held:
                held[numbers[0]] = a_slot(numbers[0])
                assert len(held) <= limit


def test_several_are_taken_together_or_not_at_all_and_the_dead_are_nobody() -> None:
    slots = [a_slot(0), a_slot(1, until=NOW), a_slot(2, rule=RuleName("other"))]
    found = quota.free_numbers(RULE, 4, slots, 3, now=NOW, below=lambda _: 0)
    assert found == [1, 2, 3]
    assert quota.free_numbers(RULE, 3, slots, 3, now=NOW, below=lambda _: 0) is None
