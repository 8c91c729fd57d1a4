"""What AWS charges for a unit, and the page that says so; `bench/prices.py` and the live suite count with it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

REGION: Final = "us-east-1"
DATE: Final = "2026-11-30"


@dataclass(frozen=True, slots=True)
class Price:
    """USD for `per` of a unit, and the page that says so."""

    unit: str
    usd: Decimal
    per: int
    page: str

    @property
    def link(self) -> str:
        """To that page."""
        return f"[{self.page.split('/')[0]}](https://aws.amazon.com/{self.page})"

    def of(self, number: Decimal) -> Decimal:
        """The price of so many."""
        return self.usd * number / self.per


PRICES: Final = {
    "api": Price("request to API Gateway (REST)", Decimal("3.50"), 1_000_000, "api-gateway/pricing/"),
    "invocation": Price("Lambda invocation", Decimal("0.20"), 1_000_000, "lambda/pricing/"),
    "compute": Price("GB-second of Lambda (arm64)", Decimal("0.0000133334"), 1, "lambda/pricing/"),
    "transition": Price("state transition of Step Functions", Decimal("0.025"), 1_000, "step-functions/pricing/"),
    "write": Price("write request unit of DynamoDB", Decimal("0.625"), 1_000_000, "dynamodb/pricing/on-demand/"),
    "read": Price("read request unit of DynamoDB", Decimal("0.125"), 1_000_000, "dynamodb/pricing/on-demand/"),
    "put": Price("PUT or LIST request to S3", Decimal("0.005"), 1_000, "s3/pricing/"),
    "get": Price("GET or HEAD request to S3", Decimal("0.0004"), 1_000, "s3/pricing/"),
    "event": Price("event on EventBridge", Decimal("1.00"), 1_000_000, "eventbridge/pricing/"),
    "notice": Price("request to SNS", Decimal("0.50"), 1_000_000, "sns/pricing/"),
    "log": Price("GB of logs", Decimal("0.50"), 1, "cloudwatch/pricing/"),
    "metric": Price("metric, a month", Decimal("0.30"), 1, "cloudwatch/pricing/"),
    "alarm": Price("alarm, a month", Decimal("0.10"), 1, "cloudwatch/pricing/"),
    "dashboard": Price("dashboard, a month", Decimal("3.00"), 1, "cloudwatch/pricing/"),
    "key": Price("KMS key, a month", Decimal("1.00"), 1, "kms/pricing/"),
    "secret": Price("secret, a month", Decimal("0.40"), 1, "secrets-manager/pricing/"),
}
