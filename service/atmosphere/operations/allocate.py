"""Allocate: mint first, commit last.

    read free rows -> choose -> mint their credentials -> one transaction -> answer

Whatever fails, fails before anything is taken, so nothing ever needs undoing. Credentials of an environment that is
then not won never leave this function. Only the death of the function after the commit can lose the answer: with an
Idempotency-Key the repeated request gets the same allocation, without one its deadline takes it back (ADR 0001).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import repeat
from typing import TYPE_CHECKING, Final

from atmosphere.core import access, changes, selection
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
    Unsatisfiable,
)
from atmosphere.core.model import (
    ADMIN,
    Allocation,
    AllocationId,
    AllocationItem,
    AllocationStatus,
    Environment,
    Mark,
    Status,
)
from atmosphere.operations.rounds import Rounds
from atmosphere.operations.sessions import Granted, mint
from atmosphere.ports import Conflict, InvalidPolicy, OutcomeUnknown, Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from atmosphere.core.access import Rule, VerifiedCaller
    from atmosphere.core.request import AllocateRequest
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Clock, Credentials, Ids, Store

_ROUNDS: Final = Rounds(limit=7, pauses=range(100))
_MAX_PAGES: Final = 2  # of each status, to tell busy from dirty: a refusal costs five reads at most
LAST_COMMIT: Final = timedelta(seconds=12)  # of a 20 s time-out: a commit started later could outlive the function
_RETRY_AFTER: Final = 5.0  # seconds, give or take 20 %


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an allocate would have come to."""

    would_allocate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """One request with everything it is decided by."""

    request: AllocateRequest
    caller: VerifiedCaller
    rule: Rule
    key: AllocationId | None
    snapshot: Snapshot
    started: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocator:
    """The verb with its collaborators."""

    store: Store
    credentials: Credentials
    clock: Clock
    ids: Ids

    def allocate(
        self, request: AllocateRequest, *, caller: VerifiedCaller, key: AllocationId | None, snapshot: Snapshot
    ) -> Granted | DryRun:
        """Take what the request asks for and mint its credentials; raises a `Refused`.

        With a key (the Idempotency-Key), the same request gets the same allocation again, with fresh credentials.
        """
        rule = access.rule_for(snapshot.access, caller, request.pool)
        now = self.clock.now()
        asking = _Asking(request=request, caller=caller, rule=rule, key=key, snapshot=snapshot, started=now)
        try:
            return self._decide(asking)
        except Unreachable as down:
            raise Unavailable(retry_after=timedelta(seconds=_RETRY_AFTER)) from down
        except InvalidPolicy as refused:
            raise InvalidRequest("'sessionPolicy' was refused by STS: correct or shorten it") from refused

    def _decide(self, asking: _Asking) -> Granted | DryRun:
        if asking.key and not asking.request.dry_run and (granted := self._replay(asking, asking.key)):
            return granted
        _refuse_impossible(asking)
        if asking.request.dry_run:
            return DryRun(would_allocate=self._quota_leaves_room(asking) and self._choose(asking, 0) is not None)
        if not self._quota_leaves_room(asking):
            raise QuotaReached(retry_after=self._retry_after())
        return _ROUNDS.run(
            lambda attempt: self._try(asking, attempt), clock=self.clock, ids=self.ids, exhausted=self._too_many
        )

    def _too_many(self) -> Unavailable:
        return Unavailable(
            "too many callers at this moment; nothing was taken: try again", retry_after=self._retry_after()
        )

    def _try(self, asking: _Asking, attempt: int) -> Granted:
        """One round; raises `Conflict` when the race for the chosen rows was lost."""
        chosen = self._choose(asking, attempt)
        if chosen is None:
            raise self._why_none(asking)
        allocation = _draft(asking, chosen, self.ids.new(), self.clock.now())
        sessions = mint(
            allocation, at=self.clock.now(), settings=asking.snapshot.settings, credentials=self.credentials
        )
        if self.clock.now() - asking.started > LAST_COMMIT:
            raise Unavailable(retry_after=self._retry_after())
        rows = {row.key: row for row in chosen}
        try:
            self.store.commit(changes.start(allocation, rows), token=self.ids.new())
        except Conflict as lost:
            if 0 in lost.actual and (granted := self._replay(asking, allocation.id)):
                return granted
            raise
        except OutcomeUnknown:
            if self.store.allocation(allocation.id) != allocation:
                raise
        return Granted(allocation=allocation, sessions=sessions)

    def _choose(self, asking: _Asking, attempt: int) -> list[Environment] | None:
        """Rows for every requested environment, reading no further than needed."""
        seen: list[Environment] = []
        for page in self.store.free(asking.request.pool):
            seen += [row for row in page if row.status is Status.FREE and row.mark is Mark.REGISTERED]
            order = selection.trial_order(seen, attempt=attempt, below=self.ids.below)
            request = asking.request
            if chosen := selection.assign(request.environments, order, distinct_accounts=request.distinct_accounts):
                return chosen
        return None

    def _replay(self, asking: _Asking, key: AllocationId) -> Granted | None:
        """The allocation that this key made before, with fresh credentials; None if it made none."""
        found = self.store.allocation(key)
        if found is None:
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

    def _quota_leaves_room(self, asking: _Asking) -> bool:
        limit = asking.rule.max_active
        if limit is None:
            return True
        return self.store.active_of_rule(asking.rule.name) + len(asking.request.environments) <= limit

    def _why_none(self, asking: _Asking) -> Refused:
        """Busy if something that matches is on its way back to free, else an operator must act."""
        request = asking.request
        constrained = (
            len(request.environments) > 1
            or request.environments[0].constraints
            or request.environments[0].role != ADMIN
        )
        for status in (Status.IN_USE, Status.CLEANING):
            if not constrained and self.store.any_with(request.pool, status):
                return PoolBusy(retry_after=self._retry_after())
            if constrained and self._some_match(asking, status):
                return PoolBusy(retry_after=self._retry_after())
        return AllDirty(retry_after=self._retry_after())

    def _some_match(self, asking: _Asking, status: Status) -> bool:
        """Whether a row in this status would do; where there are more pages than are looked at, some row will."""
        requested = asking.request.environments
        for number, page in enumerate(self.store.holding(asking.request.pool, status), start=1):
            if number == _MAX_PAGES or any(
                selection.matches(row.registered, wanted) for row in page for wanted in requested
            ):
                return True
        return False

    def _retry_after(self) -> timedelta:
        return timedelta(seconds=_RETRY_AFTER * (0.8 + self.ids.below(41) / 100))


def _refuse_impossible(asking: _Asking) -> None:
    """`Unsatisfiable` if all registered environments together, all free, would not do, or the quota never would."""
    request, settings = asking.request, asking.snapshot.settings
    if request.duration is not None and request.duration > settings.session:
        limit = int(settings.session.total_seconds())
        raise InvalidRequest(f"'durationSeconds' is above this service's session of {limit} s: ask for less")
    limit_active = asking.rule.max_active
    if limit_active is not None and len(request.environments) > limit_active:
        raise Unsatisfiable(f"this caller's rule allows {limit_active} environments at once: ask for fewer")
    if (
        selection.assign(
            request.environments, asking.snapshot.pool(request.pool), distinct_accounts=request.distinct_accounts
        )
        is None
    ):
        raise Unsatisfiable


def _draft(asking: _Asking, chosen: Sequence[Environment], fresh: AllocationId, now: datetime) -> Allocation:
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
    )


def _item(wanted: selection.RequestedEnvironment, row: Environment, session_policy: str | None) -> AllocationItem:
    return AllocationItem(
        name=wanted.name,
        role=wanted.role,
        registered=row.registered,
        session_policy=session_policy,
    )
