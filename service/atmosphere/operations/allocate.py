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
from itertools import repeat
from typing import TYPE_CHECKING, Final

from atmosphere.core import access, changes, queue, quota
from atmosphere.core.errors import (
    AllDirty,
    AlreadyEnded,
    Conflicting,
    InvalidRequest,
    KeyReused,
    PoolBusy,
    QuotaReached,
    Refused,
    Unavailable,
)
from atmosphere.core.model import (
    Allocation,
    AllocationId,
    AllocationItem,
    AllocationStatus,
    Environment,
    Mark,
    Status,
)
from atmosphere.core.queue import MAX_KEPT, Walk
from atmosphere.operations.queueing import Line, Queueing, TakenMeanwhile, place_of, rank_of, read_line
from atmosphere.operations.rounds import Rounds
from atmosphere.operations.sessions import Granted, mint
from atmosphere.operations.unmet import NOTHING_TAKEN, Asking, may_be_taken, refuse_impossible, why_none
from atmosphere.ports import Conflict, InvalidPolicy, OutcomeUnknown, RoleRefused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.changes import Change
    from atmosphere.core.model import SessionCredentials
    from atmosphere.core.request import AllocateRequest
    from atmosphere.core.selection import RequestedEnvironment
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Clock, Credentials, Ids, Store

_ROUNDS: Final = Rounds(limit=7, pauses=range(100))
_RESENT: Final = 3
LAST_COMMIT: Final = timedelta(seconds=12)  # of a 20 s time-out: a commit started later could outlive the function
_RETRY_AFTER: Final = 5.0  # seconds, give or take 20 %


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an allocate would have come to, and its position in line (1 is next)."""

    would_allocate: bool
    position: int


class _GotNothing(Exception):
    """This round ends with a 423: the refusal, and the line that the caller joins with it."""

    def __init__(self, refusal: Refused, line: Line, rank: int, *, would_keep: bool = False) -> None:
        super().__init__(refusal.message)
        self.refusal, self.line, self.rank, self.would_keep = refusal, line, rank, would_keep


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
            raise Unavailable(NOTHING_TAKEN, retry_after=self._retry_after()) from down
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
        except _GotNothing as nothing:
            return self._in_line(asking, nothing)

    def _dry_run(self, asking: Asking) -> DryRun:
        refuse_impossible(asking)
        line = read_line(asking, self.store, self.clock.now())
        free = not line.holds_back(len(asking.request.environments)) and self._walk(asking, line, 0).taken is not None
        return DryRun(would_allocate=free, position=rank_of(asking, line) + 1)

    def _in_line(self, asking: Asking, nothing: _GotNothing) -> Granted:
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

    def _too_many(self, asking: Asking) -> _GotNothing:
        """Every round lost its race, so others got what this one did not: it is next soon."""
        line = read_line(asking, self.store, self.clock.now())
        soon = timedelta(seconds=1 + self.ids.below(101) / 100)
        return _GotNothing(PoolBusy(retry_after=soon), line, rank_of(asking, line))

    def _try(self, asking: Asking, attempt: int) -> Granted:
        """One round; raises `Conflict` when the race for the chosen rows was lost, and `_GotNothing`."""
        line = read_line(asking, self.store, self.clock.now())
        won, allocation, sessions = self._chosen_with_credentials(asking, line, attempt)
        rows = {row.key: row for row in won.taken or ()}
        planned = changes.start(allocation, rows, kept=won.kept, waiter=line.own, forgotten=line.slots)
        try:
            self._commit(planned)
        except Conflict as lost:
            if 0 in lost.actual and (granted := self._replay(asking)):
                return granted
            raise
        except OutcomeUnknown as unknown:
            if not self._is_written(allocation):
                raise Unavailable(may_be_taken(allocation), retry_after=self._retry_after()) from unknown
        return Granted(allocation=allocation, sessions=sessions)

    def _commit(self, planned: Sequence[Change]) -> None:
        """A transaction that only met another one on its way is sent again before anything is read or minted again."""
        for _ in range(_RESENT):
            try:
                return self.store.commit(planned, token=self.ids.new())
            except Conflict as met:
                if met.actual:
                    raise
                self.clock.sleep(timedelta(milliseconds=5 + self.ids.below(36)))
        return self.store.commit(planned, token=self.ids.new())

    def _chosen_with_credentials(
        self, asking: Asking, line: Line, attempt: int
    ) -> tuple[Walk, Allocation, Sequence[SessionCredentials]]:
        """Environments whose roles let the service in, their draft and credentials; the others are passed over."""
        while True:
            walk = self._walk(asking, line, attempt)
            numbers = self._slots(asking, line)
            if walk.taken is None or line.holds_back(len(asking.request.environments)) or len(walk.kept) > MAX_KEPT:
                raise self._nothing(asking, line, walk)
            allocation = _draft(asking, walk.taken, self.ids.new(), self.clock.now(), numbers)
            sessions = self._mint(asking, walk.taken, allocation)
            if self.clock.now() - asking.started > LAST_COMMIT:
                raise Unavailable(NOTHING_TAKEN, retry_after=self._retry_after())
            if sessions is not None:
                return walk, allocation, sessions

    def _slots(self, asking: Asking, line: Line) -> tuple[int, ...] | None:
        limit, wanted = asking.rule.max_active, len(asking.request.environments)
        if limit is None:
            return None
        now = self.clock.now()
        numbers = quota.free_numbers(asking.rule.name, limit, line.slots, wanted, now=now, below=self.ids.below)
        return None if numbers is None else tuple(numbers)

    def _nothing(self, asking: Asking, line: Line, walk: Walk) -> _GotNothing:
        rank = rank_of(asking, line)
        later = queue.retry_after(rank, self.ids.below)
        if line.holds_back(len(asking.request.environments)):
            return _GotNothing(QuotaReached(retry_after=later), line, rank)
        refusal = why_none(asking, self.store, waited_for=bool(walk.kept), retry_after=later)
        if not isinstance(refusal, PoolBusy | AllDirty):
            raise refusal
        return _GotNothing(refusal, line, rank, would_keep=walk.would_keep and isinstance(refusal, PoolBusy))

    def _mint(
        self, asking: Asking, chosen: Sequence[Environment], allocation: Allocation
    ) -> Sequence[SessionCredentials] | None:
        settings = asking.snapshot.settings
        try:
            return mint(allocation, at=self.clock.now(), settings=settings, credentials=self.credentials)
        except RoleRefused as refusal:
            for row in (chosen[position] for position in refusal.positions):
                asking.passed_over.add(row.key)
                self.role_refused(row)
            return None

    def _is_written(self, allocation: Allocation) -> bool:
        """Whether it is known to be there; False also where the store does not answer."""
        try:
            return self.store.allocation(allocation.id) == allocation
        except Unreachable:
            return False

    def _walk(self, asking: Asking, line: Line, attempt: int) -> Walk:
        """Rows for every requested environment after those before it, reading no further than needed."""
        seen: list[Environment] = []
        now, found = self.clock.now(), Walk(taken=None, kept=())
        for page in self.store.free(asking.request.pool):
            seen += [row for row in page if _is_offered(row) and row.key not in asking.passed_over]
            found = queue.walk(
                seen, line.ahead, line.parties, asking.party, now=now, attempt=attempt, below=self.ids.below
            )
            if found.taken is not None:
                return found
        return found

    def _replay(self, asking: Asking) -> Granted | None:
        """The allocation that this request's key made before, with fresh credentials; None if it made none."""
        key = asking.key
        if key is None or (found := self.store.allocation(key)) is None:
            return None
        if found.owner != asking.caller.owner:
            raise Conflicting("this id belongs to another caller: use a new UUID")
        if found.status is AllocationStatus.ENDED or found.deadline <= asking.started:
            raise AlreadyEnded
        if found.request_hash != asking.request.asked_hash:
            raise KeyReused
        sessions = mint(found, at=self.clock.now(), settings=asking.snapshot.settings, credentials=self.credentials)
        again = self.store.allocation(key)
        if again is None or again.status is AllocationStatus.ENDED:
            raise AlreadyEnded
        return Granted(allocation=found, sessions=sessions)

    def _retry_after(self) -> timedelta:
        return timedelta(seconds=_RETRY_AFTER * (0.8 + self.ids.below(41) / 100))


def _is_offered(row: Environment) -> bool:
    return row.status is Status.FREE and row.mark is Mark.REGISTERED


def _draft(
    asking: Asking,
    chosen: Sequence[Environment],
    fresh: AllocationId,
    now: datetime,
    slots: tuple[int, ...] | None,
) -> Allocation:
    request = asking.request
    return Allocation(
        id=asking.key or fresh,
        pool=request.pool,
        requester=request.requester,
        owner=asking.caller.owner,
        rule=asking.rule.name,
        status=AllocationStatus.ACTIVE,
        started=now,
        deadline=now + (request.duration or asking.snapshot.settings.session),
        items=tuple(map(_item, request.environments, chosen, repeat(request.session_policy))),
        request_hash=request.asked_hash,
        release_token_hash=request.release_token_hash,
        asked_by=asking.caller.asked_by,
        run=asking.caller.run,
        slots=slots,
    )


def _item(wanted: RequestedEnvironment, row: Environment, session_policy: str | None) -> AllocationItem:
    return AllocationItem(
        name=wanted.name,
        role=wanted.role,
        registered=row.registered,
        session_policy=session_policy,
    )
