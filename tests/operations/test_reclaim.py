"""Reclaim: a message ends what its run or job was granted, once, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from atmosphere.adapters.memory import FakeClock
from atmosphere.core import over
from atmosphere.core.access import VerifiedCaller, caller_from_run
from atmosphere.core.changes import Put, target_of
from atmosphere.core.errors import AlreadyEnded
from atmosphere.core.github import GITHUB_COM, Issuer, RepositoryId, RunId
from atmosphere.core.model import AllocationStatus, EndedBy, RuleName, Status
from atmosphere.core.webhook import Completed
from atmosphere.ports import CleanupOrder, Unreachable
from tests.builders import NOW, a_key, a_run, an_allocation, an_environment, an_id
from tests.machine.observed import ObservedStore
from tests.operations.line import Crash, Fault, Trap
from tests.operations.world import RUN, RUNNER, World, a_world, many

if TYPE_CHECKING:
    from atmosphere.core.changes import Change
    from atmosphere.core.model import Allocation, AllocationId
    from atmosphere.ports import Store

OVER: Final = Completed(
    issuer=GITHUB_COM,
    repository_id=RepositoryId("900000001"),
    run_id=RunId("7000000001"),
    run_attempt=1,
    job=None,
    conclusion="cancelled",
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
    """The ids of another server mean other runs."""
    world = a_world(2)
    signer = world.allocate(caller=RUNNER)
    foreign = replace(signer, id=world.ids.new(), owner=OTHERS[other].owner, run=OTHERS[other].run, items=())
    world.rows.commit([Put(row=foreign)], token=world.ids.new())
    assert world.reclaimer.reclaim(OVER) == 0
    assert still_active(world, signer, foreign) == [True, True]


def test_one_that_cannot_be_ended_at_first_is_ended_by_the_second_look() -> None:
    world = a_world(2)
    found = [world.allocate(caller=RUN) for _ in range(2)]
    world.line.lay(Trap(3, Fault.DOWN))
    assert world.reclaimer.reclaim(OVER) == 2
    assert still_active(world, *found) == [False, False]
    assert world.line.counts["active_of_run"] == 2


def test_one_that_cannot_be_ended_does_not_keep_the_others_and_is_told() -> None:
    world = a_world(2)
    found = [world.allocate(caller=RUN) for _ in range(2)]
    unreachable(world, found[0].id)
    with pytest.raises(Unreachable, match="1 steps"):
        world.reclaimer.reclaim(OVER)
    assert still_active(world, *found) == [True, False]


def unreachable(world: World, id_: AllocationId) -> None:
    """Commits that write this allocation fail from here on."""

    class Down:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def commit(self, changes: list[Change], *, token: str) -> None:
            if any(target_of(change) == id_ for change in changes):
                raise Unreachable("down")
            store.commit(changes, token=token)

    store = world.store
    world.store = cast("Store", Down())


@pytest.mark.parametrize("at", [1, 2])
def test_a_store_that_does_not_answer_is_told_and_all_is_ended_that_can_be(at: int) -> None:
    """The note, or the first look. Without the note the message has to come again."""
    world = a_world(1)
    allocation = world.allocate(caller=RUN)
    world.line.lay(Trap(at, Fault.DOWN))
    if at == 1:
        with pytest.raises(Unreachable):
            world.reclaimer.reclaim(OVER)
    else:
        assert world.reclaimer.reclaim(OVER) == 1
    assert still_active(world, allocation) == [False]


def test_whoever_ends_it_meanwhile_has_ended_it() -> None:
    world = a_world(1)
    allocation = world.allocate(caller=RUN)
    world.line.lay(Trap(3, meanwhile=lambda: world.deallocate(allocation.id, caller=RUN, outcome="first")))
    assert world.reclaimer.reclaim(OVER) == 0
    assert world.recorded(allocation.id).outcome == "first"
    assert len(world.cleanups.started) == 1


# --- over before it committed -------------------------------------------------------------------------------------

JOB_OVER: Final = replace(OVER, job="6000000001")


@pytest.mark.parametrize("message", [OVER, JOB_OVER], ids=["run", "job"])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_an_allocate_that_is_on_its_way_when_its_run_ends_leaks_nothing(at: int, message: Completed) -> None:
    """The message comes before each of its calls: the line, the free rows, the credentials, the commit."""
    world = a_world(1)
    world.line.lay(Trap(at, meanwhile=lambda: world.reclaimer.reclaim(message)))
    with pytest.raises(AlreadyEnded, match="is over"):
        world.allocate(caller=RUN)
    assert world.line.sprung
    assert world.status(a_key(1)) is Status.FREE


@pytest.mark.parametrize("message", [OVER, JOB_OVER], ids=["run", "job"])
def test_an_allocate_that_commits_just_before_is_ended_though_the_index_lags(message: Completed) -> None:
    """It commits before the note, and shows in the index two seconds after the first look."""
    world = a_world(1)
    rows = ObservedStore(world.clock)
    world.watch(rows)
    world.put(an_environment(a_key(1)))
    rows.lag()
    allocation = world.allocate(caller=RUN)

    def wait(duration: timedelta) -> None:
        assert still_active(world, allocation) == [True]
        FakeClock.sleep(world.clock, duration)
        rows.catch_up()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world.clock, "sleep", wait)
        assert world.reclaimer.reclaim(message) == 1
    assert still_active(world, allocation) == [False]


def test_nothing_is_written_and_nothing_waited_for_where_no_rule_names_the_repository() -> None:
    world = a_world(1)
    began = world.clock.now()
    assert world.reclaimer.reclaim(replace(OVER, repository_id=RepositoryId("1"))) == 0
    assert world.line.calls == ["active_of_run"]
    assert world.clock.now() == began


def test_what_a_repository_holds_is_ended_also_after_its_last_rule_is_gone() -> None:
    world = a_world(1)
    allocation = world.allocate(caller=RUN)
    world.snapshot = replace(world.snapshot, access=replace(world.snapshot.access, github=()))
    assert world.reclaimer.reclaim(OVER) == 1
    assert still_active(world, allocation) == [False]


def test_an_attempt_that_is_over_lets_the_next_one_allocate() -> None:
    world = a_world(2)
    world.reclaimer.reclaim(OVER)
    with pytest.raises(AlreadyEnded):
        world.allocate(caller=of_run(check_run_id="77"))
    world.allocate(caller=of_run(run_attempt="2", check_run_id="78"))
    world.allocate(caller=of_run(run_id="7000000009"))


def test_a_job_that_is_over_lets_its_neighbours_allocate() -> None:
    world = a_world(3)
    world.reclaimer.reclaim(JOB_OVER)
    with pytest.raises(AlreadyEnded):
        world.allocate(caller=RUN)
    for job in ("6000000002", None):
        world.allocate(caller=of_run(check_run_id=job))
    world.allocate(caller=RUNNER)


def test_a_run_with_the_same_ids_elsewhere_is_another_one() -> None:
    elsewhere = OTHERS["issuer"].run
    assert elsewhere is not None
    checked = set(over.checked_by(an_allocation(run=elsewhere)))
    here, there = (
        {row.id for message in (OVER, JOB_OVER) for row in over.rows_of(replace(message, issuer=issuer), NOW)}
        for issuer in (GITHUB_COM, elsewhere.issuer)
    )
    assert checked <= there
    assert len(checked) == 2
    assert not checked & here
    assert over.checked_by(an_allocation()) == []


def test_a_message_of_an_enterprise_ends_what_its_own_run_holds_and_nothing_of_the_same_ids() -> None:
    world = a_world(2)
    elsewhere = OTHERS["issuer"]
    assert elsewhere.run is not None
    (*_, rule), access = world.snapshot.access.github, world.snapshot.access
    rules = (*access.github, replace(rule, name=RuleName("elsewhere"), issuer=elsewhere.run.issuer))
    world.snapshot = replace(world.snapshot, access=replace(access, github=rules))
    elsewhere = caller_from_run(elsewhere.run, (RuleName("elsewhere"),))
    own, foreign = world.allocate(caller=elsewhere), world.allocate(caller=RUN)
    assert world.reclaimer.reclaim(replace(OVER, issuer=rules[-1].issuer)) == 1
    assert still_active(world, own, foreign) == [False, True]


def test_the_jobs_of_an_attempt_check_different_rows_of_it() -> None:
    found = [over.checked_by(an_allocation(id=an_id(number), run=RUN.run)) for number in range(64)]
    attempts = {keys[0] for keys in found}
    assert len(attempts) == over.COPIES
    assert attempts == {row.id for row in over.rows_of(OVER, NOW)}
    assert {keys[1] for keys in found} == {row.id for row in over.rows_of(JOB_OVER, NOW)}


def test_a_note_that_meets_an_allocate_is_written_all_the_same() -> None:
    world = a_world(1)
    world.line.lay(Trap(1, Fault.CLASH))
    assert world.reclaimer.reclaim(OVER) == 0
    with pytest.raises(AlreadyEnded):
        world.allocate(caller=RUN)


def test_the_second_look_is_five_seconds_after_the_first() -> None:
    world = a_world(1)
    began = world.clock.now()
    world.reclaimer.reclaim(OVER)
    assert world.clock.now() - began == timedelta(seconds=5)
    assert world.line.calls == ["commit", "active_of_run", "active_of_run"]


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
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
