"""Counts AWS calls of each verb with the wire tap, at pools of different size and load.

The rows of a pool are written straight into its table: all of one account whose admin role exists, in regions that only
name them, so that a pool of a thousand needs neither a thousand accounts nor a deployment.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import yaml
from botocore.credentials import Credentials

from atmosphere.client.client import AtmosphereClient
from atmosphere.client.errors import ServiceError
from atmosphere.client.proof import Signed
from atmosphere.client.transport import RealPace, Transport
from atmosphere.contract import FunctionName
from atmosphere.core.changes import Delete, Put
from atmosphere.core.model import (
    AccountId,
    AllocationId,
    Environment,
    EnvironmentKey,
    OwnerKey,
    PoolName,
    Region,
    RuleName,
    Status,
)
from atmosphere.core.queue import Waiter, WaiterKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from atmosphere.adapters.dynamodb import DynamoStore
    from atmosphere.client.results import Granted
    from atmosphere.core.changes import Change
    from atmosphere.local.service import LocalService
from atmosphere.local.tap import SNAPSHOT_READ

POOL: Final = "bench"
ACCOUNT: Final = AccountId("666666666666")
HOMES: Final = ("us-east-1", "us-east-2", "us-west-2")
HOME: Final = Region(HOMES[0])
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/AtmosphereAdmin"
HORIZON: Final = timedelta(days=1)
_WAVE: Final = 8  # callers more in each wave of warming
_BARRIER: Final = 60.0  # seconds
_ROOM: Final = 5  # free rows that all shapes of an allocate need


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What one request cost: AWS calls by operation, the snapshot's read left out; `bar` is what it may cost."""

    verb: str
    size: int
    taken: int
    calls: Counter[str]
    bar: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.calls.values())


def add_pool(config: Path) -> None:
    """Add the pool to a configuration: a few environments of one account, which `runner` may use without a limit."""
    environments = yaml.safe_load((config / "environments.yaml").read_text())
    common = {"account": str(ACCOUNT), "pool": POOL, "admin_role": ROLE, "external_id": "bench"}
    environments["environments"] += [common | {"region": region, "capabilities": []} for region in HOMES]
    (config / "environments.yaml").write_text(yaml.safe_dump(environments))
    access = yaml.safe_load((config / "access.yaml").read_text())
    access["iam"].append({"name": POOL, "account": "111111111111", "roles": ["runner"], "pools": [POOL]})
    (config / "access.yaml").write_text(yaml.safe_dump(access))


def client(service: LocalService, caller: str = "runner") -> AtmosphereClient:
    """The API as an example caller sees it."""
    description = service.description
    return AtmosphereClient(description["endpoint"], credentials=_keys(description, caller), region=HOME)


def _keys(description: dict[str, Any], caller: str) -> Credentials:
    keys = description["callers"][caller]
    return Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys.get("sessionToken"))


@contextmanager
def pool_of(service: LocalService, size: int, *, taken: int, waiting: Sequence[Waiter] = ()) -> Iterator[None]:
    """A pool of `size` rows, `taken` of them in use for a day, and this line; afterwards the rows are gone."""
    store = service.store()
    homes = [row for region in HOMES if (row := store.environment(EnvironmentKey(ACCOUNT, Region(region))))]
    rows = [_row(homes[0], number, in_use=number < taken) for number in range(size)]
    before = [Delete(target=row.id, expects=()) for row in store.waiters(PoolName(POOL))]
    _write(store, [*_gone(homes), *_there(rows), *before, *(Put(row=row, expects=()) for row in waiting)])
    try:
        yield
    finally:
        _write(store, [*_gone(rows), *_there(homes)])


def _gone(rows: Sequence[Environment]) -> list[Change]:
    return [Delete(target=row.key, expects=()) for row in rows]


def _there(rows: Sequence[Environment]) -> list[Change]:
    return [Put(row=row, expects=()) for row in rows]


def _write(store: DynamoStore, changes: Sequence[Change]) -> None:
    for start in range(0, len(changes), 100):
        store.commit(changes[start : start + 100], token=str(uuid4()))


def _row(home: Environment, number: int, *, in_use: bool) -> Environment:
    now = datetime.now(UTC)
    key = EnvironmentKey(ACCOUNT, Region(f"{HOME}-{number:04}"))
    registered = replace(home.registered, key=key)
    if not in_use:
        return Environment(registered=registered, status=Status.FREE, since=now, freed_at=now - timedelta(hours=1))
    return Environment(
        registered=registered,
        status=Status.IN_USE,
        since=now,
        allocation=AllocationId(str(uuid4())),
        deadline=now + HORIZON,
        wake_at=now + HORIZON,
    )


@contextmanager
def counting(service: LocalService, function: FunctionName) -> Iterator[Counter[str]]:
    """Counts what a function calls within the block; complete when the block ends."""
    calls: Counter[str] = Counter()
    service.tap.reset()
    yield calls
    for call, number in service.tap.calls().items():
        if call.function == function and call.operation != SNAPSHOT_READ:
            calls[call.operation] += number


def measure(service: LocalService, size: int, taken: int) -> list[Count]:
    """Every verb in one pool, as far as its free rows go round."""
    with pool_of(service, size, taken=taken):
        return [
            Count(verb=verb, size=size, taken=taken, calls=calls, bar=bar)
            for verb, calls, bar in _verbs(service, free=size - taken)
        ]


def _verbs(service: LocalService, *, free: int) -> Iterator[tuple[str, Counter[str], int]]:
    with counting(service, FunctionName.ALLOCATE) as calls:
        first = allocate_once(service)
    yield "allocate", calls, 4
    assert isinstance(first, str), first
    with counting(service, FunctionName.REFRESH) as calls:
        client(service).credentials(first)
    yield "refresh", calls, 3
    with counting(service, FunctionName.DEALLOCATE) as calls:
        client(service).deallocate(first)
    yield "deallocate", calls, 3
    if free >= _ROOM:
        with counting(service, FunctionName.ALLOCATE) as calls:
            allocate_once(service, key=str(uuid4()))
        yield "allocate with a key", calls, 5
        with counting(service, FunctionName.ALLOCATE) as calls:
            allocate_once(service, environments=3)
        yield "allocate 3", calls, 6
    while isinstance(allocate_once(service), str) and free < _ROOM:
        continue
    if free < _ROOM:
        with counting(service, FunctionName.ALLOCATE) as calls:
            allocate_once(service)
        yield "allocate, 423", calls, 6


def allocate_once(
    service: LocalService, *, key: str | None = None, environments: int = 1, dry: bool = False
) -> str | ServiceError:
    """Ask once, without waiting: the allocation's id (none of a dry run), or the refusal."""
    description = service.description
    door = Transport(
        endpoint=description["endpoint"],
        proof=Signed(_keys(description, "runner"), HOME),
        budget=0,
        pace=RealPace(),
    )
    body: dict[str, Any] = {"pool": POOL, "requester": "bench", "dryRun": dry}
    if environments > 1:
        body |= {"accounts": "any", "environments": [{"name": f"e{number}"} for number in range(environments)]}
    try:
        reply = door.send("POST", "allocations", body=body, headers={"Idempotency-Key": key} if key else {})
    except ServiceError as refusal:
        return refusal
    return str(reply.get("id", ""))


def _warm(service: LocalService, callers: int) -> None:
    """Start as many workers of the function: so many cold ones at once say more of the machine than of the service."""
    with ThreadPoolExecutor(max_workers=callers) as threads:
        for _ in threads.map(lambda _: allocate_once(service, dry=True), range(callers)):
            continue


def in_line() -> Waiter:
    """Somebody who is present for a day and could use anything: one environment is kept for it."""
    now = datetime.now(UTC)
    return Waiter(
        id=WaiterKey(PoolName(POOL), str(uuid4())),
        owner=OwnerKey("bench"),
        rule=RuleName(POOL),
        asked_hash="",
        asked_for="{}",
        arrival=now,
        last_ask=now,
        present_until=now + HORIZON,
        first_rank=0,
    )


def at_once(service: LocalService, callers: int, *, waiting: Sequence[Waiter] = ()) -> tuple[list[Granted], float]:
    """`callers` ask at the same moment for what is free: what they got, and transactions for each.

    There is one environment for each of them, and one more for each that is `waiting`.
    """
    for wave in range(_WAVE, callers + 1, _WAVE):
        _warm(service, wave)
    barrier = Barrier(callers)

    def ask(number: int) -> Granted:
        own = client(service)
        barrier.wait(_BARRIER)
        return own.allocate(POOL, requester=f"caller-{number}", wait_seconds=0)

    with (
        pool_of(service, callers + len(waiting), taken=0, waiting=waiting),
        counting(service, FunctionName.ALLOCATE) as calls,
        ThreadPoolExecutor(max_workers=callers) as threads,
    ):
        grants = list(threads.map(ask, range(callers)))
    return grants, calls["dynamodb:TransactWriteItems"] / callers
