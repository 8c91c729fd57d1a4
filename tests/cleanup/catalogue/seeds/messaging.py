"""Seeds of events, streams and subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Rule, Seed, StandIn
from tests.cleanup.catalogue.seeds.common import role_arn
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients


def _targeted_rule(clients: Clients, name: str, **bus: str) -> None:
    events = clients("events")
    events.put_rule(Name=name, EventPattern='{"source": ["seeded"]}', **bus)
    target = {"Id": f"target-{'-'.join(bus.values())}", "Arn": "arn:aws:sqs:us-east-1:222222222222:seeded-rule-queue"}
    events.put_targets(Rule=name, Targets=[target], **bus)


def _rule(clients: Clients) -> str:
    _targeted_rule(clients, "seeded-rule")
    return "seeded-rule"


def _rule_of_bus(clients: Clients) -> str:
    """Of a bus, beside one of the same name on the default bus."""
    clients("events").create_event_bus(Name="seeded-rule-bus")
    _targeted_rule(clients, "seeded-rule-twice")
    _targeted_rule(clients, "seeded-rule-twice", EventBusName="seeded-rule-bus")
    return "seeded-rule-bus|seeded-rule-twice"


def _is_on(clients: Clients, identity: str) -> object:
    bus, _, name = identity.rpartition("|")
    return clients("events").describe_rule(Name=name, EventBusName=bus or "default")["State"] == "ENABLED"


def _bus(clients: Clients) -> str:
    clients("events").create_event_bus(Name="seeded-bus")
    return "seeded-bus"


def _archive(clients: Clients) -> str:
    events = clients("events")
    bus = events.create_event_bus(Name="seeded-archive-bus")["EventBusArn"]
    events.create_archive(ArchiveName="seeded-archive", EventSourceArn=bus)
    return "seeded-archive"


def _make_connection(clients: Clients, name: str) -> str:
    arn: str = clients("events").create_connection(
        Name=name,
        AuthorizationType="BASIC",
        AuthParameters={"BasicAuthParameters": {"Username": "seeded", "Password": "seeded"}},
    )["ConnectionArn"]
    return arn


def _connection(clients: Clients) -> str:
    _make_connection(clients, "seeded-connection")
    return "seeded-connection"


def _destination(clients: Clients) -> str:
    clients("events").create_api_destination(
        Name="seeded-destination",
        ConnectionArn=_make_connection(clients, "seeded-destination-connection"),
        InvocationEndpoint="https://seeded.example.com",
        HttpMethod="POST",
    )
    return "seeded-destination"


class Subscriptions:
    """Subscriptions of which some wait to be confirmed: no backend lists them as SNS does."""

    def __init__(self) -> None:
        self._there: dict[str, str] = {}
        self._topic = ""

    def subscribe(self, *, TopicArn: str, Protocol: str, Endpoint: str) -> dict[str, Any]:  # noqa: N803
        arn = f"{TopicArn}:0a1b2c3d-0000-4000-8000-{len(self._there):012}"
        self._topic = TopicArn
        self._there[arn] = "PendingConfirmation" if Protocol == "email" else arn
        return {"SubscriptionArn": self._there[arn]}

    def list_subscriptions(self) -> dict[str, Any]:
        of = {"TopicArn": self._topic, "Protocol": "email"}
        return {"Subscriptions": [{"SubscriptionArn": shown, **of} for shown in self._there.values()]}

    def get_subscription_attributes(self, *, SubscriptionArn: str) -> dict[str, Any]:  # noqa: N803
        if SubscriptionArn not in self._there:
            raise refuse("NotFound", "no such subscription")
        return {"Attributes": {"SubscriptionArn": SubscriptionArn}}

    def unsubscribe(self, *, SubscriptionArn: str) -> dict[str, Any]:  # noqa: N803
        self._there.pop(SubscriptionArn, None)
        return {}


def _subscription(clients: Clients) -> str:
    """Confirmed, beside one that nobody confirmed."""
    sns = clients("sns")
    topic = sns.create_topic(Name="seeded-subscription-topic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="seeded@example.com")
    queue = "arn:aws:sqs:us-east-1:222222222222:seeded-subscription-queue"
    arn: str = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    return arn


def _make_stream(clients: Clients, name: str) -> str:
    kinesis = clients("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    arn: str = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="seeded-consumer")
    return arn


def _stream(clients: Clients) -> str:
    _make_stream(clients, "seeded-stream")
    return "seeded-stream"


def _has_consumers(clients: Clients, asked: Mapping[str, Any]) -> object:
    kinesis = clients("kinesis")
    if asked["StreamName"] not in kinesis.list_streams()["StreamNames"]:
        return False
    arn = kinesis.describe_stream_summary(StreamName=asked["StreamName"])["StreamDescriptionSummary"]["StreamARN"]
    return not asked.get("EnforceConsumerDeletion") and kinesis.list_stream_consumers(StreamARN=arn)["Consumers"]


def _consumer(clients: Clients) -> str:
    stream = _make_stream(clients, "seeded-consumed-stream")
    arn: str = clients("kinesis").list_stream_consumers(StreamARN=stream)["Consumers"][0]["ConsumerARN"]
    return arn


def _delivery(clients: Clients) -> str:
    clients("s3").create_bucket(Bucket="seeded-delivery-bucket")
    clients("firehose").create_delivery_stream(
        DeliveryStreamName="seeded-delivery",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role_arn(clients, "seeded-delivery-role", "firehose"),
            "BucketARN": "arn:aws:s3:::seeded-delivery-bucket",
        },
    )
    return "seeded-delivery"


SEEDS: Final = (
    Seed(type="AWS::Events::Rule", make=_rule, running=_is_on),
    Seed(type="AWS::Events::Rule", what="of-a-bus", make=_rule_of_bus, running=_is_on, others=1),
    Seed(type="AWS::Events::EventBus", make=_bus),
    Seed(type="AWS::Events::Archive", make=_archive),
    Seed(type="AWS::Events::Connection", make=_connection),
    Seed(type="AWS::Events::ApiDestination", make=_destination),
    Seed(type="AWS::SNS::Subscription", make=_subscription, stand_ins=(StandIn("sns", Subscriptions),), others=1),
    Seed(
        type="AWS::Kinesis::Stream",
        make=_stream,
        rules=(Rule("DeleteStream", "InvalidArgumentException", _has_consumers),),
    ),
    Seed(type="AWS::Kinesis::StreamConsumer", make=_consumer),
    Seed(type="AWS::KinesisFirehose::DeliveryStream", make=_delivery),
)
