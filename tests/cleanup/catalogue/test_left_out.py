"""What listings leave out is left out by what AWS writes, never by what a tenant does."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.calls import Listing
from atmosphere.cleanup.catalogue.left_out import LEFT_OUT, Writer
from tests.cleanup.catalogue.frame import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator


def listings(value: Any) -> Iterator[Listing]:
    if isinstance(value, Listing):
        yield value
    if is_dataclass(value):
        for field in fields(value):
            yield from listings(getattr(value, field.name))
    elif isinstance(value, tuple):
        for each in value:
            yield from listings(each)


def filters() -> Iterator[str]:
    for entry in CATALOGUE:
        yield from (each.unless for each in listings(entry) if each.unless)
        if whole := getattr(entry, "unless", None):
            yield whole


def terms(unless: str) -> list[str]:
    """What is joined by `||`, outside of brackets."""
    depth, parts = 0, [""]
    for piece in re.split(r"(\|\||[()\[\]])", unless):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(piece, 0)
        if piece == "||" and not depth:
            parts.append("")
        else:
            parts[-1] += piece
    return [part.strip() for part in parts]


KNOWN = {entry.term for entry in LEFT_OUT}


@pytest.mark.parametrize("unless", sorted(set(filters())))
def test_every_field_by_which_something_is_left_out_has_a_writer(unless: str) -> None:
    assert set(terms(unless)) <= KNOWN


def test_no_writer_is_named_of_what_no_listing_asks() -> None:
    assert {term for unless in filters() for term in terms(unless)} == KNOWN
    assert len(LEFT_OUT) == len(KNOWN)


@pytest.mark.parametrize("entry", LEFT_OUT, ids=lambda entry: entry.term)
def test_what_owns_it_is_listed_itself(entry: Any) -> None:
    assert bool(entry.owners) == (entry.writer in (Writer.OWNER, Writer.ELSEWHERE))
    assert set(entry.owners) <= TYPES.keys()


@pytest.mark.parametrize("name", ["AWSSSO_", "FMManaged", "aws/efs/", "root-account-mfa-device", "DeleteOnTermination"])
def test_what_a_tenant_can_choose_leaves_nothing_out(name: str) -> None:
    alone = [term for unless in filters() for term in terms(unless) if name in term]
    assert all("'amazon'" in term for term in alone)


def test_what_goes_along_with_something_names_a_type_that_is_listed() -> None:
    owners = {each.owner[0] for entry in CATALOGUE for each in listings(entry) if each.owner}
    assert owners == {
        "AWS::EC2::Instance",
        "AWS::SNS::Topic",
        "AWS::ElastiCache::ReplicationGroup",
    }
    assert owners <= TYPES.keys()
