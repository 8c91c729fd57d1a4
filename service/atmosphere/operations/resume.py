"""An operator closes the breaker of a pool, with a reason and on record: from then on its cleanups delete again.

The record is in the history of each environment that the breaker had counted. Repeating it changes nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atmosphere.core import access, changes
from atmosphere.core.breaker import Breaker, closed
from atmosphere.core.errors import Forbidden
from atmosphere.core.model import ActKind, HistoryEntry
from atmosphere.operations.rounds import Rounds
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.model import EnvironmentKey, PoolName
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Clock, Ids, Store

_ROUNDS: Final = Rounds(limit=12, pauses=range(20, 400))  # environments may become dirty meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolResumer:
    """The verb with its collaborators; operators only."""

    store: Store
    clock: Clock
    ids: Ids
    snapshot: Snapshot
    caller: VerifiedCaller

    def resume(self, pool: PoolName, *, reason: str) -> Breaker | None:
        """Close it; the breaker as it was, None if it was not open. Raises `Forbidden`, also for an unknown pool."""
        access.operators_only(self.snapshot.access, self.caller)
        what = f"the breaker of {pool} changed {_ROUNDS.limit} times meanwhile: try again"
        return _ROUNDS.run(
            lambda _: self._close(pool, reason), clock=self.clock, ids=self.ids, exhausted=lambda: Unreachable(what)
        )

    def held(self) -> int:
        """How many pools of the configuration have an open breaker; one read for each."""
        found = map(self.store.breaker, self.snapshot.pools)
        return sum(breaker is not None and breaker.opened is not None for breaker in found)

    def _close(self, pool: PoolName, reason: str) -> Breaker | None:
        found = self.store.breaker(pool)
        if found is None and pool not in self.snapshot.pools:
            raise Forbidden
        if found is None or found.opened is None:
            return None
        record = [changes.Put(row=self._entry(key, pool, reason)) for key in found.environments]
        self.store.commit([changes.breaker(found, closed(found)), *record], token=self.ids.new())
        return found

    def _entry(self, key: EnvironmentKey, pool: PoolName, reason: str) -> HistoryEntry:
        return HistoryEntry(
            key=key,
            at=self.clock.now(),
            id=self.ids.new(),
            kind=ActKind.RESUME_POOL,
            pool=pool,
            who=self.caller.owner,
            reason=reason,
            asked_by=self.caller.asked_by,
        )
