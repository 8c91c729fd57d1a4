"""CloudWatch and its logs: what alarms, shows and forwards. Log groups are in `common`.

Source: CloudWatch and CloudWatch Logs API references; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Scope
from atmosphere.cleanup.catalogue.calls import Call, Listing, Step
from atmosphere.cleanup.catalogue.plain import plain
from atmosphere.cleanup.catalogue.row import Row

_KINDS: Final = ["CompositeAlarm", "LogAlarm", "MetricAlarm"]


def _alarms(name: str, kind: str, members: str, after: tuple[str, ...] = (), rare: tuple[Step, ...] = ()) -> Row:
    """A kind of alarm, of a listing of all. What it triggers is switched off when it is frozen."""
    return Row(
        name=name,
        service="cloudwatch",
        after=after,
        listing=Listing("describe_alarms", "AlarmName", fixed={"AlarmTypes": _KINDS}, members=members),
        see=Call("describe_alarms", "AlarmNames", {"AlarmTypes": [kind]}),
        shows=members,
        halt=(Step(call=Call("disable_alarm_actions"), when=f"{members}[0].ActionsEnabled"),),
        rare=rare,
        remove=Call("delete_alarms"),
        errors=Errors(absent=("ResourceNotFound", "ResourceNotFoundException"), busy=("ResourceConflict",)),
    )


_DELIVERY: Final = Errors(absent=("ResourceNotFoundException",), busy=("ConflictException",))

# one that others depend on is not deleted: each that is refused lets go of what it depends on itself, so that no circle
# of them is left
_DEPEND_ON_NOTHING: Final = Step(
    call=Call("put_composite_alarm", fixed={"AlarmRule": "FALSE", "ActionsEnabled": False})
)

ROWS: Final = (
    _alarms("AWS::CloudWatch::CompositeAlarm", "CompositeAlarm", "CompositeAlarms", rare=(_DEPEND_ON_NOTHING,)),
    _alarms("AWS::CloudWatch::LogAlarm", "LogAlarm", "LogAlarms", after=("AWS::CloudWatch::CompositeAlarm",)),
    _alarms("AWS::CloudWatch::Alarm", "MetricAlarm", "MetricAlarms", after=("AWS::CloudWatch::CompositeAlarm",)),
    plain(
        "CloudWatch::AlarmMuteRule",
        "cloudwatch",
        Listing("list_alarm_mute_rules", "AlarmMuteRuleArn"),
        "delete_alarm_mute_rule",
        see="get_alarm_mute_rule",
        parts=r"(?:.*:alarm-mute-rule[:/])?(.*)",
    ),
    Row(
        name="AWS::CloudWatch::Dashboard",
        service="cloudwatch",
        scope=Scope.GLOBAL,  # the same ones are listed in every region
        listing=Listing("list_dashboards", "DashboardName"),
        see=Call("get_dashboard"),
        remove=Call("delete_dashboards"),
        errors=Errors(absent=("ResourceNotFound", "DashboardNotFoundError")),
    ),
    Row(
        name="AWS::CloudWatch::InsightRule",
        service="cloudwatch",
        # CloudFormation's id is the ARN, whose last part is the name
        listing=Listing("describe_insight_rules", "Name", unless="ManagedRule", members="InsightRules"),
        parts=r"(?:.*:insight-rule/)?(.*)",
        remove=Call("delete_insight_rules", refusals="Failures[].{Code: ExceptionType, Message: FailureDescription}"),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
    Row(
        name="AWS::CloudWatch::MetricStream",
        service="cloudwatch",
        listing=Listing("list_metric_streams", "Name", "CreationDate", members="Entries"),
        see=Call("get_metric_stream"),
        halt=(Step(call=Call("stop_metric_streams"), when="State == 'running'"),),
        remove=Call("delete_metric_stream"),
        errors=Errors(absent=("ResourceNotFoundException", "ResourceNotFound")),
    ),
    Row(
        name="AWS::Logs::QueryDefinition",
        service="logs",
        listing=Listing("describe_query_definitions", "queryDefinitionId", members="queryDefinitions"),
        remove=Call("delete_query_definition"),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
    Row(
        name="AWS::Logs::ResourcePolicy",
        service="logs",
        listing=Listing("describe_resource_policies", "policyName"),
        remove=Call("delete_resource_policy", "policyName"),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
    Row(
        name="AWS::Logs::Destination",
        service="logs",
        listing=Listing("describe_destinations", "destinationName", "creationTime"),
        remove=Call("delete_destination"),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
    Row(
        name="AWS::Logs::Delivery",
        service="logs",
        # a source that has a delivery cannot be deleted
        listing=Listing("describe_deliveries", "id", only_with=Listing("describe_delivery_sources", "name")),
        see=Call("get_delivery"),
        remove=Call("delete_delivery"),
        errors=_DELIVERY,
    ),
    Row(
        name="AWS::Logs::DeliverySource",
        service="logs",
        after=("AWS::Logs::Delivery",),
        listing=Listing("describe_delivery_sources", "name"),
        see=Call("get_delivery_source"),
        remove=Call("delete_delivery_source"),
        errors=_DELIVERY,
    ),
    Row(
        name="AWS::Logs::DeliveryDestination",
        service="logs",
        after=("AWS::Logs::Delivery",),
        listing=Listing("describe_delivery_destinations", "name"),
        see=Call("get_delivery_destination"),
        remove=Call("delete_delivery_destination"),
        errors=_DELIVERY,
    ),
)
