"""Rows say of AWS what botocore's models say of it: no backend that tests run on refuses a wrong field or word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jmespath  # type: ignore[import-untyped]  # comes with botocore
import pytest
from botocore.model import ListShape, StringShape, StructureShape
from botocore.validate import ParamValidator
from jmespath.visitor import TreeInterpreter  # type: ignore[import-untyped]

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.row import Row
from atmosphere.cleanup.catalogue.spread import Spread
from tests.cleanup.catalogue.models import TEXT, operations, result_keys, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import Shape

    from atmosphere.cleanup.catalogue.calls import Call, Listing, Step

PARTS = (TEXT,) * 4
REFUSING = re.compile(r"fail|error|unsuccessful|unprocessed", re.IGNORECASE)
ROWS = [pytest.param(row, id=row.name) for row in CATALOGUE if isinstance(row, Row)]


class Strict(TreeInterpreter):  # type: ignore[misc]  # it has no types
    """Reads every branch of an expression, and fails on a field that there is not."""

    def visit_field(self, node: Any, value: Any) -> Any:
        assert value is None or node["value"] in value, f"no {node['value']} among {sorted(value)}"
        return super().visit_field(node, value)

    def visit_filter_projection(self, node: Any, value: Any) -> Any:
        base, then, condition = node["children"]
        every = self.visit(base, value) or []
        assert [self.visit(condition, each) for each in every]
        return [self.visit(then, each) for each in every]

    def visit_or_expression(self, node: Any, value: Any) -> Any:
        left, right = (self.visit(child, value) for child in node["children"])
        return left or right

    def visit_and_expression(self, node: Any, value: Any) -> Any:
        left, right = (self.visit(child, value) for child in node["children"])
        return left and right


def search(expression: str, value: Any) -> Any:
    return Strict().visit(jmespath.compile(expression).parsed, value)


def steps(row: Row) -> tuple[Step, ...]:
    return (*row.halt, *row.unprotect, *row.strip, *row.rare)


def calls(row: Row) -> Iterator[Call]:
    yield from (call for call in (row.see, row.remove) if call)
    yield from (step.call for step in steps(row))


def listings(row: Row) -> Iterator[Listing]:
    yield from chain(row.listing)
    yield from hanging(row)


def hanging(row: Row) -> Iterator[Listing]:
    """The listings of what hangs on one resource."""
    for step in steps(row):
        yield from chain(step.each)


def chain(listing: Listing | None) -> Iterator[Listing]:
    """A listing, and what it begins with."""
    if listing is not None:
        yield listing
        yield from chain(listing.parent)
        yield from chain(listing.only_with)


def reply_of(row: Row) -> Any:
    """All that the row's `see` may reply."""
    return whole(operations(row.service)[row.see.operation].output_shape) if row.see else None


def words(shape: Shape, value: Any) -> Iterator[tuple[str, list[str]]]:
    """The words of a value of which AWS knows a few only, each with those."""
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            yield from words(shape.members[name], member)
    elif isinstance(shape, ListShape):
        for member in value:
            yield from words(shape.member, member)
    elif isinstance(shape, StringShape) and shape.enum:
        yield value, shape.enum


def check(service: str, operation: str, given: dict[str, Any]) -> None:
    shape = operations(service)[operation].input_shape
    assert shape is not None, f"{operation} takes nothing" if given else operation
    tokens = {name: TEXT for name, member in shape.members.items() if member.metadata.get("idempotencyToken")}
    report = ParamValidator().validate({**tokens, **given}, shape)  # botocore makes up the tokens
    assert not report.has_errors(), f"{operation}: {report.generate_report()}"
    for word, known in words(shape, given):
        assert word in (*known, TEXT), f"{operation}: {word}"


def asked(row: Row, listing: Listing, variant: Mapping[str, Any]) -> dict[str, Any]:
    """What a listing is called with; one that lists parts names what they are parts of."""
    hangs = any(listing is each for each in hanging(row))
    parts = listing.parent is not None or hangs
    under = listing.asked(operations(row.service)[listing.operation], PARTS, reply_of(row)) if parts else {}
    spread = {row.key: TEXT} if isinstance(row, Spread) and not hangs else {}
    return {**under, **spread, **(listing.fixed or {}), **variant}


@pytest.mark.parametrize("row", ROWS)
def test_operations_take_what_they_are_given(row: Row) -> None:
    reply = reply_of(row)
    for call in calls(row):
        for path in (call.seen or {}).values():
            search(path, reply)
        given = call.parameters(operations(row.service)[call.operation], PARTS, reply)
        check(row.service, call.operation, given)
    for listing in listings(row):
        for variant in listing.variants:
            if given := asked(row, listing, variant):
                check(row.service, listing.operation, given)


@pytest.mark.parametrize("row", ROWS)
def test_replies_have_what_is_read_in_them(row: Row) -> None:
    reply = reply_of(row)
    for listing in listings(row):
        path = listing.members or next(iter(result_keys(row.service, listing.operation)))
        member, *_ = search(path, whole(operations(row.service)[listing.operation].output_shape))
        assert isinstance(search(listing.id, member), str)
        for expression in filter(None, (listing.fingerprint, listing.unless)):
            search(expression, member)
        for expression in (listing.seen or {}).values():
            search(expression, reply)
        if listing.where is not None:
            of_member, _, of_reply = listing.where
            assert type(search(of_member, member)) is type(search(of_reply, reply))
    if row.see is not None:
        for expression in filter(None, (row.shows, row.gone, row.ending, row.failed, *(s.when for s in steps(row)))):
            search(expression, reply)
    for call in calls(row):
        if call.refusals:
            [refusal] = search(call.refusals, whole(operations(row.service)[call.operation].output_shape))
            assert refusal.keys() >= {"Code", "Message"}


@pytest.mark.parametrize("row", ROWS)
def test_what_a_reply_of_200_refuses_is_read(row: Row) -> None:
    for call in (row.remove, *(step.call for step in steps(row))):
        output = operations(row.service)[call.operation].output_shape
        members = output.members if output else {}
        refusals = [name for name, shape in members.items() if REFUSING.search(name) and isinstance(shape, ListShape)]
        assert call.refusals or not refusals, f"{call.operation} says in {refusals} what it did not do"


@pytest.mark.parametrize("row", ROWS)
def test_what_better_goes_before_it_is_not_of_a_later_stage(row: Row) -> None:
    stages = {entry.name: entry.stage for entry in CATALOGUE}
    assert [name for name in row.after if stages[name] > row.stage] == []
