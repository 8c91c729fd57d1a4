"""What a function meets: the ports as its environment variables say, each made when first asked for.

A missing variable is a KeyError that names it. What makes a thing imports it, so that each function starts with its own
parts only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from atmosphere.adapters import clients
from atmosphere.contract import EVENT_SOURCE, SERVICE_VARIABLE, TABLE_VARIABLES, Env, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from atmosphere.adapters.s3 import S3Objects
    from atmosphere.cleanup.aws.accounts import Accounts
    from atmosphere.cleanup.state.store import TextStore
    from atmosphere.ports import (
        Baselines,
        Cleaner,
        Clock,
        Credentials,
        Events,
        Ids,
        Notices,
        OwnApi,
        Reports,
        Snapshots,
        SnapshotSource,
        Store,
        TokenSignatures,
        UsedTokens,
        WebhookSecrets,
    )

_ROWS: Final = (Table.ENVIRONMENTS, Table.ALLOCATIONS, Table.HISTORY, Table.WAITERS, Table.POOLS)


@dataclass
class Surroundings:
    """The ports; tests set theirs."""

    environ: Mapping[str, str] = field(repr=False)

    @cached_property
    def clock(self) -> Clock:
        """The real time."""
        from atmosphere.adapters.system import SystemClock

        return SystemClock()

    @cached_property
    def ids(self) -> Ids:
        """Real ids."""
        from atmosphere.adapters.system import SystemIds

        return SystemIds()

    @cached_property
    def store(self) -> Store:
        """The tables of rows."""
        from atmosphere.adapters.dynamodb import DynamoStore

        tables = {table: self.environ[TABLE_VARIABLES[table]] for table in _ROWS}
        if Env.USED_TOKENS_TABLE in self.environ:  # where runs that are over are written or looked for
            tables[Table.USED_TOKENS] = self.environ[Env.USED_TOKENS_TABLE]
        return DynamoStore(self._reads, tables, commits=clients.dynamodb_commits(), environments=self._size)

    def _size(self) -> int:
        """How many environments the configuration has; none where it is not known yet, to the one that publishes it."""
        return len(self.snapshots.load().environments) if Env.SNAPSHOT in self.environ else 0

    @cached_property
    def credentials(self) -> Credentials:
        """STS."""
        from atmosphere.adapters.sts import StsCredentials

        return StsCredentials(clients.sts())

    @cached_property
    def cleaner(self) -> Cleaner:
        """The state machine."""
        from atmosphere.adapters.stepfunctions import StepFunctionsCleaner

        return StepFunctionsCleaner(clients.stepfunctions(), self.environ[Env.STATE_MACHINE])

    @cached_property
    def snapshots(self) -> SnapshotSource:
        """The configuration as deployed."""
        from atmosphere.adapters.snapshots import DeployedSnapshot

        return DeployedSnapshot(self.deployed, self.environ[Env.SNAPSHOT])

    @cached_property
    def deployed(self) -> Snapshots:
        """Every configuration that was deployed."""
        from atmosphere.adapters.snapshots import DynamoSnapshots

        return DynamoSnapshots(self._reads, self.environ[Env.SNAPSHOTS_TABLE])

    @cached_property
    def _reads(self) -> DynamoDBClient:
        return clients.dynamodb()

    @cached_property
    def reports(self) -> Reports:
        """What cleanups reported."""
        from atmosphere.adapters.s3 import S3Reports

        return S3Reports(self.own_objects)

    @cached_property
    def events(self) -> Events:
        """The default bus."""
        from atmosphere.adapters.eventbridge import EventBridgeEvents

        return EventBridgeEvents(clients.events(), self.environ.get(SERVICE_VARIABLE, EVENT_SOURCE))

    @cached_property
    def notices(self) -> Notices:
        """The topic of the alarms."""
        from atmosphere.adapters.sns import SnsNotices

        return SnsNotices(clients.sns(), self.environ[Env.ALARM_TOPIC])

    @cached_property
    def baselines(self) -> Baselines:
        """What was there before the first tests."""
        from atmosphere.adapters.s3 import S3Texts
        from atmosphere.cleanup.baseline.amendments import Amendments

        return Amendments(S3Texts(self.own_objects))

    @cached_property
    def own_objects(self) -> S3Objects:
        """The service's bucket."""
        return self.objects(self.environ[Env.BUCKET])

    def objects(self, bucket: str) -> S3Objects:
        """Any bucket that the function's role may read."""
        from atmosphere.adapters.s3 import S3Objects

        return S3Objects(clients.s3(), bucket)

    @cached_property
    def token_signatures(self) -> TokenSignatures:
        """PyJWT and the issuers' keys, which only the authorizer imports and keeps for the container's life."""
        from atmosphere.adapters.signing_keys import SigningKeys
        from atmosphere.adapters.token_signatures import JwtSignatures

        return JwtSignatures(SigningKeys(clock=self.clock))

    @cached_property
    def used_tokens(self) -> UsedTokens:
        """The table of used tokens."""
        from atmosphere.adapters.used_tokens import DynamoUsedTokens

        return DynamoUsedTokens(clients.dynamodb_tokens(), self.environ[Env.USED_TOKENS_TABLE])

    @cached_property
    def webhook_secrets(self) -> WebhookSecrets:
        """Secrets Manager, asked once in a while."""
        from atmosphere.adapters.webhook_secrets import ManagedSecrets

        return ManagedSecrets(clients.secretsmanager(), json.loads(self.environ[Env.WEBHOOK_SECRETS]), clock=self.clock)

    @cached_property
    def _accounts(self) -> Accounts:
        from atmosphere.cleanup.aws.accounts import Accounts

        return Accounts()

    @cached_property
    def plan_accounts(self) -> Accounts:
        """Accounts in which nothing can be changed."""
        from atmosphere.cleanup.aws.accounts import Accounts

        return Accounts(plan=True)

    @cached_property
    def texts(self) -> TextStore:
        """What cleanups remember."""
        from atmosphere.adapters.s3 import S3Texts

        return S3Texts(self.own_objects)

    @cached_property
    def own_api(self) -> OwnApi:
        """The API, asked from outside."""
        from atmosphere.adapters.own_api import SignedApi

        return SignedApi(
            self.environ[Env.ENDPOINT],
            stranger=self.environ[Env.CANARY_STRANGER],
            sts=clients.sts(),
            own=clients.own_credentials(),
        )
