"""Whether a cleanup makes progress: the fewest leftovers so far, since when that number has not fallen, and why.

Fewer unknown listings count before fewer leftovers. So what is created as fast as it is deleted is no
progress, whatever its name is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.model import Finished, Meaning, Verdict
from atmosphere.faults import ORGANIZATION_DENIES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from atmosphere.cleanup.limits import Limits
    from atmosphere.cleanup.model import PassState, Resource, Trouble
    from atmosphere.cleanup.verdict.classify import ScanResult

REFUSED_UNTIL: Final = "refused-until"
"""The reason of an environment that is dirty until a date."""
_FARTHEST: Final = timedelta(days=400)
_MARGIN: Final = timedelta(minutes=1)
_FIRST_NAP: Final = timedelta(milliseconds=100)
_LONGEST_NAP: Final = timedelta(seconds=5)
_SHARE: Final = 4  # nothing is noticed later than by this part of the time that it took
_WAIT: Final = timedelta(seconds=10)  # between passes that wait for deletions
LONGEST_WAIT: Final = timedelta(seconds=60)
NOTHING = (0, 0)
"""Nothing unknown, nothing left."""


def after_leftovers(state: PassState, measure: tuple[int, int], *, moving: bool, now: datetime) -> PassState:
    """The state after a scan that found something. `moving`: CloudFormation is at work, which is no standstill."""
    if state.fewest is None or measure < state.fewest or state.quiet_since is None:
        fewest = min(measure, state.fewest or measure)
        return replace(state, fewest=fewest, quiet_rounds=0, quiet_since=now, clean_at=None)
    return replace(state, quiet_rounds=state.quiet_rounds + (not moving), clean_at=None)


def after_waiting(state: PassState, *, waiting: bool, now: datetime) -> PassState:
    """The state after it was asked what AWS is at work on; what it is done with gets its attempts like anything new."""
    if state.waiting and not waiting:
        return replace(state, waiting=False, quiet_rounds=0, quiet_since=now)
    return replace(state, waiting=waiting)


def after_nothing(state: PassState, *, now: datetime) -> PassState:
    """The state after a scan that found nothing; when it is not the first such scan, something came back in between."""
    clean_at = state.clean_at or now
    if state.fewest == NOTHING:
        return replace(state, clean_at=clean_at)
    return replace(state, clean_at=clean_at, fewest=NOTHING, quiet_rounds=0, quiet_since=now)


def standstill(
    state: PassState,
    blockers: Mapping[Resource, Trouble],
    result: ScanResult,
    *,
    limits: Limits,
    now: datetime,
) -> Finished | None:
    """How the attempt ends: dirty if repeating cannot help, blocked after a long time without progress, else None.

    Blocked is only what nobody waits for (`patience`).
    """
    things = tuple(item.address for item in result.blockers)
    if _is_final(result, blockers):
        final = Finished(Verdict.DIRTY, reason(result), things=things)
        return _denied(result, blockers) or _until(result, blockers, now) or final
    in_use = any(trouble.meaning is Meaning.BUSY for trouble in blockers.values())
    patience = limits.busy_time if in_use else limits.quiet_time
    if state.quiet_since is None or state.quiet_rounds < limits.quiet_rounds or now - state.quiet_since < patience:
        return None
    return _until(result, blockers, now) or Finished(Verdict.BLOCKED, reason(result), things=things)


def _until(result: ScanResult, blockers: Mapping[Resource, Trouble], now: datetime) -> Finished | None:
    """The end if AWS refuses until a date what is left, or what holds all the rest that is left."""
    left = [blockers[item] for item in result.blockers]
    dates = [datetime.fromisoformat(trouble.until) for trouble in left if trouble.until]
    held = all(trouble.until or trouble.meaning is Meaning.BUSY for trouble in left)
    if not dates or not held or result.unknown:
        return None
    last = max(dates)
    what = f"AWS refuses to delete {len(dates)} of what is left until {last:%Y-%m-%d %H:%M} UTC at the latest"
    if last - now > _FARTHEST:
        return Finished(Verdict.DIRTY, REFUSED_UNTIL, f"{what}: nobody waits for so long")
    explanation = f"{what}; the environment is cleaned again then, by itself"
    return Finished(Verdict.DIRTY, REFUSED_UNTIL, explanation, retry_at=max(last, now) + _MARGIN)


def _is_final(result: ScanResult, blockers: Mapping[Resource, Trouble]) -> bool:
    """Whether neither a blocker nor a failed listing can be any different at the next attempt."""
    fatal = all(blockers[item].meaning is Meaning.FATAL for item in result.blockers)
    return fatal and all(code == ORGANIZATION_DENIES for code in result.unknown.values())


def _denied(result: ScanResult, blockers: Mapping[Resource, Trouble]) -> Finished | None:
    """The end if the organization denies all that is left to do."""
    denied = [item.address for item in result.blockers if blockers[item].code == ORGANIZATION_DENIES]
    if len(denied) < len(result.blockers):
        return None
    names = sorted({*denied, *result.unknown})
    return Finished(
        Verdict.DIRTY,
        ORGANIZATION_DENIES,
        f"a policy of the organization denies to delete or to list {len(names)} of what is left, first {names[0]}; "
        "repeating cannot help: adopt what the organization put there, or have the policy allow the admin role",
        tuple(denied),
    )


def reason(result: ScanResult) -> str:
    """The code of the most important thing that is left: drift first, then leftovers, then unknown listings."""
    if result.drifted:
        return result.drifted[min(result.drifted)].code
    if result.blockers:
        return f"blocked:{result.blockers[0].type}"
    return f"unknown:{min(result.unknown)}"


def tripped(
    result: ScanResult, reach: Collection[Resource], baseline: Collection[Resource], *, most: int
) -> Finished | None:
    """The circuit breaker: ends the cleanup when what would be deleted cannot be what a test left.

    `reach` is what is left with everything that stacks would take along.
    """
    known = sorted({*result.unmanaged, *result.deferred}.intersection(baseline))
    if known:
        return _tripped(
            f"{len(known)} resources of the baseline were classified as leftovers, first {known[0].address}"
        )
    if len(reach) > most:
        counts = ", ".join(f"{count} x {name}" for name, count in Counter(item.type for item in reach).most_common(5))
        return _tripped(f"{len(reach)} leftovers ({counts}) are more than max_deletions of settings.yaml ({most})")
    return None


def _tripped(what: str) -> Finished:
    remedy = "check what is there; if all of it may go, raise max_deletions and clean the environment again"
    return Finished(Verdict.DIRTY, "circuit-breaker", f"{what}, so nothing was deleted: {remedy}")


def nap(state: PassState, limits: Limits, scanned_at: datetime, *, tried: bool) -> timedelta:
    """Until the next scan: longer, the longer no deletion had succeeded when the latest one began.

    What was tried since then says nothing yet: after thousands of deletions that AWS accepted at once, most are done.
    Where nothing can be done, scans come as often as a standstill needs them, and no more.
    """
    quiet = min(max(_FIRST_NAP, (scanned_at - (state.quiet_since or scanned_at)) / _SHARE), _LONGEST_NAP)
    return quiet if tried else max(quiet, limits.quiet_time / limits.quiet_rounds)


def pause(state: PassState, now: datetime, *, waiting: bool) -> timedelta:
    """Until the next pass: longer, the longer AWS is waited for."""
    if not waiting:
        return _WAIT
    return min(max(_WAIT, (now - (state.quiet_since or now)) / _SHARE), LONGEST_WAIT)
