"""Demands that follow from a line of docs/cleanup.md and its type's row: how it is listed, and what ends the refusal.

A row says where its listing has the id, which reply shows the resource and what its steps go by: that turned around is
a resource in the state that AWS refuses. Where a row says it in words that cannot be turned around, there is none.
"""

from __future__ import annotations

import re
from functools import reduce
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import jmespath  # type: ignore[import-untyped]  # comes with botocore
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

from atmosphere.cleanup.catalogue.row import Row
from atmosphere.cleanup.model import Meaning
from tests.cleanup.catalogue.frame import TYPES
from tests.cleanup.catalogue.models import operations, result_keys, whole
from tests.cleanup.catalogue.of_rows import listings
from tests.cleanup.catalogue.page import Line
from tests.cleanup.fakes.refusing import Clears, Demand, merged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atmosphere.cleanup.catalogue.calls import Call, Listing

_PATH: Final = re.compile(r"\w+(\[0?\])?(\.\w+(\[0?\])?)*")
_JOINED: Final = re.compile(r"join\('\|', \[(\w+), (\w+)\]\)")
_LENGTH: Final = 40
"""Long enough for what botocore demands of names."""
_FIRST: Final = "OperationNotPermitted"
"""What AWS answers where its models name no code for it."""
_NO_CODE: Final = "ValidationException"
_IN_THE_WAY: Final = "nothing: others wait for it"


class Untold(Exception):
    """A row says something that cannot be turned around."""


def derived(lines: Sequence[Line], copies: int) -> list[Demand]:
    """Demands by these lines, as often, and what is in the way of those that wait for something else's deletion."""
    numbers = count()
    told = [_derived(line, next(numbers)) for line in lines for _ in range(copies)]
    found = [demand for demand in told if demand is not None]
    missing = {type_ for demand in found for type_ in demand.after} - {demand.type for demand in found}
    ways = [_derived(Line(type_, _IN_THE_WAY, ""), next(numbers)) for type_ in sorted(missing) for _ in range(copies)]
    found += [demand for demand in ways if demand is not None]
    there = {demand.type for demand in found}
    return [demand for demand in found if not demand.after or not there.isdisjoint(demand.after)]


def _derived(line: Line, number: int) -> Demand | None:
    row = TYPES[line.type]
    if not isinstance(row, Row):
        return None
    wants = tuple(name for name in line.operations if name != row.remove.operation)
    if not (wants or line.after or line.retried or line.demands == _IN_THE_WAY) or line.is_not_covered:
        return None
    name = f"{line.type.rpartition('::')[2].lower()}-{number:04}-".ljust(_LENGTH, "0")
    try:
        return _demand(row, line, wants, name)
    except (Untold, JMESPathError):
        return None


def _demand(row: Row, line: Line, wants: tuple[str, ...], name: str) -> Demand:
    there = _there(row, name)
    return Demand(
        type=line.type,
        what=line.demands,
        id=name,
        there=there,
        held=_held(row, wants, there, name),
        removes=row.remove.operation,
        refused={row.remove.operation: line.retried or _code(row)},
        clears=tuple(Clears(operation, {}) for operation in wants),
        after=line.after,
        tries=1 if line.retried else 0,
        lists=tuple(listings(row)),
        absent="" if row.shows or row.see is None else row.errors.absent[0],
    )


def _code(row: Row) -> str:
    """One that the row takes for what it is."""
    if row.unnamed:
        return _FIRST if row.errors.meaning(_FIRST) is Meaning.PASSING else _NO_CODE
    return row.errors.busy[0] if row.errors.busy else _NO_CODE


def _there(row: Row, name: str) -> dict[str, Any]:
    """The replies that show it."""
    page = _page(row.service, row.listing, name)
    listing = row.listing
    if row.see is None:
        return {listing.operation: page}
    seen = page if row.see.operation == listing.operation else _put(row.shows, [{}]) if row.shows else {}
    seen = merged(seen, _seen(row.service, row.remove, name))
    if not _is_seen(row, seen):
        raise Untold(row.see.operation)
    return {listing.operation: page, row.see.operation: seen}


def _seen(service: str, call: Call, text: str) -> Any:
    """What a call takes from a reply, where that is a text."""
    shape = operations(service)[call.operation].input_shape
    taken = {
        name: path for name, path in (call.seen or {}).items() if shape and shape.members[name].type_name == "string"
    }
    if shape is not None and set(shape.required_members) & (call.seen or {}).keys() - taken.keys():
        raise Untold(call.operation)
    return reduce(merged, (_put(path, text) for path in taken.values()), {})


def _is_seen(row: Row, reply: Any) -> bool:
    shows = not row.shows or bool(jmespath.search(row.shows, reply))
    return shows and not any(jmespath.search(path, reply) for path in (row.gone, row.ending) if path)


def _page(service: str, listing: Listing, name: str) -> Any:
    """A page of a listing with one that is called so."""
    if listing.parent or listing.short or listing.owner or listing.seen or listing.where or len(listing.variants) > 1:
        raise Untold(listing.operation)
    keys = (listing.members,) if listing.members else result_keys(service, listing.operation)
    if len(keys) != 1:
        raise Untold(listing.operation)
    member = _member(listing, name)
    page = _put(keys[0], member if "[]" in keys[0] else [member])
    if jmespath.search(keys[0], page) != [member]:
        raise Untold(keys[0])
    return page


def _member(listing: Listing, name: str) -> Any:
    joined = _JOINED.fullmatch(listing.id)
    member = dict.fromkeys(joined.groups(), name) if joined else _put(listing.id, name)
    if only := re.match(r"(\w+) != '(\w+)'", listing.unless or ""):
        member = merged(member, {only[1]: only[2]})
    if listing.unless and jmespath.search(listing.unless, member):
        raise Untold(listing.unless)
    return member


def _held(row: Row, wants: tuple[str, ...], there: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The replies that show the state which the steps end."""
    held: dict[str, Any] = {}
    for step in (*row.halt, *row.unprotect, *row.strip, *row.rare):
        if step.call.operation not in wants:
            continue
        if step.each is not None:
            shown = held.get(step.each.operation, there.get(step.each.operation, {}))
            held[step.each.operation] = merged(shown, _page(row.service, step.each, f"{name}part"))
        if step.looks and row.see is not None:
            is_so = _solved(row.service, row.see.operation, step.when) if step.when else {}
            seen = merged(is_so, _seen(row.service, step.call, f"{name}part"))
            before = held.get(row.see.operation, there[row.see.operation])
            held[row.see.operation] = merged(before, seen)
    return held


def _solved(service: str, operation: str, condition: str) -> Any:
    """A reply of this operation for which it is true."""
    told = re.fullmatch(r"(\S+?)(?: == '(\w+)')?", condition)
    if told is None or not _PATH.fullmatch(told[1]):
        raise Untold(condition)
    shape: Any = operations(service)[operation].output_shape
    for name in re.findall(r"\w+|\[0?\]", told[1]):
        shape = shape.member if name in ("[]", "[0]") else shape.members[name]
    reply = _put(told[1], told[2] or whole(shape))
    if not jmespath.search(condition, reply):
        raise Untold(condition)
    return reply


def _put(path: str, value: Any) -> Any:
    """The smallest thing where this path leads to the value."""
    if path == "@":
        return value
    if not _PATH.fullmatch(path):
        raise Untold(path)
    for name in reversed(re.findall(r"\w+|\[0?\]", path)):
        value = [value] if name in ("[]", "[0]") else {name: value}
    return value
