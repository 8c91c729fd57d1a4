"""How costs are split: exactly, by time held, and with cleaning on whom it cleans up after."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atmosphere.core.costs import IDLE, SHARED, DayCost, Held, Past, Span, Use, in_cents, split, uses
from atmosphere.core.model import AccountId, EnvironmentKey, PoolName, Region

FIRST: Final = date(2026, 11, 2)
BEGIN: Final = datetime(2026, 11, 2, tzinfo=UTC)
SPAN: Final = Span(since=FIRST, until=FIRST + timedelta(days=3))
NOW: Final = BEGIN + timedelta(days=30)
LIMIT: Final = timedelta(hours=1)
ALONE: Final = EnvironmentKey(AccountId("222222222222"), Region("us-east-1"))
EAST: Final = EnvironmentKey(AccountId("333333333333"), Region("us-east-1"))
WEST: Final = EnvironmentKey(AccountId("333333333333"), Region("us-west-2"))
KEYS: Final = (ALONE, EAST, WEST)


def at(hours: float) -> datetime:
    return BEGIN + timedelta(hours=hours)


def a_cost(amount: str, *, key: EnvironmentKey = ALONE, region: str = "us-east-1", day: int = 0) -> DayCost:
    day_ = FIRST + timedelta(days=day)
    return DayCost(account=key.account, region=Region(region), day=day_, amount=Decimal(amount))


def a_use(who: str, begin: float, end: float, *, key: EnvironmentKey = ALONE, pool: str = "demo") -> Use:
    return Use(key=key, requester=who, pool=PoolName(pool), begin=at(begin), end=at(end))


def by_requester(costs: list[DayCost], found: list[Use]) -> dict[str, Fraction]:
    shares = split(costs, found, keys=KEYS, span=SPAN, by=lambda use: use.requester)
    return {label: share.cost for label, share in shares.items()}


def test_a_day_is_split_by_the_time_held_and_free_time_counts_to_nobody() -> None:
    found = [a_use("one", 1, 2), a_use("two", 5, 8)]
    assert by_requester([a_cost("4")], found) == {"two": 3, "one": 1}


def test_a_use_over_midnight_has_its_part_in_both_days() -> None:
    found = [a_use("one", 22, 26), a_use("two", 30, 32)]
    assert by_requester([a_cost("4"), a_cost("8", day=1)], found) == {"one": 4 + 4, "two": 4}


def test_a_day_on_which_nobody_had_the_environment_is_idle() -> None:
    assert by_requester([a_cost("4"), a_cost("1", day=1)], [a_use("one", 1, 2)]) == {"one": 4, IDLE: 1}
    assert by_requester([a_cost("4")], []) == {IDLE: 4}


def test_an_account_of_one_environment_is_its_own_in_every_region() -> None:
    costs = [a_cost("1", region=region) for region in ("us-east-1", "eu-west-1", "global", "NoRegion")]
    assert by_requester(costs, [a_use("one", 1, 2)]) == {"one": 4}


def test_an_account_of_several_is_split_by_region_and_the_rest_is_shared() -> None:
    costs = [a_cost("1", key=EAST, region=region) for region in ("us-east-1", "us-west-2", "global")]
    found = [a_use("one", 1, 2, key=EAST), a_use("two", 1, 2, key=WEST)]
    assert by_requester(costs, found) == {"one": 1, "two": 1, SHARED: 1}


def test_shares_are_the_costliest_first_and_tell_how_much_was_held_within_the_span() -> None:
    found = [a_use("one", -4, 2), a_use("two", 3, 4), a_use("two", 71, 80), a_use("later", 80, 90)]
    shares = split([a_cost("9")], found, keys=KEYS, span=SPAN, by=lambda use: use.requester)
    told = [(label, int(share.seconds), share.allocations) for label, share in shares.items()]
    assert told == [("one", 7200, 1), ("two", 7200, 2)]


# --- who had it when ------------------------------------------------------------------------------------------------


def held(who: str, begin: float, end: float | None) -> Held:
    return Held(requester=who, pool=PoolName("demo"), started=at(begin), ended=at(end) if end is not None else None)


def spans(*several: Held, now: float = 100, **past: Any) -> list[tuple[str, float, float]]:
    found = uses(Past(key=ALONE, held=several, limit=LIMIT, **past), now=at(now))
    hours = timedelta(hours=1)
    return [(use.requester, (use.begin - BEGIN) / hours, (use.end - BEGIN) / hours) for use in found]


def test_cleaning_counts_to_the_one_who_left_it_until_the_next_or_the_limit() -> None:
    assert spans(held("two", 2.5, 4), held("one", 1, 2), held("three", 9, 10), free_since=at(10.2)) == [
        ("one", 1, 2.5),
        ("two", 2.5, 5),
        ("three", 9, 10.2),
    ]


def test_what_is_held_cleaned_or_dirty_is_somebodys_until_now() -> None:
    assert spans(held("one", 1, None)) == [("one", 1, 100)]
    assert spans(held("one", 1, 2)) == [("one", 1, 100)]


def test_until_an_operator_acted_a_dirty_environment_was_of_the_one_who_left_it() -> None:
    decided = [at(0), at(30), at(40), at(60)]
    assert spans(held("one", 1, 2), held("two", 50, 51), decided=decided, free_since=at(52))[0] == ("one", 1, 41)


@pytest.mark.parametrize("since", [0, 0.5, 1])
def test_a_freedom_older_than_the_allocation_makes_no_time_run_backwards(since: float) -> None:
    assert spans(held("one", 1, None), free_since=at(since)) == [("one", 1, 1)]


# --- nothing is lost ------------------------------------------------------------------------------------------------

AMOUNTS: Final = st.decimals("-20", "500", places=10)
COSTS: Final = st.builds(
    lambda amount, key, region, day: a_cost(str(amount), key=key, region=region, day=day),
    AMOUNTS,
    st.sampled_from(KEYS),
    st.sampled_from(["us-east-1", "us-west-2", "global"]),
    st.integers(0, 2),
)
USES: Final = st.builds(
    lambda who, begin, length, key: a_use(who, begin / 60, (begin + length) / 60, key=key),
    st.sampled_from(["one", "two", "three"]),
    st.integers(-600, 4800),
    st.integers(0, 3000),
    st.sampled_from(KEYS),
)


@given(st.lists(COSTS, max_size=12), st.lists(USES, max_size=8))
def test_the_shares_are_exactly_the_costs_and_to_the_cent_when_they_are_shown(
    costs: list[DayCost], found: list[Use]
) -> None:
    shares = by_requester(costs, found)
    whole = sum((Fraction(cost.amount) for cost in costs), Fraction(0))
    assert sum(shares.values()) == whole
    cents = in_cents(shares)
    assert abs(sum(cents.values()) - whole * 100) <= Fraction(1, 2)
    assert all(abs(cents[label] - amount * 100) < 1 for label, amount in shares.items() if len(shares) > 1)


def test_cents_that_are_left_over_go_to_the_largest_remainders() -> None:
    third = Fraction(1, 3)
    assert in_cents({"a": third, "b": third, "c": third}) == {"a": 34, "b": 33, "c": 33}
    assert in_cents({"a": Fraction(-1, 3), "b": Fraction(1, 3)}) == {"a": -33, "b": 33}
    assert in_cents({}) == {}


# --- what may still change ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "provisional"),
    [(date(2026, 11, 5), date(2026, 11, 3)), (date(2026, 11, 4), FIRST), (date(2026, 11, 7), None)],
)
def test_the_last_three_days_are_provisional(today: date, provisional: date | None) -> None:
    assert SPAN.provisional_from(today) == provisional
