"""`AtmosphereService`: the whole service as one construct, for our own stack or for somebody else's app."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_cdk import Annotations, Aws, Stack, Tags
from constructs import Construct

from atmosphere.config.load import load
from atmosphere.contract import CANARY_CALLS, FUNCTIONS, TABLE_VARIABLES, Env, FunctionName, Table, issuer_digest
from atmosphere.core.snapshot import Snapshot
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
from infra.constructs.storage import bucket, interlock, tables, webhook_secrets
from infra.constructs.topic import make_topic
from infra.grants import Places, statements
from infra.names import DEFAULT, checked_name, only_one
from infra.options import Canary, Options
from infra.target import RUNTIME, Target

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_ssm as ssm

_SLOW_STARTS: Final = (
    f"the functions get no byte code, so each start takes twice as long: synthesize with Python {RUNTIME}, theirs"
)

_DEFAULT: Final = Options()


class AtmosphereService(Construct):
    """Tables, bucket, functions, API, cleanup machine, reconciler, alarms and dashboard for one configuration.

    `config` is the directory of the three YAML files, or what was made of one. `service_name` begins every fixed name,
    and the environments' trust policies name roles by it: two services in one account have two names.
    `options` are what the deployment chooses besides its configuration (`infra/options.py`).
    `target` and `loopback_issuer`, a stand-in for github.com's token issuer, are for a run on one machine.

    Raises `ConfigProblems` with all problems of the directory, `ValueError` for a name that cannot be one or is taken
    in this app, `AssetFailed` if the code of the functions cannot be put together.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Snapshot | Path | str,
        service_name: str = DEFAULT,
        options: Options = _DEFAULT,
        target: Target = Target.AWS,
        loopback_issuer: str = "",
    ) -> None:
        super().__init__(scope, construct_id)
        snapshot = config if isinstance(config, Snapshot) else load(Path(config))
        self.service_name = checked_name(service_name)
        only_one(self, self.service_name)
        self.options = options
        self.key = encryption_key(self, options.encryption_key)
        self.keeping = Keeping(days=options.log_days, key=self.key)
        self.tables = tables(self, self.key, options.adopt)
        self.bucket = bucket(self, self.key, options.adopt)
        self.webhook_secrets = webhook_secrets(self, snapshot.settings.senders, self.key, options.adopt)
        self.kept = self._interlock()
        self.machine = CleanupMachine(
            self, "CleanupMachine", service_name=self.service_name, limit=snapshot.longest_cleanup
        )
        self.topic, self.topic_key = make_topic(self, self.key)
        self.api = self._api(snapshot)
        self.functions = self._functions(snapshot, target, loopback_issuer)
        self.api.add_routes(self.functions)
        self.domain = add_domain(self, options.domain, self.api) if options.domain else None
        if options.firewall:
            add_firewall(self, options.firewall, self.api)
        add_schedules(self, self.functions[FunctionName.RECONCILE])
        if options.canary:
            add_canary(self, self.functions[FunctionName.CANARY], minutes=options.canary.minutes)
        self._watch(snapshot)
        for name, value in options.tags.items():
            Tags.of(self).add(name, value)
        if not has_byte_code(target):
            Annotations.of(self).add_warning_v2("atmosphere:no-byte-code", _SLOW_STARTS)

    def _interlock(self) -> ssm.StringParameter:
        """What the next deployment would have to adopt."""
        return interlock(
            self,
            service_name=self.service_name,
            tables=self.tables,
            bucket=self.bucket,
            secrets=self.webhook_secrets,
        )

    def _api(self, snapshot: Snapshot) -> Api:
        """Its routes come when the functions are there, because the canary's needs its address."""
        return Api(
            self,
            "Api",
            service_name=self.service_name,
            accounts=snapshot.access.accounts,
            throttles=self.options.throttles,
            keeping=self.keeping,
        )

    def _watch(self, snapshot: Snapshot) -> None:
        """Alarms, and the dashboard that shows them."""
        alarms = add_alarms(
            self,
            service_name=self.service_name,
            functions=self.functions,
            api=self.api,
            machine=self.machine,
            topic=self.topic,
            options=self.options,
        )
        add_dashboard(
            self,
            service_name=self.service_name,
            pools=snapshot.pools,
            alarms=alarms,
            functions=self.functions,
            api=self.api,
        )

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
                service_name=self.service_name,
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
            webhook_secrets=list(self.webhook_secrets.values()),
            alarm_topic=self.topic.topic_arn,
            alarm_key=self.topic_key.key_arn,
            event_bus=Stack.of(self).format_arn(service="events", resource="event-bus", resource_name="default"),
            event_source=self.service_name,
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
            Env.WEBHOOK_SECRETS: json.dumps({issuer_digest(it): arn for it, arn in self.webhook_secrets.items()}),
            Env.ALARM_TOPIC: self.topic.topic_arn,
            Env.ENDPOINT: self.api.endpoint,
            Env.CANARY_POOL: canary.pool,
            Env.CANARY_STRANGER: canary.stranger_role,
        }
