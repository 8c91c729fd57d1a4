"""Who gets what: matching by tables, choosing against brute force."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atmosphere.core.model import ADMIN, AccountId, EnvironmentKey, Region, RoleArn, RoleName
from atmosphere.core.selection import (
    Capability,
    InAccounts,
    InRegions,
    RequestedEnvironment,
    assign,
    contains,
    matches,
    trial_order,
)
from tests.builders import a_key, a_registration, after, an_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.core.model import Environment, Registration
    from atmosphere.core.selection import Constraint


def _one_requested(*constraints: Constraint, role: str = "admin") -> RequestedEnvironment:
    return RequestedEnvironment(name="one", role=RoleName(role), constraints=constraints)


@pytest.mark.parametrize(
    ("offered", "wanted", "holds"),
    [
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (1, 1, True),
        (1, 1.0, False),
        (None, None, True),
        (False, None, False),
        ("x86", "x86", True),
        ("x86_64", "x86", False),
        (["arm64", "x86"], "x86", True),
        (["arm64"], "x86", False),
        (["arm64", "x86"], ["x86"], True),
        (["arm64"], ["arm64", "x86"], False),
        ([], [], True),
        ("x86", ["x86"], False),
        ({"arch": "x86", "gpu": 2}, {"arch": "x86"}, True),
        ({"arch": "x86"}, {"arch": "x86", "gpu": 2}, False),
        ({"a": {"b": ["c", "d"]}}, {"a": {"b": "c"}}, True),
        ({"a": {"b": ["c"]}}, {"a": {"b": "d"}}, False),
        ({}, {}, True),
        ("x", {}, False),
    ],
)
def test_an_offered_value_contains_a_wanted_one(*, offered: Any, wanted: Any, holds: bool) -> None:
    assert contains(offered, wanted) is holds


_OFFER: Final = a_registration(
    EnvironmentKey(AccountId("222222222222"), Region("eu-west-1")),
    roles={ADMIN: RoleArn("arn:aws:iam::222222222222:role/Admin"), "reader": "arn:aws:iam::222222222222:role/Reader"},
    capabilities={"docker": True, "vpcs": 3, "ipv6": False, "cache": None, "spare": 0},
    regions=(Region("us-east-1"),),
)


@pytest.mark.parametrize(
    ("wanted", "does"),
    [
        (_one_requested(), True),
        (_one_requested(role="reader"), True),
        (_one_requested(role="writer"), False),
        (_one_requested(InRegions(frozenset({Region("eu-west-1"), Region("us-west-2")}))), True),
        (_one_requested(InRegions(frozenset({Region("us-east-1")}))), False),
        (_one_requested(InAccounts(frozenset({AccountId("222222222222")}))), True),
        (_one_requested(InAccounts(frozenset({AccountId("333333333333")}))), False),
        (_one_requested(Capability("docker")), True),
        (_one_requested(Capability("docker", True)), True),  # noqa: FBT003
        (_one_requested(Capability("ipv6", True)), False),  # noqa: FBT003
        (_one_requested(Capability("ipv6")), False),
        (_one_requested(Capability("ipv6", False)), True),  # noqa: FBT003
        (_one_requested(Capability("cache")), False),
        (_one_requested(Capability("spare")), True),
        (_one_requested(Capability("gpu")), False),
        (_one_requested(Capability("vpcs", 3)), True),
        (_one_requested(Capability("vpcs", 4)), False),
        (_one_requested(Capability("docker"), Capability("gpu")), False),
    ],
)
def test_an_environment_does_if_it_has_the_role_and_meets_every_constraint(
    *, wanted: RequestedEnvironment, does: bool
) -> None:
    assert matches(_OFFER, wanted) is does


_REGIONS: Final = ("eu-west-1", "us-east-1")
_CAPABILITIES: Final = ("docker", "gpu")
_OFFERED: Final = st.dictionaries(st.sampled_from(_CAPABILITIES), st.sampled_from([True, 3, False, None]))


@st.composite
def _offers(draw: st.DrawFn) -> list[Registration]:
    keys = draw(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(_REGIONS)), unique=True, max_size=6))
    return [a_registration(a_key(number, region), capabilities=draw(_OFFERED)) for number, region in keys]


_CONSTRAINTS = st.one_of(
    st.sampled_from(_REGIONS).map(lambda region: InRegions(frozenset({Region(region)}))),
    st.sets(st.integers(1, 4), min_size=1).map(lambda some: InAccounts(frozenset(a_key(one).account for one in some))),
    st.sampled_from(_CAPABILITIES).map(Capability),
)
_WANTS = st.lists(st.lists(_CONSTRAINTS, max_size=2).map(lambda some: _one_requested(*some)), min_size=1, max_size=4)


def _brute_force(requested: Sequence[RequestedEnvironment], offers: Sequence[Registration], *, distinct: bool) -> bool:
    return any(
        all(matches(offer, wanted) for offer, wanted in zip(chosen, requested, strict=True))
        and (not distinct or len({offer.key.account for offer in chosen}) == len(requested))
        for chosen in permutations(offers, len(requested))
    )


@given(requested=_WANTS, offers=_offers(), distinct=st.booleans())
def test_an_assignment_is_found_exactly_where_one_exists(
    *, requested: list[RequestedEnvironment], offers: list[Registration], distinct: bool
) -> None:
    given = assign(requested, offers, distinct_accounts=distinct)
    assert (given is not None) == _brute_force(requested, offers, distinct=distinct)
    if given is not None:
        assert all(matches(offer, wanted) for offer, wanted in zip(given, requested, strict=True))
        assert len({offer.key for offer in given}) == len(requested)
        assert not distinct or len({offer.key.account for offer in given}) == len(requested)


@given(offers=_offers())
def test_one_want_gets_the_first_that_matches(offers: list[Registration]) -> None:
    wanted = _one_requested(Capability("docker"))
    first = next((offer for offer in offers if matches(offer, wanted)), None)
    assert assign([wanted], offers, distinct_accounts=True) == (None if first is None else [first])


def _free(count: int) -> list[Environment]:
    return [an_environment(a_key(number), freed_at=after(seconds=number)) for number in range(1, count + 1)]


@given(count=st.integers(0, 30), attempt=st.integers(0, 6), chance=st.randoms(use_true_random=False))
def test_trials_are_a_permutation_that_begins_in_the_older_half(count: int, attempt: int, chance: Any) -> None:
    free = _free(count)
    order = trial_order(free, attempt=attempt, below=chance.randrange)
    assert sorted(order, key=lambda row: row.key) == free
    if count and attempt == 0:
        assert order[0] in free[: (count + 1) // 2]
        assert order[(count + 1) // 2 :] == free[(count + 1) // 2 :]


def test_callers_who_come_together_try_different_ones_first() -> None:
    free = _free(8)
    draws = [[first, 0, 0, 0] for first in range(4)]
    firsts = {trial_order(free, attempt=0, below=lambda _, d=draw: d.pop(0))[0].key for draw in draws}  # type: ignore[misc]
    assert firsts == {row.key for row in free[:4]}


def test_after_a_lost_race_the_younger_half_is_tried_as_well() -> None:
    free = _free(8)
    assert trial_order(free, attempt=1, below=lambda limit: limit - 1)[0] == free[7]
