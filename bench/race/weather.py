"""Bad weather between the functions and AWS: a share of all calls fails, each in one of the ways in which AWS fails.

Every call is counted for the request that made it, told apart by the trace header that Lambda gives each invocation.
"""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from atmosphere.contract import FunctionName
from atmosphere.local.wire import Call, Fault, Harm, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from atmosphere.local.service import LocalService

COMMIT: Final = "dynamodb:TransactWriteItems"
KINDS: Final[dict[str, Fault]] = {
    "throttling": Fault(operation="", code="ThrottlingException", status=400),
    "time-out": Fault(operation="", harm=Harm.SILENT),
    "5xx": Fault(operation="", code="InternalServerError", status=500),
    "TransactionConflict": Fault(operation="", code="TransactionConflict", status=400),
    "access denied": Fault(operation="", code="AccessDeniedException", status=400),
    "reply lost": Fault(operation="", harm=Harm.REPLY_LOST),
}
_ONLY_COMMITS: Final = frozenset({"TransactionConflict"})
_TRACE: Final = "x-amzn-trace-id"

# Chosen, not derived: about twice the most that storms of up to 30 % came to (14, 6, 7, 4): a new round is seen.
# The worst that the code allows is far more: three tries of each read, two of a commit in each of its rounds.
BOUNDS: Final[dict[str, int]] = {
    FunctionName.ALLOCATE: 30,
    FunctionName.DEALLOCATE: 15,
    FunctionName.REFRESH: 15,
    FunctionName.HEARTBEAT: 10,
}


class Weather:
    """Answers the tap; `rate` is the share of calls that fail."""

    def __init__(self, rate: float, seed: int) -> None:
        self.rate = rate
        self.faults: Counter[str] = Counter()
        self._dice = random.Random(seed)  # noqa: S311 -- dice
        self._lock = threading.Lock()
        self._calls: defaultdict[tuple[str, str], int] = defaultdict(int)

    def __call__(self, call: Call, request: Request) -> Fault | None:
        """Count the call, and draw whether it fails, and how."""
        with self._lock:
            if trace := request.headers.get(_TRACE):
                self._calls[call.function, trace] += 1
            if self._dice.random() >= self.rate:
                return None
            kind = self._dice.choice([kind for kind in KINDS if kind not in _ONLY_COMMITS or call.operation == COMMIT])
            self.faults[kind] += 1
            return KINDS[kind]

    def calls(self) -> dict[str, Sequence[int]]:
        """How many calls each request of a function made."""
        counted: defaultdict[str, list[int]] = defaultdict(list)
        with self._lock:
            for (function, _), number in self._calls.items():
                counted[function].append(number)
        return dict(counted)


@contextmanager
def traced(service: LocalService) -> Iterator[None]:
    """Within the block each invocation has a trace header, which botocore sends with its calls."""
    _trace(service, "Active")
    try:
        yield
    finally:
        _trace(service, "PassThrough")


def _trace(service: LocalService, mode: str) -> None:
    functions: Any = service.hub.client("lambda")
    for name in service.description["functions"].values():
        functions.update_function_configuration(FunctionName=name, TracingConfig={"Mode": mode})
