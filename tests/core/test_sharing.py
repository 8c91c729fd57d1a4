"""What belongs to an account as a whole is swept only for an environment that shares it with no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atmosphere.core.sharing import is_alone, neighbours
from tests.builders import a_key

if TYPE_CHECKING:
    from atmosphere.core.model import EnvironmentKey

HERE = a_key(1)
BESIDE = a_key(1, "us-east-1")
ELSEWHERE = a_key(2)


@pytest.mark.parametrize(
    ("known", "alone"),
    [
        ([HERE], True),
        ([HERE, ELSEWHERE], True),
        ([HERE, HERE], True),
        ([HERE, BESIDE], False),
        ([BESIDE, HERE, ELSEWHERE], False),
    ],
)
def test_an_environment_is_alone_when_no_other_of_its_account_is_known(
    known: list[EnvironmentKey], *, alone: bool
) -> None:
    assert is_alone(HERE, known) is alone


@pytest.mark.parametrize("known", [[], [ELSEWHERE], [BESIDE]])
def test_an_environment_that_is_not_known_itself_is_not_alone(known: list[EnvironmentKey]) -> None:
    assert not is_alone(HERE, known)


def test_neighbours_are_the_other_environments_of_the_account() -> None:
    assert neighbours(HERE, [HERE, BESIDE, ELSEWHERE, BESIDE]) == (BESIDE.region,)
    assert neighbours(HERE, [HERE, ELSEWHERE]) == ()
