"""Reading: one allocation, pools, environments, history. Never credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atmosphere.core import access
from atmosphere.core.errors import Forbidden, UnknownAllocation, UnknownEnvironment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.breaker import Breaker
    from atmosphere.core.model import Allocation, AllocationId, Environment, EnvironmentKey, PoolName, Status
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Clock, Store


@dataclass(frozen=True, slots=True)
class PoolCounts:
    """How many of a pool's environments are in each status, and how many callers wait for one."""

    pool: PoolName
    counts: Mapping[Status, int]
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The questions with their collaborators; the caller is known already, each question asks for its own right."""

    store: Store
    snapshot: Snapshot
    caller: VerifiedCaller
    clock: Clock

    def allocation(self, id_: AllocationId | None) -> Allocation:
        """The caller's own, or any for an operator; raises `UnknownAllocation`."""
        found = self.store.allocation(id_) if id_ else None
        allocation = access.visible(found, self.snapshot.access, self.caller)
        if allocation.is_tombstone:
            raise UnknownAllocation
        return allocation

    def pool(self, pool: PoolName) -> PoolCounts:
        """Counts of one pool; raises `Forbidden`, also for a pool that does not exist."""
        if not access.is_operator(self.snapshot.access, self.caller) or pool not in self.snapshot.pools:
            access.rule_for(self.snapshot.access, self.caller, pool)
        return self._counted(pool)

    def pools(self) -> Sequence[PoolCounts]:
        """Counts of every pool that the caller may use; of all for an operator."""
        if access.is_operator(self.snapshot.access, self.caller):
            pools = self.snapshot.pools
        else:
            pools = access.pools_of(self.snapshot.access, self.caller)
        return [self._counted(pool) for pool in pools]

    def _counted(self, pool: PoolName) -> PoolCounts:
        now = self.clock.now()
        waiting = sum(waiter.present_until > now for waiter in self.store.waiters(pool))
        return PoolCounts(pool, self.store.counts(pool), waiting)

    def breaker(self, pool: PoolName) -> Breaker | None:
        """What was counted of a pool; operators only; raises `Forbidden` for a pool that does not exist."""
        access.operators_only(self.snapshot.access, self.caller)
        found = self.store.breaker(pool)
        if found is None and pool not in self.snapshot.pools:
            raise Forbidden
        return found

    def configuration(self) -> Snapshot:
        """The configuration in force; operators only."""
        access.operators_only(self.snapshot.access, self.caller)
        return self.snapshot

    def environments(self) -> Sequence[Environment]:
        """Every row, in order; operators only."""
        access.operators_only(self.snapshot.access, self.caller)
        return self.store.environments()

    def environment(self, key: EnvironmentKey) -> Environment:
        """One row; operators only; raises `UnknownEnvironment`."""
        access.operators_only(self.snapshot.access, self.caller)
        found = self.store.environment(key)
        if found is None:
            raise UnknownEnvironment
        return found
