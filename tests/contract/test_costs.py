"""What AWS charged, under one suite; and what Cost Explorer is asked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import ClientError
from moto.ce.models import ce_backends

from atmosphere.adapters.cost_explorer import CostExplorer
from atmosphere.adapters.memory import MemoryCosts
from atmosphere.core.costs import DayCost
from atmosphere.core.model import AccountId, Region
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atmosphere.ports import Costs

ACCOUNT: Final = AccountId("222222222222")
SINCE, UNTIL = date(2026, 11, 1), date(2026, 11, 3)


def cost(day: int, region: str, amount: str) -> DayCost:
    return DayCost(account=ACCOUNT, region=Region(region), day=date(2026, 11, day), amount=Decimal(amount))


COSTS: Final = [cost(1, "us-east-1", "0.0101516483"), cost(1, "global", "-1.5"), cost(2, "us-east-1", "12")]
FREE: Final = cost(2, "eu-west-1", "0")


def result(day: int, *costs: DayCost, unit: str = "USD") -> dict[str, Any]:
    """One day as Cost Explorer tells it."""
    groups = [
        {
            "Keys": [each.account, each.region],
            "Metrics": {"UnblendedCost": {"Amount": str(each.amount), "Unit": unit}},
        }
        for each in costs
    ]
    period = {"Start": f"2026-11-{day:02}", "End": f"2026-11-{day + 1:02}"}
    return {"TimePeriod": period, "Total": {}, "Groups": groups, "Estimated": True}


class _Contract:
    """Subclasses give `costs` that are `COSTS` and `FREE`, and `down`: some that cannot be had."""

    def test_each_cost_is_told_with_its_day_and_region_and_exactly(self, costs: Costs) -> None:
        assert list(costs.daily([ACCOUNT], since=SINCE, until=UNTIL)) == COSTS

    def test_what_could_not_be_asked_is_not_taken_for_free(self, down: Costs) -> None:
        with pytest.raises(Unreachable, match="GetCostAndUsage failed with AccessDeniedException"):
            down.daily([ACCOUNT], since=SINCE, until=UNTIL)


class TestMemory(_Contract):
    @pytest.fixture
    def costs(self) -> MemoryCosts:
        return MemoryCosts([*COSTS, FREE, cost(3, "us-east-1", "1")])

    @pytest.fixture
    def down(self) -> MemoryCosts:
        return MemoryCosts(down=True)


class TestCostExplorer(_Contract):
    @pytest.fixture
    def costs(self, moto_client: Callable[[str], Any]) -> CostExplorer:
        client = moto_client("ce")
        days = [result(1, *COSTS[:2]), result(2, COSTS[2], FREE)]
        ce_backends["123456789012"]["aws"].cost_usage_results_queue.append({"ResultsByTime": days})
        return CostExplorer(client)

    @pytest.fixture
    def down(self) -> CostExplorer:
        return CostExplorer(Scripted(error="AccessDeniedException"))


class Scripted:
    """Cost Explorer that answers these pages in turn."""

    def __init__(self, *pages: dict[str, Any], error: str = "") -> None:
        self.asked: list[Mapping[str, Any]] = []
        self._pages = list(pages)
        self._error = error

    def get_cost_and_usage(self, **asked: Any) -> Mapping[str, Any]:
        self.asked.append(asked)
        if self._error:
            raise ClientError({"Error": {"Code": self._error, "Message": "no"}}, "GetCostAndUsage")
        return self._pages.pop(0)


def test_all_pages_are_read_and_each_is_counted() -> None:
    pages = (
        {"ResultsByTime": [result(1, *COSTS[:2])], "NextPageToken": "more"},
        {"ResultsByTime": [result(2, COSTS[2])]},
    )
    client = Scripted(*pages)
    explorer = CostExplorer(client)
    assert list(explorer.daily([ACCOUNT], since=SINCE, until=UNTIL)) == COSTS
    assert explorer.requests == 2
    assert [asked.get("NextPageToken") for asked in client.asked] == [None, "more"]


def test_one_request_asks_for_all_accounts_and_regions_without_what_no_test_causes() -> None:
    client = Scripted({"ResultsByTime": []})
    CostExplorer(client).daily([ACCOUNT, AccountId("333333333333")], since=SINCE, until=UNTIL)
    (asked,) = client.asked
    assert asked["TimePeriod"] == {"Start": "2026-11-01", "End": "2026-11-03"}
    assert (asked["Granularity"], asked["Metrics"]) == ("DAILY", ["UnblendedCost"])
    assert [group["Key"] for group in asked["GroupBy"]] == ["LINKED_ACCOUNT", "REGION"]
    wanted, without = asked["Filter"]["And"]
    assert wanted["Dimensions"] == {"Key": "LINKED_ACCOUNT", "Values": [ACCOUNT, "333333333333"]}
    assert without["Not"]["Dimensions"] == {"Key": "RECORD_TYPE", "Values": ["Credit", "Refund", "Tax"]}


def test_another_currency_is_not_taken_for_dollars() -> None:
    client = Scripted({"ResultsByTime": [result(1, COSTS[0], unit="CNY")]})
    with pytest.raises(Unreachable, match="CNY"):
        CostExplorer(client).daily([ACCOUNT], since=SINCE, until=UNTIL)
