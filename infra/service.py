"""`AtmosphereService`: the whole service as one construct, for our own stack or for somebody else's app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Annotations, Aws, Stack, Tags
from constructs import Construct

from atmosphere.contract import CANARY_CALLS, FUNCTIONS, TABLE_VARIABLES, Env, FunctionName, Table
from infra.assets import has_byte_code
from infra.constructs.alarms import add_alarms
from infra.constructs.api import Api
from infra.constructs.cleanup import CleanupMachine
from infra.constructs.dashboard import add_dashboard
from infra.constructs.domain import add_domain
from infra.constructs.encryption import encryption_key, may_use
from infra.constructs.firewall import add_firewall
from infra.constructs.functions import make_function
from infra.constructs.logs import Keeping
from infra.constructs.publisher import publish, snapshot_asset
from infra.constructs.reconciler import add_canary, add_schedules
from infra.constructs.storage import bucket, interlock, tables, webhook_secret
from infra.constructs.topic import make_topic
from infra.grants import Places, statements
from infra.options import Canary, Options
from infra.target import RUNTIME

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_

    from atmosphere.core.snapshot import Snapshot
    from infra.target import Target

_SLOW_STARTS: Final = (
    f"the functions get no byte code, so each start takes twice as long: synthesize with Python {RUNTIME}, theirs"
)

_DEFAULT: Final = Options()


class AtmosphereService(Construct):
    """Tables, bucket, functions, API, cleanup machine, reconciler, alarms and dashboard for one configuration.

    One for each account, because roles and functions have fixed names: the environments' trust policies name them.
    `options` are what the deployment chooses besides its configuration (`infra/options.py`).
    `loopback_issuer` is for a run on one machine: a stand-in for github.com's token issuer. On AWS it stays empty.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        snapshot: Snapshot,
        target: Target,
        loopback_issuer: str = "",
        options: Options = _DEFAULT,
    ) -> None:
        super().__init__(scope, construct_id)
        self.options = options
        self.key = encryption_key(self, options.encryption_key)
        self.keeping = Keeping(days=options.log_days, key=self.key)
        self.tables = tables(self, self.key, options.adopt)
        self.bucket = bucket(self, self.key, options.adopt)
        self.webhook_secret = webhook_secret(self, self.key, options.adopt)
        self.kept = interlock(self, tables=self.tables, bucket=self.bucket, secret=self.webhook_secret)
        self.machine = CleanupMachine(self, "CleanupMachine", limit=snapshot.longest_cleanup)
        self.topic, self.topic_key = make_topic(self, self.key)
        self.api = Api(
            self, "Api", accounts=snapshot.access.accounts, throttles=options.throttles, keeping=self.keeping
        )
        self.functions = self._functions(snapshot, target, loopback_issuer)
        self.api.add_routes(self.functions)
        self.domain = add_domain(self, options.domain, self.api) if options.domain else None
        if options.firewall:
            add_firewall(self, options.firewall, self.api)
        add_schedules(self, self.functions[FunctionName.RECONCILE])
        if options.canary:
            add_canary(self, self.functions[FunctionName.CANARY], minutes=options.canary.minutes)
        alarms = add_alarms(
            self, functions=self.functions, api=self.api, machine=self.machine, topic=self.topic, options=options
        )
        add_dashboard(self, pools=snapshot.pools, alarms=alarms, functions=self.functions, api=self.api)
        for name, value in options.tags.items():
            Tags.of(self).add(name, value)
        if not has_byte_code(target):
            Annotations.of(self).add_warning_v2("atmosphere:no-byte-code", _SLOW_STARTS)

    def _functions(
        self, snapshot: Snapshot, target: Target, loopback_issuer: str
    ) -> dict[FunctionName, lambda_.Function]:
        """The publisher first: what it publishes is a variable of all the others."""
        asset = snapshot_asset(self, snapshot)
        places = self._places(snapshot, asset.bucket.arn_for_objects(asset.s3_object_key))
        values = {**self._values(), Env.LOOPBACK_ISSUER: loopback_issuer}
        uses_key = [may_use(self.key)] if self.key else []

        def make(name: FunctionName) -> lambda_.Function:
            contracted = next(function for function in FUNCTIONS if function.name is name)
            return make_function(
                self,
                contracted,
                target=target,
                values=values,
                grants=[*statements(name, places), *uses_key],
                keeping=self.keeping,
                reserved=self.options.reserved_concurrency.get(name),
            )

        publisher = make(FunctionName.PUBLISH)
        rows = self.tables[Table.ENVIRONMENTS].table_name
        publication = publish(self, snapshot, asset=asset, function=publisher, rows=rows)
        publication.node.add_dependency(self.kept)
        values[Env.SNAPSHOT] = publication.get_att_string("Snapshot")
        others = [function.name for function in FUNCTIONS if function.name is not FunctionName.PUBLISH]
        return {FunctionName.PUBLISH: publisher, **{name: make(name) for name in others}}

    def _places(self, snapshot: Snapshot, snapshot_asset: str) -> Places:
        """The ARNs that the functions' grants are made on."""
        canary = self.options.canary or Canary()
        return Places(
            tables={table: made.table_arn for table, made in self.tables.items()},
            bucket=self.bucket.bucket_arn,
            state_machine=self.machine.state_machine_arn,
            snapshot_asset=snapshot_asset,
            webhook_secret=self.webhook_secret,
            alarm_topic=self.topic.topic_arn,
            alarm_key=self.topic_key.key_arn,
            event_bus=Stack.of(self).format_arn(service="events", resource="event-bus", resource_name="default"),
            canary_routes=[self.api.arn_of(route) for route in CANARY_CALLS] if canary.pool else [],
            stranger=[canary.stranger_role] if canary.stranger_role else [],
            roles=[f"arn:{Aws.PARTITION}:iam::*:role/{name}" for name in snapshot.settings.role_names],
        )

    def _values(self) -> dict[Env, str]:
        """The variables that are known before anything is published."""
        names = {TABLE_VARIABLES[table]: made.table_name for table, made in self.tables.items()}
        canary = self.options.canary or Canary()
        return {
            **names,
            Env.BUCKET: self.bucket.bucket_name,
            Env.STATE_MACHINE: self.machine.state_machine_arn,
            Env.WEBHOOK_SECRET: self.webhook_secret,
            Env.ALARM_TOPIC: self.topic.topic_arn,
            Env.ENDPOINT: self.api.endpoint,
            Env.CANARY_POOL: canary.pool,
            Env.CANARY_STRANGER: canary.stranger_role,
        }
