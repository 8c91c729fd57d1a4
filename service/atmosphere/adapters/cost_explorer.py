"""Daily costs from AWS Cost Explorer, which charges 0.01 USD for each page of an answer.

Credits, refunds and taxes are left out: no test causes them. Costs are unblended, as the account was charged.
Source: AWS Cost Explorer API reference, GetCostAndUsage; AWS Billing user guide, "Cost Explorer API".
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.adapters.clients import CONFIG
from atmosphere.core.costs import DayCost
from atmosphere.core.model import AccountId, Region
from atmosphere.faults import unreachable
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HOME: Final = "us-east-1"  # where the API is, whatever the regions of the costs
_METRIC: Final = "UnblendedCost"
_CURRENCY: Final = "USD"
_NO_TESTS: Final = ("Credit", "Refund", "Tax")
_GROUPS: Final = ("LINKED_ACCOUNT", "REGION")


class CostExplorerClient(Protocol):
    """The one call of Cost Explorer's client."""

    def get_cost_and_usage(self, **asked: Any) -> Mapping[str, Any]:
        """`ResultsByTime`, and `NextPageToken` where there is more."""


class CostExplorer:
    """`ports.Costs`; `requests` is how many were made, each of which is charged."""

    def __init__(self, client: CostExplorerClient) -> None:
        self._client = client
        self.requests = 0

    def daily(self, accounts: Sequence[AccountId], *, since: date, until: date) -> Sequence[DayCost]:
        """See `Costs`."""
        return [cost for page in self._pages(accounts, since, until) for cost in _costs(page) if cost.amount]

    def _pages(self, accounts: Sequence[AccountId], since: date, until: date) -> Iterator[Mapping[str, Any]]:
        asked: dict[str, Any] = {
            "TimePeriod": {"Start": since.isoformat(), "End": until.isoformat()},
            "Granularity": "DAILY",
            "Metrics": [_METRIC],
            "GroupBy": [{"Type": "DIMENSION", "Key": key} for key in _GROUPS],
            "Filter": {
                "And": [
                    {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": list(accounts)}},
                    {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(_NO_TESTS)}}},
                ]
            },
        }
        while True:
            page = self._page(asked)
            yield page
            if not page.get("NextPageToken"):
                return
            asked["NextPageToken"] = page["NextPageToken"]

    def _page(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self.requests += 1
        try:
            return self._client.get_cost_and_usage(**asked)
        except (ClientError, BotoCoreError) as fault:
            raise unreachable("GetCostAndUsage", fault) from fault


def _costs(page: Mapping[str, Any]) -> Iterator[DayCost]:
    for period in page["ResultsByTime"]:
        for group in period["Groups"]:
            (account, region), cost = group["Keys"], group["Metrics"][_METRIC]
            if cost["Unit"] != _CURRENCY:
                raise Unreachable(f"Cost Explorer answers in {cost['Unit']}: only {_CURRENCY} can be split")
            yield DayCost(
                account=AccountId(account),
                region=Region(region),
                day=date.fromisoformat(period["TimePeriod"]["Start"]),
                amount=Decimal(cost["Amount"]),
            )


def of_profile(profile: str | None) -> CostExplorer:
    """Cost Explorer with the keys of a profile of this machine, or with those in force."""
    session: Any = boto3.Session(profile_name=profile)
    return CostExplorer(session.client("ce", region_name=HOME, config=CONFIG))
