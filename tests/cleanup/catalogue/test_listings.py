"""Listings are read to their last page: what a listing leaves out would be left behind unseen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import PaginationError

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.base import TOKENS, pages
from atmosphere.cleanup.catalogue.calls import Listing
from atmosphere.cleanup.catalogue.row import Row
from tests.cleanup.catalogue.models import operations, paged
from tests.cleanup.catalogue.test_models import listings

_MORE = ("token", "marker", "truncated", "hasmore", "lastevaluated")
"""What names of members begin or end with that tell of another page."""
CASES = sorted({(row.service, each.operation) for row in CATALOGUE if isinstance(row, Row) for each in listings(row)})


@pytest.mark.parametrize(("service", "operation"), CASES)
def test_every_page_of_a_listing_is_read(service: str, operation: str) -> None:
    if operation in paged(service):
        return
    model = operations(service)[operation]
    assert model.output_shape is not None
    more = {name for name in model.output_shape.members if any(word in name.lower() for word in _MORE)}
    accepted = set(model.input_shape.members) if model.input_shape else set()
    followed = {name for name in TOKENS if name in more and name in accepted}
    assert more - followed <= {"IsTruncated"}, "a page says of another one what `pages` does not follow"


class Paged:
    """A listing that botocore has no paginator for; `stuck` gives the same token for ever."""

    def __init__(self, *, stuck: bool = False) -> None:
        self._stuck = stuck

    def can_paginate(self, _: str) -> bool:
        return False

    def list_things(self, *, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        number = 1 if self._stuck else int(NextToken) + 1
        return {"Things": [NextToken], **({"NextToken": str(number)} if number <= 2 else {})}


def test_tokens_are_followed_where_botocore_does_not() -> None:
    assert [page["Things"] for page in pages(Paged(), "list_things")] == [["0"], ["1"], ["2"]]


def test_a_listing_that_does_not_get_on_is_an_error() -> None:
    with pytest.raises(PaginationError):
        list(pages(Paged(stuck=True), "list_things"))


class Streams(Paged):
    """Streams, and queues of theirs; counts who asked for queues. No paginators."""

    def __init__(self, *streams: str) -> None:
        super().__init__()
        self._streams = streams
        self.asked = 0

    def list_streams(self) -> dict[str, Any]:
        return {"StreamNames": list(self._streams)}

    def list_queues(self) -> dict[str, Any]:
        self.asked += 1
        return {"QueueSummaries": [{"QueueARN": "arn:aws:kinesis:us-east-1:222222222222:queue:q"}]}


QUEUES = Listing(
    "list_queues",
    "QueueARN",
    members="QueueSummaries",
    short=r".*:queue:(.+)",
    only_with=Listing("list_streams", members="StreamNames"),
)


def test_what_needs_another_is_asked_for_only_where_that_one_is() -> None:
    for client, found in ((Streams(), []), (Streams("s", "t"), ["q"])):
        assert [each.id for each in QUEUES.read(client)] == found
        assert client.asked == len(found)


def test_a_short_id_is_cut_out_of_a_longer_name_and_another_name_is_taken_as_it_is() -> None:
    client = Streams("s")
    assert [each.id for each in replace(QUEUES, short=r".*:topic:(.+)").read(client)] == [
        "arn:aws:kinesis:us-east-1:222222222222:queue:q"
    ]
