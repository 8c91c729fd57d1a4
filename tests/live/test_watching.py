"""Events, alarms and the dashboard of a real account: what people are called by, and what they then see.

The documents claim it in docs/operations.md; the embedded AWS makes no metrics of log lines.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest

from atmosphere.contract import METRICS_NAMESPACE, Metric
from tests.live.ledger import Kind
from tests.live.waiting import MINUTE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.live.account import Live

pytestmark = pytest.mark.live

MOST_QUERIES: Final = 200
"""Questions of the dashboard at most, held against the template; a search among them returns a line for each pool."""


def queue(live: Live) -> tuple[str, str]:
    """URL and ARN of a new queue to which EventBridge may send."""
    sqs = live.client("sqs")
    url = sqs.create_queue(QueueName=live.name(Kind.QUEUE))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def received(live: Live, url: str) -> Iterator[dict[str, Any]]:
    """What is in a queue now."""
    sqs = live.client("sqs")
    for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", ()):
        yield json.loads(message["Body"])


def test_an_event_arrives_at_a_rule(live: Live) -> None:
    """Proves the pattern that docs/operations.md recommends, and measures the delivery.

    The events have a source of the suite, so that nobody's subscribers hear them. They are sent until one arrives,
    because a new rule takes a while to be in force.
    """
    url, arn = queue(live)
    bus, rule = live.client("events"), live.name(Kind.RULE)
    pattern = {"source": [rule], "detail-type": ["Environment Dirty"], "detail": {"pool": ["release"]}}
    bus.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    bus.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
    detail = {"id": str(uuid4()), "pool": "release"}
    sent = {"Source": rule, "DetailType": "Environment Dirty", "Detail": json.dumps(detail)}
    found: list[dict[str, Any]] = []

    def arrived() -> bool:
        if not found:
            assert bus.put_events(Entries=[sent])["FailedEntryCount"] == 0
        found.extend(received(live, url))
        return bool(found)

    live.figure("from a new rule until an event arrived", until(arrived, "the event arrives", seconds=2 * MINUTE))
    assert found[0]["detail"] == detail


def test_an_alarm_fires_on_an_injected_metric(live: Live) -> None:
    """Proves that CloudWatch fires by a definition as those of docs/operations.md, without waking anybody.

    It is an alarm of its own, with no action, on a metric of the service's namespace with a dimension of its own.
    """
    cloudwatch, name = live.client("cloudwatch"), live.name(Kind.ALARM)
    about = {
        "Namespace": METRICS_NAMESPACE,
        "MetricName": str(Metric.BECAME_DIRTY),
        "Dimensions": [{"Name": "service", "Value": name}],
    }
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        **about,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    datum = {key: value for key, value in about.items() if key != "Namespace"}
    cloudwatch.put_metric_data(Namespace=METRICS_NAMESPACE, MetricData=[datum | {"Value": 1.0}])

    def state() -> str:
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return str(alarm["StateValue"])

    live.figure("from a metric until its alarm fired", until(lambda: state() == "ALARM", "the alarm fires"))


def dashboard(live: Live) -> dict[str, Any]:
    """The deployed one."""
    body: dict[str, Any] = json.loads(
        live.client("cloudwatch").get_dashboard(DashboardName=live.service)["DashboardBody"]
    )
    return body


def queries(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What the graphs ask for, as `GetMetricData` takes it: searches, sums, and metrics by name."""
    asked: list[dict[str, Any]] = []
    for widget in body["widgets"]:
        for row in widget["properties"].get("metrics", ()):
            options = row[-1] if isinstance(row[-1], dict) else {}
            if "expression" in options:
                asked.append(_expression(options, widget) | _name(options, len(asked)))
            else:
                asked.append({"MetricStat": _metric(row, options, widget)} | _name(options, len(asked)))
    return asked


def _name(options: dict[str, Any], place: int) -> dict[str, Any]:
    return {"Id": options.get("id", f"q{place}"), "ReturnData": options.get("visible", True)}


def _expression(options: dict[str, Any], widget: dict[str, Any]) -> dict[str, Any]:
    """A search has no period of its own; a sum has that of what it adds up."""
    expression = options["expression"]
    period = options.get("period", widget["properties"].get("period", 300))
    return {"Expression": expression} | ({"Period": period} if "SEARCH(" in expression else {})


def _metric(row: list[Any], options: dict[str, Any], widget: dict[str, Any]) -> dict[str, Any]:
    names = row[:-1] if options else row
    pairs = zip(names[2::2], names[3::2], strict=True)
    properties = widget["properties"]
    return {
        "Metric": {
            "Namespace": names[0],
            "MetricName": names[1],
            "Dimensions": [{"Name": name, "Value": value} for name, value in pairs],
        },
        "Period": options.get("period", properties.get("period", 300)),
        "Stat": options.get("stat", properties.get("stat", "Average")),
    }


def is_ours(query: dict[str, Any]) -> bool:
    """Whether it asks for what the functions emit, and not for what AWS counts of them."""
    by_name = query.get("MetricStat", {}).get("Metric", {}).get("Namespace") == METRICS_NAMESPACE
    return by_name or f"{{{METRICS_NAMESPACE}," in query.get("Expression", "")


def results(live: Live, wanted: Callable[[dict[str, Any]], bool] = bool) -> list[dict[str, Any]]:
    """What CloudWatch answers over the last day to those questions of the graphs that are wanted."""
    cloudwatch, now = live.client("cloudwatch"), datetime.now(UTC)
    found: list[dict[str, Any]] = []
    for widget in dashboard(live)["widgets"]:
        asked = queries({"widgets": [widget]})
        if asked:
            reply = cloudwatch.get_metric_data(MetricDataQueries=asked, StartTime=now - timedelta(days=1), EndTime=now)
            assert not reply.get("Messages"), reply["Messages"]
            names = {query["Id"] for query in asked if wanted(query)}
            found += [result for result in reply["MetricDataResults"] if result["Id"] in names]
    return found


@pytest.mark.only_on_aws("the embedded AWS answers no searches of metrics")
def test_each_graph_of_the_dashboard_can_be_asked_for(live: Live) -> None:
    """Proves that no graph is broken: each of its questions is one that CloudWatch answers (docs/operations.md)."""
    assert {result["StatusCode"] for result in results(live)} <= {"Complete", "PartialData"}


@pytest.mark.only_on_aws("the embedded AWS makes no metrics of log lines")
def test_the_dashboard_has_data(live: Live) -> None:
    """Proves that the functions' log lines become metrics: the gauges of the last day are there."""
    with_data = [result["Label"] for result in results(live, is_ours) if result["Values"]]

    assert with_data, "nothing of the last day: the reconciler measures every five minutes"
