"""What a demand on a type that is a row need not say again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atmosphere.cleanup.catalogue.row import Row
from tests.cleanup.catalogue.frame import TYPES
from tests.cleanup.fakes.refusing import Demand

if TYPE_CHECKING:
    from collections.abc import Iterator


def listings(row: Row) -> Iterator[str]:
    """The operations that tell whether there is one, and answer without it where there is none."""
    listing = row.listing
    while listing is not None:
        yield listing.operation
        listing = listing.parent  # type: ignore[assignment]
    if row.see is not None and row.shows:
        yield row.see.operation


def of_row(type_: str, **told: Any) -> Demand:
    """A demand on a type that is a row, which says how it is listed, deleted and missed."""
    row = TYPES[type_]
    assert isinstance(row, Row)
    absent = "" if row.shows or row.see is None else row.errors.absent[0]
    return Demand(
        type=type_,
        **{"removes": row.remove.operation, "lists": tuple(listings(row)), "absent": absent, **told},
    )
