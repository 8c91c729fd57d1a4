"""Counts the AWS calls behind docs/costs.md on the wire: `python -m bench.spending` writes bench/calls.json.

Only calls that somebody pays for by the call in the service's account are kept: of the functions' own roles, in the
services that `bench.prices` has a price for. What a cleanup calls in the environment's account lists and deletes.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atmosphere.contract import MEASURE, FunctionName
from atmosphere.core.model import AccountId, EnvironmentKey, Region, Status
from atmosphere.local.service import LocalService
from atmosphere.local.tap import SNAPSHOT_READ
from bench.counting import add_pool, client, counting, measure

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE: Final = Path(__file__).with_name("calls.json")
SETTINGS: Final = {"verify_gap_seconds": "0", "clock_skew_seconds": "0"}
_PRICED: Final = ("dynamodb:", "s3:", "events:", "sns:")
ACTS: Final = {
    "allocate with a key": "allocate",
    "refresh": "refresh",
    "deallocate": "deallocate",
    "allocate, 423": "ask",
}
"""The acts that are requests, by the verbs of `bench.counting`."""
_POOL: Final = "demo"
_LIMIT: Final = 300.0  # seconds


def count_calls(service: LocalService) -> dict[str, dict[str, int]]:
    """The priced calls of each act, by operation."""
    half, full = measure(service, 10, 5), measure(service, 10, 9)
    verbs = {count.verb: count.calls for count in (*half, *full)}
    found = {
        **{act: verbs[verb] for verb, act in ACTS.items()},
        "minute": _invoked(service, {}),
        "measure": _invoked(service, {"do": MEASURE}),
        "cleanup": _cleaned(service),
    }
    return {act: priced(calls) for act, calls in found.items()}


def priced(calls: Mapping[str, int]) -> dict[str, int]:
    """Those with a price, sorted."""
    return {name: calls[name] for name in sorted(calls) if name.startswith(_PRICED)}


def _invoked(service: LocalService, event: dict[str, str]) -> Counter[str]:
    """One run of the reconciler."""
    name = service.description["functions"]["reconcile"]
    with service.quiet(), counting(service, FunctionName.RECONCILE) as calls:
        service.hub.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    return calls


def _cleaned(service: LocalService) -> Counter[str]:
    """The cleanup of an environment in which nothing was left, with the role of its function."""
    runner, store = client(service), service.store()
    granted = runner.allocate(_POOL, requester="bench", wait_seconds=60)
    key = EnvironmentKey(AccountId(granted.environment.account), Region(granted.environment.region))
    deadline = time.monotonic() + _LIMIT
    with service.quiet():
        service.tap.reset()
        runner.deallocate(granted.id)
        while (row := store.environment(key)) is None or row.status is not Status.FREE:
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing came of it in {_LIMIT:.0f} s: look at the local service's log")
            time.sleep(0.2)
        _settled(service)
    found: Counter[str] = Counter()
    for call, number in service.tap.calls().items():
        if call.function == FunctionName.CLEANUP and call.operation != SNAPSHOT_READ:
            found[call.operation] += number
    return found


def _settled(service: LocalService) -> None:
    """The pass has told what it did, which comes after the environment is free."""
    seen = -1
    while seen != (total := service.tap.calls().total()):
        seen = total
        time.sleep(1)


def main() -> int:
    """Count and write."""
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch) / "config"
        shutil.copytree(FILE.parent.parent / "config", config)
        add_pool(config)
        with LocalService(config, settings=SETTINGS) as service:
            FILE.write_text(json.dumps(count_calls(service), indent=2) + "\n")
    print(FILE.read_text(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
