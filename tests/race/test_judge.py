"""The judge of races can fail: each property is broken once, and named; and a race in which all is well is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.core.model import AllocationStatus, EndedBy, Status
from bench.race.judge import PROPERTIES, Record, verdicts
from bench.race.seen import Answered, Kind, Written
from tests.builders import (
    ALLOCATION,
    KEY,
    NOW,
    OTHER_ALLOCATION,
    RULE,
    a_history_entry,
    a_key,
    after,
    an_allocation,
    an_environment,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from atmosphere.core.model import Allocation, AllocationId, Environment, EnvironmentKey

DEADLINE = after(minutes=1)
FREE = an_environment()


def in_use(id_: AllocationId = ALLOCATION, **changes: Any) -> Environment:
    taken: dict[str, Any] = {"allocation": id_, "deadline": DEADLINE, "freed_at": None}
    return replace(FREE, status=Status.IN_USE, **taken | changes)


def active(id_: AllocationId = ALLOCATION, *keys: EnvironmentKey) -> Allocation:
    return an_allocation(*(keys or (KEY,)), id=id_, deadline=DEADLINE)


def ended(found: Allocation) -> Allocation:
    over: dict[str, Any] = {"ended": after(seconds=30), "outcome": "raced", "ended_by": EndedBy.OWNER}
    return replace(found, status=AllocationStatus.ENDED, **over)


def told(found: Allocation, key: EnvironmentKey = KEY) -> Any:
    return a_history_entry(
        key,
        id=found.id,
        at=found.started,
        who=found.owner,
        ended=found.ended,
        outcome=found.outcome,
        ended_by=found.ended_by,
    )


def written(*changes: Any, start: datetime = NOW) -> list[Written]:
    """One change a second; a pair is before and after, anything else a row that was not there."""
    pairs = [change if isinstance(change, tuple) else (None, change) for change in changes]
    return [
        Written(number, start + timedelta(seconds=number), before, row) for number, (before, row) in enumerate(pairs, 1)
    ]


def an_answer(kind: Kind = Kind.ALLOCATE, status: int = 200, *, second: float = 1, **changes: Any) -> Answered:
    granted: dict[str, Any] = {"allocation": str(ALLOCATION)}
    if kind is Kind.ALLOCATE and status == 200:
        granted |= {"environments": (KEY.path,), "deadline": DEADLINE}
    at = after(seconds=second)
    return Answered(kind=kind, by="runner", status=status, **{"sent": at, "got": at} | granted | changes)


def a_record(answered: Sequence[Answered] = (), changes: Sequence[Written] = (), **parts: Any) -> Record:
    others: dict[str, Any] = {"limits": {}, "grace": timedelta(seconds=30), "ended": after(minutes=5)}
    return Record(answered=answered, written=changes, **others | parts)


def broken(record: Record) -> dict[str, list[str]]:
    return {name: found for name, found in verdicts(record).items() if found}


LIFE = written(
    active(),
    (FREE, in_use()),
    told(active()),
    (active(), ended(active())),
    (in_use(), replace(in_use(), status=Status.CLEANING)),
    (told(active()), told(ended(active()))),
    (replace(in_use(), status=Status.CLEANING), FREE),
)
ASKED = [an_answer(), an_answer(Kind.RELEASE, second=4)]


def test_a_life_in_which_all_is_well_breaks_nothing() -> None:
    assert broken(a_record(ASKED, LIFE, limits={RULE: 1})) == {}


def test_two_allocations_of_one_environment_are_named() -> None:
    both = written(active(), active(OTHER_ALLOCATION))
    (found,) = PROPERTIES["no double allocation"](a_record(changes=both))
    assert (str(ALLOCATION) in found, str(OTHER_ALLOCATION) in found, str(KEY) in found) == (True, True, True)


def test_an_environment_that_is_taken_from_another_is_named() -> None:
    (found,) = PROPERTIES["no double allocation"](a_record(changes=written((in_use(), in_use(OTHER_ALLOCATION)))))
    assert "while it was in-use" in found


def test_an_environment_that_is_taken_while_it_is_cleaned_is_named() -> None:
    cleaning = replace(in_use(), status=Status.CLEANING)
    (found,) = PROPERTIES["no double allocation"](a_record(changes=written((cleaning, in_use(OTHER_ALLOCATION)))))
    assert "while it was cleaning" in found


OTHER: dict[str, Any] = {"allocation": str(OTHER_ALLOCATION)}


@pytest.mark.parametrize(
    ("between", "doubles"),
    [
        ([], 1),
        ([an_answer(Kind.RELEASE, second=5)], 0),
        ([an_answer(Kind.EVICT, second=5, environments=(KEY.path,))], 0),
        ([an_answer(Kind.RELEASE, second=12, **OTHER)], 1),
        ([an_answer(Kind.AGAIN, 503, second=1, heartbeat=6.0)], 0),
    ],
    ids=["nothing", "released", "evicted", "another is released", "it may have been lost"],
)
def test_callers_who_are_told_the_same_environment_are_named(between: list[Answered], doubles: int) -> None:
    """Only by what they were told: the tables are not looked at."""
    answered = [an_answer(), *between, an_answer(second=10, **OTHER)]
    assert len(PROPERTIES["no double allocation"](a_record(answered))) == doubles


@pytest.mark.parametrize(("seconds", "leaks"), [(29, 0), (31, 1)])
def test_an_environment_in_use_past_its_deadline_is_a_leak(seconds: int, leaks: int) -> None:
    record = a_record(changes=written((FREE, in_use())), ended=DEADLINE + timedelta(seconds=seconds))
    assert len(PROPERTIES["no leak"](record)) == leaks


def test_a_leak_that_was_mended_since_is_named_too() -> None:
    late = Written(9, DEADLINE + timedelta(seconds=40), in_use(), FREE)
    record = a_record(changes=[*written((FREE, in_use())), late], ended=late.at)
    assert PROPERTIES["no leak"](record) == [f"{KEY} is in-use for {ALLOCATION} 40 s after its deadline"]


def test_an_environment_in_use_without_a_deadline_is_a_leak() -> None:
    (found,) = PROPERTIES["no leak"](a_record(changes=written((FREE, in_use(deadline=None)))))
    assert "without a deadline" in found


@pytest.mark.parametrize(
    ("last", "rest"),
    [
        (FREE, True),
        (replace(FREE, status=Status.HELD), True),
        (replace(FREE, status=Status.DIRTY, dirty_reason="cleanup-timeout"), True),
        (replace(FREE, status=Status.DIRTY), False),
        (in_use(), False),
        (replace(in_use(), status=Status.CLEANING), False),
    ],
    ids=lambda value: f"{value.status} {value.dirty_reason}" if hasattr(value, "status") else "",
)
def test_what_is_at_rest_is_free_held_or_dirty_for_a_reason(last: Environment, *, rest: bool) -> None:
    assert (PROPERTIES["everything at rest"](a_record(changes=written((FREE, last)))) == []) is rest


def test_an_allocation_that_is_active_at_the_end_is_named() -> None:
    assert PROPERTIES["everything at rest"](a_record(changes=written(active()))) == [
        f"the allocation {ALLOCATION} is still active"
    ]


GATEWAY = {"code": "internal", "message": "the service failed to answer: try again"}


@pytest.mark.parametrize(
    ("said", "kills", "found"),
    [
        ({"status": 500, "code": "internal", "message": "something went wrong in the service"}, 9, 1),
        ({"status": 500, **GATEWAY}, 0, 1),
        ({"status": 500, **GATEWAY}, 1, 0),
        ({"status": 502, "message": "Worker process died"}, 0, 1),
        ({"status": 502, "message": "Task timed out after 20.00 seconds"}, 0, 0),
        ({"status": 0}, 0, 1),
        ({"status": 0}, 1, 0),
    ],
    ids=["the service's own", "nobody was killed", "killed", "died", "at its limit", "no reply", "no reply, killed"],
)
def test_internal_is_for_workers_that_were_killed(said: dict[str, Any], kills: int, found: int) -> None:
    assert len(PROPERTIES["no `internal`"](a_record([an_answer(**said)], kills=kills))) == found


@pytest.mark.parametrize(("limit", "over"), [(2, 0), (1, 1), (None, 0)])
def test_more_than_a_quota_at_once_is_named(limit: int | None, over: int) -> None:
    pair = written(active(), active(OTHER_ALLOCATION, a_key(2)), (active(), ended(active())))
    assert len(PROPERTIES["quotas kept"](a_record(changes=pair, limits={RULE: limit} if limit else {}))) == over


def test_a_quota_is_free_again_after_an_end() -> None:
    turns = written(active(), (active(), ended(active())), active(OTHER_ALLOCATION))
    assert PROPERTIES["quotas kept"](a_record(changes=turns, limits={RULE: 1})) == []


@pytest.mark.parametrize("lacking", [{2, 5}, {5}], ids=["no entry", "not ended"])
def test_a_history_that_lacks_something_is_named(lacking: set[int]) -> None:
    changes = [change for place, change in enumerate(LIFE) if place not in lacking]
    assert len(PROPERTIES["history complete"](a_record(changes=changes))) == 1


@pytest.mark.parametrize(("entries", "changed", "found"), [(1, True, 0), (0, True, 1), (2, True, 1), (0, False, 0)])
def test_an_act_is_in_the_history_once_if_it_changed_something(entries: int, *, changed: bool, found: int) -> None:
    acts = written(*(a_history_entry(KEY, id=f"{number}", reason="race 1") for number in range(entries)))
    answer = an_answer(Kind.HOLD, environments=(KEY.path,), reason="race 1", changed=changed)
    assert len(PROPERTIES["history complete"](a_record([answer], acts))) == found


def test_a_grant_that_is_not_in_the_tables_is_named() -> None:
    assert len(PROPERTIES["replies true"](a_record([an_answer()]))) == 1


def test_a_release_that_was_confirmed_and_did_not_happen_is_named() -> None:
    assert len(PROPERTIES["replies true"](a_record([an_answer(Kind.RELEASE)], written(active())))) == 1


@pytest.mark.parametrize(
    ("message", "sent", "got", "lies"),
    [
        ("nothing was taken: try again", 2, 3, 1),
        ("nothing was taken: try again", 0, 0, 0),
        ("nothing was taken: try again", 0, 2, 1),
        ("try again", 0, 2, 1),
        ("try again", 2, 3, 0),
        ("the allocation may have been made", 0, 2, 0),
        ("this took nothing, but an earlier one may have", 2, 3, 0),
    ],
)
def test_a_503_is_held_to_what_it_says_of_what_was_taken(message: str, sent: int, got: int, lies: int) -> None:
    """The allocation is made in the first second."""
    asked: dict[str, Any] = {"requester": active().requester, "sent": after(seconds=sent), "got": after(seconds=got)}
    answer = an_answer(status=503, message=message, **asked)
    assert len(PROPERTIES["replies true"](a_record([answer], written(active())))) == lies


@pytest.mark.parametrize(
    ("message", "sent", "lies"), [("try again", 3, 1), ("may have been", 3, 0), ("try again", 5, 0)]
)
def test_a_release_that_got_503_and_was_done_is_named(message: str, sent: int, lies: int) -> None:
    """The allocation ends in the fourth second."""
    answer = an_answer(Kind.RELEASE, 503, message=message, sent=after(seconds=sent), got=after(seconds=6))
    assert len(PROPERTIES["replies true"](a_record([answer], LIFE))) == lies
    together = [answer, replace(answer, kind=Kind.RELEASE_AGAIN, status=200)]
    assert PROPERTIES["replies true"](a_record(together, LIFE)) == []


@pytest.mark.parametrize(("message", "lies"), [("try again", 1), ("it may have been done", 0)])
def test_an_act_that_got_503_and_was_done_is_named(message: str, lies: int) -> None:
    answer = an_answer(Kind.HOLD, 503, message=message, environments=(KEY.path,), reason="race 1")
    record = a_record([answer], written(a_history_entry(KEY, id="1", reason="race 1")))
    assert len(PROPERTIES["replies true"](record)) == lies


def test_an_allocation_that_nobody_was_told_of_is_named() -> None:
    nobody = [an_answer(status=503, allocation="", requester=active().requester, message="nothing was taken")]
    assert PROPERTIES["nothing taken without a reply"](a_record(nobody, LIFE)) == [f"nobody was told of {ALLOCATION}"]
    named = [
        an_answer(
            status=503,
            allocation="",
            requester=active().requester,
            message=f"the allocation {ALLOCATION} may have been made",
        )
    ]
    assert PROPERTIES["nothing taken without a reply"](a_record(named, LIFE)) == []
    lost = [an_answer(status=0, allocation="", requester=active().requester)]
    assert PROPERTIES["nothing taken without a reply"](a_record(lost, LIFE)) == []
    elsewhere = [an_answer(status=503, allocation="", requester="of this race", message="nothing was taken")]
    assert PROPERTIES["nothing taken without a reply"](a_record(elsewhere, LIFE)) == [], "another user of the service"


@pytest.mark.parametrize(("most", "found"), [(9, 0), (10, 1)])
def test_a_request_with_more_calls_than_its_bound_is_named(most: int, found: int) -> None:
    record = a_record(calls={"allocate": [3, most]}, bounds={"allocate": 9})
    assert len(PROPERTIES["calls bounded"](record)) == found
