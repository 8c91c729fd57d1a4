"""Deallocate: one read, one transaction, then start the cleanups.

If the process dies after the transaction, or a cleanup cannot be started, the reconciler starts it: the caller's part
is done once the transaction is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.core import access, changes
from atmosphere.core.errors import Unavailable, UnknownAllocation
from atmosphere.core.model import (
    Allocation,
    AllocationId,
    AllocationStatus,
    EndedBy,
    Environment,
    EnvironmentKey,
    PoolName,
    RuleName,
    Status,
)
from atmosphere.operations.rounds import Rounds
from atmosphere.ports import CleanupOrder, Conflict, OutcomeUnknown, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atmosphere.core.access import AccessRules, VerifiedCaller
    from atmosphere.core.changes import Change, Row
    from atmosphere.ports import Cleaner, Clock, Ids, Store

_ROUNDS: Final = Rounds(limit=5, pauses=range(10, 201))  # releases come together, at the end of a matrix of jobs
_SOON: Final = timedelta(seconds=2)


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

        An id that does not exist leaves a tombstone, so that an allocate with that id still on its way cannot succeed.
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
            raise _unavailable() from down
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
            raise _unavailable() from down
        return allocation

    def _bury(self, id_: AllocationId, *, outcome: str, caller: VerifiedCaller, rules: AccessRules) -> Allocation:
        now = self.clock.now()
        tombstone = Allocation(
            id=id_,
            pool=PoolName(""),
            requester="",
            owner=caller.owner,
            rule=RuleName(""),
            status=AllocationStatus.ENDED,
            started=now,
            deadline=now,
            ended=now,
            outcome=outcome,
            ended_by=EndedBy.OWNER,
            asked_by=caller.asked_by,
            run=caller.run,
        )
        try:
            self.store.commit([changes.Put(row=tombstone)], token=self.ids.new())
        except Conflict:  # it came into being just now: end it like any other
            if self.store.allocation(id_) is None:
                raise Unreachable from None
            return self.deallocate(id_, outcome=outcome, caller=caller, rules=rules)
        raise UnknownAllocation

    def end(self, allocation: Allocation, *, outcome: str, by: EndedBy, record: Sequence[Change] = ()) -> bool:
        """End an allocation and start cleaning what it holds; False if it had ended before.

        `record` is written by the same transaction.
        """
        now = self.clock.now()
        planned = changes.end(allocation, now=now, outcome=outcome, by=by)
        planned += [
            changes.let_go(item.key, allocation.id, now=now, limit=item.registered.limit_or(self.cleanup_limit))
            for item in allocation.items
        ]
        planned += record
        what = f"{allocation.id} could not be ended in {_ROUNDS.limit} rounds"
        over = _ROUNDS.run(
            lambda _: self._end(allocation.id, planned),
            clock=self.clock,
            ids=self.ids,
            exhausted=lambda: OutcomeUnknown(what),
        )
        if over:
            status = AllocationStatus.ENDED
            self.ended(replace(allocation, status=status, ended=now, outcome=outcome, ended_by=by))
        return over

    def _end(self, id_: AllocationId, planned: list[Change]) -> bool:
        """One round: False if it had ended before. What the next round must not write again leaves `planned`."""
        try:
            self._commit(planned, id_)
        except Conflict as broken:
            if 0 in broken.actual:
                return False
            # a row that is no longer this allocation's is dropped: a later tenant's must not be touched
            failed = {index for index, row in broken.actual.items() if not _held_by(row, id_)}
            planned[:] = [change for index, change in enumerate(planned) if index not in failed]
            raise
        self._start_cleaning(id_, planned)
        return True

    def _commit(self, planned: Sequence[Change], id_: AllocationId) -> None:
        try:
            self.store.commit(planned, token=self.ids.new())
        except OutcomeUnknown:
            found = self.store.allocation(id_)
            if found is None or found.status is not AllocationStatus.ENDED:
                raise

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
    return isinstance(row, Environment) and row.allocation == id_ and row.status is Status.IN_USE


def _unavailable() -> Unavailable:
    return Unavailable("a service that this one depends on did not answer: try again", retry_after=_SOON)
