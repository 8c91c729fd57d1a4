"""Events, streams and subscriptions.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors
from atmosphere.cleanup.catalogue.calls import Call, Listing, Step
from atmosphere.cleanup.catalogue.row import Row

_RULE: Final = ("EventBusName", "Name")
_PENDING: Final = "!starts_with(SubscriptionArn, 'arn:')"
_EVENTS: Final = Errors(absent=("ResourceNotFoundException",), busy=("ConcurrentModificationException",))


def _on_stream(kind: str) -> Step:
    """Delete what reads from a stream, or delivers from it, and holds it."""
    return Step(
        call=Call(f"delete_{kind.lower()}", ("", f"{kind}ARN")),
        each=Listing(
            f"list_{kind.lower()}s",
            f"{kind}ARN",
            members=f"{kind}Summaries[?{kind}Status != 'DELETING']",
            seen={"StreamFilter": "[{StreamARN: StreamDescriptionSummary.StreamARN}]"},
        ),
    )


ROWS: Final = (
    Row(
        name="AWS::Events::Rule",
        service="events",
        listing=Listing(
            "list_rules",
            # the bus is part of CloudFormation's id, too, unless it is the default one
            "EventBusName == 'default' && Name || join('|', [EventBusName, Name])",
            unless="ManagedBy",  # by a service, which deletes it
            parent=Listing("list_event_buses", "Name", members="EventBuses"),
            of="EventBusName",
        ),
        see=Call("describe_rule", _RULE),
        parts=r"(?:(.+)\|)?([^|]+)",
        halt=(Step(call=Call("disable_rule", _RULE)),),
        strip=(
            Step(
                call=Call(
                    "remove_targets",
                    ("EventBusName", "Rule", "Ids"),
                    refusals="FailedEntries[].{Code: ErrorCode, Message: ErrorMessage}",
                ),
                each=Listing("list_targets_by_rule", "Id", of=("EventBusName", "Rule")),
            ),
        ),
        remove=Call("delete_rule", _RULE),
        errors=_EVENTS,
    ),
    Row(
        name="AWS::Events::EventBus",
        service="events",
        after=("AWS::Events::Rule", "AWS::Events::Archive"),
        listing=Listing("list_event_buses", "Name", "CreationTime", unless="Name == 'default'", members="EventBuses"),
        see=Call("describe_event_bus", "Name"),
        remove=Call("delete_event_bus"),
        errors=_EVENTS,
    ),
    Row(
        name="AWS::Events::Archive",
        service="events",
        listing=Listing("list_archives", "ArchiveName", "CreationTime", members="Archives"),
        see=Call("describe_archive"),
        remove=Call("delete_archive"),
        errors=_EVENTS,
    ),
    Row(
        name="AWS::Events::ApiDestination",
        service="events",
        listing=Listing("list_api_destinations", "Name", "CreationTime", members="ApiDestinations"),
        see=Call("describe_api_destination"),
        remove=Call("delete_api_destination"),
        errors=_EVENTS,
    ),
    Row(
        name="AWS::Events::Connection",
        service="events",
        after=("AWS::Events::ApiDestination",),
        listing=Listing("list_connections", "Name", "CreationTime", members="Connections"),
        see=Call("describe_connection"),
        ending="ConnectionState == 'DELETING'",
        remove=Call("delete_connection"),
        errors=_EVENTS,
    ),
    Row(
        name="AWS::SNS::Subscription",
        service="sns",
        after=("AWS::SNS::Topic",),  # whose subscriptions go along
        # one that is not confirmed has no ARN: it ends with its topic, or after two days. Until then its endpoint may
        # confirm it without any key, and so read what the next tenant sends
        listing=Listing(
            "list_subscriptions",
            f"{_PENDING} && join('|', ['pending', TopicArn, Protocol]) || SubscriptionArn",
            late=f"{_PENDING} && 'unknown'",
            owner=("AWS::SNS::Topic", f"{_PENDING} && TopicArn"),
        ),
        see=Call("get_subscription_attributes"),
        remove=Call("unsubscribe"),
        errors=Errors(absent=("NotFound", "NotFoundException"), fatal=("InvalidParameter",)),
    ),
    Row(
        name="AWS::Kinesis::Stream",
        service="kinesis",
        listing=Listing("list_streams", members="StreamNames"),
        see=Call("describe_stream_summary", "StreamName"),
        ending="StreamDescriptionSummary.StreamStatus == 'DELETING'",
        unnamed=True,
        rare=(_on_stream("Queue"), _on_stream("Channel")),
        remove=Call("delete_stream", "StreamName", {"EnforceConsumerDeletion": True}),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
    Row(
        name="AWS::Kinesis::StreamConsumer",
        service="kinesis",
        after=("AWS::Kinesis::Stream",),  # whose consumers go along
        listing=Listing(
            "list_stream_consumers",
            "ConsumerARN",
            parent=Listing("list_streams", "StreamARN", members="StreamSummaries"),
        ),
        see=Call("describe_stream_consumer", "ConsumerARN"),
        ending="ConsumerDescription.ConsumerStatus == 'DELETING'",
        remove=Call("deregister_stream_consumer", "ConsumerARN"),
        errors=Errors(absent=("ResourceNotFoundException",), busy=("ResourceInUseException",)),
    ),
)
