"""One pass of a cleanup, called again and again by the state machine until it says `done`.

    in:  {"allocation", "account", "region", "attempt", "state"?}
    out: the same, with the new `state`, `next` ("wait" or "done") and `waitSeconds`

A scan of a free environment comes the same way (`watch`).

The engine finds out, the operation commits. A pass that was superseded is done: somebody else owns the environment.
"""

from __future__ import annotations

import gc
import math
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from atmosphere import observability, wiring
from atmosphere.cleanup.model import Assignment, PassState, Verdict
from atmosphere.contract import Metric
from atmosphere.core import access
from atmosphere.core.breaker import POOL_HELD, Cause
from atmosphere.core.events import EventKind
from atmosphere.core.model import AccountId, AllocationId, EnvironmentKey, Region, Status
from atmosphere.handlers import start, watch
from atmosphere.handlers.announcing import became_dirty, held
from atmosphere.handlers.cleaned import announce, tell
from atmosphere.operations.clean import Cleaning, Dirty, Subject, Superseded
from atmosphere.ports import CleanupOrder

if TYPE_CHECKING:
    from datetime import timedelta

    from atmosphere.cleanup.engine import PassResult
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.wiring import App


def assignment(subject: Subject, order: CleanupOrder, snapshot: Snapshot, service_account: AccountId) -> Assignment:
    """What the engine needs to know of this attempt."""
    row, allocation = subject.environment, subject.allocation
    items = [item for item in allocation.items if item.key == order.key] if allocation else []
    if row.deadline is None:
        raise Superseded(f"{order.key} has no deadline")
    return Assignment(
        allocation=order.allocation,
        key=order.key,
        attempt=order.attempt,
        registration=row.registered,
        roles_used=tuple((item.role_arn, item.external_id) for item in items),
        started=allocation.started if allocation else None,
        deadline=row.deadline,
        capture_only=row.capture,
        sweep_globals=subject.alone,
        neighbours=subject.neighbours,
        settings=snapshot.settings,
        service_account=service_account,
        requester=allocation.requester if allocation else "",
    )


def handle(event: dict[str, Any], app: App, *, service_account: AccountId) -> dict[str, Any]:
    """Run one pass; faults fly, so that the state machine tries again and the reconciler notices silence."""
    order = _order(event)
    cleaning = app.cleaning(order)
    snapshot = app.snapshots.load()
    try:
        subject = cleaning.load()
        todo = assignment(subject, order, snapshot, service_account)
        result = app.run_pass(
            todo,
            PassState.from_json(event.get("state") or {}),
            beat=partial(cleaning.beat, alone=subject.alone),
            held=partial(cleaning.held, todo.registration.pool),
        )
        cause = _cause(subject, result, snapshot)
        concluded = _conclude(cleaning, result, cause=cause, pause=snapshot.settings.attempt_pause)
    except Superseded:
        observability.line("cleanup superseded", environment=order.key.path, allocation=order.allocation)
        return _next(order, PassState(), wait=0, done=True)
    observability.line(
        "cleanup pass",
        environment=order.key.path,
        allocation=order.allocation,
        attempt=order.attempt,
        verdict=str(result.verdict),
        reason=result.reason or "",
        phase=str(result.state.phase),
    )
    observability.count(Metric.CLEANUP_PASS, pool=todo.registration.pool, verdict=str(result.verdict))
    if concluded is not None:
        tell(todo, result, since=subject.environment.since, now=app.clock.now())
        _report(app, todo, result, concluded)
    done = result.verdict is not Verdict.AGAIN
    return _next(order, result.state, wait=math.ceil(result.wait.total_seconds()), done=done)


def _order(event: dict[str, Any]) -> CleanupOrder:
    return CleanupOrder(
        allocation=AllocationId(event["allocation"]),
        key=EnvironmentKey(AccountId(event["account"]), Region(event["region"])),
        attempt=int(event["attempt"]),
    )


_CLEAN: Final = {Status.FREE: EventKind.FREE, Status.HELD: EventKind.HELD, None: EventKind.DEREGISTERED}
"""What an environment that was found clean has become."""


def _cause(subject: Subject, result: PassResult, snapshot: Snapshot) -> Cause:
    """What the pool's breaker counts if the environment becomes dirty."""
    return Cause(
        things=result.things,
        allocation=subject.allocation,
        most=snapshot.settings.max_dirty_alike,
        rules=access.rules_naming(snapshot.access, subject.environment.pool),
    )


def _conclude(cleaning: Cleaning, result: PassResult, *, cause: Cause, pause: timedelta) -> EventKind | Dirty | None:
    """Commit what the pass came to; what a clean environment has become, or how it is dirty.

    None: the cleanup is not over, another pass or another attempt follows.
    """
    reason = result.reason or "blocked"
    match result.verdict:
        case Verdict.AGAIN:
            cleaning.beat()
            return None
        case Verdict.CLEAN:
            return _CLEAN[cleaning.free(report=result.report_key)]
        case Verdict.BLOCKED:
            return cleaning.rest(reason=reason, report=result.report_key, pause=pause, cause=cause)
        case Verdict.DIRTY:
            return cleaning.give_up(reason=reason, report=result.report_key, cause=cause, retry_at=result.retry_at)


def _report(app: App, todo: Assignment, result: PassResult, concluded: EventKind | Dirty) -> None:
    """Raise the alarms of an environment that is dirty, and publish what it has become.

    While the pool is held, its environments add neither to the alarm of dirty ones nor events: the pool has its own.
    """
    if isinstance(concluded, EventKind):
        announce(app, todo, result, concluded)
        return
    is_held = concluded.row.dirty_reason == POOL_HELD
    if is_held or concluded.opened:
        observability.count(Metric.POOLS_HELD)
    if not is_held:
        became_dirty(app)(concluded.row)
    if concluded.opened:
        held(app, concluded.opened)


def _next(order: CleanupOrder, state: PassState, *, wait: int, done: bool) -> dict[str, Any]:
    return {
        "allocation": order.allocation,
        "account": order.key.account,
        "region": order.key.region,
        "attempt": order.attempt,
        "state": state.to_json(),
        "next": "done" if done else "wait",
        "waitSeconds": max(1, wait),
    }


_YOUNG: Final = 20_000
"""New objects before a garbage collection: AWS's models for fifty services stay, and each full one walks over them."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The Lambda entry point; the service's own account is read from the function's ARN."""
    gc.set_threshold(_YOUNG)
    account = AccountId(context.invoked_function_arn.split(":")[4])
    answer = watch.handle if "watch" in event else handle
    return answer(event, wiring.app(), service_account=account)


start.ready(lambda app: (app.snapshots, app.store, app.texts))
