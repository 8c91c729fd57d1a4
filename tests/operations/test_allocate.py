"""Allocate: what it gives, what it refuses, and that nothing is taken unless everything is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.core.errors import (
    AllDirty,
    AlreadyEnded,
    Conflicting,
    Forbidden,
    InvalidRequest,
    KeyReused,
    PoolBusy,
    QuotaReached,
    Refused,
    Unavailable,
    UnknownAllocation,
    Unsatisfiable,
)
from atmosphere.core.model import ADMIN, AllocationId, AllocationStatus, Mark, PoolName, Status
from atmosphere.core.queue import PRESENT
from atmosphere.operations.allocate import DryRun
from atmosphere.operations.sessions import Granted
from atmosphere.operations.taking import LAST_COMMIT
from tests.builders import HUB, a_key, a_registration, an_environment, an_iam_rule
from tests.operations.line import Fault, Trap
from tests.operations.world import NEIGHBOUR, RUNNER, World, a_caller, a_configuration, a_world, many

if TYPE_CHECKING:
    from collections.abc import Callable

KEY: Final = AllocationId("11111111-2222-4333-8444-555555555555")


def _granted(result: Granted | DryRun) -> Granted:
    assert isinstance(result, Granted)
    return result


def _taken(world: World) -> int:
    return sum(row.status is not Status.FREE for row in world.rows.environments())


# --- what is given ---


def test_an_environment_is_taken_with_its_deadline_and_its_keys_are_of_its_role() -> None:
    world = a_world(1)
    grant = _granted(world.ask())
    (item,), (session,) = grant.allocation.items, grant.sessions
    row = world.row(item.key)
    assert (row.status, row.allocation) == (Status.IN_USE, grant.allocation.id)
    assert row.deadline == row.wake_at == grant.allocation.deadline == world.clock.now() + timedelta(hours=3)
    (minted,) = world.keys.minted
    assert minted.credentials is session
    assert minted.request.role_arn == row.registered.roles[ADMIN]
    assert minted.request.external_id == row.registered.external_id
    digits = grant.allocation.id.replace("-", "")
    assert minted.request.session_name == f"atmosphere.{item.key.region}.{digits}"
    assert world.recorded(grant.allocation.id) == grant.allocation


def test_the_history_of_the_environment_tells_of_it() -> None:
    world = a_world(1)
    allocation = world.allocate(requester="run 7")
    (entry,) = world.rows.history_of(a_key(1), since=None, until=None, cursor=None).entries
    assert (entry.id, entry.requester, entry.who, entry.ended) == (allocation.id, "run 7", RUNNER.owner, None)


def test_keys_live_an_hour_or_what_is_left() -> None:
    world = a_world(2)
    long, short = _granted(world.ask()), _granted(world.ask(durationSeconds=900))
    assert long.sessions[0].expiration == world.clock.now() + timedelta(hours=1)
    assert short.sessions[0].expiration == short.allocation.deadline == world.clock.now() + timedelta(seconds=900)


def test_the_role_and_the_session_policy_asked_for_are_kept_with_the_allocation() -> None:
    entry = a_registration(a_key(1), roles={ADMIN: "arn:aws:iam::222222222222:role/A", "reader": "arn:r"})
    world = World(a_configuration(entry))
    world.put(an_environment(a_key(1), registered=entry))
    (item,) = world.allocate(role="reader", sessionPolicy={"Statement": [{"Effect": "Deny"}]}).items
    (minted,) = world.keys.minted
    assert (item.role, item.session_policy) == ("reader", '{"Statement":[{"Effect":"Deny"}]}')
    assert (minted.request.role_arn, minted.request.session_policy) == ("arn:r", item.session_policy)


def test_the_longest_free_half_goes_first() -> None:
    world = a_world(8)
    first = [world.allocate().items[0].key for _ in range(4)]
    assert all(world.row(key).status is Status.IN_USE for key in first)
    assert a_key(8) not in first[:1]
    assert first[0] in [a_key(number) for number in range(1, 5)]


def test_several_are_given_together_in_distinct_accounts() -> None:
    keys = [a_key(1), a_key(1, "us-east-1"), a_key(2), a_key(3)]
    world = World(a_configuration(*(a_registration(key) for key in keys)))
    world.put(*(an_environment(key) for key in keys))
    grant = _granted(world.ask(environments=many(3)))
    assert len({item.key.account for item in grant.allocation.items}) == 3
    assert [item.name for item in grant.allocation.items] == ["e0", "e1", "e2"]
    assert {world.row(item.key).allocation for item in grant.allocation.items} == {grant.allocation.id}
    assert [entry.request.role_arn for entry in world.keys.minted] == [item.role_arn for item in grant.allocation.items]


def test_several_may_share_an_account_if_the_request_says_so() -> None:
    keys = [a_key(1), a_key(1, "us-east-1")]
    world = World(a_configuration(*(a_registration(key) for key in keys)))
    world.put(*(an_environment(key) for key in keys))
    with pytest.raises(Unsatisfiable):
        world.ask(environments=many(2))
    assert len(world.allocate(environments=many(2), accounts="any").items) == 2


def test_each_of_several_meets_its_own_constraints() -> None:
    keys = [a_key(1), a_key(2, "us-east-1")]
    world = World(a_configuration(*(a_registration(key) for key in keys)))
    world.put(*(an_environment(key) for key in keys))
    requested = [
        {"name": "far", "constraints": [{"type": "region", "value": ["us-east-1"]}]},
        {"name": "any"},
    ]
    assert [item.key for item in world.allocate(environments=requested).items] == [keys[1], keys[0]]


def test_it_reads_on_until_something_matches() -> None:
    keys = [a_key(number) for number in range(1, 10)]
    entries = [a_registration(key, capabilities={"gpu": True} if key == keys[-1] else {}) for key in keys]
    world = a_world(0, page_size=2)
    world.snapshot = a_configuration(*entries)
    world.put(*(an_environment(entry.key, registered=entry) for entry in entries))
    assert world.allocate(constraints=[{"type": "capability", "value": "gpu"}]).items[0].key == keys[-1]


# --- refusals ---


def _statuses(*statuses: Status, **changes: Any) -> World:
    world = a_world(0)
    keys = [a_key(number) for number, _ in enumerate(statuses, start=1)]
    world.snapshot = a_configuration(*(a_registration(key) for key in keys))
    world.put(*(an_environment(key, status=status, **changes) for key, status in zip(keys, statuses, strict=True)))
    return world


@pytest.mark.parametrize(
    ("statuses", "refusal"),
    [
        ((Status.IN_USE,), PoolBusy),
        ((Status.CLEANING,), PoolBusy),
        ((Status.DIRTY, Status.CLEANING), PoolBusy),
        ((Status.DIRTY,), AllDirty),
        ((Status.HELD,), AllDirty),
        ((Status.DIRTY, Status.HELD), AllDirty),
    ],
)
@pytest.mark.parametrize("body", [{}, {"constraints": [{"type": "region", "value": ["eu-west-1"]}]}])
def test_without_a_free_one_it_is_busy_if_one_is_on_its_way_and_dirty_if_none_is(
    statuses: tuple[Status, ...], refusal: type[Refused], body: dict[str, Any]
) -> None:
    world = _statuses(*statuses)
    with pytest.raises(refusal) as refused:
        world.ask(**body)
    assert refused.value.retry_after is not None
    assert timedelta(seconds=1.6) <= refused.value.retry_after <= timedelta(seconds=2.4)
    assert world.keys.minted == []


def test_something_on_its_way_that_does_not_match_does_not_make_it_busy() -> None:
    entry = a_registration(a_key(1), capabilities={"gpu": True})
    world = World(a_configuration(entry, a_registration(a_key(2))))
    world.put(
        an_environment(a_key(1), registered=entry, status=Status.DIRTY), an_environment(a_key(2), status=Status.IN_USE)
    )
    with pytest.raises(AllDirty):
        world.ask(constraints=[{"type": "capability", "value": "gpu"}])


@pytest.mark.parametrize(
    "body",
    [
        {"constraints": [{"type": "capability", "value": "gpu"}]},
        {"constraints": [{"type": "region", "value": ["us-west-2"]}]},
        {"role": "nobody"},
        {"environments": many(4)},
        {"environments": many(2, constraints=[{"type": "account", "value": ["222222222222"]}])},
    ],
)
def test_what_no_registered_environment_can_ever_meet_is_unsatisfiable_and_not_busy(body: dict[str, Any]) -> None:
    world = a_world(3, taken=3)
    with pytest.raises(Unsatisfiable):
        world.ask(**body)


def test_more_than_the_rule_ever_allows_is_unsatisfiable() -> None:
    with pytest.raises(Unsatisfiable, match="allows 2"):
        a_world(5, max_active=2).ask(environments=many(3))


def test_a_rule_that_is_used_up_is_refused_until_something_is_given_back() -> None:
    world = a_world(5, max_active=2)
    first = world.allocate()
    world.allocate()
    with pytest.raises(QuotaReached):
        world.ask()
    world.deallocate(first.id)
    world.allocate()


def test_a_group_counts_with_all_its_environments() -> None:
    world = a_world(5, max_active=3)
    world.allocate(environments=many(2))
    with pytest.raises(QuotaReached):
        world.ask(environments=many(2))
    with pytest.raises(QuotaReached):
        world.ask()  # the group is first in line for what its rule has left
    world.clock.advance(PRESENT)
    world.allocate()


def test_a_forbidden_and_an_unknown_pool_are_refused_alike() -> None:
    world = a_world(1)
    elsewhere = an_iam_rule(pools=(PoolName("other"),))
    messages = []
    for pool in ("no-such-pool", "canary"):
        if pool == "canary":
            world.snapshot = replace(world.snapshot, access=replace(world.snapshot.access, iam=(elsewhere,)))
        with pytest.raises(Forbidden) as refused:
            world.ask(pool=pool)
        messages.append(refused.value.message)
    assert messages[0] == messages[1]


def test_a_caller_of_another_account_is_forbidden() -> None:
    with pytest.raises(Forbidden):
        a_world(1).ask(caller=a_caller("runner", a_key(5).account))


def test_a_duration_above_the_services_session_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="session of 1200 s"):
        a_world(1, session=timedelta(seconds=1200)).ask(durationSeconds=1201)


def test_a_deregistering_environment_is_not_allocated() -> None:
    world = a_world(0)
    world.snapshot = a_configuration(a_registration(a_key(1)))
    world.put(an_environment(a_key(1), mark=Mark.DEREGISTERING))
    with pytest.raises(Refused):
        world.ask()


# --- keys ---


def test_the_same_request_with_the_same_key_gets_the_same_allocation_and_fresh_keys() -> None:
    world = a_world(3)
    first, second = _granted(world.ask(key=KEY)), _granted(world.ask(key=KEY))
    assert first.allocation == second.allocation
    assert first.allocation.id == KEY
    assert first.sessions != second.sessions
    assert _taken(world) == 1


def test_a_repeated_key_works_where_everything_is_taken_and_the_quota_is_reached() -> None:
    world = a_world(1, max_active=1)
    assert _granted(world.ask(key=KEY)).allocation == _granted(world.ask(key=KEY)).allocation


def test_the_same_key_with_another_request_is_refused() -> None:
    world = a_world(3)
    world.ask(key=KEY)
    with pytest.raises(KeyReused):
        world.ask(key=KEY, requester="somebody else")
    assert _taken(world) == 1


def test_another_owners_key_is_a_conflict() -> None:
    world = a_world(3)
    world.ask(key=KEY)
    with pytest.raises(Conflicting):
        world.ask(key=KEY, caller=NEIGHBOUR)


def test_the_key_of_an_ended_allocation_is_over() -> None:
    world = a_world(3)
    world.ask(key=KEY)
    world.deallocate(KEY)
    with pytest.raises(AlreadyEnded):
        world.ask(key=KEY)


def test_no_keys_for_an_allocation_past_its_deadline_that_nobody_has_ended_yet() -> None:
    world = a_world(1)
    world.ask(key=KEY, durationSeconds=900)
    world.clock.advance(timedelta(seconds=900))
    minted = len(world.keys.minted)
    with pytest.raises(AlreadyEnded):
        world.ask(key=KEY, durationSeconds=900)
    assert len(world.keys.minted) == minted


def test_a_key_that_was_released_before_it_came_is_over() -> None:
    world = a_world(3)
    with pytest.raises(UnknownAllocation):
        world.deallocate(KEY)
    with pytest.raises(AlreadyEnded):
        world.ask(key=KEY)
    with pytest.raises(Conflicting):
        world.ask(key=KEY, caller=NEIGHBOUR)
    assert _taken(world) == 0


@pytest.mark.parametrize("at", [4, 5])
def test_a_release_that_overtakes_its_allocate_wins(at: int) -> None:
    """The client gives up and releases its id while the allocate is still on its way."""
    world = a_world(3)

    def release() -> None:
        with pytest.raises(UnknownAllocation):
            world.deallocate(KEY)

    world.line.lay(Trap(at, meanwhile=release))
    with pytest.raises(AlreadyEnded):
        world.ask(key=KEY)
    assert _taken(world) == 0


def test_a_request_that_loses_a_race_with_itself_gets_the_same_allocation() -> None:
    world = a_world(3)
    others: list[Granted] = []
    world.line.lay(Trap(5, meanwhile=lambda: others.append(_granted(world.ask(key=KEY)))))
    assert _granted(world.ask(key=KEY)).allocation == others[0].allocation
    assert _taken(world) == 1


@pytest.mark.parametrize("at", [3, 4], ids=["its quota", "the last environment"])
def test_a_request_that_finds_only_what_it_took_itself_gets_the_same_allocation(at: int) -> None:
    world = a_world(1, max_active=1)
    others: list[Granted] = []
    world.line.lay(Trap(at, meanwhile=lambda: others.append(_granted(world.ask(key=KEY)))))
    assert _granted(world.ask(key=KEY)).allocation == others[0].allocation
    with pytest.raises(QuotaReached):
        world.ask()


def test_keys_minted_for_an_allocation_that_ends_meanwhile_are_not_returned() -> None:
    world = a_world(3)
    world.ask(key=KEY)
    world.line.lay(Trap(3, meanwhile=lambda: world.deallocate(KEY)))
    with pytest.raises(AlreadyEnded):
        world.ask(key=KEY)


# --- races and faults ---


def test_who_loses_a_race_for_an_environment_gets_another() -> None:
    world = a_world(2)
    won: list[Granted] = []
    world.line.lay(Trap(4, meanwhile=lambda: won.append(_granted(world.ask(caller=NEIGHBOUR)))))
    mine = world.allocate()
    assert {mine.items[0].key, won[0].allocation.items[0].key} == {a_key(1), a_key(2)}


def test_who_loses_the_last_one_is_told_that_the_pool_is_busy() -> None:
    world = a_world(1)
    world.line.lay(Trap(4, meanwhile=lambda: world.ask(caller=NEIGHBOUR)))
    with pytest.raises(PoolBusy):
        world.ask()


def test_a_group_that_loses_one_of_its_environments_takes_none() -> None:
    world = a_world(3)
    world.line.lay(Trap(4, meanwhile=lambda: world.ask(caller=NEIGHBOUR)))
    with pytest.raises(PoolBusy):
        world.ask(environments=many(3))
    assert _taken(world) == 1


def test_keys_made_before_the_environment_was_cleaned_once_more_are_not_given_out() -> None:
    """A take is tied to the `freed_at` that was read: the keys are younger than the clean state."""
    world = a_world(1)

    def another_life() -> None:
        other = world.allocate(caller=NEIGHBOUR)
        world.clock.advance(timedelta(seconds=9))
        world.deallocate(other.id, caller=NEIGHBOUR)
        world.cleaning(world.cleanups.started[-1]).free(report=None)

    world.line.lay(Trap(4, meanwhile=another_life))
    begun = world.clock.now()
    (session,) = _granted(world.ask()).sessions
    (made,) = [entry.issued_at for entry in world.keys.minted if entry.credentials is session]
    assert made >= begun + timedelta(seconds=9)


def test_a_take_is_of_the_registration_that_its_keys_were_made_for() -> None:
    world = a_world(1)
    changed = a_registration(a_key(1), capabilities={"docker": True}, external_id="another")
    world.line.lay(Trap(4, meanwhile=lambda: world.registrar.register(a_configuration(changed))))
    grant = _granted(world.ask())
    assert grant.allocation.items[0].registered == world.row(a_key(1)).registered == changed
    assert world.keys.minted[-1].request.external_id == "another"


def test_what_the_configuration_drops_meanwhile_is_not_taken() -> None:
    world = a_world(2)
    kept = a_configuration(a_registration(a_key(2)))
    world.line.lay(Trap(4, meanwhile=lambda: world.registrar.register(kept)))
    assert world.allocate().items[0].key == a_key(2)


def test_after_seven_lost_races_nothing_is_taken_and_the_caller_may_try_again() -> None:
    world = a_world(3)
    rounds = Counter[str]()

    def clash() -> None:
        rounds["lost"] += 1
        world.line.lay(_nth_commit(world, clash))

    world.line.lay(_nth_commit(world, clash))
    with pytest.raises(PoolBusy) as refused:
        world.ask()
    assert rounds["lost"] == 7
    assert refused.value.retry_after is not None
    assert refused.value.retry_after <= timedelta(seconds=2)
    assert refused.value.place is not None
    assert _taken(world) == 0


def _nth_commit(world: World, then: Callable[[], None]) -> Trap:
    """The last commit of the round that begins now finds its environment changed, and so does the next one's."""
    return Trap(4, Fault.LOST, then)


def test_credentials_that_cannot_be_had_take_nothing() -> None:
    world = a_world(3)
    world.keys.failing = True
    with pytest.raises(Unavailable) as refused:
        world.ask(environments=many(2))
    assert refused.value.retry_after is not None
    assert _taken(world) == 0
    assert "commit" not in world.line.counts


def test_a_role_that_does_not_trust_the_service_takes_nothing() -> None:
    world = a_world(1)
    world.keys.refused.add(a_registration(a_key(1)).admin_role)
    with pytest.raises(Unavailable):
        world.ask()
    assert _taken(world) == 0


def _refuse(world: World, *numbers: int) -> None:
    world.keys.refused.update(a_registration(a_key(number)).admin_role for number in numbers)


def test_an_environment_whose_role_refuses_is_passed_over_and_reported() -> None:
    world = a_world(4)
    _refuse(world, 1, 2, 3)
    assert world.allocate().items[0].key == a_key(4)
    assert set(world.refused_roles) <= {a_key(1), a_key(2), a_key(3)}
    assert len(world.refused_roles) == len(set(world.refused_roles)) == Counter(world.line.calls)["mint"] - 1
    assert _taken(world) == 1


def test_of_several_only_those_that_refuse_are_replaced() -> None:
    world = a_world(5)
    _refuse(world, 1, 4)
    given = {item.key for item in world.allocate(environments=many(3)).items}
    assert given == {a_key(2), a_key(3), a_key(5)}


def test_where_every_free_one_refuses_the_answer_names_the_cause() -> None:
    world = a_world(2)
    _refuse(world, 1, 2)
    with pytest.raises(Unavailable, match=r"nothing was taken.*trust") as refused:
        world.ask()
    assert refused.value.retry_after is not None
    assert sorted(world.refused_roles) == [a_key(1), a_key(2)]


def test_where_one_is_in_use_a_refusing_one_makes_the_pool_busy() -> None:
    world = a_world(2)
    world.allocate()
    _refuse(world, 1, 2)
    with pytest.raises(PoolBusy):
        world.ask()


def test_refusing_roles_do_not_keep_a_request_beyond_its_time() -> None:
    world = a_world(3)
    _refuse(world, 1, 2, 3)
    world.line.lay(Trap(3, meanwhile=lambda: world.clock.advance(LAST_COMMIT + timedelta(seconds=1))))
    with pytest.raises(Unavailable, match="nothing was taken"):
        world.ask()
    assert Counter(world.line.calls)["mint"] == 1


def test_a_session_policy_that_sts_refuses_is_the_callers_mistake() -> None:
    world = a_world(1)
    with pytest.raises(InvalidRequest, match="'sessionPolicy'"):
        world.ask(sessionPolicy={"Statement": []})
    assert _taken(world) == 0


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_dependency_that_does_not_answer_takes_nothing(at: int) -> None:
    world = a_world(2)
    world.line.lay(Trap(at, Fault.DOWN))
    with pytest.raises(Unavailable):
        world.ask()
    assert _taken(world) == 0


def test_a_commit_whose_reply_was_lost_is_looked_up_and_granted() -> None:
    world = a_world(2)
    world.line.lay(Trap(4, Fault.REPLY_LOST))
    assert world.recorded(_granted(world.ask()).allocation.id).status is AllocationStatus.ACTIVE
    assert _taken(world) == 1


def test_a_commit_that_was_lost_on_its_way_is_looked_up_and_refused() -> None:
    world = a_world(2)
    world.line.lay(Trap(4, Fault.REQUEST_LOST))
    with pytest.raises(Unavailable, match="may have been made"):
        world.ask()
    assert _taken(world) == 0


def test_a_commit_whose_outcome_cannot_be_read_says_what_may_be_taken() -> None:
    world = a_world(2)
    world.line.lay(Trap(5, Fault.REPLY_LOST, meanwhile=lambda: world.line.lay(Trap(6, Fault.DOWN))))
    with pytest.raises(Unavailable, match=f"{KEY} may have been made.*Idempotency-Key"):
        world.ask(key=KEY)
    assert _taken(world) == 1
    world.line.lay(None)
    assert world.allocate(key=KEY).id == KEY


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_key_whose_allocation_cannot_be_handed_out_again_is_not_told_that_nothing_was_taken(at: int) -> None:
    world = a_world(2)
    world.allocate(key=KEY)
    world.line.lay(Trap(at, Fault.DOWN))
    with pytest.raises(Unavailable, match=r"an earlier one with its Idempotency-Key may have") as refused:
        world.ask(key=KEY)
    assert "nothing was taken" not in refused.value.message
    assert refused.value.retry_after is not None


@pytest.mark.parametrize(("late", "taken"), [(timedelta(), 1), (timedelta(seconds=1), 0)])
def test_no_commit_starts_after_twelve_seconds(late: timedelta, taken: int) -> None:
    """The function's time-out is 20 s: a later commit could outlive whoever would answer."""
    world = a_world(2)
    world.line.lay(Trap(3, meanwhile=lambda: world.clock.advance(LAST_COMMIT + late)))
    if taken:
        world.ask()
    else:
        with pytest.raises(Unavailable):
            world.ask()
    assert _taken(world) == taken


# --- dry run ---


@pytest.mark.parametrize(("taken", "would"), [(0, True), (2, False)])
def test_a_dry_run_tells_and_takes_nothing(*, taken: int, would: bool) -> None:
    world = a_world(2, taken=taken)
    assert world.ask(dryRun=True) == DryRun(would_allocate=would, position=1)
    assert _taken(world) == taken
    assert world.keys.minted == []


def test_a_dry_run_knows_the_quota_and_what_can_never_be() -> None:
    world = a_world(3, max_active=1)
    world.allocate()
    assert world.ask(dryRun=True) == DryRun(would_allocate=False, position=1)
    with pytest.raises(Unsatisfiable):
        world.ask(dryRun=True, role="nobody")


def test_a_dry_run_with_the_key_of_an_allocation_mints_nothing() -> None:
    world = a_world(3)
    world.ask(key=KEY)
    minted = len(world.keys.minted)
    assert world.ask(key=KEY, dryRun=True) == DryRun(would_allocate=True, position=1)
    assert len(world.keys.minted) == minted


def test_the_caller_is_bound_to_the_allocation_and_not_what_it_says() -> None:
    assert a_world(1).allocate(requester="iam:999999999999:role/operator").owner == f"iam:{HUB}:role/runner"
