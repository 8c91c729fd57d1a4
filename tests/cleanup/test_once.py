"""A scan asks each listing once, however many types take from it; a further scan asks again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from botocore.exceptions import ClientError

from atmosphere.cleanup.scan.once import SHARED, Once
from tests.cleanup.conftest import REGION
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.cleanup.aws.accounts import Account

LISTING: Final = ("efs", "describe_file_systems")


class Efs:
    """A client of a file system, which counts how often it is read."""

    def __init__(self) -> None:
        self.asked = 0
        self.failing = False

    def get_paginator(self, operation: str) -> Efs:
        assert operation == "describe_file_systems"
        return self

    def paginate(self, **_: Any) -> Read:
        return Read(self)

    def describe_lifecycle_configuration(self, **_: Any) -> int:
        self.asked += 1
        return self.asked


class Read:
    """One reading of it."""

    result_keys = ("FileSystems",)

    def __init__(self, efs: Efs) -> None:
        self._efs = efs

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._efs.asked += 1
        if self._efs.failing:
            raise refuse("Throttling", "slow down")
        yield {"FileSystems": [{"FileSystemId": "fs-1"}]}


class Home:
    """An account with that client."""

    def __init__(self) -> None:
        self.efs = Efs()

    def client(self, *_: str) -> Efs:
        return self.efs


def over(home: Home) -> Account:
    return Once.over(cast("Account", home))


def read(account: Account) -> list[Any]:
    pages = account.client("efs", REGION).get_paginator("describe_file_systems").paginate()
    assert pages.result_keys == ("FileSystems",)
    return list(pages)


def test_what_three_types_begin_with_is_shared() -> None:
    assert LISTING in SHARED


def test_it_is_asked_once_in_a_scan_and_again_in_the_next() -> None:
    home = Home()
    account = over(home)
    assert read(account) == read(account) == [{"FileSystems": [{"FileSystemId": "fs-1"}]}]
    assert home.efs.asked == 1
    read(over(home))
    assert home.efs.asked == 2


def test_threads_that_ask_at_the_same_time_share_one_answer() -> None:
    home, start = Home(), Barrier(8)
    account = over(home)

    def ask(_: int) -> list[Any]:
        start.wait()
        return read(account)

    with ThreadPoolExecutor(8) as pool:
        assert len({str(answer) for answer in pool.map(ask, range(8))}) == 1
    assert home.efs.asked == 1


def test_a_failure_is_not_kept() -> None:
    home = Home()
    account = over(home)
    home.efs.failing = True
    for _ in range(2):
        with pytest.raises(ClientError):
            read(account)
    home.efs.failing = False
    assert read(account)
    assert home.efs.asked == 3


def test_what_one_type_alone_asks_is_not_kept() -> None:
    client = over(Home()).client("efs", REGION)
    assert [client.describe_lifecycle_configuration() for _ in range(2)] == [1, 2]
