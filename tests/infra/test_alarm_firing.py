"""Every alarm fires: on the embedded AWS by an injected metric, and by its definition where that one is lax.

The embedded AWS looks at one window and at any dimension, and does not know missing data: it would fire an alarm that
names another metric's dimensions, and after one period where three are needed. So the definitions are evaluated here
too, as CloudWatch documents it ("Using Amazon CloudWatch alarms": evaluation, missing data).
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from atmosphere.contract import METRICS, METRICS_NAMESPACE, NAME, Metric
from atmosphere.local.emulator import HUB_ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.local.emulator import Emulator
    from tests.infra.reading import Reading

GOOD, BAD = "OK", "ALARM"


def alarms(reading: Reading) -> dict[str, dict[str, Any]]:
    return {alarm["AlarmName"]: alarm for alarm in reading.of("AWS::CloudWatch::Alarm").values()}


def breaching(alarm: dict[str, Any]) -> float:
    """Just over the threshold, or under it."""
    step = {"GreaterThanThreshold": 1, "LessThanThreshold": -1}[alarm["ComparisonOperator"]]
    return float(alarm["Threshold"] + step)


def quiet(alarm: dict[str, Any]) -> float:
    return float(alarm["Threshold"])


# --- on the embedded AWS --------------------------------------------------------------------------------------------


@pytest.mark.emulator
@pytest.mark.parametrize(("value", "state"), [(breaching, BAD), (quiet, GOOD)], ids=[BAD, GOOD])
def test_each_alarm_follows_an_injected_metric(emulator: Emulator, full: Reading, value: Any, state: str) -> None:
    keys = {"aws_access_key_id": HUB_ACCOUNT, "aws_secret_access_key": "test"}
    clients = {
        name: boto3.client(name, endpoint_url=emulator.endpoint, region_name=REGION, **keys)  # type: ignore[call-overload]
        for name in ("cloudformation", "cloudwatch")
    }
    deploy(clients["cloudformation"], full)
    for alarm in alarms(full).values():
        datum = {
            "MetricName": alarm["MetricName"],
            "Dimensions": alarm["Dimensions"],
            "Value": value(alarm),
        }
        clients["cloudwatch"].put_metric_data(Namespace=alarm["Namespace"], MetricData=[datum])
    pages = clients["cloudwatch"].get_paginator("describe_alarms").paginate()
    found = {alarm["AlarmName"]: alarm["StateValue"] for page in pages for alarm in page["MetricAlarms"]}
    assert found == dict.fromkeys(alarms(full), state)


def deploy(formation: Any, reading: Reading) -> None:
    """The alarms alone, with texts in the place of what they name."""
    resources = {
        f"Alarm{number}": {"Type": "AWS::CloudWatch::Alarm", "Properties": {**alarm, "AlarmActions": []}}
        for number, alarm in enumerate(alarms(reading).values())
    }
    formation.create_stack(StackName="alarms", TemplateBody=json.dumps({"Resources": resources}))
    deadline = time.monotonic() + 60
    while formation.describe_stacks(StackName="alarms")["Stacks"][0]["StackStatus"].endswith("_IN_PROGRESS"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert formation.describe_stacks(StackName="alarms")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


# --- by definition --------------------------------------------------------------------------------------------------


def evaluated(alarm: dict[str, Any], periods: Sequence[float | None], state: str = GOOD) -> str:
    """The state after these periods, oldest first; None is one without data."""
    treatment = alarm["TreatMissingData"]
    recent = periods[-alarm["EvaluationPeriods"] :]
    if treatment == "ignore" and all(value is None for value in recent):
        return state
    worse = {"breaching": True, "notBreaching": False, "ignore": True}[treatment]
    over = [worse if value is None else breaches(alarm, value) for value in recent]
    return BAD if sum(over) >= alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]) else GOOD


def breaches(alarm: dict[str, Any], value: float) -> bool:
    threshold = float(alarm["Threshold"])
    return value > threshold if alarm["ComparisonOperator"] == "GreaterThanThreshold" else value < threshold


def test_each_alarm_fires_after_its_periods_and_not_before(full: Reading) -> None:
    for name, alarm in alarms(full).items():
        needed = alarm["EvaluationPeriods"]
        assert evaluated(alarm, [quiet(alarm)] * needed) == GOOD, name
        assert evaluated(alarm, [breaching(alarm)] * needed) == BAD, name
        assert evaluated(alarm, [breaching(alarm)] * (needed - 1) + [quiet(alarm)]) == GOOD, name


def test_silence_is_an_alarm_where_something_must_run_and_nowhere_else(full: Reading, reading: Reading) -> None:
    for deployment, loud in (
        (reading, {"atmosphere-reconciler-silent"}),
        (full, {"atmosphere-reconciler-silent", "atmosphere-canary-failed"}),
    ):
        fired = {name for name, alarm in alarms(deployment).items() if evaluated(alarm, [None] * 5) == BAD}
        assert fired == loud


def test_a_held_pool_stays_one_until_it_is_resumed(full: Reading) -> None:
    alarm = alarms(full)["atmosphere-pool-held"]
    assert evaluated(alarm, [None], state=BAD) == BAD
    assert evaluated(alarm, [0.0], state=BAD) == GOOD


def test_an_alarm_of_our_metrics_names_the_dimensions_that_are_emitted(full: Reading) -> None:
    """The embedded AWS does not compare them, and an alarm with others would never fire on AWS."""
    own = [alarm for alarm in alarms(full).values() if alarm["Namespace"] == METRICS_NAMESPACE]
    assert len(own) >= 8
    for alarm in own:
        assert METRICS[Metric(alarm["MetricName"])] == ()
        assert alarm["Dimensions"] == [{"Name": "service", "Value": NAME}]


def test_no_alarm_is_of_a_kind_that_the_embedded_aws_cannot_make(full: Reading) -> None:
    assert all("Metrics" not in alarm for alarm in alarms(full).values())


def test_limits_are_those_of_the_deployment(full: Reading) -> None:
    limits = {
        "pool-exhausted": (Metric.EXHAUSTED_MINUTES, "Maximum", 300, 30),
        "cleanup-slow": (Metric.TIME_TO_CLEAN_ALL, "p95", 3600, 1800),
        "webhook-rejected": (Metric.WEBHOOK_REJECTED, "Sum", 3600, 10),
        "canary-failed": (Metric.CANARY_FAILED, "Maximum", 900, 0),
    }
    for name, expected in limits.items():
        alarm = alarms(full)[f"atmosphere-{name}"]
        statistic = alarm.get("Statistic", alarm.get("ExtendedStatistic"))
        assert (alarm["MetricName"], statistic, alarm["Period"], alarm["Threshold"]) == expected
