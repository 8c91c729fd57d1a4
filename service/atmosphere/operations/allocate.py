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
from atmosphere.operations.rounds import Rounds
from atmosphere.operations.sessions import Granted, mint
from atmosphere.operations.unmet import NOTHING_TAKEN, Asking, may_be_taken, refuse_impossible, why_none
from atmosphere.ports import Conflict, InvalidPolicy, OutcomeUnknown, RoleRefused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.model import SessionCredentials
    from atmosphere.core.request import AllocateRequest
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Clock, Credentials, Ids, Store

_ROUNDS: Final = Rounds(limit=7, pauses=range(100))
LAST_COMMIT: Final = timedelta(seconds=12)  # of a 20 s time-out: a commit started later could outlive the function
_RETRY_AFTER: Final = 5.0  # seconds, give or take 20 %


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an allocate would have come to."""

    would_allocate: bool


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
            refuse_impossible(asking)
            return DryRun(would_allocate=self._quota_leaves_room(asking) and self._choose(asking, 0) is not None)
        if granted := self._replay(asking):
            return granted
        refuse_impossible(asking)
        try:
            return self._take(asking)
        except (PoolBusy, QuotaReached, AllDirty):
            if granted := self._replay(asking):  # the same request may have won meanwhile what this one did not find
                return granted
            raise

    def _take(self, asking: Asking) -> Granted:
        if not self._quota_leaves_room(asking):
            raise QuotaReached(retry_after=self._retry_after())
        return _ROUNDS.run(
            lambda attempt: self._try(asking, attempt), clock=self.clock, ids=self.ids, exhausted=self._too_many
        )

    def _too_many(self) -> Unavailable:
        return Unavailable(
            "too many callers at this moment; nothing was taken: try again", retry_after=self._retry_after()
        )

    def _try(self, asking: Asking, attempt: int) -> Granted:
        """One round; raises `Conflict` when the race for the chosen rows was lost."""
        chosen, allocation, sessions = self._chosen_with_credentials(asking, attempt)
        rows = {row.key: row for row in chosen}
        try:
            self.store.commit(changes.start(allocation, rows), token=self.ids.new())
        except Conflict as lost:
            if 0 in lost.actual and (granted := self._replay(asking)):
                return granted
            raise
        except OutcomeUnknown as unknown:
            if not self._is_written(allocation):
                raise Unavailable(may_be_taken(allocation), retry_after=self._retry_after()) from unknown
        return Granted(allocation=allocation, sessions=sessions)

    def _chosen_with_credentials(
        self, asking: Asking, attempt: int
    ) -> tuple[Sequence[Environment], Allocation, Sequence[SessionCredentials]]:
        """Environments whose roles let the service in, their draft and credentials; the others are passed over."""
        while True:
            chosen = self._choose(asking, attempt)
            if chosen is None:
                raise why_none(asking, self.store, self._retry_after())
            allocation = _draft(asking, chosen, self.ids.new(), self.clock.now())
            sessions = self._mint(asking, chosen, allocation)
            if self.clock.now() - asking.started > LAST_COMMIT:
                raise Unavailable(NOTHING_TAKEN, retry_after=self._retry_after())
            if sessions is not None:
                return chosen, allocation, sessions

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

    def _choose(self, asking: Asking, attempt: int) -> list[Environment] | None:
        """Rows for every requested environment, reading no further than needed."""
        seen: list[Environment] = []
        for page in self.store.free(asking.request.pool):
            seen += [row for row in page if _is_offered(row) and row.key not in asking.passed_over]
            order = selection.trial_order(seen, attempt=attempt, below=self.ids.below)
            request = asking.request
            if chosen := selection.assign(request.environments, order, distinct_accounts=request.distinct_accounts):
                return chosen
        return None

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

    def _quota_leaves_room(self, asking: Asking) -> bool:
        limit = asking.rule.max_active
        if limit is None:
            return True
        return self.store.active_of_rule(asking.rule.name) + len(asking.request.environments) <= limit

    def _retry_after(self) -> timedelta:
        return timedelta(seconds=_RETRY_AFTER * (0.8 + self.ids.below(41) / 100))


def _is_offered(row: Environment) -> bool:
    return row.status is Status.FREE and row.mark is Mark.REGISTERED


def _draft(asking: Asking, chosen: Sequence[Environment], fresh: AllocationId, now: datetime) -> Allocation:
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
