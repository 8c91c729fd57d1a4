"""What must hold after every step (P1, P2), and which operation may move an environment how (P3, P4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.core.changes import MAX_RECHECKS
from atmosphere.core.heartbeat import LATE
from atmosphere.core.model import Allocation, AllocationStatus, EndedBy, Environment, Mark, Status
from atmosphere.ports import CleanupOrder

if TYPE_CHECKING:
    from datetime import datetime

    from tests.machine.observed import Move, ObservedStore

GRACE: Final = timedelta(seconds=120)

_FREE, _IN_USE, _CLEANING, _DIRTY, _HELD = "free", "in-use", "cleaning", "dirty", "held"
_GONE = "gone"

# Who may move an environment from where to where; staying where it is stands for a note on the row.
MOVES: Final[dict[str, set[tuple[str, str]]]] = {
    "allocate": {(_FREE, _IN_USE)},
    "refresh": {(_IN_USE, _IN_USE)},
    "heartbeat": {(_IN_USE, _IN_USE)},
    "heartbeat by token": {(_IN_USE, _IN_USE)},
    "deallocate": {(_IN_USE, _CLEANING)},
    "release": {(_IN_USE, _CLEANING)},
    "completed": {(_IN_USE, _CLEANING)},
    "reconcile": {
        (_IN_USE, _IN_USE),
        (_IN_USE, _CLEANING),
        (_CLEANING, _CLEANING),
        (_CLEANING, _DIRTY),
        (_DIRTY, _CLEANING),
    },
    "beat": {(_CLEANING, _CLEANING)},
    "clean": {(_CLEANING, _FREE), (_CLEANING, _HELD), (_CLEANING, _GONE)},
    "dirty": {(_CLEANING, _DIRTY)},
    "dirty until": {(_CLEANING, _DIRTY)},
    "blocked": {(_CLEANING, _CLEANING), (_CLEANING, _DIRTY)},
    "pass": {(_CLEANING, after) for after in (_CLEANING, _FREE, _HELD, _GONE, _DIRTY)},
    "watch": {(_FREE, _FREE)},
    "measure": set(),
    "register": {
        (_GONE, _CLEANING),
        (_FREE, _FREE),
        (_FREE, _GONE),
        (_IN_USE, _IN_USE),
        (_CLEANING, _CLEANING),
        (_DIRTY, _DIRTY),
        (_HELD, _HELD),
    },
    "operator clean": {(_DIRTY, _CLEANING)},
    "operator reinstate": {(_DIRTY, _FREE), (_DIRTY, _HELD), (_DIRTY, _GONE)},
    "operator discard": {(_DIRTY, _GONE)},
    "operator hold": {
        (_FREE, _HELD),
        (_DIRTY, _HELD),
        (_IN_USE, _IN_USE),
        (_CLEANING, _CLEANING),
    },
    "operator recapture": {(_FREE, _CLEANING), (_DIRTY, _CLEANING), (_HELD, _CLEANING)},
    "operator release": {(_IN_USE, _CLEANING)},
    "operator resume": {(_HELD, _CLEANING), (_IN_USE, _IN_USE), (_CLEANING, _CLEANING)},
}


def check_move(move: Move) -> None:
    """P1, P3, P4 at the moment of a write. Anybody may note that something was published."""
    if move.before and move.after and replace(move.after, told=move.before.told) == move.before:
        return
    before = str(move.before.status) if move.before else _GONE
    after = str(move.after.status) if move.after else _GONE
    assert (before, after) in MOVES[move.by], f"{move.by} moved {before} to {after}"
    if move.before and (check := _OF.get(move.by)):
        check(move, move.before)
    if move.before and move.after:
        _check_tenancy(move.by, move.before, move.after)
    if move.before and move.after is None and move.by != "operator discard":
        assert move.before.mark is Mark.DEREGISTERING or move.by == "register", "only what is deregistering disappears"


def _of_the_order(move: Move, before: Environment) -> None:
    """P5: only the cleanup that the row is waiting for has a say."""
    assert move.of == CleanupOrder(before.allocation, before.key, before.attempt)  # type: ignore[arg-type]


def _of_the_allocation(move: Move, before: Environment) -> None:
    """P1: what ends an allocation touches no other tenant's environment."""
    assert before.allocation == move.of, f"the environment of {before.allocation} was let go by {move.of}"


def _of_what_is_due(move: Move, before: Environment) -> None:
    """P5: the reconciler, late or twice, repairs only what is due."""
    assert move.due is not None
    assert move.due <= move.at, "the reconciler moved what was not due"
    if before.status is Status.IN_USE:
        _of_silence(move, before)
        return
    assert before.wake_at is not None
    assert before.wake_at <= move.at, "the reconciler moved what was not due"
    if before.status is Status.DIRTY:
        assert move.after is not None
        assert move.after.rechecks == before.rechecks + 1, "nothing bounds these rechecks"
        return
    assert before.deadline is not None
    if move.after and move.after.status is not before.status:
        assert before.deadline <= move.at, "the reconciler moved what was not overdue"


def _of_silence(move: Move, before: Environment) -> None:
    """A late reconciler waits for one more heartbeat; that a lost allocation was overdue is what `due` says."""
    if move.after and move.after.status is Status.IN_USE:
        assert before.wake_at is not None
        assert move.at - before.wake_at > LATE, "it was spared by a reconciler that was not late"
        assert (before.spared, move.after.spared) == (False, True), "it was spared twice without a heartbeat"
        assert move.after.deadline == before.deadline


def _of_a_heartbeat(move: Move, before: Environment) -> None:
    """It puts off the next look, and nothing else."""
    assert before.allocation == move.of
    assert move.after is not None
    assert before.wake_at is not None
    assert move.after.wake_at is not None
    assert move.after.wake_at > before.wake_at, "a heartbeat took something back"
    assert move.after == replace(before, wake_at=move.after.wake_at, spared=False)


def _of_the_environment(move: Move, before: Environment) -> None:
    assert before.key == move.of
    if move.after and move.after.status is Status.CLEANING and before.status is not Status.CLEANING:
        assert move.after.attempt > before.attempt, "an attempt with this number was there before"


def _of_a_release(move: Move, before: Environment) -> None:
    """All environments of the allocation that held the named one, and no other's."""
    assert before.status is Status.IN_USE
    assert move.after is not None
    assert move.after.allocation == before.allocation
    assert move.after.attempt == 1


_OF: Final = {
    **dict.fromkeys(("beat", "clean", "dirty", "dirty until", "blocked", "pass"), _of_the_order),
    **dict.fromkeys((name for name in MOVES if name.startswith("operator")), _of_the_environment),
    "operator release": _of_a_release,
    **dict.fromkeys(("deallocate", "release"), _of_the_allocation),
    **dict.fromkeys(("heartbeat", "heartbeat by token", "refresh"), _of_a_heartbeat),
    "reconcile": _of_what_is_due,
}


def _check_tenancy(by: str, before: Environment, after: Environment) -> None:
    if by == "allocate":
        assert before.mark is Mark.REGISTERED, "nothing that is deregistering is allocated"
        assert before.registered == after.registered
    if by in {"clean", "pass"} and before.hold:
        assert after.status is not Status.FREE, "the hold that came last was lost"
    held = {Status.IN_USE, Status.CLEANING, Status.DIRTY}
    if before.status in held and after.status in held:
        assert before.allocation == after.allocation, "the fence stays until the environment is clean"
        assert before.registered == after.registered, "a configuration takes effect when the environment is next free"
        assert after.attempt >= before.attempt
        assert after.capture is (before.capture or by == "operator recapture"), "only an operator skips the proof"
    if before.status in held and after.status in {Status.FREE, Status.HELD} and by != "operator hold":
        assert after.registered == (before.next_registered or before.registered)


def check_rows(store: ObservedStore) -> None:
    """P1 and P2 of what is there now."""
    rows = store.everything().values()
    allocations = {row.id: row for row in rows if isinstance(row, Allocation)}
    environments = {row.key: row for row in rows if isinstance(row, Environment)}
    for row in environments.values():
        _SHAPES[row.status](row)
        if row.status is Status.IN_USE:
            assert row.allocation in allocations, f"{row.key} is in use by nobody"
            holder = allocations[row.allocation]
            assert holder.status is AllocationStatus.ACTIVE, f"{row.key} is in use though its allocation has ended"
            assert row.key in {item.key for item in holder.items}
            assert row.deadline == holder.deadline
            beats = holder.heartbeat is not None and row.key == holder.items[0].key
            assert beats or row.wake_at == row.deadline
            assert beats or not row.spared
    for allocation in allocations.values():
        _check_ending(allocation)
        keys = [item.key for item in allocation.items]
        assert len(keys) == len(set(keys))
        if allocation.status is AllocationStatus.ACTIVE:
            for key in keys:
                assert key in environments, f"{key} of an active allocation is gone"
                assert environments[key].status is Status.IN_USE
                assert environments[key].allocation == allocation.id, f"{key} is held twice"


def _check_ending(allocation: Allocation) -> None:
    """Only the deadline times out, and only who asked for heartbeats is lost, before it."""
    if allocation.ended_by is EndedBy.TIMEOUT:
        assert allocation.ended is not None
        assert allocation.ended >= allocation.deadline
    if allocation.ended_by is EndedBy.LOST:
        assert allocation.heartbeat is not None
        assert allocation.ended is not None
        assert allocation.ended < allocation.deadline
        assert allocation.outcome == "lost"


def _alive(row: Environment) -> None:
    assert row.deadline is not None
    assert row.wake_at is not None
    assert row.wake_at <= row.deadline
    assert row.allocation is not None
    assert row.freed_at is None


def _in_use(row: Environment) -> None:
    _alive(row)


def _cleaning(row: Environment) -> None:
    _alive(row)
    assert row.attempt >= 1


def _at_rest(row: Environment) -> None:
    assert row.deadline is None
    assert row.wake_at is None


def _free(row: Environment) -> None:
    _at_rest(row)
    assert row.freed_at is not None
    assert row.allocation is None
    assert (row.mark, row.hold, row.capture) == (Mark.REGISTERED, False, False)
    assert row.next_registered is None
    assert row.dirty_reason is None


def _dirty(row: Environment) -> None:
    assert row.deadline is None
    assert row.wake_at is None or row.rechecks < MAX_RECHECKS
    assert row.freed_at is None
    assert row.dirty_reason
    assert row.allocation is not None


def _held(row: Environment) -> None:
    _at_rest(row)
    assert row.freed_at is None


_SHAPES: Final = {
    Status.IN_USE: _in_use,
    Status.CLEANING: _cleaning,
    Status.FREE: _free,
    Status.DIRTY: _dirty,
    Status.HELD: _held,
}


def check_nothing_overdue(store: ObservedStore, now: datetime) -> None:
    """P2 where the reconciler has run every minute."""
    late = [row.key for row in store.environments() if row.deadline and row.deadline + GRACE < now]
    assert not late, f"past their deadlines: {late}"
