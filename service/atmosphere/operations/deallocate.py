"""Deallocate: one read, one transaction, then start the cleanups.

If the process dies after the transaction, or a cleanup cannot be started, the reconciler starts it: the caller's part
is done once the transaction is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from atmosphere.core import access, changes, tombstone
from atmosphere.core.errors import UnknownAllocation
from atmosphere.core.model import (
    Allocation,
    AllocationId,
    AllocationItem,
    AllocationStatus,
    EndedBy,
    Environment,
    EnvironmentKey,
)
from atmosphere.operations.rounds import Rounds
from atmosphere.operations.unanswered import unanswered
from atmosphere.ports import CleanupOrder, Conflict, OutcomeUnknown, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from atmosphere.core.access import AccessRules, VerifiedCaller
    from atmosphere.core.changes import Change, Row
    from atmosphere.ports import Cleaner, Clock, Ids, Store

_ROUNDS: Final = Rounds(limit=5, pauses=range(10, 201))  # releases come together, at the end of a matrix of jobs
_SLOTS_TRIED: Final = replace(_ROUNDS, limit=8)


@dataclass(frozen=True, slots=True)
class Silent:
    """The row of an allocation from which no heartbeat came, and the instant by which one was due."""

    key: EnvironmentKey
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deallocator:
    """The verb with its collaborators; `cleanup_limit` is how long a cleanup may take where the pool has no limit.

    `ended` gets each allocation that ended by this, after the commit.
    """

    store: Store
    cleaner: Cleaner
    clock: Clock
    ids: Ids
    cleanup_limit: timedelta
    ended: Callable[[Allocation], None]

    def deallocate(
        self, id_: AllocationId | None, *, outcome: str, caller: VerifiedCaller, rules: AccessRules
    ) -> Allocation:
        """End the caller's allocation; ending it again has no effect. Raises `UnknownAllocation`, `Unavailable`.

        An id that does not exist leaves a tombstone, so that an allocate with that id still on its way cannot succeed;
        of a caller that has left too many within a quarter of an hour it leaves none (`core/tombstone.py`).
        """
        if id_ is None:
            raise UnknownAllocation
        try:
            found = self.store.allocation(id_)
            if found is None:
                return self._bury(id_, outcome=outcome, caller=caller, rules=rules)
            allocation = access.visible(found, rules, caller)
            if allocation.is_tombstone:
                raise UnknownAllocation
            by = EndedBy.OWNER if allocation.owner == caller.owner else EndedBy.OPERATOR
            self.end(allocation, outcome=outcome, by=by)
        except Unreachable as down:
            raise unanswered(down) from down
        return allocation

    def release(self, id_: AllocationId | None, *, token_hash: str, outcome: str) -> Allocation:
        """End the allocation that knows this hash of a release token, whoever asks; again has no effect.

        Raises `UnknownAllocation`, `Unavailable`. An id that does not exist leaves no tombstone: anybody can make up a
        token, and a tombstone is bound to a caller.
        """
        if id_ is None:
            raise UnknownAllocation
        try:
            allocation = access.released(self.store.allocation(id_), token_hash)
            self.end(allocation, outcome=outcome, by=EndedBy.RELEASE_TOKEN)
        except Unreachable as down:
            raise unanswered(down) from down
        return allocation

    def _bury(self, id_: AllocationId, *, outcome: str, caller: VerifiedCaller, rules: AccessRules) -> Allocation:
        """Leave a tombstone, unless the caller has left too many that are still needed."""
        made = tombstone.tombstone(id_, caller, outcome=outcome, now=self.clock.now())
        full: list[Row] = []  # slots in the way at the last try

        def once(_: int) -> Allocation:
            slot = tombstone.slot_of(made, self.ids.below(tombstone.SLOTS))
            try:
                self.store.commit(changes.bury(made, slot), token=self.ids.new())
            except Conflict as met:
                if 0 in met.actual:  # it came into being just now: end it like any other
                    return self.deallocate(id_, outcome=outcome, caller=caller, rules=rules)
                full[:] = [row for row in met.actual.values() if row is not None]
                raise
            raise UnknownAllocation

        met_others = OutcomeUnknown(f"the tombstone of {id_} met other writes each time")
        return _SLOTS_TRIED.run(
            once, clock=self.clock, ids=self.ids, exhausted=lambda: UnknownAllocation() if full else met_others
        )

    def end(
        self,
        allocation: Allocation,
        *,
        outcome: str,
        by: EndedBy,
        record: Sequence[Change] = (),
        silent: Silent | None = None,
    ) -> bool:
        """End an allocation and start cleaning what it holds; False if it had ended before.

        `record` is written by the same transaction. With `silent` it ends only if no heartbeat has come since; False
        if one has.
        """
        now = self.clock.now()
        planned = changes.end(allocation, now=now, outcome=outcome, by=by)
        planned += [self._let_go(item, allocation.id, now, silent) for item in allocation.items]
        planned += record
        what = f"{allocation.id} could not be ended in {_ROUNDS.limit} rounds"
        over = _ROUNDS.run(
            lambda _: self._end(allocation.id, planned, unless_heard=silent is not None),
            clock=self.clock,
            ids=self.ids,
            exhausted=lambda: OutcomeUnknown(what),
        )
        if over:
            status = AllocationStatus.ENDED
            self.ended(replace(allocation, status=status, ended=now, outcome=outcome, ended_by=by))
        return over

    def _let_go(self, item: AllocationItem, id_: AllocationId, now: datetime, silent: Silent | None) -> Change:
        due = silent.due if silent is not None and silent.key == item.key else None
        limit = item.registered.limit_or(self.cleanup_limit)
        return changes.let_go(item.key, id_, now=now, limit=limit, silent=due)

    def _end(self, id_: AllocationId, planned: list[Change], *, unless_heard: bool) -> bool:
        """One round: False if it had ended before, or a heartbeat came.

        What the next round must not write again leaves `planned`.
        """
        try:
            self._commit(planned, id_)
        except Conflict as broken:
            if 0 in broken.actual:
                return False
            kept = {index for index, row in broken.actual.items() if _held_by(row, id_)}
            if kept and unless_heard:
                return False
            # a row that is no longer this allocation's is dropped: a later tenant's must not be touched
            failed = set(broken.actual) - kept
            planned[:] = [change for index, change in enumerate(planned) if index not in failed]
            raise
        self._start_cleaning(id_, planned)
        return True

    def _commit(self, planned: Sequence[Change], id_: AllocationId) -> None:
        try:
            self.store.commit(planned, token=self.ids.new())
        except OutcomeUnknown:
            if not self._has_ended(id_):
                raise

    def _has_ended(self, id_: AllocationId) -> bool:
        """Whether that is known; False also where the store does not answer."""
        try:
            found = self.store.allocation(id_)
        except Unreachable:
            return False
        return found is not None and found.status is AllocationStatus.ENDED

    def _start_cleaning(self, id_: AllocationId, ended: Sequence[Change]) -> None:
        for change in ended:
            target = changes.target_of(change)
            if not isinstance(target, EnvironmentKey):
                continue
            try:
                self.cleaner.start(CleanupOrder(id_, target, attempt=1))
            except Unreachable:
                continue  # the row says `cleaning` and will be silent: the reconciler starts the next attempt


def _held_by(row: Row | None, id_: AllocationId) -> bool:
    return isinstance(row, Environment) and row.is_held_by(id_)
