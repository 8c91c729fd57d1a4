"""Whether a cleanup gets anywhere: how little was left at best, for how long it has not become less, and why.

Less is first less that is unknown, and then less that is left. So what somebody makes anew as fast as it is deleted is
no progress, whatever it is called.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from atmosphere.cleanup.model import Ended, Meaning, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from atmosphere.cleanup.model import Limits, PassState, Resource, Trouble
    from atmosphere.cleanup.verdict.classify import Left

NOTHING = (0, 0)
"""Nothing unknown, nothing left."""


def noted(state: PassState, measure: tuple[int, int], *, moving: bool, now: datetime) -> PassState:
    """The state after a look that found something. `moving`: CloudFormation is at work, which is no standstill."""
    if state.fewest is None or measure < state.fewest or state.quiet_since is None:
        fewest = min(measure, state.fewest or measure)
        return replace(state, fewest=fewest, quiet_rounds=0, quiet_since=now, clean_at=None)
    return replace(state, quiet_rounds=state.quiet_rounds + (not moving), clean_at=None)


def noted_nothing(state: PassState, *, now: datetime) -> PassState:
    """The state after a look that found nothing; not the first such look means that something came back."""
    clean_at = state.clean_at or now
    if state.fewest == NOTHING:
        return replace(state, clean_at=clean_at)
    return replace(state, clean_at=clean_at, fewest=NOTHING, quiet_rounds=0, quiet_since=now)


def standstill(
    state: PassState, blockers: Mapping[Resource, Trouble], left: Left, *, slow: bool, limits: Limits, now: datetime
) -> Verdict | None:
    """How it ends if nothing more comes of it: dirty if repeating cannot help, blocked if nothing went for long."""
    things = left.things
    if things and not left.unknown and all(blockers[item].meaning is Meaning.FATAL for item in things):
        return Verdict.DIRTY
    patience = limits.slow_time if slow else limits.quiet_time
    if state.quiet_since is None or state.quiet_rounds < limits.quiet_rounds or now - state.quiet_since < patience:
        return None
    return Verdict.BLOCKED


def reason(left: Left) -> str:
    """The first of what is left, by what a person should look at first."""
    if left.amiss:
        return left.amiss[min(left.amiss)].code
    if left.things:
        return f"blocked:{left.things[0].type}"
    return f"unknown:{min(left.unknown)}"


def trip(left: Left, reach: Collection[Resource], baseline: Collection[Resource], *, most: int) -> None:
    """The circuit breaker: raises `Ended` when what would be deleted cannot be what a test left.

    `reach` is what is left with everything that stacks would take along.
    """
    known = sorted({*left.loose, *left.deferred}.intersection(baseline))
    if known:
        raise _tripped(f"{len(known)} of the baseline were taken for left over, first {known[0].address}")
    if len(reach) > most:
        counts = ", ".join(f"{count} x {name}" for name, count in Counter(item.type for item in reach).most_common(5))
        raise _tripped(f"{len(reach)} leftovers ({counts}) are more than max_deletions of settings.yaml ({most})")


def _tripped(what: str) -> Ended:
    remedy = "look what is there; if all of it may go, raise max_deletions and let the environment be cleaned again"
    return Ended(Verdict.DIRTY, "circuit-breaker", f"{what}, so nothing was deleted: {remedy}")
