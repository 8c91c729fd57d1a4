"""One round of taking: read the line, choose, mint, commit; or nothing, and why.

Whatever fails, fails before anything is taken. Credentials of an environment that is then not won are dropped here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import repeat
from typing import TYPE_CHECKING, Final

from atmosphere.core import changes, queue, quota
from atmosphere.core.errors import AllDirty, PoolBusy, QuotaReached, Refused, Unavailable
from atmosphere.core.model import Allocation, AllocationId, AllocationItem, AllocationStatus, Environment, Mark, Status
from atmosphere.core.queue import MAX_KEPT, Walk
from atmosphere.operations.queueing import Line, TakenMeanwhile, rank_of, read_line
from atmosphere.operations.sessions import Granted, mint
from atmosphere.operations.unmet import NOTHING_TAKEN, Asking, may_be_taken, why_none
from atmosphere.ports import Conflict, OutcomeUnknown, RoleRefused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from atmosphere.core.changes import Change
    from atmosphere.core.credentials import SessionCredentials
    from atmosphere.core.selection import RequestedEnvironment
    from atmosphere.ports import Clock, Credentials, Ids, Store

LAST_COMMIT: Final = timedelta(seconds=12)  # of a 20 s time-out: a commit started later could outlive the function
_RESENT: Final = 3


class GotNothing(Exception):
    """This round ends with a 423: the refusal, and the line that the caller joins with it."""

    def __init__(self, refusal: Refused, line: Line, rank: int, *, would_keep: bool = False) -> None:
        super().__init__(refusal.message)
        self.refusal, self.line, self.rank, self.would_keep = refusal, line, rank, would_keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """Rounds over the rows of a pool; `role_refused` reports an environment whose role does not let the service in."""

    store: Store
    credentials: Credentials
    clock: Clock
    ids: Ids
    role_refused: Callable[[Environment], None]

    def round(self, asking: Asking, attempt: int) -> Granted:
        """One round. Raises `Conflict` when the race for the chosen rows was lost, `GotNothing`, and `TakenMeanwhile`.

        The last is for a key that made an allocation since it was read.
        """
        line = read_line(asking, self.store, self.clock.now())
        won, allocation, sessions = self._chosen_with_credentials(asking, line, attempt)
        rows = {row.key: row for row in won.taken or ()}
        planned = changes.start(allocation, rows, kept=won.kept, waiter=line.own, forgotten=line.slots)
        try:
            self._commit(planned)
        except Conflict as lost:
            if 0 in lost.actual:
                raise TakenMeanwhile from lost
            raise
        except OutcomeUnknown as unknown:
            if not self._is_written(allocation):
                raise Unavailable(
                    may_be_taken(allocation), retry_after=queue.retry_after(0, self.ids.below)
                ) from unknown
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
            walk = walk_free(asking, line, self.store, self.clock.now(), attempt=attempt, below=self.ids.below)
            numbers = self._slots(asking, line)
            if walk.taken is None or line.holds_back(len(asking.request.environments)) or len(walk.kept) > MAX_KEPT:
                raise self._nothing(asking, line, walk)
            allocation = _draft(asking, walk.taken, self.ids.new(), self.clock.now(), numbers)
            sessions = self._mint(asking, walk.taken, allocation)
            if self.clock.now() - asking.started > LAST_COMMIT:
                raise Unavailable(NOTHING_TAKEN, retry_after=queue.retry_after(0, self.ids.below))
            if sessions is not None:
                return walk, allocation, sessions

    def _slots(self, asking: Asking, line: Line) -> tuple[int, ...] | None:
        limit, wanted = asking.rule.max_active, len(asking.request.environments)
        if limit is None:
            return None
        now = self.clock.now()
        numbers = quota.free_numbers(asking.rule.name, limit, line.slots, wanted, now=now, below=self.ids.below)
        return None if numbers is None else tuple(numbers)

    def _nothing(self, asking: Asking, line: Line, walk: Walk) -> GotNothing:
        rank = rank_of(asking, line)
        later = queue.retry_after(rank, self.ids.below)
        if line.holds_back(len(asking.request.environments)):
            return GotNothing(QuotaReached(retry_after=later), line, rank)
        refusal = why_none(asking, self.store, waited_for=bool(walk.kept), retry_after=later)
        if not isinstance(refusal, PoolBusy | AllDirty):
            raise refusal
        return GotNothing(refusal, line, rank, would_keep=walk.would_keep and isinstance(refusal, PoolBusy))

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


def walk_free(
    asking: Asking, line: Line, store: Store, now: datetime, *, attempt: int, below: Callable[[int], int]
) -> Walk:
    """Rows for every requested environment after those before it, reading no further than needed."""
    seen: list[Environment] = []
    found = Walk(taken=None, kept=())
    for page in store.free(asking.request.pool):
        seen += [row for row in page if _is_offered(row) and row.key not in asking.passed_over]
        found = queue.walk(seen, line.ahead, line.parties, asking.party, now=now, attempt=attempt, below=below)
        if found.taken is not None:
            return found
    return found


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
        heartbeat=request.heartbeat,
        slots=slots,
    )


def _item(wanted: RequestedEnvironment, row: Environment, session_policy: str | None) -> AllocationItem:
    return AllocationItem(
        name=wanted.name,
        role=wanted.role,
        registered=row.registered,
        session_policy=session_policy,
    )
