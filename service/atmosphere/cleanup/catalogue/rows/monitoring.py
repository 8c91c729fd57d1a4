"""CloudWatch and its logs: what alarms, shows and forwards. Log groups are in `common`.

Source: CloudWatch and CloudWatch Logs API references; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Scope
from atmosphere.cleanup.catalogue.calls import Call, Listing, Step
from atmosphere.cleanup.catalogue.row import Row


def _alarms(name: str, kind: str, members: str, after: tuple[str, ...] = ()) -> Row:
    """A kind of alarm. What it triggers is switched off when it is frozen."""
    asked = {"AlarmTypes": [kind]}
    return Row(
        name=name,
        service="cloudwatch",
        after=after,
        listing=Listing("describe_alarms", members, "AlarmName", fixed=asked),
        see=Call("describe_alarms", "AlarmNames", asked, wrap=True),
        shows=members,
        halt=(Step(call=Call("disable_alarm_actions", "AlarmNames", wrap=True), when=f"{members}[0].ActionsEnabled"),),
        remove=Call("delete_alarms", "AlarmNames", wrap=True),
        errors=Errors(absent=("ResourceNotFound", "ResourceNotFoundException")),
    )


_DELIVERY: Final = Errors(absent=("ResourceNotFoundException",), busy=("ConflictException",))

ROWS: Final = (
    _alarms("AWS::CloudWatch::CompositeAlarm", "CompositeAlarm", "CompositeAlarms"),
    _alarms("AWS::CloudWatch::Alarm", "MetricAlarm", "MetricAlarms", after=("AWS::CloudWatch::CompositeAlarm",)),
    Row(
        name="AWS::CloudWatch::Dashboard",
        service="cloudwatch",
        scope=Scope.GLOBAL,  # the same ones are listed in every region
        listing=Listing("list_dashboards", "DashboardEntries", "DashboardName"),
        see=Call("get_dashboard", "DashboardName"),
        remove=Call("delete_dashboards", "DashboardNames", wrap=True),
        errors=Errors(absent=("ResourceNotFound", "DashboardNotFoundError")),
    ),
    Row(
        name="AWS::CloudWatch::InsightRule",
        service="cloudwatch",
        # CloudFormation's id is the ARN, whose last part is the name
        listing=Listing("describe_insight_rules", "InsightRules", "Name", unless="ManagedRule"),
        parts=r"(?:.*:insight-rule/)?(.*)",
        remove=Call("delete_insight_rules", "RuleNames", wrap=True),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
    Row(
        name="AWS::CloudWatch::MetricStream",
        service="cloudwatch",
        listing=Listing("list_metric_streams", "Entries", "Name", "CreationDate"),
        see=Call("get_metric_stream", "Name"),
        halt=(Step(call=Call("stop_metric_streams", "Names", wrap=True), when="State == 'running'"),),
        remove=Call("delete_metric_stream", "Name"),
        errors=Errors(absent=("ResourceNotFoundException", "ResourceNotFound")),
    ),
    Row(
        name="AWS::Logs::QueryDefinition",
        service="logs",
        listing=Listing("describe_query_definitions", "queryDefinitions", "queryDefinitionId"),
        remove=Call("delete_query_definition", "queryDefinitionId"),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
    Row(
        name="AWS::Logs::ResourcePolicy",
        service="logs",
        listing=Listing("describe_resource_policies", "resourcePolicies", "policyName"),
        remove=Call("delete_resource_policy", "policyName"),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
    Row(
        name="AWS::Logs::Destination",
        service="logs",
        listing=Listing("describe_destinations", "destinations", "destinationName", "creationTime"),
        remove=Call("delete_destination", "destinationName"),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
    Row(
        name="AWS::Logs::Delivery",
        service="logs",
        listing=Listing("describe_deliveries", "deliveries", "id"),
        see=Call("get_delivery", "id"),
        remove=Call("delete_delivery", "id"),
        errors=_DELIVERY,
    ),
    Row(
        name="AWS::Logs::DeliverySource",
        service="logs",
        after=("AWS::Logs::Delivery",),
        listing=Listing("describe_delivery_sources", "deliverySources", "name"),
        see=Call("get_delivery_source", "name"),
        remove=Call("delete_delivery_source", "name"),
        errors=_DELIVERY,
    ),
    Row(
        name="AWS::Logs::DeliveryDestination",
        service="logs",
        after=("AWS::Logs::Delivery",),
        listing=Listing("describe_delivery_destinations", "deliveryDestinations", "name"),
        see=Call("get_delivery_destination", "name"),
        remove=Call("delete_delivery_destination", "name"),
        errors=_DELIVERY,
    ),
)
