"""Sixty callers, a third of them the published npm client, on a pool of five: who is first in line is served first.

What the functions write is read on the wire, in the order in which it passes: who waits, what becomes free, who takes.
"""

from __future__ import annotations

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import uuid4

import pytest
import yaml

from atmosphere.adapters.items import decode
from atmosphere.contract import Table
from atmosphere.core.model import Allocation, Status
from atmosphere.core.queue import Waiter
from atmosphere.local.service import LocalService
from bench.counting import client
from tests.journeys.api import Api, drive, until
from tests.journeys.conftest import EXAMPLE, SHORT
from tests.quick import FEW_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from atmosphere.local.wire import Fault, Request

pytestmark = [pytest.mark.emulator, pytest.mark.slow, pytest.mark.timeout(900)]

POOL: Final = "line"
ACCOUNT: Final = "666666666666"
REGIONS: Final = ("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1")
CLIENTS: Final = 60
IN_FLIGHT: Final = 16
PATIENCE: Final = 600.0  # seconds
ONE_REQUEST: Final = timedelta(seconds=20)  # the function's time-out: nothing that it has read is older
_SET: Final = re.compile(r"#(\w+) = (:\w+)")

Item: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """One transaction: who joins the line or asks again, who leaves it, what becomes free, and who takes what."""

    at: datetime
    waiters: tuple[Waiter, ...] = ()
    left: frozenset[str] = frozenset()
    freed: frozenset[str] = frozenset()
    grant: Allocation | None = None


@dataclass(slots=True)
class Wire:
    """Everything that the functions wrote, in the order in which it passed."""

    tables: Mapping[str, Table]
    written: list[Written] = field(default_factory=list)

    def listen(self, service: LocalService) -> None:
        counted = service.tap._record

        def record(request: Request) -> Fault | None:
            if request.operation == "dynamodb:TransactWriteItems":
                self.written.append(self._read(json.loads(request.body)["TransactItems"]))
            return counted(request)

        service.tap._record = record  # type: ignore[method-assign]

    def _read(self, members: Sequence[Item]) -> Written:
        puts, left, freed = [], set(), set()
        for verb, change in (pair for member in members for pair in member.items()):
            table = self.tables[change["TableName"]]
            if verb == "Put" and table in {Table.WAITERS, Table.ALLOCATIONS}:
                puts.append(decode(table, change["Item"]))
            if verb == "Delete" and table is Table.WAITERS:
                left.add(change["Key"]["key"]["S"])
            if verb == "Update" and table is Table.ENVIRONMENTS and _sets(change).get("status") == Status.FREE:
                freed.add(change["Key"]["region"]["S"])
        grant = next((row for row in puts if isinstance(row, Allocation) and row.items), None)
        waiters = tuple(row for row in puts if isinstance(row, Waiter))
        return Written(datetime.now(UTC), waiters, frozenset(left), frozenset(freed), grant)


def _sets(change: Item) -> dict[str, str]:
    values = change["ExpressionAttributeValues"]
    return {name: next(iter(values[value].values())) for name, value in _SET.findall(change["UpdateExpression"])}


@dataclass(slots=True)
class Line:
    """The table and the pool as the writes make them, and who was passed although something was not left for them."""

    free: set[str] = field(default_factory=set)
    waiting: dict[str, tuple[int, Waiter]] = field(default_factory=dict)
    waited: int = 0
    out_of_order: int = 0
    overtaken: list[tuple[Waiter, Allocation]] = field(default_factory=list)

    def follow(self, written: Sequence[Written]) -> None:
        last = {entry.grant.id: number for number, entry in enumerate(written) if entry.grant}
        for number, entry in enumerate(written):
            self.free |= entry.freed
            for waiter in entry.waiters:
                self.waiting[waiter.id.key] = (number, waiter)
            if entry.grant and last[entry.grant.id] == number:  # the attempts before it were cancelled
                self._grant(entry, entry.grant)

    def _grant(self, entry: Written, grant: Allocation) -> None:
        own = next((self.waiting.pop(key) for key in entry.left if key in self.waiting), None)
        self.waited += own is not None
        self.free -= {item.key.region for item in grant.items}
        before = [waiter for asked, waiter in self.waiting.values() if _is_before(asked, waiter, own, entry.at)]
        self.out_of_order += bool(before)
        if len(before) > len(self.free):
            self.overtaken += [(waiter, grant) for waiter in before]


def _is_before(asked: int, waiter: Waiter, own: tuple[int, Waiter] | None, now: datetime) -> bool:
    """Whether somebody got its 423 before the taker asked for the last time, has an earlier place, and is present."""
    if waiter.present_until <= now:
        return False
    if own is None:
        return waiter.last_ask < now - ONE_REQUEST
    return asked < own[0] and waiter.order < own[1].order


def _configuration(directory: Path) -> Path:
    config = directory / "config"
    shutil.copytree(EXAMPLE, config)
    role = f"arn:aws:iam::{ACCOUNT}:role/AtmosphereAdmin"
    common: Item = {"account": ACCOUNT, "pool": POOL, "admin_role": role, "external_id": "line"}
    environments: list[Item] = [common | {"region": region, "capabilities": []} for region in REGIONS]
    (config / "environments.yaml").write_text(yaml.safe_dump({"environments": environments}))
    access = yaml.safe_load((config / "access.yaml").read_text())
    access["iam"] = [{"name": POOL, "account": "111111111111", "roles": ["runner"], "pools": [POOL]}]
    access["github"] = []
    (config / "access.yaml").write_text(yaml.safe_dump(access))
    return config


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    config = _configuration(tmp_path_factory.mktemp("line"))
    with LocalService(config, settings=SHORT | FEW_TYPES, ticker=1.0) as service:
        yield service


def _npm(service: LocalService, number: int) -> str:
    asked: Item = {"do": "acquire", "pool": POOL, "requester": f"npm client {number}", "timeoutMinutes": PATIENCE / 60}
    steps = [asked, {"do": "release", "outcome": "success"}]
    taken, released = drive(service.endpoint, service.description["callers"]["runner"], steps)
    assert taken["ok"], taken
    assert released["ok"], released
    return str(taken["id"])


def _own(service: LocalService, number: int) -> str:
    own = client(service)
    granted = own.allocate(POOL, requester=f"own client {number}", wait_seconds=PATIENCE, key=str(uuid4()))
    own.deallocate(granted.id, outcome="success")
    return granted.id


def test_sixty_callers_are_served_in_the_order_of_their_arrival(service: LocalService) -> None:
    runner = Api(service.endpoint, service.description["callers"]["runner"])
    runner.until_free(POOL)
    wire = Wire({name: Table(table) for table, name in service.description["tables"].items()})
    wire.listen(service)
    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        kinds = (_npm if number % 3 == 0 else _own for number in range(CLIENTS))
        ids = list(threads.map(lambda kind, number: kind(service, number), kinds, range(CLIENTS)))
    line = Line(free=set(REGIONS))
    line.follow(wire.written)
    assert len(set(ids)) == CLIENTS
    assert line.waited > CLIENTS / 2
    assert not line.overtaken, [(one.asked_for, grant.requester) for one, grant in line.overtaken]
    until(lambda: runner.ask("GET", f"/pools/{POOL}").body["counts"]["free"] == len(REGIONS), "all are free again")
