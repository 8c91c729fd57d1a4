"""Times the allocate handler, warm, against the same calls of AWS done bare. Alone: `python -m bench.allocating`.

There are two sets of tables with the same rows. The handler allocates from the first; what it sent goes to the second
by a bare client, in the next pair: the same reads, the same AssumeRole, the same transaction. So both do equal work.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import deque
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import boto3
from botocore import xform_name

from atmosphere.adapters.clients import COMMITS, CONFIG
from atmosphere.adapters.dynamodb import DynamoStore
from atmosphere.adapters.memory import MemorySnapshot
from atmosphere.adapters.sts import StsCredentials
from atmosphere.core.access import AccessRules, IamRule
from atmosphere.core.changes import Put
from atmosphere.core.model import (
    ADMIN,
    AccountId,
    Environment,
    EnvironmentKey,
    PoolName,
    Region,
    Registration,
    RoleArn,
    RuleName,
    Status,
)
from atmosphere.core.settings import Settings
from atmosphere.core.snapshot import Snapshot
from atmosphere.handlers import allocate, http
from atmosphere.local.emulator import HUB_ACCOUNT, REGION, Emulator
from atmosphere.wiring import App
from bench.pairing import PAIRS, WARM_UP, Paired, paired, silence
from tests.tables import create_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

BAR: Final = 1.2
OURS: Final = "ours"
BARE: Final = "bare"
POOL: Final = PoolName("demo")
ROLE: Final = RoleArn(f"arn:aws:iam::{HUB_ACCOUNT}:role/AtmosphereAdmin")
_CALLS: Final = 4  # two Query, one AssumeRole, one TransactWriteItems
_TAKEN: Final = 100  # changes in one commit


class _Bench:
    """Rows, a handler, and what it sent."""

    def __init__(self, endpoint: str, environments: int) -> None:
        self._session = boto3.session.Session(HUB_ACCOUNT, "test", region_name=REGION)
        self._endpoint = endpoint
        self._sent: deque[list[tuple[str, dict[str, Any]]]] = deque()
        self._ready: deque[list[tuple[str, dict[str, Any]]]] = deque()
        self._bare = {name: self._client(name) for name in ("dynamodb", "sts")}
        rows = [_row(number) for number in range(environments)]
        self._stores = {name: self._store(name, rows) for name in (OURS, BARE)}
        self._make_role()
        self._app = self._wired(rows)

    def _client(self, service: str, config: Any = CONFIG) -> Any:
        return self._session.client(service, endpoint_url=self._endpoint, config=config)  # type: ignore[call-overload]

    def _store(self, prefix: str, rows: list[Environment]) -> DynamoStore:
        reads, commits = self._client("dynamodb"), self._client("dynamodb", COMMITS)
        store = DynamoStore(reads, create_tables(reads, prefix), commits=commits)
        for start in range(0, len(rows), _TAKEN):
            changes = [Put(row=row, expects=()) for row in rows[start : start + _TAKEN]]
            store.commit(changes, token=str(uuid4()))
        if prefix == OURS:
            for client in (reads, commits):
                client.meta.events.register("provide-client-params", self._note)
        return store

    def _make_role(self) -> None:
        everyone = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [everyone]})
        self._client("iam").create_role(RoleName=ROLE.rpartition("/")[2], AssumeRolePolicyDocument=policy)

    def _wired(self, rows: list[Environment]) -> App:
        sts = self._client("sts")
        sts.meta.events.register("provide-client-params", self._note)
        app = App({})
        app.store, app.credentials, app.snapshots = self._stores[OURS], StsCredentials(sts), MemorySnapshot(_of(rows))
        return app

    def _note(self, params: Mapping[str, Any], model: Any, **_: object) -> None:
        self._sent[-1].append((model.name, dict(params)))

    def next(self) -> dict[str, Any]:
        """A request; and what the handler sent last is made ready for the other tables, outside of what is timed."""
        while self._sent:
            self._ready.append([(name, _for_the_others(params)) for name, params in self._sent.popleft()])
        return _event()

    def handler(self, event: dict[str, Any]) -> None:
        """The function."""
        self._sent.append([])
        reply = http.respond(event, self._app, allocate.handle)
        if reply["statusCode"] != HTTPStatus.OK or len(self._sent[-1]) != _CALLS:
            raise RuntimeError(f"allocate answered {reply['statusCode']} after {len(self._sent[-1])} calls")

    def bare(self, _: dict[str, Any]) -> None:
        """What an earlier run of the handler sent, to the other tables, without anything around it."""
        for operation, params in self._ready.popleft():
            client = self._bare["sts" if operation == "AssumeRole" else "dynamodb"]
            getattr(client, xform_name(operation))(**params)


def _for_the_others(params: dict[str, Any]) -> dict[str, Any]:
    moved: dict[str, Any] = json.loads(json.dumps(params).replace(f'"{OURS}-', f'"{BARE}-'))
    return moved | ({"ClientRequestToken": str(uuid4())} if "ClientRequestToken" in moved else {})


def _row(number: int) -> Environment:
    now = datetime.now(UTC)
    key = EnvironmentKey(AccountId(f"{number:012}"), Region(REGION))
    registered = Registration(key=key, pool=POOL, roles={ADMIN: ROLE}, external_id="bench")
    return Environment(registered=registered, status=Status.FREE, since=now, freed_at=now - timedelta(hours=1))


def _of(rows: list[Environment]) -> Snapshot:
    rule = IamRule(name=RuleName("bench"), account=AccountId(HUB_ACCOUNT), pools=(POOL,), roles=("runner",))
    return Snapshot(
        environments=tuple(row.registered for row in rows),
        access=AccessRules(iam=(rule,)),
        settings=Settings(role_names=(ROLE.rpartition("/")[2],)),
    )


def _event() -> dict[str, Any]:
    """As the gateway sends it."""
    signed = {
        "accountId": HUB_ACCOUNT,
        "userArn": f"arn:aws:sts::{HUB_ACCOUNT}:assumed-role/runner/session",
        "accessKey": str(uuid4()),  # each is somebody else
    }
    return {
        "resource": "/allocations",
        "httpMethod": "POST",
        "headers": {"content-type": "text/plain"},
        "requestContext": {"identity": signed, "requestId": "bench"},
        "body": json.dumps({"pool": POOL, "requester": "bench"}),
    }


def allocating(pairs: int = PAIRS) -> Paired:
    """Start an embedded AWS, measure, stop it."""
    with tempfile.TemporaryDirectory() as scratch:
        emulator = Emulator(Path(scratch))
        emulator.start()
        try:
            bench = _Bench(emulator.endpoint, environments=pairs + WARM_UP + 1)
            with silence():
                bench.handler(_event())  # one ahead, so that each of both can be first in a pair
            return paired(bench.handler, bench.bare, bench.next, pairs)
        finally:
            emulator.stop()


def main() -> int:
    """Measure and print; the exit code says whether the bar is kept."""
    found = allocating()
    print(f"{found.handler:.2f} ms, bare {found.bare:.2f} ms: {found.ratio:.2f} (bar: {BAR})")
    return 0 if found.ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
