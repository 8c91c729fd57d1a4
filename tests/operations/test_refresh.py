"""Refresh: fresh keys for the owner while the allocation is active, and never after."""

from __future__ import annotations

from datetime import timedelta

import pytest

from atmosphere.core.errors import AlreadyEnded, Unavailable, UnknownAllocation
from atmosphere.core.model import ADMIN, RoleArn, RoleName
from tests.builders import a_key, a_registration, an_environment
from tests.operations.line import Fault, Trap
from tests.operations.world import NEIGHBOUR, OPERATOR, World, a_configuration, a_world, many


def test_every_environment_gets_fresh_keys_of_the_same_role_name_and_policy() -> None:
    roles = {ADMIN: RoleArn("arn:admin"), RoleName("reader"): RoleArn("arn:reader")}
    entry = a_registration(a_key(1), roles=roles, external_id="secret-handshake")
    world = World(a_configuration(entry))
    world.put(an_environment(a_key(1), registered=entry))
    allocation = world.allocate(role="reader", sessionPolicy={"Statement": [{"Effect": "Deny"}]})
    grant = world.refresh(allocation.id)
    first, second = world.keys.minted
    assert first.request == second.request
    assert grant.sessions == [second.credentials]
    assert first.credentials != second.credentials


def test_keys_live_until_the_deadline_but_never_less_than_sts_gives() -> None:
    world = a_world(1)
    allocation = world.allocate()
    for left, lifetime in ((7200, 3600), (1800, 1800), (900, 900), (300, 900), (60, 900)):
        world.clock.advance(allocation.deadline - timedelta(seconds=left) - world.clock.now())
        (session,) = world.refresh(allocation.id).sessions
        assert session.expiration - world.clock.now() == timedelta(seconds=lifetime)


def test_with_less_than_a_minute_left_nothing_is_minted() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.clock.advance(timedelta(hours=3) - timedelta(seconds=59))
    with pytest.raises(AlreadyEnded):
        world.refresh(allocation.id)
    assert len(world.keys.minted) == 1


def test_after_the_end_nothing_is_minted() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.deallocate(allocation.id)
    with pytest.raises(AlreadyEnded):
        world.refresh(allocation.id)
    assert len(world.keys.minted) == 1


@pytest.mark.parametrize("at", [2, 3])
def test_keys_minted_while_the_allocation_ends_are_not_returned(at: int) -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.line.lay(Trap(at, meanwhile=lambda: world.deallocate(allocation.id)))
    with pytest.raises(AlreadyEnded):
        world.refresh(allocation.id)


def test_keys_minted_past_the_last_minute_are_not_returned() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.clock.advance(timedelta(hours=3) - timedelta(seconds=60))
    world.line.lay(Trap(2, meanwhile=lambda: world.clock.advance(timedelta(seconds=1))))
    with pytest.raises(AlreadyEnded):
        world.refresh(allocation.id)


def test_only_the_owner_gets_keys() -> None:
    world = a_world(1)
    allocation = world.allocate()
    for caller, id_ in ((NEIGHBOUR, allocation.id), (OPERATOR, allocation.id), (NEIGHBOUR, None)):
        with pytest.raises(UnknownAllocation):
            world.refresh(id_, caller=caller)
    assert len(world.keys.minted) == 1


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_dependency_that_does_not_answer_gives_no_keys(at: int) -> None:
    world = a_world(2)
    allocation = world.allocate(environments=many(2))
    world.line.lay(Trap(at, Fault.DOWN))
    with pytest.raises(Unavailable) as refused:
        world.refresh(allocation.id)
    assert refused.value.retry_after is not None


def test_the_roles_are_those_of_the_allocation_even_if_the_configuration_changed() -> None:
    world = a_world(1)
    allocation = world.allocate()
    world.registrar.register(a_configuration(a_registration(a_key(1), roles={ADMIN: RoleArn("arn:new")})))
    world.refresh(allocation.id)
    assert world.keys.minted[0].request == world.keys.minted[1].request
