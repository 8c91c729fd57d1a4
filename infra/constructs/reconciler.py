"""The clock of the service: every minute the reconciler looks for what is overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_
    from constructs import Construct


def every_minute(scope: Construct, function: lambda_.Function) -> events.Rule:
    """A run that is late is worth nothing: the next one does its work."""
    target = targets.LambdaFunction(function, max_event_age=Duration.minutes(1), retry_attempts=0)
    return events.Rule(
        scope,
        "EveryMinute",
        description="Atmosphere: look for what is overdue",
        schedule=events.Schedule.rate(Duration.minutes(1)),
        targets=[target],
    )
