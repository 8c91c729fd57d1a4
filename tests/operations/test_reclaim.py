"""Reclaim: a message ends what its run or job was granted, once, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.core.access import VerifiedCaller, caller_from_run
from atmosphere.core.changes import Put
from atmosphere.core.github import Issuer, RepositoryId, RunId
from atmosphere.core.model import AllocationStatus, EndedBy, RuleName, Status
from atmosphere.core.webhook import Completed
from atmosphere.ports import CleanupOrder, Unreachable
from tests.builders import a_key, a_run
from tests.operations.line import Crash, Fault, Trap
from tests.operations.world import RUN, RUNNER, World, a_world, many

if TYPE_CHECKING:
    from atmosphere.core.model import Allocation

OVER: Final = Completed(
    repository_id=RepositoryId("900000001"), run_id=RunId("7000000001"), run_attempt=1, job=None, conclusion="cancelled"
)


def of_run(**changes: Any) -> VerifiedCaller:
    return caller_from_run(a_run(**changes), (RuleName("app"),))


def still_active(world: World, *allocations: Allocation) -> list[bool]:
    return [world.recorded(found.id).status is AllocationStatus.ACTIVE for found in allocations]


def test_a_run_that_is_over_gives_back_all_that_it_holds() -> None:
    world = a_world(3)
    one, two = world.allocate(caller=RUN), world.allocate(caller=RUN, environments=many(2))
    assert world.reclaimer.reclaim(OVER) == 2
    for allocation in (one, two):
        ended = world.recorded(allocation.id)
        assert (ended.status, ended.outcome, ended.ended_by) == (
            AllocationStatus.ENDED,
            "github: cancelled",
            EndedBy.GITHUB,
        )
    assert {world.status(a_key(number)) for number in (1, 2, 3)} == {Status.CLEANING}
    orders = {CleanupOrder(found.id, item.key, 1) for found in (one, two) for item in found.items}
    assert set(world.cleanups.started) == orders


def test_a_message_that_comes_again_has_no_further_effect() -> None:
    world = a_world(1)
    world.allocate(caller=RUN)
    assert [world.reclaimer.reclaim(OVER) for _ in range(3)] == [1, 0, 0]
    assert len(world.cleanups.started) == 1


def test_a_late_message_does_not_touch_the_next_tenant() -> None:
    world = a_world(1)
    world.allocate(caller=RUN)
    world.reclaimer.reclaim(OVER)
    world.cleaning(world.cleanups.started[0]).free(report=None)
    next_one = world.allocate(caller=RUNNER)
    assert world.reclaimer.reclaim(OVER) == 0
    assert still_active(world, next_one) == [True]


@pytest.mark.parametrize(
    ("attempt", "left"),
    [(1, [False, True, True]), (2, [False, False, True]), (9, [False, False, True]), (10, [False, False, False])],
)
def test_an_attempt_that_is_over_ends_its_own_and_earlier_ones_and_none_that_came_after(
    attempt: int, left: list[bool]
) -> None:
    world = a_world(3)
    found = [world.allocate(caller=of_run(run_attempt=number)) for number in ("1", "2", "10")]
    assert world.reclaimer.reclaim(replace(OVER, run_attempt=attempt)) == left.count(False)
    assert still_active(world, *found) == left


def test_a_job_that_is_over_ends_what_it_asked_for_and_nothing_of_its_neighbours() -> None:
    world = a_world(3)
    own = world.allocate(caller=of_run(check_run_id="61"))
    neighbour, nameless = (world.allocate(caller=of_run(check_run_id=job)) for job in ("62", None))
    assert world.reclaimer.reclaim(replace(OVER, job="61")) == 1
    assert still_active(world, own, neighbour, nameless) == [False, True, True]


OTHERS: Final = {
    "run": of_run(run_id="7000000002"),
    "repository": of_run(repository_id="900000002"),
    "issuer": of_run(issuer=Issuer("https://token.actions.octocorp.ghe.com")),
}


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_what_another_run_holds_stays(other: str) -> None:
    """The ids of another server mean other runs, and github.com's webhook knows nothing of them."""
    world = a_world(2)
    signer = world.allocate(caller=RUNNER)
    foreign = replace(signer, id=world.ids.new(), owner=OTHERS[other].owner, run=OTHERS[other].run, items=())
    world.rows.commit([Put(row=foreign)], token=world.ids.new())
    assert world.reclaimer.reclaim(OVER) == 0
    assert still_active(world, signer, foreign) == [True, True]


def test_one_that_cannot_be_ended_does_not_keep_the_others_and_is_told() -> None:
    world = a_world(2)
    found = [world.allocate(caller=RUN) for _ in range(2)]
    world.line.lay(Trap(2, Fault.DOWN))
    with pytest.raises(Unreachable, match="1 of 2"):
        world.reclaimer.reclaim(OVER)
    assert sorted(still_active(world, *found)) == [False, True]
    world.line.lay(None)
    assert world.reclaimer.reclaim(OVER) == 1


def test_whoever_ends_it_meanwhile_has_ended_it() -> None:
    world = a_world(1)
    allocation = world.allocate(caller=RUN)
    world.line.lay(Trap(2, meanwhile=lambda: world.deallocate(allocation.id, caller=RUN, outcome="first")))
    assert world.reclaimer.reclaim(OVER) == 0
    assert world.recorded(allocation.id).outcome == "first"
    assert len(world.cleanups.started) == 1


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_crash_at_any_call_is_repaired_by_the_deadline(at: int, fault: Fault) -> None:
    world = a_world(1)
    allocation = world.allocate(caller=RUN)
    world.line.lay(Trap(at, fault))
    with pytest.raises(Crash):
        world.reclaimer.reclaim(OVER)
    world.line.lay(None)
    world.clock.advance(allocation.deadline - world.clock.now())
    world.reconciler.run()
    assert still_active(world, allocation) == [False]
    assert world.status(a_key(1)) in {Status.CLEANING, Status.DIRTY}
