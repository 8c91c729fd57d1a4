"""One scan asks each listing once: what several types take from one answer costs one call.

A file system, its mount targets and its access points all begin with the file systems; databases of three types are
members of one listing. The answers are forgotten with the scan, so that a further scan sees what is there by then. What
fails is asked again by whoever needs it next.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.row import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.calls import Listing
    from atmosphere.core.model import Region


def _first(listing: Listing) -> Iterator[str]:
    """The operations that a listing begins with."""
    yield from _first(listing.parent) if listing.parent else (listing.operation,)
    yield from _first(listing.only_with) if listing.only_with else ()


_ASKED: Final = Counter(
    (row.service, each) for row in CATALOGUE if isinstance(row, Row) for each in _first(row.listing)
)
_TOLD_APART: Final = {("ec2", "describe_vpcs")}
"""What a class asks besides: the internet gateway of the default network is told by its network."""
SHARED: Final = frozenset(asked for asked, count in _ASKED.items() if count > 1) | _TOLD_APART
"""The listings that more than one type begins with, by service and operation; only their answers are kept."""


class _Answer(list[Any]):
    """The pages of a listing, as botocore's paginators give them."""

    result_keys: Any = None


class Once:
    """An account for the length of one scan. Safe in threads."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = Lock()
        self._answers: dict[str, Future[Any]] = {}

    @classmethod
    def over(cls, account: Account) -> Account:
        """An account whose shared listings are asked once, however many types take from them."""
        return cast("Account", cls(account))

    def client(self, service: str, region: Region) -> Any:
        """See `Account`."""
        return _Client(self._account.client(service, region), service, partial(self._answer, f"{service}@{region}"))

    def _answer(self, place: str, operation: str, asked: Mapping[str, Any], ask: Callable[[], Any]) -> Any:
        """What `ask` brings, or has brought to another thread."""
        key = f"{place}:{operation}:{sorted(asked.items())}"
        with self._lock:
            first = key not in self._answers
            future = self._answers.setdefault(key, Future())
        if first:
            try:
                future.set_result(ask())
            except BaseException as error:
                with self._lock:
                    del self._answers[key]
                future.set_exception(error)
                raise
        return future.result()


class _Client:
    """A client whose shared listings are answered by `answer`."""

    def __init__(self, client: Any, service: str, answer: Callable[..., Any]) -> None:
        self._client, self._service, self._answer = client, service, answer

    def __getattr__(self, name: str) -> Any:
        """Whatever the client has."""
        own = getattr(self._client, name)
        if (self._service, name) not in SHARED:
            return own
        return lambda **asked: self._answer(name, asked, partial(own, **asked))

    def get_paginator(self, operation: str) -> Any:
        """A paginator of the client's, or one that reads all pages once."""
        own = self._client.get_paginator(operation)
        return own if (self._service, operation) not in SHARED else _Paginator(own, partial(self._answer, operation))


class _Paginator:
    def __init__(self, paginator: Any, answer: Callable[..., Any]) -> None:
        self._paginator, self._answer = paginator, answer

    def paginate(self, **asked: Any) -> _Answer:
        """All pages."""
        answer: _Answer = self._answer(asked, partial(self._read, asked))
        return answer

    def _read(self, asked: Mapping[str, Any]) -> _Answer:
        pages = self._paginator.paginate(**asked)
        answer = _Answer(pages)
        answer.result_keys = pages.result_keys
        return answer
