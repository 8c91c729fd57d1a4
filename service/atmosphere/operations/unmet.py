"""What an allocate request is decided by, and why it gets nothing: never, not now, or only after an operator acted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from atmosphere.core import selection
from atmosphere.core.errors import AllDirty, InvalidRequest, PoolBusy, Refused, Unavailable, Unsatisfiable
from atmosphere.core.model import ADMIN, Status

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from atmosphere.core.access import Rule, VerifiedCaller
    from atmosphere.core.model import Allocation, AllocationId, EnvironmentKey
    from atmosphere.core.request import AllocateRequest
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Store

_MAX_PAGES: Final = 2  # of each status, to tell busy from dirty: a refusal costs five reads at most
NOTHING_TAKEN: Final = "a service that this one depends on did not answer; nothing was taken: try again"
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


def refuse_impossible(asking: Asking) -> None:
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


def may_be_taken(allocation: Allocation) -> str:
    """The message of a 503 after a commit whose outcome is unknown."""
    return (
        f"the database did not answer; the allocation {allocation.id} may have been made: repeat the request with this "
        "Idempotency-Key to get it, or delete it; otherwise it ends at its deadline"
    )


def why_none(asking: Asking, store: Store, retry_after: timedelta) -> Refused:
    """Busy if something that matches is on its way back to free, else an operator must act."""
    request = asking.request
    constrained = (
        len(request.environments) > 1 or request.environments[0].constraints or request.environments[0].role != ADMIN
    )
    for status in (Status.IN_USE, Status.CLEANING):
        if not constrained and store.any_with(request.pool, status):
            return PoolBusy(retry_after=retry_after)
        if constrained and _some_match(asking, store, status):
            return PoolBusy(retry_after=retry_after)
    if asking.passed_over:
        return Unavailable(_ALL_REFUSE, retry_after=retry_after)
    return AllDirty(retry_after=retry_after)


def _some_match(asking: Asking, store: Store, status: Status) -> bool:
    """Whether a row in this status would do; where there are more pages than are looked at, some row will."""
    requested = asking.request.environments
    for number, page in enumerate(store.holding(asking.request.pool, status), start=1):
        if number == _MAX_PAGES or any(
            selection.matches(row.registered, wanted) for row in page for wanted in requested
        ):
            return True
    return False
