"""Allocate: mint first, commit last.

    read the line and free rows -> choose -> mint their credentials -> one transaction -> answer
                                        nothing left -> into the line -> 423

Whatever fails, fails before anything is taken, so nothing ever needs undoing. Credentials of an environment that is
then not won never leave this function. Only the death of the function after the commit can lose the answer: with an
Idempotency-Key the repeated request gets the same allocation, without one its deadline takes it back (ADR 0001).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.core import access, queue
from atmosphere.core.errors import (
    AlreadyEnded,
    Conflicting,
    InvalidRequest,
    KeyReused,
    PoolBusy,
    Unavailable,
)
from atmosphere.core.model import (
    AllocationId,
    AllocationStatus,
    Environment,
)
from atmosphere.operations.queueing import Queueing, TakenMeanwhile, place_of, rank_of, read_line
from atmosphere.operations.rounds import Rounds
from atmosphere.operations.sessions import Granted, mint
from atmosphere.operations.taking import GotNothing, Taking, walk_free
from atmosphere.operations.unmet import NOTHING_TAKEN, TAKEN_BEFORE, Asking, refuse_impossible
from atmosphere.ports import Conflict, InvalidPolicy, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.request import AllocateRequest
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Clock, Credentials, Ids, Store

_ROUNDS: Final = Rounds(limit=7, pauses=range(100))


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an allocate would have come to, and its position in line (1 is next)."""

    would_allocate: bool
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocator:
    """The verb with its collaborators; `role_refused` reports an environment whose role does not let the service in."""

    store: Store
    credentials: Credentials
    clock: Clock
    ids: Ids
    role_refused: Callable[[Environment], None]

    def allocate(
        self, request: AllocateRequest, *, caller: VerifiedCaller, key: AllocationId | None, snapshot: Snapshot
    ) -> Granted | DryRun:
        """Take what the request asks for and mint its credentials; raises a `Refused`.

        With a key (the Idempotency-Key), the same request gets the same allocation again, with fresh credentials.
        """
        rule = access.rule_for(snapshot.access, caller, request.pool)
        now = self.clock.now()
        asking = Asking(request=request, caller=caller, rule=rule, key=key, snapshot=snapshot, started=now)
        try:
            return self._decide(asking)
        except Unreachable as down:
            raise Unavailable(NOTHING_TAKEN, retry_after=queue.retry_after(0, self.ids.below)) from down
        except InvalidPolicy as refused:
            raise InvalidRequest("'sessionPolicy' was refused by STS: correct or shorten it") from refused

    def _decide(self, asking: Asking) -> Granted | DryRun:
        if asking.request.dry_run:
            return self._dry_run(asking)
        if granted := self._replay(asking):
            return granted
        refuse_impossible(asking)
        try:
            return _ROUNDS.run(
                lambda attempt: self._try(asking, attempt),
                clock=self.clock,
                ids=self.ids,
                exhausted=lambda: self._too_many(asking),
            )
        except GotNothing as nothing:
            return self._in_line(asking, nothing)

    def _dry_run(self, asking: Asking) -> DryRun:
        refuse_impossible(asking)
        line = read_line(asking, self.store, self.clock.now())
        free = (
            not line.holds_back(len(asking.request.environments))
            and walk_free(asking, line, self.store, self.clock.now(), attempt=0, below=self.ids.below).taken is not None
        )
        return DryRun(would_allocate=free, position=rank_of(asking, line) + 1)

    def _in_line(self, asking: Asking, nothing: GotNothing) -> Granted:
        """Write the caller into the queue and raise the refusal; grants what its key has been granted meanwhile."""
        refusal, line = nothing.refusal, nothing.line
        place = place_of(line, nothing.rank, self.clock.now())
        queueing = Queueing(store=self.store, clock=self.clock, ids=self.ids)
        try:
            in_line = queueing.join(asking, line, refusal, would_keep=nothing.would_keep)
        except TakenMeanwhile:
            if granted := self._replay(asking):
                return granted
            raise
        refusal.place = place if in_line else None
        raise refusal

    def _try(self, asking: Asking, attempt: int) -> Granted:
        taking = Taking(
            store=self.store,
            credentials=self.credentials,
            clock=self.clock,
            ids=self.ids,
            role_refused=self.role_refused,
        )
        try:
            return taking.round(asking, attempt)
        except TakenMeanwhile:
            if granted := self._replay(asking):
                return granted
            raise Conflict({}) from None

    def _too_many(self, asking: Asking) -> GotNothing:
        """Every round lost its race, so others got what this one did not: it is next soon."""
        line = read_line(asking, self.store, self.clock.now())
        soon = timedelta(seconds=1 + self.ids.below(101) / 100)
        return GotNothing(PoolBusy(retry_after=soon), line, rank_of(asking, line))

    def _replay(self, asking: Asking) -> Granted | None:
        """The allocation that this request's key made before, with fresh credentials; None if it made none.

        Raises `Unavailable` where that cannot be known or given: what the key made before is still there.
        """
        if asking.key is None:
            return None
        try:
            return self._made_before(asking, asking.key)
        except Unreachable as down:
            raise Unavailable(TAKEN_BEFORE, retry_after=queue.retry_after(0, self.ids.below)) from down

    def _made_before(self, asking: Asking, key: AllocationId) -> Granted | None:
        found = self.store.allocation(key)
        if found is None:
            return None
        if found.owner != asking.caller.owner:
            raise Conflicting("this id belongs to another caller: use a new UUID")
        if found.status is AllocationStatus.ENDED or found.deadline <= asking.started:
            raise AlreadyEnded(outcome=found.outcome)
        if found.request_hash != asking.request.asked_hash:
            raise KeyReused
        sessions = mint(found, at=self.clock.now(), settings=asking.snapshot.settings, credentials=self.credentials)
        again = self.store.allocation(key)
        if again is None or again.status is AllocationStatus.ENDED:
            raise AlreadyEnded(outcome=again.outcome if again else None)
        return Granted(allocation=found, sessions=sessions)
