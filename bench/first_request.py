"""Times the first request of a container, in turn with the revision before starts were shortened (ADR 0024).

Each revision runs its own local service. Functions answer one request in a process of their own, with the environment
variables and the asset that they are deployed with; CPU counts from the event to the reply, after the import. The five
of a caller's allocation take turns: allocate, refresh, heartbeat, query, deallocate. Alone:
`python -m bench.first_request`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import boto3

from atmosphere.contract import FunctionName
from atmosphere.core.model import Status
from atmosphere.local.callers import client_of
from bench.coldstart import of_lambda
from bench.revisions import BEFORE_SHORT_STARTS, ROOT, environment, local_service, tree_of
from bench.turnaround import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BAR: Final = 0.5
ROUNDS: Final = 7
CALLS: Final[Mapping[FunctionName, tuple[str, str]]] = {
    FunctionName.ALLOCATE: ("POST", "/allocations"),
    FunctionName.REFRESH: ("POST", "/allocations/{id}/credentials"),
    FunctionName.HEARTBEAT: ("POST", "/allocations/{id}/heartbeat"),
    FunctionName.QUERY: ("GET", "/allocations/{id}"),
    FunctionName.DEALLOCATE: ("DELETE", "/allocations/{id}"),
}
_POOL: Final = "demo"
_BODIES: Final[Mapping[FunctionName, Mapping[str, object]]] = {
    FunctionName.ALLOCATE: {"pool": _POOL, "requester": "bench", "heartbeatSeconds": 600},
    FunctionName.DEALLOCATE: {"outcome": "success"},
}
_ASSETS: Final = """
import json
from atmosphere.contract import FUNCTIONS
from infra import assets
from infra.target import Target
print(json.dumps({str(one.name): str(assets.build(one.services, Target.HOST).directory) for one in FUNCTIONS
                  if str(one.name) in NAMES}))
"""
_FIRST: Final = """
import json, os, sys, time
from atmosphere.handlers import MODULE as function
event = json.load(sys.stdin)
begun = time.process_time()
reply = function.handler(event, None)
used = time.process_time() - begun
print(json.dumps([used, reply["statusCode"], reply["body"]]), flush=True)
os._exit(0)
"""
_LIMIT: Final = 120.0  # seconds until an environment is free again
_POLL: Final = 0.2
_GOOD: Final = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRequest:
    """Medians of CPU milliseconds of a function's first request, of this revision and of the earlier one."""

    function: FunctionName
    now: float
    earlier: float

    @property
    def ratio(self) -> float:
        """How much of the earlier time is left."""
        return self.now / self.earlier


class _Side:
    """One revision with its local service."""

    def __init__(self, tree: Path, description: Mapping[str, Any]) -> None:
        self._description = description
        self._operator = client_of(description, "operator")
        self._assets = _assets(tree)
        self._own = {"AWS_ACCESS_KEY_ID": description["account"], "AWS_ENDPOINT_URL": description["awsEndpoint"]}
        functions = boto3.client(
            "lambda",
            endpoint_url=description["awsEndpoint"],
            region_name=description["region"],
            aws_access_key_id=description["account"],
            aws_secret_access_key="test",  # noqa: S106 the embedded AWS looks at no secret
        )
        self._variables = {
            name: functions.get_function_configuration(FunctionName=description["functions"][name])["Environment"][
                "Variables"
            ]
            for name in CALLS
        }

    def round(self) -> dict[FunctionName, float]:
        """The milliseconds of each function's first request, of one allocation from its beginning to its end."""
        taken, allocation = {}, ""
        for name in CALLS:
            taken[name], reply = self._first(name, allocation)
            allocation = allocation or reply["id"]
        self._until_free()
        return taken

    def _first(self, name: FunctionName, allocation: str) -> tuple[float, dict[str, Any]]:
        run = subprocess.run(
            [sys.executable, "-S", "-c", _FIRST.replace("MODULE", name.value)],
            env=of_lambda(self._assets[name], **self._own, **self._variables[name]),
            input=json.dumps(self._event(name, allocation)),
            capture_output=True,
            text=True,
            check=True,
        )
        used, status, body = json.loads(run.stdout.splitlines()[-1])
        if status not in _GOOD:
            raise RuntimeError(f"{name} answered {status}: {body}")
        return used * 1000, json.loads(body)

    def _event(self, name: FunctionName, allocation: str) -> dict[str, Any]:
        """As the gateway sends it for a signed request."""
        method, resource = CALLS[name]
        account = self._description["account"]
        signed = {
            "accountId": account,
            "userArn": f"arn:aws:sts::{account}:assumed-role/runner/bench",
            "accessKey": str(uuid4()),
        }
        return {
            "resource": resource,
            "httpMethod": method,
            "headers": {"content-type": "application/json"},
            "pathParameters": {"id": allocation} if allocation else None,
            "requestContext": {"identity": signed, "requestId": "bench"},
            "body": json.dumps(_BODIES[name]) if name in _BODIES else None,
        }

    def _until_free(self) -> None:
        deadline = time.monotonic() + _LIMIT
        while not all(one.status == Status.FREE for one in self._operator.environments() if one.pool == _POOL):
            if time.monotonic() > deadline:
                raise TimeoutError(f"an environment is not free after {_LIMIT:.0f} s: look at the local service's log")
            time.sleep(_POLL)


def _assets(tree: Path) -> dict[str, str]:
    names = [name.value for name in CALLS]
    paths = os.pathsep.join([str(tree / "service"), str(tree)])
    run = subprocess.run(
        [sys.executable, "-c", _ASSETS.replace("NAMES", repr(names))],
        cwd=tree,
        env=environment(tree) | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(run.stdout)
    return found


def first_requests(rounds: int = ROUNDS) -> list[FirstRequest]:
    """Start both services, measure in turn, stop them; the first round of each warms the disk."""
    with (
        tree_of(BEFORE_SHORT_STARTS) as tree,
        local_service(ROOT, SETTINGS) as here,
        local_service(tree, SETTINGS) as there,
    ):
        now, earlier = _Side(ROOT, here), _Side(tree, there)
        pairs = [(now.round(), earlier.round()) for _ in range(rounds + 1)][1:]
    return [
        FirstRequest(
            function=name,
            now=median(ours[name] for ours, _ in pairs),
            earlier=median(theirs[name] for _, theirs in pairs),
        )
        for name in CALLS
    ]


def table(found: list[FirstRequest]) -> str:
    """The figures as Markdown."""
    rows = "\n".join(
        f"| {one.function} | {one.now:.0f} | {one.earlier:.0f} | {one.ratio:.2f} | {BAR} |" for one in found
    )
    return f"""
## The first request after a start

CPU milliseconds from the event to the reply, against revision {BEFORE_SHORT_STARTS}, which made its clients then.
Both run beside their own embedded AWS, in turn, in processes of their own; medians of {ROUNDS}.

| function | ms | at {BEFORE_SHORT_STARTS}, ms | ratio | bar |
| --- | ---: | ---: | ---: | ---: |
{rows}
"""


def main() -> int:
    """Print the table; the exit code says whether all bars are kept."""
    found = first_requests()
    print(table(found))
    return 0 if all(one.ratio <= BAR for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
