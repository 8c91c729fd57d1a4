"""The clock of the service: every minute the reconciler looks for what is overdue, every five it measures the pools.

Where it is configured, the canary has a schedule, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets

from atmosphere.contract import MEASURE, NAME

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_
    from constructs import Construct


def add_schedules(scope: Construct, function: lambda_.Function) -> None:
    """A run that is late is worth nothing: the next one does its work."""
    _schedule(scope, "EveryMinute", "look for what is overdue", function, minutes=1, event={})
    _schedule(scope, "EveryFiveMinutes", "measure the pools", function, minutes=5, event={"do": MEASURE})


def add_canary(scope: Construct, function: lambda_.Function, *, minutes: int) -> None:
    """Every few minutes; likewise."""
    _schedule(scope, "CanarySchedule", "send requests to itself", function, minutes=minutes, event={})


def _schedule(
    scope: Construct, name: str, purpose: str, function: lambda_.Function, *, minutes: int, event: dict[str, str]
) -> None:
    target = targets.LambdaFunction(
        function,
        event=events.RuleTargetInput.from_object(event) if event else None,
        max_event_age=Duration.minutes(1),
        retry_attempts=0,
    )
    events.Rule(
        scope,
        name,
        description=f"{NAME.title()}: {purpose}",
        schedule=events.Schedule.rate(Duration.minutes(minutes)),
        targets=[target],
    )
