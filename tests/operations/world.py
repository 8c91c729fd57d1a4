"""A whole service in memory: its ports on a line, its operations, its callers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from atmosphere.adapters.memory import FakeClock, MemoryCleaner, MemoryCredentials, MemoryStore, SeededIds
from atmosphere.core import changes
from atmosphere.core.access import AccessRules, Operator, VerifiedCaller, caller_from_run
from atmosphere.core.model import (
    AccountId,
    Allocation,
    AllocationId,
    Environment,
    EnvironmentKey,
    OwnerKey,
    Registration,
    RuleName,
    Status,
)
from atmosphere.core.request import allocate_request
from atmosphere.operations.allocate import Allocator
from atmosphere.operations.clean import Cleaning
from atmosphere.operations.deallocate import Deallocator
from atmosphere.operations.heartbeat import Heartbeats
from atmosphere.operations.operate import Operating
from atmosphere.operations.reclaim import Reclaimer
from atmosphere.operations.reconcile import Reconciler
from atmosphere.operations.refresh import Refresher
from atmosphere.operations.register import Registrar
from atmosphere.operations.sessions import Granted
from tests.builders import (
    HUB,
    POOL,
    a_github_rule,
    a_key,
    a_registration,
    a_run,
    a_snapshot,
    an_environment,
    an_iam_rule,
    settings,
)
from tests.operations.line import Line, Watched

if TYPE_CHECKING:
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.operations.allocate import DryRun
    from atmosphere.ports import Cleaner, CleanupOrder, Credentials, Store


def a_caller(role: str, account: AccountId = HUB) -> VerifiedCaller:
    return VerifiedCaller(account=account, owner=OwnerKey(f"iam:{account}:role/{role}"), role=role)


RUNNER: Final = a_caller("runner")
NEIGHBOUR: Final = a_caller("neighbour")
OPERATOR: Final = a_caller("operator")
RUN: Final = caller_from_run(a_run(), (RuleName("app"),))
RERUN: Final = caller_from_run(a_run(run_attempt="2", check_run_id="6000000009"), (RuleName("app"),))


def a_configuration(*registrations: Registration, max_active: int | None = None, **tuned: Any) -> Snapshot:
    """A snapshot of these environments, open to the whole hub account and to runs, with `operator` as operator."""
    access = AccessRules(
        iam=(an_iam_rule(max_active=max_active),),
        github=(a_github_rule(max_active=max_active),),
        operators=(Operator(account=HUB, role="operator"),),
    )
    return a_snapshot(*registrations, access=access, settings=settings(**tuned))


class World:
    """Everything an operation needs. Reads of a test go to `rows`, those of the operations through `store`."""

    def __init__(self, snapshot: Snapshot, *, rows: MemoryStore | None = None) -> None:
        self.snapshot = snapshot
        self.clock = FakeClock()
        self.ids = SeededIds(1)
        self.line = Line()
        self.keys = MemoryCredentials(self.clock)
        self.refused_roles: list[EnvironmentKey] = []
        self.cleanups = MemoryCleaner()
        self.watch(rows or MemoryStore())
        self.credentials = cast("Credentials", Watched(self.keys, self.line))
        self.cleaner = cast("Cleaner", Watched(self.cleanups, self.line))

    def watch(self, rows: MemoryStore) -> None:
        """Use this store, on the line."""
        self.rows = rows
        self.store = cast("Store", Watched(rows, self.line))

    def put(self, *environments: Environment) -> None:
        """Rows that are there."""
        for begin in range(0, len(environments), 100):
            puts = [changes.Put(row=row) for row in environments[begin : begin + 100]]
            self.rows.commit(puts, token=self.ids.new())

    def row(self, key: EnvironmentKey) -> Environment:
        """The row, which is there."""
        found = self.rows.environment(key)
        assert found is not None
        return found

    def status(self, key: EnvironmentKey) -> Status:
        return self.row(key).status

    def recorded(self, id_: AllocationId) -> Allocation:
        """The allocation, which is there."""
        found = self.rows.allocation(id_)
        assert found is not None
        return found

    @property
    def allocator(self) -> Allocator:
        return Allocator(
            store=self.store,
            credentials=self.credentials,
            clock=self.clock,
            ids=self.ids,
            role_refused=lambda row: self.refused_roles.append(row.key),
        )

    @property
    def refresher(self) -> Refresher:
        return Refresher(store=self.store, credentials=self.credentials, clock=self.clock, heartbeats=self.heartbeats)

    @property
    def heartbeats(self) -> Heartbeats:
        return Heartbeats(store=self.store, clock=self.clock, ids=self.ids)

    @property
    def deallocator(self) -> Deallocator:
        return Deallocator(
            store=self.store, cleaner=self.cleaner, clock=self.clock, ids=self.ids, cleanup_limit=self._limit
        )

    @property
    def reclaimer(self) -> Reclaimer:
        return Reclaimer(store=self.store, deallocator=self.deallocator)

    @property
    def operating(self) -> Operating:
        return Operating(
            store=self.store, cleaner=self.cleaner, clock=self.clock, ids=self.ids, cleanup_limit=self._limit
        )

    @property
    def reconciler(self) -> Reconciler:
        return Reconciler(
            store=self.store,
            cleaner=self.cleaner,
            clock=self.clock,
            ids=self.ids,
            deallocator=self.deallocator,
            budget=timedelta(seconds=45),
        )

    @property
    def registrar(self) -> Registrar:
        return Registrar(store=self.store, cleaner=self.cleaner, clock=self.clock, ids=self.ids)

    def cleaning(self, order: CleanupOrder) -> Cleaning:
        return Cleaning(order=order, store=self.store, clock=self.clock, ids=self.ids)

    @property
    def _limit(self) -> timedelta:
        return self.snapshot.settings.cleanup_limit

    def ask(self, *, caller: VerifiedCaller = RUNNER, key: AllocationId | None = None, **body: Any) -> Granted | DryRun:
        """Allocate as a request of this body would."""
        request = allocate_request({"pool": POOL, "requester": "a test", **body})
        return self.allocator.allocate(request, caller=caller, key=key, snapshot=self.snapshot)

    def allocate(self, **asked: Any) -> Allocation:
        """Allocate, which works."""
        granted = self.ask(**asked)
        assert isinstance(granted, Granted)
        return granted.allocation

    def deallocate(
        self, id_: AllocationId | None, *, caller: VerifiedCaller = RUNNER, outcome: str = "success"
    ) -> Allocation:
        return self.deallocator.deallocate(id_, outcome=outcome, caller=caller, rules=self.snapshot.access)

    def refresh(self, id_: AllocationId | None, *, caller: VerifiedCaller = RUNNER) -> Granted:
        return self.refresher.refresh(id_, caller=caller, settings=self.snapshot.settings)


def a_world(
    count: int = 3, *, taken: int = 0, max_active: int | None = None, page_size: int = 100, **tuned: Any
) -> World:
    """`count` environments of one pool, each of its own account; the first `taken` are dirty, the rest free."""
    keys = [a_key(number) for number in range(1, count + 1)]
    registrations = [a_registration(key) for key in keys]
    world = World(
        a_configuration(*registrations, max_active=max_active, **tuned), rows=MemoryStore(page_size=page_size)
    )
    long_ago = world.clock.now() - timedelta(days=1)
    world.put(
        *(
            an_environment(key, status=Status.DIRTY, since=long_ago)
            if number < taken
            else an_environment(key, since=long_ago, freed_at=long_ago + timedelta(seconds=number))
            for number, key in enumerate(keys)
        )
    )
    return world


def many(count: int, **each: Any) -> list[dict[str, Any]]:
    """The `environments` of a request for several."""
    return [{"name": f"e{number}", **each} for number in range(count)]
