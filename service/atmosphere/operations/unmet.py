"""What an allocate request is decided by, and why it gets nothing: never, not now, or only after an operator acted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from atmosphere.core import queue, selection
from atmosphere.core.errors import AllDirty, InvalidRequest, PoolBusy, Refused, Unavailable, Unsatisfiable
from atmosphere.core.matching import Party
from atmosphere.core.model import ADMIN, Status
from atmosphere.core.queue import WaiterKey

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from atmosphere.core.access import Rule, VerifiedCaller
    from atmosphere.core.model import Allocation, AllocationId, EnvironmentKey
    from atmosphere.core.request import AllocateRequest
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Store

NOTHING_TAKEN: Final = "a service that this one depends on did not answer; nothing was taken: try again"
TAKEN_BEFORE: Final = (
    "a service that this one depends on did not answer; this request took nothing, but an earlier one with its "
    "Idempotency-Key may have: repeat it with the same key, or delete the allocation of that id"
)
_ALL_REFUSE: Final = (
    "the roles of the free environments do not let the service in; nothing was taken: an operator has to fix their "
    "trust policies; try again later"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One request with everything it is decided by; `passed_over` grows by environments whose role was refused."""

    request: AllocateRequest
    caller: VerifiedCaller
    rule: Rule
    key: AllocationId | None
    snapshot: Snapshot
    started: datetime
    passed_over: set[EnvironmentKey] = field(default_factory=set)

    @property
    def party(self) -> Party:
        """What it wants, as the queue sees it."""
        return Party(self.request.environments, self.request.distinct_accounts)

    @property
    def waiter(self) -> WaiterKey:
        """Its row in the queue: by its key, or by what tells it from other callers."""
        request, caller = self.request, self.caller
        made = queue.unkeyed(caller.owner, caller.session, request.requester, request.asked_hash)
        return WaiterKey(request.pool, self.key or made)


def refuse_impossible(asking: Asking) -> None:
    """`Unsatisfiable` if all registered environments together, all free, would not do, or the quota never would."""
    request, settings = asking.request, asking.snapshot.settings
    if request.duration is not None and request.duration > settings.session:
        limit = int(settings.session.total_seconds())
        raise InvalidRequest(f"'durationSeconds' is above this service's session of {limit} s: ask for less")
    limit_active = asking.rule.max_active
    if limit_active is not None and len(request.environments) > limit_active:
        raise Unsatisfiable(f"this caller's rule allows {limit_active} environments at once: ask for fewer")
    if not _could_ever(asking, frozenset()):
        raise Unsatisfiable


def _could_ever(asking: Asking, without: frozenset[EnvironmentKey]) -> bool:
    """Whether the registered environments would do if all were free, but for some."""
    request = asking.request
    offers = [entry for entry in asking.snapshot.pool(request.pool) if entry.key not in without]
    return selection.assign(request.environments, offers, distinct_accounts=request.distinct_accounts) is not None


def may_be_taken(allocation: Allocation) -> str:
    """The message of a 503 after a commit whose outcome is unknown."""
    return (
        f"the database did not answer; the allocation {allocation.id} may have been made: repeat the request with this "
        "Idempotency-Key to get it, or delete it; otherwise it ends at its deadline"
    )


def why_none(asking: Asking, store: Store, *, waited_for: bool, retry_after: timedelta) -> Refused:
    """Busy if something that matches is kept for others or on its way back to free, else an operator must act."""
    if asking.party.is_group and not _could_ever(asking, _stuck(asking, store)):
        return AllDirty(retry_after=retry_after)
    if waited_for or any(_on_its_way(asking, store, status) for status in (Status.IN_USE, Status.CLEANING)):
        return PoolBusy(retry_after=retry_after)
    if asking.passed_over:
        return Unavailable(_ALL_REFUSE, retry_after=retry_after)
    return AllDirty(retry_after=retry_after)


def _stuck(asking: Asking, store: Store) -> frozenset[EnvironmentKey]:
    """What only an operator brings back."""
    pool = asking.request.pool
    return frozenset(
        row.key for status in (Status.DIRTY, Status.HELD) for page in store.holding(pool, status) for row in page
    )


def _on_its_way(asking: Asking, store: Store, status: Status) -> bool:
    """Whether a row in this status would do; where there is more than a page of them, some row will."""
    request = asking.request
    first = request.environments[0]
    if len(request.environments) == 1 and not first.constraints and first.role == ADMIN:
        return store.any_with(request.pool, status)
    pages = store.holding(request.pool, status)
    page = next(pages, ())
    matching = any(selection.matches(row.registered, wanted) for row in page for wanted in request.environments)
    return matching or next(pages, None) is not None
