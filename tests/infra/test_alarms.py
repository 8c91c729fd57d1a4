"""Every alarm reaches somebody and has a section that tells what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from atmosphere.contract import FUNCTIONS

if TYPE_CHECKING:
    from tests.infra.reading import Reading

RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
NAMES = {
    "atmosphere-reconciler-silent",
    "atmosphere-dirty-environments",
    "atmosphere-role-refused",
    "atmosphere-pool-held",
    "atmosphere-api-errors",
    "atmosphere-repository-renamed",
    "atmosphere-cleanup-failed",
    "atmosphere-cleanup-timed-out",
    "atmosphere-pool-exhausted",
    "atmosphere-cleanup-slow",
    "atmosphere-webhook-rejected",
    "atmosphere-canary-failed",
    *(f"atmosphere-{function.name}-errors" for function in FUNCTIONS),
}


def test_these_are_the_alarms(reading: Reading) -> None:
    assert {alarm["AlarmName"] for alarm in reading.of("AWS::CloudWatch::Alarm").values()} == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_an_alarm_has_a_section_that_says_what_to_check_and_what_to_do(name: str) -> None:
    sections = re.split(r"^## ", RUNBOOK.read_text(), flags=re.MULTILINE)
    (own,) = [section for section in sections if name in section.splitlines()[0].split(", ")]
    for part in ("**Meaning:**", "**Check:**", "**Action:**"):
        assert part in own


def test_every_alarm_tells_the_topic(reading: Reading) -> None:
    for alarm in reading.of("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == ["<AlarmTopic>"]
        assert alarm["AlarmName"] in alarm["AlarmDescription"]


def test_refused_tokens_alarm_nobody(reading: Reading) -> None:
    """Each 401 is an error of the authorizer, and anybody can cause one."""
    (alarm,) = [
        entry
        for entry in reading.of("AWS::CloudWatch::Alarm").values()
        if entry["AlarmName"] == "atmosphere-authorize-errors"
    ]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("Atmosphere", "AuthorizerFailed")
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "atmosphere"}]


def test_the_alarm_of_a_held_pool_lasts_until_the_pool_is_resumed(reading: Reading) -> None:
    """Resuming counts zero, and nothing else does; a minute with both ends it."""
    alarms = reading.of("AWS::CloudWatch::Alarm").values()
    (alarm,) = [entry for entry in alarms if entry["AlarmName"] == "atmosphere-pool-held"]
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == ("PoolsHeld", "Minimum", 0)
    assert (alarm["TreatMissingData"], alarm["ComparisonOperator"]) == ("ignore", "GreaterThanThreshold")


def test_a_silent_reconciler_is_noticed_although_it_reports_nothing(reading: Reading) -> None:
    (alarm,) = [
        entry
        for entry in reading.of("AWS::CloudWatch::Alarm").values()
        if entry["AlarmName"] == "atmosphere-reconciler-silent"
    ]
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (60, 5, "breaching")
