"""Times an empty environment from its release until it is free, against the same state machine around an empty pass.

The stand-in is a second state machine of the deployed definition whose function answers what a cleanup of an empty
environment answers: wait a second, then done. So what is left of the difference is what the two passes do, and the
waiting between them, which settings decide, is in both. Calls to AWS are counted on the wire meanwhile.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4
from zipfile import ZipFile

from atmosphere.contract import FunctionName
from atmosphere.core.model import AccountId, EnvironmentKey, Region, Status
from bench.counting import client
from bench.leftovers import policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.local.service import LocalService

POOL: Final = "demo"
SETTINGS: Final = {"verify_gap_seconds": "0", "clock_skew_seconds": "0"}
BAR: Final = 2.0  # seconds
REPEATS: Final = 12
_NAME: Final = "bench-empty-pass"
_LIMIT: Final = 120.0  # seconds
_POLL: Final = 0.05  # seconds; whoever looks more often takes its time from what it watches
_DOES_NOTHING: Final = """
def handler(event, context):
    again = not event.get("state")
    return {**event, "state": {"number": 1}, "next": "wait" if again else "done", "waitSeconds": 1}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnaround:
    """The shortest of several, in seconds, and the AWS calls of the last cleanup by operation.

    `load` is the machine's load average before: these times suffer from whatever else runs.
    """

    release: float
    empty: float
    calls: Counter[str]
    load: float

    @property
    def over(self) -> float:
        """What the passes took beyond those that do nothing."""
        return self.release - self.empty


def turnaround(service: LocalService, repeats: int = REPEATS) -> Turnaround:
    """Release and start the stand-in in turn; the first time of each warms up."""
    stand_in, load = _StandIn(service), os.getloadavg()[0]
    released, passed = [], []
    for _ in range(repeats + 1):
        passed.append(stand_in.run())
        seconds, calls = _release(service)
        released.append(seconds)
    return Turnaround(release=min(released[1:]), empty=min(passed[1:]), calls=calls, load=load)


def _release(service: LocalService) -> tuple[float, Counter[str]]:
    runner, store = client(service), service.store()
    granted = runner.allocate(POOL, requester="bench", wait_seconds=0)
    environment = granted.environment
    key = EnvironmentKey(AccountId(environment.account), Region(environment.region))

    def is_free() -> bool:
        row = store.environment(key)
        return row is not None and row.status is Status.FREE

    service.tap.reset()
    started = time.perf_counter()
    runner.deallocate(granted.id)
    _until(is_free)
    return time.perf_counter() - started, _of_cleaning(service)


def _of_cleaning(service: LocalService) -> Counter[str]:
    """What the cleanup's function called, as itself and with the sessions that it made."""
    calls: Counter[str] = Counter()
    for call, number in service.tap.calls().items():
        if call.function in ("", str(FunctionName.CLEANUP)):
            calls[call.operation] += number
    return calls


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LIMIT
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing came of it in {_LIMIT:.0f} s: look at the local service's log")
        time.sleep(_POLL)


class _StandIn:
    """The deployed state machine's definition around a function that does nothing."""

    def __init__(self, service: LocalService) -> None:
        self._states: Any = _untyped(service, "stepfunctions")
        deployed = self._states.describe_state_machine(stateMachineArn=service.description["stateMachine"])
        definition = json.loads(deployed["definition"])
        definition["States"]["Pass"]["Parameters"]["FunctionName"] = _function(service)
        self._machine = self._states.create_state_machine(
            name=_NAME, definition=json.dumps(definition), roleArn=_role(service, "states", "lambda:InvokeFunction")
        )["stateMachineArn"]

    def run(self) -> float:
        """How long one execution takes."""
        order = {"allocation": str(uuid4()), "account": "1", "region": "r", "attempt": 1}
        started = time.perf_counter()
        execution = self._states.start_execution(stateMachineArn=self._machine, input=json.dumps(order))
        _until(lambda: self._has_ended(execution["executionArn"]))
        return time.perf_counter() - started

    def _has_ended(self, execution: str) -> bool:
        status = self._states.describe_execution(executionArn=execution)["status"]
        if status not in ("RUNNING", "SUCCEEDED"):
            raise RuntimeError(f"the stand-in's execution ended as {status}")
        return bool(status == "SUCCEEDED")


def _function(service: LocalService) -> str:
    functions = service.hub.client("lambda")
    archive = BytesIO()
    with ZipFile(archive, "w") as files:
        files.writestr("index.py", _DOES_NOTHING)
    like = functions.get_function_configuration(FunctionName=service.description["functions"][FunctionName.CLEANUP])
    made = functions.create_function(
        FunctionName=_NAME,
        Runtime=like["Runtime"],
        Handler="index.handler",
        Role=_role(service, "lambda", "logs:*"),
        Code={"ZipFile": archive.getvalue()},
        MemorySize=like["MemorySize"],
        Timeout=like["Timeout"],
    )
    return made["FunctionArn"]


def _role(service: LocalService, of: str, action: str) -> str:
    iam = service.hub.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": f"{of}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": action, "Resource": "*"}
    name = f"{_NAME}-{of}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(allow))
    return arn


def _untyped(service: LocalService, name: str) -> Any:
    untyped: Any = service.hub.client
    return untyped(name)
