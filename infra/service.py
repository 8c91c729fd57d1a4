"""`AtmosphereService`: the whole service as one construct, for our own stack or for somebody else's app."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from aws_cdk import Annotations, Aws, Stack
from constructs import Construct

from atmosphere.contract import FUNCTIONS, TABLE_VARIABLES, Env, FunctionName, issuer_digest
from infra.assets import has_byte_code
from infra.constructs.alarms import add_alarms
from infra.constructs.api import Api
from infra.constructs.cleanup import CleanupMachine
from infra.constructs.dashboard import add_dashboard
from infra.constructs.functions import make_function
from infra.constructs.publisher import publish, snapshot_asset
from infra.constructs.reconciler import add_schedules
from infra.constructs.storage import bucket, tables, webhook_secrets
from infra.constructs.topic import make_topic
from infra.grants import Places, statements
from infra.target import RUNTIME

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

    from atmosphere.core.snapshot import Snapshot
    from infra.target import Target

_SLOW_STARTS: Final = (
    f"the functions get no byte code, so each start takes twice as long: synthesize with Python {RUNTIME}, theirs"
)


class AtmosphereService(Construct):
    """Tables, bucket, functions, API, cleanup machine, reconciler, alarms and dashboard for one configuration.

    One for each account, because roles and functions have fixed names: the environments' trust policies name them.
    `loopback_issuer` is for a run on one machine: a stand-in for github.com's token issuer. On AWS it stays empty.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, snapshot: Snapshot, target: Target, loopback_issuer: str = ""
    ) -> None:
        super().__init__(scope, construct_id)
        self.tables = tables(self)
        self.bucket = bucket(self)
        self.webhook_secrets = webhook_secrets(self, snapshot.settings.senders)
        self.machine = CleanupMachine(self, "CleanupMachine", limit=snapshot.longest_cleanup)
        self.topic, self.topic_key = make_topic(self)
        self.functions = self._functions(snapshot, target, loopback_issuer)
        self.api = Api(self, "Api", accounts=snapshot.access.accounts)
        self.api.add_routes(self.functions)
        add_schedules(self, self.functions[FunctionName.RECONCILE])
        alarms = add_alarms(self, functions=self.functions, api=self.api, machine=self.machine, topic=self.topic)
        add_dashboard(self, pools=snapshot.pools, alarms=alarms, functions=self.functions, api=self.api)
        if not has_byte_code(target):
            Annotations.of(self).add_warning_v2("atmosphere:no-byte-code", _SLOW_STARTS)

    def _functions(
        self, snapshot: Snapshot, target: Target, loopback_issuer: str
    ) -> dict[FunctionName, lambda_.Function]:
        """The publisher first: what it publishes is a variable of all the others."""
        asset = snapshot_asset(self, snapshot)
        places = Places(
            tables={table: made.table_arn for table, made in self.tables.items()},
            bucket=self.bucket.bucket_arn,
            state_machine=self.machine.state_machine_arn,
            snapshot_asset=asset.bucket.arn_for_objects(asset.s3_object_key),
            webhook_secrets=list(self.webhook_secrets.values()),
            alarm_topic=self.topic.topic_arn,
            alarm_key=self.topic_key.key_arn,
            event_bus=Stack.of(self).format_arn(service="events", resource="event-bus", resource_name="default"),
            roles=[f"arn:{Aws.PARTITION}:iam::*:role/{name}" for name in snapshot.settings.role_names],
        )
        values = {
            **self._values(),
            Env.LOOPBACK_ISSUER: loopback_issuer,
            Env.WEBHOOK_SECRETS: json.dumps({issuer_digest(it): arn for it, arn in self.webhook_secrets.items()}),
            Env.ALARM_TOPIC: self.topic.topic_arn,
        }

        def make(name: FunctionName) -> lambda_.Function:
            contracted = next(function for function in FUNCTIONS if function.name is name)
            return make_function(self, contracted, target=target, values=values, grants=statements(name, places))

        publisher = make(FunctionName.PUBLISH)
        publication = publish(self, snapshot, asset=asset, function=publisher)
        values[Env.SNAPSHOT] = publication.get_att_string("Snapshot")
        others = [function.name for function in FUNCTIONS if function.name is not FunctionName.PUBLISH]
        return {FunctionName.PUBLISH: publisher, **{name: make(name) for name in others}}

    def _values(self) -> dict[Env, str]:
        names = {TABLE_VARIABLES[table]: made.table_name for table, made in self.tables.items()}
        return {**names, Env.BUCKET: self.bucket.bucket_name, Env.STATE_MACHINE: self.machine.state_machine_arn}
