"""Rows 1 to 47 of the threat model's bad inputs, at the authorizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.identity.corpus import BY_ID, ROWS, Row, Where, see

if TYPE_CHECKING:
    from tests.identity.world import World


@pytest.mark.parametrize("row", [row for row in ROWS if Where.HANDLER in row.where], ids=lambda row: row.id)
def test_each_row_is_answered_as_the_table_says(world: World, row: Row) -> None:
    assert see(row, world) == row.expected


def test_the_table_has_every_number_and_no_name_twice() -> None:
    assert {row.number for row in ROWS} == set(range(1, 48))
    assert len(BY_ID) == len(ROWS)
