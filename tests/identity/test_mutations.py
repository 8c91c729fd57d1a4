"""Each check of the verifier is needed: without it, a row of the corpus that is named here is answered otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atmosphere.adapters import token_signatures
from tests.identity.corpus import BY_ID, see
from tests.identity.mutations import MUTATIONS, TABLES, Mutation

if TYPE_CHECKING:
    from tests.identity.world import World

LET_IN = [(mutation, row) for mutation in MUTATIONS for row in mutation.lets_in]
NOTICED = [(mutation, row) for mutation in MUTATIONS for row in mutation.notices]


def _name(value: Mutation | str) -> str:
    return value if isinstance(value, str) else f"without {value.check}"


# A weak key is a warning for PyJWT, which in tests would be an error and hide that it is taken.
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize(("mutation", "row"), LET_IN, ids=_name)
def test_without_the_check_the_row_gets_another_status(
    world: World, monkeypatch: pytest.MonkeyPatch, mutation: Mutation, row: str
) -> None:
    mutation.remove(monkeypatch)
    assert see(BY_ID[row], world).statuses != BY_ID[row].expected.statuses


@pytest.mark.parametrize(("mutation", "row"), NOTICED, ids=_name)
def test_without_the_check_the_row_is_refused_later_or_for_another_reason(
    world: World, monkeypatch: pytest.MonkeyPatch, mutation: Mutation, row: str
) -> None:
    mutation.remove(monkeypatch)
    seen = see(BY_ID[row], world)
    assert seen != BY_ID[row].expected
    assert 200 not in seen.statuses


def test_every_check_has_a_mutation_and_every_mutation_a_row() -> None:
    checks = {f"{table}: {check}" for table, entries in TABLES.items() for check in entries}
    checks |= {f"signature: {name}" for name, on in token_signatures.OPTIONS.items() if on}
    assert checks <= {mutation.check for mutation in MUTATIONS}
    assert [mutation.check for mutation in MUTATIONS if not mutation.lets_in + mutation.notices] == []
