"""The wire tap: the entrance through which the Lambdas reach the embedded AWS.

It counts AWS calls by operation and function, and it injects what no emulator answers: throttling, TransactionConflict,
faults of the service, silence, and a reply that is lost after its effect.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from atmosphere.local.entrance import Entrance
from atmosphere.local.wire import Call, Fault, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    Weather: TypeAlias = Callable[[Call, Request], Fault | None]

SNAPSHOT_READ: Final = "dynamodb:GetItem of the snapshot"
"""Once a container, counted apart: no count depends on which container it met."""


class Tap(Entrance):
    """An entrance that counts the calls of the functions, and makes those fail that a test names."""

    def __init__(self, upstream_port: int) -> None:
        super().__init__(upstream_port)
        self._lock = threading.Lock()
        self._calls: Counter[Call] = Counter()
        self._faults: list[Fault] = []
        self._functions: dict[str, str] = {}
        self._snapshots = b""
        self._weather: Weather | None = None

    def name_functions(self, functions: Mapping[str, str], *, snapshots: str) -> None:
        """Tell which function (value) signs with which access key id (key), and the name of the snapshots' table."""
        with self._lock:
            self._functions = dict(functions)
            self._snapshots = snapshots.encode()

    def calls(self) -> Counter[Call]:
        """The calls seen since the last `reset`, refused and lost ones included."""
        with self._lock:
            return Counter(self._calls)

    def reset(self) -> None:
        """Forget the calls and the faults."""
        with self._lock:
            self._calls.clear()
            self._faults.clear()

    def inject(self, fault: Fault) -> None:
        """Make calls fail from now on; faults for the same call are used up in the order of their injection."""
        with self._lock:
            self._faults.append(fault)

    def expose(self, weather: Weather | None) -> None:
        """Show every call that no injected fault hits to `weather`, which may answer with a fault; None ends it."""
        with self._lock:
            self._weather = weather

    def pending(self) -> tuple[Fault, ...]:
        """The faults that have not happened yet, `times` being what is left of them."""
        with self._lock:
            return tuple(self._faults)

    def _record(self, request: Request) -> Fault | None:
        with self._lock:
            call = Call(self._operation(request), self._functions.get(request.access_key, ""))
            self._calls[call] += 1
            for place, fault in enumerate(self._faults):
                if fault.hits(call):
                    self._faults[place : place + 1] = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                    return fault
            weather = self._weather
        return weather(call, request) if weather is not None else None

    def _operation(self, request: Request) -> str:
        named = request.operation
        ours = named == "dynamodb:GetItem" and self._snapshots and self._snapshots in request.body
        return SNAPSHOT_READ if ours else named
