"""The composition root: from a function's environment variables to the operations, each made when first asked for.

A container makes one `App` and keeps it; tests make their own and set its parts. What a function's role may not do it
is not wired to do either: a missing variable is a KeyError that names it. What makes a thing imports it, so that each
function starts with its own parts only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

from atmosphere.adapters import clients
from atmosphere.contract import TABLE_VARIABLES, Env, Table
from atmosphere.core.github import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from atmosphere.adapters.s3 import S3Objects
    from atmosphere.cleanup.aws.accounts import Accounts
    from atmosphere.cleanup.engine import PassResult
    from atmosphere.cleanup.model import Assignment, PassState
    from atmosphere.cleanup.state.store import TextStore
    from atmosphere.core.access import AccessRules, VerifiedCaller
    from atmosphere.core.model import Allocation, Environment
    from atmosphere.core.settings import Settings
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.operations.allocate import Allocator
    from atmosphere.operations.authorize import Authorizer
    from atmosphere.operations.baseline import BaselineKeeper
    from atmosphere.operations.clean import Cleaning
    from atmosphere.operations.deallocate import Deallocator
    from atmosphere.operations.heartbeat import Heartbeats
    from atmosphere.operations.measure import Announcer, Measurer
    from atmosphere.operations.operate import Operating
    from atmosphere.operations.reclaim import Reclaimer
    from atmosphere.operations.reconcile import Reconciler
    from atmosphere.operations.refresh import Refresher
    from atmosphere.operations.register import Registrar
    from atmosphere.operations.resume import PoolResumer
    from atmosphere.operations.watch import Watcher, Watching
    from atmosphere.ports import (
        Baselines,
        Cleaner,
        CleanupOrder,
        Clock,
        Credentials,
        Events,
        Ids,
        Notices,
        Reports,
        Snapshots,
        SnapshotSource,
        Store,
        TokenSignatures,
        UsedTokens,
        WatchOrder,
        WebhookSecrets,
    )

RECONCILE_BUDGET: Final = timedelta(seconds=45)  # of a 55 s time-out
_ROWS: Final = (Table.ENVIRONMENTS, Table.ALLOCATIONS, Table.HISTORY, Table.WAITERS, Table.POOLS)
PASS_BUDGET: Final = timedelta(seconds=240)  # of a 300 s time-out


@dataclass
class App:
    """The ports as the environment says, and the operations on them."""

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
        return DynamoStore(self._reads, tables, commits=clients.dynamodb_commits())

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

        return EventBridgeEvents(clients.events())

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

        return ManagedSecrets(clients.secretsmanager(), self.environ[Env.WEBHOOK_SECRET], clock=self.clock)

    def authorizer(self) -> Authorizer:
        """The GitHub tree's door. Without the variable there is no stand-in; a malformed one is a ValueError."""
        from atmosphere.operations.authorize import Authorizer

        return Authorizer(
            signatures=self.token_signatures,
            used=self.used_tokens,
            clock=self.clock,
            stand_in=stand_in(self.environ.get(Env.LOOPBACK_ISSUER, "")),
        )

    def allocator(self, *, role_refused: Callable[[Environment], None]) -> Allocator:
        """POST /allocations."""
        from atmosphere.operations.allocate import Allocator

        return Allocator(
            store=self.store,
            credentials=self.credentials,
            clock=self.clock,
            ids=self.ids,
            role_refused=role_refused,
        )

    def refresher(self) -> Refresher:
        """POST /allocations/{id}/credentials."""
        from atmosphere.operations.refresh import Refresher

        return Refresher(store=self.store, credentials=self.credentials, clock=self.clock, heartbeats=self.heartbeats())

    def heartbeats(self) -> Heartbeats:
        """POST /allocations/{id}/heartbeat."""
        from atmosphere.operations.heartbeat import Heartbeats

        return Heartbeats(store=self.store, clock=self.clock, ids=self.ids)

    def deallocator(self, settings: Settings, *, ended: Callable[[Allocation], None]) -> Deallocator:
        """DELETE /allocations/{id}."""
        from atmosphere.operations.deallocate import Deallocator

        return Deallocator(
            store=self.store,
            cleaner=self.cleaner,
            clock=self.clock,
            ids=self.ids,
            cleanup_limit=settings.cleanup_limit,
            ended=ended,
        )

    def reclaimer(self, snapshot: Snapshot, *, ended: Callable[[Allocation], None]) -> Reclaimer:
        """POST /github/webhook."""
        from atmosphere.operations.reclaim import Reclaimer

        return Reclaimer(
            store=self.store,
            clock=self.clock,
            ids=self.ids,
            deallocator=self.deallocator(snapshot.settings, ended=ended),
            rules=snapshot.access,
        )

    def operating(self, settings: Settings, *, ended: Callable[[Allocation], None]) -> Operating:
        """POST /environments/…."""
        from atmosphere.operations.operate import Operating

        return Operating(
            store=self.store,
            cleaner=self.cleaner,
            clock=self.clock,
            ids=self.ids,
            cleanup_limit=settings.cleanup_limit,
            deallocator=self.deallocator(settings, ended=ended),
        )

    def pool_resumer(self, snapshot: Snapshot, caller: VerifiedCaller) -> PoolResumer:
        """POST /pools/{pool}/resume."""
        from atmosphere.operations.resume import PoolResumer

        return PoolResumer(store=self.store, clock=self.clock, ids=self.ids, snapshot=snapshot, caller=caller)

    def baseline_keeper(self, rules: AccessRules, caller: VerifiedCaller) -> BaselineKeeper:
        """…/baseline."""
        from atmosphere.operations.baseline import BaselineKeeper

        return BaselineKeeper(
            store=self.store, baselines=self.baselines, clock=self.clock, ids=self.ids, rules=rules, caller=caller
        )

    def reconciler(
        self,
        settings: Settings,
        *,
        ended: Callable[[Allocation], None],
        became_dirty: Callable[[Environment], None],
    ) -> Reconciler:
        """Every minute."""
        from atmosphere.operations.reconcile import Reconciler

        return Reconciler(
            store=self.store,
            cleaner=self.cleaner,
            clock=self.clock,
            ids=self.ids,
            deallocator=self.deallocator(settings, ended=ended),
            budget=RECONCILE_BUDGET,
            became_dirty=became_dirty,
        )

    def measurer(self, snapshot: Snapshot) -> Measurer:
        """Every few minutes."""
        from atmosphere.operations.measure import Measurer

        return Measurer(store=self.store, clock=self.clock, ids=self.ids, snapshot=snapshot)

    def announcer(self) -> Announcer:
        """After each event that is noted."""
        from atmosphere.operations.measure import Announcer

        return Announcer(store=self.store, ids=self.ids)

    def registrar(self, *, gone: Callable[[Environment], None]) -> Registrar:
        """At every deployment."""
        from atmosphere.operations.register import Registrar

        return Registrar(store=self.store, cleaner=self.cleaner, clock=self.clock, ids=self.ids, gone=gone)

    def cleaning(self, order: CleanupOrder) -> Cleaning:
        """One cleanup's say."""
        from atmosphere.operations.clean import Cleaning

        return Cleaning(order=order, store=self.store, clock=self.clock, ids=self.ids)

    def run_pass(
        self, todo: Assignment, state: PassState, *, beat: Callable[[], None], held: Callable[[], str | None]
    ) -> PassResult:
        """One pass of the engine, which only the cleanup function imports."""
        from atmosphere.cleanup.engine import run_pass

        return run_pass(
            todo,
            state,
            aws=self._accounts,
            store=self.texts,
            clock=self.clock,
            beat=beat,
            held=held,
            budget=PASS_BUDGET,
        )

    def watcher(self, snapshot: Snapshot) -> Watcher:
        """Every minute, too."""
        from atmosphere.operations.watch import Watcher

        return Watcher(store=self.store, cleaner=self.cleaner, clock=self.clock, ids=self.ids, snapshot=snapshot)

    def watching(self, order: WatchOrder) -> Watching:
        """One scan of a free environment."""
        from atmosphere.operations.watch import Watching

        return Watching(order=order, store=self.store, clock=self.clock, ids=self.ids)

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


@cache
def app() -> App:
    """The container's App."""
    return App(os.environ)
