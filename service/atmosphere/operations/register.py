"""Register: make the `environments` table agree with a configuration.

New environments are born cleaning (capture-only), changed ones take effect when next free, missing ones are marked and
drain. Applying the same configuration again changes nothing; applying an older one (a rollback) undoes the newer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import count, islice
from typing import TYPE_CHECKING, Final

from atmosphere.core import changes
from atmosphere.core.model import AllocationId, Environment, EnvironmentKey, Mark, Registration, RuleName, Status
from atmosphere.core.snapshot import says_the_same
from atmosphere.operations.rounds import Rounds
from atmosphere.ports import CleanupOrder, Conflict, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Cleaner, Clock, Ids, Store

_ROUNDS: Final = Rounds(limit=10)


class RowsReplaced(ValueError):
    """A deployment would replace the table of environments by an empty one."""


class Applied(StrEnum):
    """What registering came to for one environment."""

    BORN = "born"
    UPDATED = "updated"
    MARKED = "marked"
    UNCHANGED = "unchanged"
    COUNTED = "counted"
    """An allocation from before its rule had a limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """The verb with its collaborators; `gone` gets each environment that disappeared at once, after the commit."""

    store: Store
    cleaner: Cleaner
    clock: Clock
    ids: Ids
    gone: Callable[[Environment], None]

    def demand_rows(self, *, before: str | None, table: str | None) -> None:
        """Raise `RowsReplaced` if `table` is another one than until now, and empty; `before` is None at the first time.

        Every environment would be new to it, and what tests left would become their baselines.
        """
        if before not in {None, table} and not self.store.environments():
            raise RowsReplaced(
                f"{before} would be replaced by an empty table, and what tests left would become the baseline of every "
                "environment: name the table in `adopt` of deployment.yaml"
            )

    def register(self, snapshot: Snapshot) -> Counter[Applied]:
        """Apply a snapshot and count what was done; raises `Unreachable`, after which applying it again goes on."""
        rows = {row.key: row for row in self.store.environments()}
        held = sorted({row.allocation for row in rows.values() if row.status is Status.IN_USE and row.allocation})
        done: Counter[Applied] = Counter()
        for registration in snapshot.environments:
            row = rows.pop(registration.key, None)
            enter = partial(self._enter, registration, limit=registration.limit_or(snapshot.settings.cleanup_limit))
            done[self._apply(registration.key, row, enter)] += 1
        for row in rows.values():
            done[self._apply(row.key, row, self._leave)] += 1
        if counted := self._count_older(held, snapshot):
            done[Applied.COUNTED] = counted
        return done

    def _count_older(self, held: Sequence[AllocationId], snapshot: Snapshot) -> int:
        """Give slots to active allocations that began before their rule had a limit, so that it counts them."""
        limits = {rule.name: rule.max_active for rule in snapshot.access.rules if rule.max_active is not None}
        return sum(self._count(id_, limits) for id_ in held) if limits else 0

    def _count(self, id_: AllocationId, limits: Mapping[RuleName, int]) -> int:
        allocation = self.store.allocation(id_)
        if allocation is None or allocation.slots is not None or allocation.rule not in limits:
            return 0
        taken = {slot.id.number for slot in self.store.slots() if slot.id.rule == allocation.rule}
        free = (number for number in count() if number not in taken)
        numbers = tuple(islice(free, len(allocation.items)))
        try:
            self.store.commit(changes.counted(allocation, numbers), token=self.ids.new())
        except Conflict:
            return 0  # it ended meanwhile, or somebody took the number: the next deployment counts it
        return 1

    def _apply(
        self, key: EnvironmentKey, row: Environment | None, once: Callable[[Environment | None], Applied]
    ) -> Applied:
        """Rounds over one environment: the first with the row as it was listed, the others with the row as it is."""
        what = f"{key} changed {_ROUNDS.limit} times while it was being registered: deploy again"
        return _ROUNDS.run(
            lambda number: once(self.store.environment(key) if number else row),
            clock=self.clock,
            ids=self.ids,
            exhausted=lambda: Unreachable(what),
        )

    def _enter(self, registration: Registration, row: Environment | None, *, limit: timedelta) -> Applied:
        if row is None:
            self._bear(registration, limit)
            return Applied.BORN
        if _as_configured(row, registration):
            return Applied.UNCHANGED
        change = changes.reregister(row, registration, now=self.clock.now())
        self.store.commit([change], token=self.ids.new())
        return Applied.UPDATED

    def _bear(self, registration: Registration, limit: timedelta) -> None:
        fence = self.ids.new()
        born = changes.born(registration, fence=fence, now=self.clock.now(), limit=limit)
        self.store.commit([born], token=self.ids.new())
        try:
            self.cleaner.start(CleanupOrder(fence, registration.key, attempt=1))
        except Unreachable:
            return  # silent from birth: the reconciler starts its next attempt

    def _leave(self, row: Environment | None) -> Applied:
        if row is None or row.mark is Mark.DEREGISTERING:
            return Applied.UNCHANGED
        change = changes.deregister(row)
        self.store.commit([change], token=self.ids.new())
        if isinstance(change, changes.Delete):
            self.gone(row)
        return Applied.MARKED


def _as_configured(row: Environment, registration: Registration) -> bool:
    return row.mark is Mark.REGISTERED and says_the_same(row.next_registered or row.registered, registration)
