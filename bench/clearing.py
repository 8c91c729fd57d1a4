"""Times the engine on thousands of leftovers against a plain script that lists, deletes and looks twice again.

Both run as a process of their own (`python -m bench.clearing WAY`) on the same embedded AWS, freshly filled each time,
with as many threads. The script calls the catalogue's own operations, so that what is compared is all that the engine
adds: the ledger, the baseline, the guard, the journal, the order, the rate limits, the report. What a process needs to
start is not counted, the making of its clients is.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

import boto3

from atmosphere.adapters.s3 import S3Objects, S3Texts
from atmosphere.adapters.system import SystemClock
from atmosphere.cleanup.aws.accounts import Accounts
from atmosphere.cleanup.aws.sessions import Clients
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.base import Scope
from atmosphere.cleanup.engine import run_pass
from atmosphere.cleanup.limits import Limits
from atmosphere.cleanup.model import GLOBAL, Assignment, PassState, Resource, Verdict
from atmosphere.core.model import (
    ADMIN,
    AccountId,
    AllocationId,
    EnvironmentKey,
    PoolName,
    Region,
    Registration,
    RoleArn,
)
from atmosphere.core.settings import Settings
from atmosphere.local.emulator import HUB_ACCOUNT, REGION, Emulator
from atmosphere.local.lacking import LACKING
from bench.leftovers import KINDS, leave, policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.aws.sessions import Session
    from atmosphere.cleanup.catalogue.base import ResourceType

OF_EACH: Final = 50
REPEATS: Final = 3
BAR: Final = 1.5
MEMORY_BAR: Final = 512  # MB
_ACCOUNT: Final = AccountId("222222222222")
_HOME: Final = Region(REGION)
_ROLE: Final = RoleArn(f"arn:aws:iam::{_ACCOUNT}:role/AtmosphereAdmin")
_KEEP: Final = "kept-by-the-bench"
_BUDGET: Final = timedelta(minutes=4)
_ROUNDS: Final = 50
_LONGEST: Final = 1800  # seconds that a process may take
WAYS: Final = ("script", "engine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one way took: wall time and processor time of its process in seconds, AWS calls, and its memory in MB."""

    seconds: float
    processor: float
    calls: int
    memory: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """The shortest run of each way, with the most memory of any, and the one over the other."""

    leftovers: int
    types: int
    engine: Run
    script: Run
    ratio: float


_BUILT_IN: Final = ("AWS::Bedrock::ApplicationInferenceProfile",)
"""The embedded AWS lists profiles of its own as an application's; the engine knows them by its baseline."""

# --- the two ways -----------------------------------------------------------------------------------------------------


class _Counted(Accounts):
    """Accounts whose calls are counted."""

    def __init__(self) -> None:
        super().__init__(_root(HUB_ACCOUNT))
        self._lock = Lock()
        self.calls = 0

    def session(self, clients: Clients, keys: Mapping[str, str]) -> Session:
        """See `Accounts`."""
        session = super().session(clients, keys)
        session.register("before-send", self._count)
        return session

    def _count(self, **_: Any) -> None:
        with self._lock:
            self.calls += 1


class _Bare:
    """Clients without a guard and without rate limits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def client(self, service: str, _: Region) -> Any:
        """The client of a service."""
        return self._session.client(service, _HOME)


def _by_script(accounts: _Counted) -> None:
    keys: Any = _root(HUB_ACCOUNT).client("sts").assume_role(RoleArn=_ROLE, RoleSessionName="script")["Credentials"]
    account = cast("Account", _Bare(accounts.session(Clients("script"), keys)))
    types = {entry.name: entry for entry in CATALOGUE if entry.name not in LACKING}
    with ThreadPoolExecutor(Limits().workers) as threads:

        def look() -> list[Resource]:
            answers = threads.map(partial(_listed, account), types.values())
            found = [item for answer in answers for item in answer]
            return [item for item in found if item.id != _NAME and item.type not in _BUILT_IN]

        deletions = [threads.submit(types[item.type].delete, account, item.region, item.id, _never) for item in look()]
        for deletion in deletions:
            deletion.result()
        left = look() + look()
    if left:
        raise RuntimeError(f"the script left {len(left)} behind, first {left[0]}")


def _listed(account: Account, entry: ResourceType) -> list[Resource]:
    region = GLOBAL if entry.scope is Scope.GLOBAL else _HOME
    return [Resource(entry.name, found.id, region) for found in entry.list(account, region)]


def _never() -> None:
    """Nothing stops the script."""


def _by_engine(accounts: _Counted, *, capture: bool = False) -> None:
    clock = SystemClock()
    store = S3Texts(S3Objects(_root(HUB_ACCOUNT).client("s3"), _KEEP))
    state = PassState()
    for _ in range(_ROUNDS):
        result = run_pass(
            _assignment(capture=capture),
            state,
            aws=accounts,
            store=store,
            clock=clock,
            beat=lambda: None,
            budget=_BUDGET,
        )
        if result.verdict is Verdict.CLEAN:
            return
        if result.verdict is not Verdict.AGAIN:
            raise RuntimeError(f"{result.verdict}: {result.reason}: {store.get(result.report_key or '')}")
        clock.sleep(result.wait)
        state = result.state
    raise RuntimeError("the engine comes to no end")


def _assignment(*, capture: bool) -> Assignment:
    registration = Registration(key=EnvironmentKey(_ACCOUNT, _HOME), pool=PoolName("bench"), roles={ADMIN: _ROLE})
    now = datetime.now(UTC)
    return Assignment(
        allocation=AllocationId("capture" if capture else "leftovers"),
        key=registration.key,
        attempt=1,
        registration=registration,
        roles_used=(),
        started=None if capture else now - timedelta(hours=1),
        deadline=now + timedelta(hours=1),
        capture_only=capture,
        sweep_globals=True,
        settings=Settings(role_names=(_NAME,), verify_gap=timedelta(0), clock_skew=timedelta(0), skipped_types=LACKING),
        service_account=AccountId(HUB_ACCOUNT),
    )


_NAME: Final = _ROLE.rpartition("/")[2]


def _root(account: str) -> boto3.Session:
    return boto3.Session(aws_access_key_id=account, aws_secret_access_key="test", region_name=REGION)  # noqa: S106


# --- measuring --------------------------------------------------------------------------------------------------------


def clearing(of_each: int = OF_EACH, repeats: int = REPEATS) -> Cleared:
    """Start an embedded AWS, fill and clear it again and again, stop it."""
    with tempfile.TemporaryDirectory() as scratch:
        emulator = Emulator(Path(scratch))
        emulator.start()
        try:
            pairs = [
                {way: _measured(emulator, way, of_each) for way in (WAYS if turn % 2 else WAYS[::-1])}
                for turn in range(repeats)
            ]
        finally:
            emulator.stop()
    best = {way: min((pair[way] for pair in pairs), key=lambda run: run.seconds) for way in WAYS}
    return Cleared(
        leftovers=of_each * len(KINDS),
        types=len(KINDS),
        engine=replace(best["engine"], memory=max(pair["engine"].memory for pair in pairs)),
        script=best["script"],
        ratio=best["engine"].seconds / best["script"].seconds,
    )


def _measured(emulator: Emulator, way: str, of_each: int) -> Run:
    emulator.reset()
    with _towards(emulator.endpoint):
        _furnish()
        _by_engine(_Counted(), capture=True)
        session: Any = _root(_ACCOUNT)
        clients = {kind.service: session.client(kind.service) for kind in KINDS}
        leave(clients.__getitem__, of_each)
        done = subprocess.run(
            [sys.executable, "-m", "bench.clearing", way],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=_LONGEST,
        )
    run = Run(**json.loads(done.stdout))
    print(f"{way}: {run}", file=sys.stderr)
    return run


def _furnish() -> None:
    """The environment's account with its role, and the service's bucket."""
    _root(HUB_ACCOUNT).client("s3").create_bucket(Bucket=_KEEP)
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HUB_ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam = _root(_ACCOUNT).client("iam")
    iam.create_role(RoleName=_NAME, AssumeRolePolicyDocument=policy(trust))
    iam.put_role_policy(RoleName=_NAME, PolicyName="permissions", PolicyDocument=policy(allow))


@contextmanager
def _towards(endpoint: str) -> Iterator[None]:
    """Every client made within goes to this endpoint, also those of processes begun within."""
    os.environ["AWS_ENDPOINT_URL"] = endpoint
    try:
        yield
    finally:
        del os.environ["AWS_ENDPOINT_URL"]


def _memory() -> float:
    """The most memory that this process had, in MB; `getrusage` tells of the process that started it, too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024)  # macOS counts bytes
    [peak] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(peak.split()[1]) / 1024


def main(arguments: Sequence[str]) -> None:
    """Clear the account one way, and print what it took."""
    accounts = _Counted()
    started, processor = time.perf_counter(), time.process_time()
    {"engine": _by_engine, "script": _by_script}[arguments[0]](accounts)
    run = Run(
        seconds=time.perf_counter() - started,
        processor=time.process_time() - processor,
        calls=accounts.calls,
        memory=_memory(),
    )
    print(json.dumps(asdict(run)))


if __name__ == "__main__":
    main(sys.argv[1:])
