"""The composition root: from a function's environment variables to the operations, each made when asked for.

A container makes one `App` and keeps it; tests make their own and set its ports. What a function's role may not do it
is not wired to do either. What makes a thing imports it, so that each function starts with its own parts only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from atmosphere.contract import Env
from atmosphere.core.github import stand_in
from atmosphere.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.cleanup.engine import PassResult
    from atmosphere.cleanup.model import Assignment, PassState
    from atmosphere.core.access import AccessRules, VerifiedCaller
    from atmosphere.core.model import Allocation, Environment
    from atmosphere.core.settings import Settings
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.operations.allocate import Allocator
    from atmosphere.operations.authorize import Authorizer
    from atmosphere.operations.baseline import BaselineKeeper
    from atmosphere.operations.canary import Canary
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
    from atmosphere.ports import CleanupOrder, WatchOrder

RECONCILE_BUDGET: Final = timedelta(seconds=45)  # of a 55 s time-out
PASS_BUDGET: Final = timedelta(seconds=240)  # of a 300 s time-out


@dataclass
class App(Surroundings):
    """The operations on the ports."""

    def canary(self) -> Canary:
        """Every few minutes, where configured."""
        from atmosphere.operations.canary import Canary

        return Canary(
            api=self.own_api,
            ids=self.ids,
            pool=self.environ[Env.CANARY_POOL],
            knows_stranger=bool(self.environ[Env.CANARY_STRANGER]),
        )

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


@cache
def app() -> App:
    """The container's App."""
    return App(os.environ)
