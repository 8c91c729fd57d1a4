"""Who gets which environment: nobody loses what an earlier one could use, and nobody is refused what is left."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Final

from hypothesis import given
from hypothesis import strategies as st

from atmosphere.core.matching import Matching, Party
from atmosphere.core.model import ADMIN, Region
from atmosphere.core.selection import Constraint, InAccounts, InRegions, RequestedEnvironment, matches
from tests.builders import a_key, a_registration, an_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.core.model import Environment

REGIONS: Final = (Region("eu-west-1"), Region("us-east-1"))
ROWS: Final = [
    an_environment(key, registered=a_registration(key))
    for key in (a_key(number, region) for number in range(1, 4) for region in REGIONS)
]
_ANY: Final[tuple[Constraint, ...]] = ()
_WANTS: Final = st.sampled_from(
    [
        _ANY,
        (InRegions(frozenset(REGIONS[:1])),),
        (InRegions(frozenset(REGIONS[1:])),),
        (InAccounts(frozenset({a_key(1).account})),),
        (InAccounts(frozenset({a_key(2).account, a_key(3).account})),),
    ]
).map(lambda constraints: RequestedEnvironment(name="e", role=ADMIN, constraints=constraints))
_SINGLES: Final = st.lists(_WANTS.map(lambda wanted: Party((wanted,), distinct_accounts=True)), max_size=6)
_GROUPS: Final = st.lists(
    st.builds(
        lambda wants, distinct: Party(tuple(wants), distinct), st.lists(_WANTS, min_size=1, max_size=3), st.booleans()
    ),
    max_size=4,
)
_READ: Final = st.lists(st.sampled_from(ROWS), unique_by=lambda row: row.key, max_size=5)


def _can_be_served(parties: Sequence[Party], rows: Sequence[Environment]) -> bool:
    """By trying every way, for parties of one."""
    return any(
        all(matches(row.registered, party.requested[0]) for party, row in zip(parties, way, strict=True))
        for way in permutations(rows, len(parties))
    )


@given(parties=_SINGLES, rows=_READ)
def test_each_is_served_exactly_if_it_can_be_beside_all_that_were_served_before(
    parties: list[Party], rows: list[Environment]
) -> None:
    matching = Matching()
    served: list[Party] = []
    for party in parties:
        got = matching.add(party, rows) is not None
        assert got == _can_be_served([*served, party], rows)
        served += [party] if got else []


@given(parties=_GROUPS, rows=_READ)
def test_what_was_given_stays_given_and_nothing_is_given_twice(parties: list[Party], rows: list[Environment]) -> None:
    matching, served = Matching(), dict[int, Party]()
    for party in parties:
        number = matching.add(party, rows)
        if number is not None:
            served[number] = party
        given_rows = [row.key for served_one in served for row in matching.of(served_one)]
        assert len(given_rows) == len(set(given_rows))
        for one, its_party in served.items():
            own = matching.of(one)
            assert len(own) == len(its_party.requested)
            assert all(matches(row.registered, want) for row, want in zip(own, its_party.requested, strict=True))
            if its_party.distinct_accounts:
                assert len({row.key.account for row in own}) == len(own)


def test_a_later_one_moves_an_earlier_one_to_another_environment() -> None:
    anything = Party((RequestedEnvironment(name="e", role=ADMIN),), distinct_accounts=True)
    first = Party(
        (RequestedEnvironment(name="e", role=ADMIN, constraints=(InAccounts(frozenset({ROWS[0].key.account})),)),),
        distinct_accounts=True,
    )
    rows = [ROWS[0], ROWS[2]]
    matching = Matching()
    assert matching.add(anything, rows) == 0
    assert matching.of(0) == [ROWS[0]]
    assert matching.add(first, rows) == 1
    assert (matching.of(0), matching.of(1)) == ([ROWS[2]], [ROWS[0]])
    assert matching.of_others(1) == [ROWS[2]]


def test_a_group_gets_a_part_only_if_it_is_asked_for() -> None:
    pair = Party(tuple(RequestedEnvironment(name=name, role=ADMIN) for name in "ab"), distinct_accounts=True)
    rows = [ROWS[0], ROWS[1]]  # one account
    matching = Matching()
    assert matching.add(pair, rows) is None
    assert matching.of_others(None) == []
    number = matching.add(pair, rows, partly=True)
    assert number is not None
    assert len(matching.of(number)) == 1


def test_a_thousand_environments_that_are_all_held_are_no_depth() -> None:
    rows = [an_environment(a_key(number)) for number in range(1, 1001)]
    anything = Party((RequestedEnvironment(name="e", role=ADMIN),), distinct_accounts=True)
    last = Party(
        (RequestedEnvironment(name="e", role=ADMIN, constraints=(InAccounts(frozenset({rows[0].key.account})),)),),
        distinct_accounts=True,
    )
    matching = Matching()
    assert all(matching.add(anything, rows) is not None for _ in rows[1:])
    number = matching.add(last, rows)
    assert number is not None
    assert matching.of(number) == [rows[0]]
    assert matching.add(anything, rows) is None
