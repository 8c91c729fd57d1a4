"""Rows in a line or three, for types that are listed, seen and deleted by one operation each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.catalogue.base import Errors
from atmosphere.cleanup.catalogue.row import Call, Row, Step

if TYPE_CHECKING:
    from atmosphere.cleanup.catalogue.row import Listing


_LACKING: Final = "UnknownOperationException"
"""What a service answers in a region where it does not have these things yet."""


def plain(
    name: str,
    service: str,
    listing: Listing,
    remove: str | Call,
    *,
    see: str | Call | None = None,
    absent: str = "ResourceNotFoundException",
    busy: str = "ConflictException",
    closed: str = _LACKING,
    **more: Any,
) -> Row:
    """The row of `AWS::<name>`. An operation's name stands for its call; codes are separated by spaces.

    `more` are further columns of the row.
    """
    return Row(
        name=f"AWS::{name}",
        service=service,
        listing=listing,
        see=_call(see) if see else None,
        remove=_call(remove),
        errors=Errors(absent=tuple(absent.split()), busy=tuple(busy.split()), closed=tuple(closed.split())),
        **more,
    )


def first(operation: str, *keys: str, each: Listing | None = None, when: str | None = None, **fixed: Any) -> Step:
    """One step: the parameters that take the id's parts, and then the child's; `fixed` go along always."""
    return Step(call=Call(operation, keys or None, fixed or None), each=each, when=when)


def _call(told: str | Call) -> Call:
    return Call(told) if isinstance(told, str) else told
