"""A run of the live suite stays under its budget, because the cost of each test is known before it runs."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.live.budget import COSTS, PRICE_LIST, Budget, cost_of
from tests.live.optin import DEFAULT_BUDGET
from tests.live.summary import summary
from tests.live_parts.suite import written


def test_every_test_has_a_known_cost_and_no_cost_is_of_another() -> None:
    assert set(COSTS) == {test.name for test in written()}
    assert {unit for cost in COSTS.values() for unit in cost} <= PRICE_LIST.keys()


def test_every_price_has_its_page() -> None:
    assert [price.unit for price in PRICE_LIST.values() if not price.page.endswith("/")] == []


def test_a_cost_is_units_times_prices() -> None:
    assert cost_of("test_a_failed_condition_returns_the_row") == Decimal("0.625") * 8 / 1_000_000
    assert cost_of("test_a_refusal_names_the_kind_of_policy") == 0


def test_a_test_without_a_cost_does_not_run() -> None:
    with pytest.raises(KeyError, match="give it a row in COSTS"):
        cost_of("test_of_tomorrow")


def test_the_whole_suite_costs_less_than_the_default_budget() -> None:
    whole = sum(cost_of(test.name) * test.cases for test in written())
    assert Decimal("0.01") < whole < Decimal(DEFAULT_BUDGET) / 2


def test_the_budget_is_never_exceeded() -> None:
    budget = Budget(Decimal("0.30"))
    assert budget.reserve("first", Decimal("0.20"))
    assert not budget.reserve("second", Decimal("0.11"))
    assert budget.reserve("third", Decimal("0.10"))
    assert not budget.reserve("fourth", Decimal("0.0001"))
    assert budget.reserve("free", Decimal(0))
    assert budget.spent == Decimal("0.30")


def test_each_case_of_a_test_is_reserved() -> None:
    budget = Budget(Decimal("0.30"))
    assert [budget.reserve("cases", Decimal("0.10")) for _ in range(4)] == [True, True, True, False]
    assert budget.reserved == {"cases": Decimal("0.30")}


def test_the_summary_says_what_each_test_cost_what_was_measured_and_what_is_left() -> None:
    budget = Budget(Decimal("1.00"))
    budget.reserve("first", Decimal("0.25"))
    budget.reserve("second", Decimal(2))
    clean = list(summary(budget, ["a start: 0.4 s"], [], Path("ledger.jsonl")))
    assert clean == [
        "0.250000 USD  first",
        "not run, over the budget: second (2.000000 USD)",
        "estimated cost: 0.250000 USD of at most 1.00 USD",
        "measured: a start: 0.4 s",
        "left: nothing; all that ledger.jsonl lists is gone",
    ]
    dirty = list(summary(budget, [], ["role r in eu-west-1: DeleteConflict"], Path("ledger.jsonl")))
    assert dirty[-2:] == ["left: role r in eu-west-1: DeleteConflict", "1 left: run `python -m tests.live.leave`"]
