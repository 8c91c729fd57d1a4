"""Seeds of CloudWatch."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Backend, Seed, StandIn
from tests.cleanup.catalogue.seeds.common import policy_document, role_arn
from tests.cleanup.catalogue.seeds.stock import Stock, arn
from tests.cleanup.fakes.shelves import Kind
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.cleanup.catalogue.frame import Clients


_QUERY: Final = {
    "QueryString": "fields @message",
    "ScheduledQueryRoleARN": "arn:aws:iam::222222222222:role/seeded",
    "ScheduleConfiguration": {"ScheduleExpression": "rate(5 minutes)", "StartTimeOffset": 300},
    "AggregationExpression": "count(*)",
}


def _make_alarm(clients: Clients, name: str) -> str:
    clients("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="seeded",
        MetricName="seeded",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        ActionsEnabled=True,
        AlarmActions=["arn:aws:sns:us-east-1:222222222222:seeded-alarm-topic"],
    )
    return name


def _alarm(clients: Clients) -> str:
    return _make_alarm(clients, "seeded-alarm")


def _composite(clients: Clients) -> str:
    clients("cloudwatch").put_composite_alarm(
        AlarmName="seeded-composite-alarm",
        AlarmRule=f"ALARM({_make_alarm(clients, 'seeded-alarm-of-composite')})",
        ActionsEnabled=True,
    )
    return "seeded-composite-alarm"


class LogAlarms:
    """Alarms on logs, which no backend knows; others are the backend's."""

    def __init__(self) -> None:
        self.alarms: dict[str, bool] = {}

    def put_log_alarm(self, *, AlarmName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.alarms[AlarmName] = True
        return {}

    def describe_alarms(
        self,
        *,
        AlarmTypes: Sequence[str] = (),  # noqa: N803
        AlarmNames: Sequence[str] = (),  # noqa: N803
        **_: Any,
    ) -> dict[str, Any] | None:
        if "LogAlarm" not in AlarmTypes:
            return None
        wanted = AlarmNames or self.alarms
        return {
            "LogAlarms": [
                {"AlarmName": name, "ActionsEnabled": acts} for name, acts in self.alarms.items() if name in wanted
            ]
        }

    def disable_alarm_actions(self, *, AlarmNames: Sequence[str]) -> dict[str, Any]:  # noqa: N803
        self.alarms.update(dict.fromkeys(AlarmNames, False) if set(AlarmNames) <= self.alarms.keys() else {})
        return {}

    def delete_alarms(self, *, AlarmNames: Sequence[str]) -> dict[str, Any]:  # noqa: N803
        for name in AlarmNames:
            self.alarms.pop(name, None)
        return {}


def _log_alarm(clients: Clients) -> str:
    clients("cloudwatch").put_log_alarm(
        AlarmName="seeded-log-alarm",
        ScheduledQueryConfiguration=_QUERY,
        QueryResultsToEvaluate=1,
        QueryResultsToAlarm=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    return "seeded-log-alarm"


def _log_alarm_acts(clients: Clients, identity: str) -> object:
    found = clients("cloudwatch").describe_alarms(AlarmNames=[identity], AlarmTypes=["LogAlarm"])["LogAlarms"]
    return [alarm for alarm in found if alarm["ActionsEnabled"]]


def _acts(clients: Clients, identity: str) -> object:
    found = clients("cloudwatch").describe_alarms(AlarmNames=[identity], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return [alarm for kind in ("MetricAlarms", "CompositeAlarms") for alarm in found[kind] if alarm["ActionsEnabled"]]


def _dashboard(clients: Clients) -> str:
    clients("cloudwatch").put_dashboard(DashboardName="seeded-dashboard", DashboardBody=json.dumps({"widgets": []}))
    return "seeded-dashboard"


def _insight_rule(clients: Clients) -> str:
    definition = {
        "Schema": {"Name": "CloudWatchLogRule", "Version": 1},
        "LogGroupNames": ["seeded"],
        "LogFormat": "JSON",
        "Contribution": {"Keys": ["$.key"], "Filters": []},
        "AggregateOn": "Count",
    }
    clients("cloudwatch").put_insight_rule(RuleName="seeded-insight", RuleDefinition=json.dumps(definition))
    return "seeded-insight"


class MetricStreams:
    """Metric streams, which no backend has."""

    def __init__(self) -> None:
        self._there: dict[str, dict[str, Any]] = {}

    def put_metric_stream(self, *, Name: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._there[Name] = {"Name": Name, "State": "running", "CreationDate": datetime(2026, 11, 22, tzinfo=UTC)}
        return {}

    def list_metric_streams(self) -> dict[str, Any]:
        return {"Entries": [*self._there.values()]}

    def get_metric_stream(self, *, Name: str) -> dict[str, Any]:  # noqa: N803
        if Name not in self._there:
            raise refuse("ResourceNotFoundException", "no such stream")
        return self._there[Name]

    def stop_metric_streams(self, *, Names: list[str]) -> dict[str, Any]:  # noqa: N803
        for name in Names:
            self._there[name]["State"] = "stopped"
        return {}

    def delete_metric_stream(self, *, Name: str) -> dict[str, Any]:  # noqa: N803
        self._there.pop(Name, None)
        return {}


def _metric_stream(clients: Clients) -> str:
    clients("cloudwatch").put_metric_stream(
        Name="seeded-metrics",
        FirehoseArn="arn:aws:firehose:us-east-1:222222222222:deliverystream/seeded",
        RoleArn=role_arn(clients, "seeded-metrics-role", "streams.metrics.cloudwatch"),
        OutputFormat="json",
    )
    return "seeded-metrics"


def _streams(clients: Clients, identity: str) -> object:
    return clients("cloudwatch").get_metric_stream(Name=identity)["State"] == "running"


class Queries:
    """Saved queries, which no backend has. Two to a page, as botocore knows no pages of theirs."""

    def __init__(self) -> None:
        self._there: list[str] = []

    def put_query_definition(self, **_: Any) -> dict[str, Any]:
        self._there.append(f"0a1b2c3d-0000-4000-8000-{len(self._there):012}")
        return {"queryDefinitionId": self._there[-1]}

    def describe_query_definitions(self, *, nextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        start = int(nextToken)
        page: dict[str, Any] = {
            "queryDefinitions": [{"queryDefinitionId": each} for each in self._there[start : start + 2]]
        }
        return page if start + 2 >= len(self._there) else {**page, "nextToken": str(start + 2)}

    def delete_query_definition(self, *, queryDefinitionId: str) -> dict[str, Any]:  # noqa: N803
        if queryDefinitionId not in self._there:
            raise refuse("ResourceNotFoundException", "no such query")
        self._there.remove(queryDefinitionId)
        return {"success": True}


def _query(clients: Clients) -> str:
    """The last one of five."""
    for _ in range(5):
        query = clients("logs").put_query_definition(name="seeded", queryString="fields @message")
    identity: str = query["queryDefinitionId"]
    return identity


def _resource_policy(clients: Clients) -> str:
    clients("logs").put_resource_policy(policyName="seeded-policy", policyDocument=policy_document())
    return "seeded-policy"


def _destination(clients: Clients) -> str:
    clients("logs").put_destination(
        destinationName="seeded-log-destination",
        targetArn="arn:aws:kinesis:us-east-1:222222222222:stream/seeded",
        roleArn=role_arn(clients, "seeded-log-destination-role", "logs"),
    )
    return "seeded-log-destination"


def _make_source(clients: Clients, name: str) -> str:
    distribution = f"arn:aws:cloudfront::222222222222:distribution/{name.upper()}"
    clients("logs").put_delivery_source(name=name, resourceArn=distribution, logType="ACCESS_LOGS")
    return name


def _make_delivery_destination(clients: Clients, name: str) -> str:
    group = {"destinationResourceArn": f"arn:aws:logs:us-east-1:222222222222:log-group:{name}"}
    arn: str = clients("logs").put_delivery_destination(name=name, deliveryDestinationConfiguration=group)[
        "deliveryDestination"
    ]["arn"]
    return arn


def _delivery(clients: Clients) -> str:
    identity: str = clients("logs").create_delivery(
        deliverySourceName=_make_source(clients, "seeded-delivery-source"),
        deliveryDestinationArn=_make_delivery_destination(clients, "seeded-delivery-destination"),
    )["delivery"]["id"]
    return identity


def _source(clients: Clients) -> str:
    return _make_source(clients, "seeded-source")


def _delivery_destination(clients: Clients) -> str:
    _make_delivery_destination(clients, "seeded-destination")
    return "seeded-destination"


_MUTED: Final = Stock(
    "cloudwatch",
    rule=Kind(
        lists={"list_alarm_mute_rules": "AlarmMuteRuleSummaries"},
        shows={"get_alarm_mute_rule": ""},
        removes="delete_alarm_mute_rule",
        by={"AlarmMuteRuleName": "name"},
        like={"AlarmMuteRuleArn": arn("cloudwatch", "alarm-mute-rule:seeded"), "name": "seeded"},
        id="{AlarmMuteRuleArn}",
    ),
)

SEEDS: Final = (
    _MUTED.seed("CloudWatch::AlarmMuteRule", "rule"),
    Seed(type="AWS::CloudWatch::Alarm", make=_alarm, running=_acts),
    Seed(
        type="AWS::CloudWatch::LogAlarm",
        make=_log_alarm,
        running=_log_alarm_acts,
        stand_ins=(StandIn("cloudwatch", LogAlarms),),
    ),
    # moto has no composite ones; only a circle of them has a step, see `test_demands`
    Seed(
        type="AWS::CloudWatch::CompositeAlarm",
        make=_composite,
        running=_acts,
        on=Backend.EMULATOR,
        spare=("put_composite_alarm",),
    ),
    Seed(type="AWS::CloudWatch::Dashboard", make=_dashboard),
    Seed(type="AWS::CloudWatch::InsightRule", make=_insight_rule),
    Seed(
        type="AWS::CloudWatch::MetricStream",
        make=_metric_stream,
        running=_streams,
        stand_ins=(StandIn("cloudwatch", MetricStreams),),
    ),
    Seed(type="AWS::Logs::QueryDefinition", make=_query, stand_ins=(StandIn("logs", Queries),), others=4),
    Seed(type="AWS::Logs::ResourcePolicy", make=_resource_policy),
    Seed(type="AWS::Logs::Destination", make=_destination),
    Seed(type="AWS::Logs::Delivery", make=_delivery),
    Seed(type="AWS::Logs::DeliverySource", make=_source),
    Seed(type="AWS::Logs::DeliveryDestination", make=_delivery_destination),
)
