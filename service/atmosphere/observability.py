"""One structured line for each decision, and metrics; only keys and dimensions that stand here can appear.

Nothing of a request is logged but what a line names: no events, headers, bodies, tokens or credentials, and of a fault
its type and where it happened, never its text.
"""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING, Final, TypedDict

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from atmosphere.contract import METRICS_NAMESPACE, NAME, SERVICE_VARIABLE, Metric

if TYPE_CHECKING:
    from typing import Unpack

    from atmosphere.core.model import Environment

_SERVICE: Final = os.environ.get(SERVICE_VARIABLE, NAME)
_logger: Final = Logger(service=_SERVICE, level=os.environ.get("ATMOSPHERE_LOG_LEVEL", "INFO"))


class Line(TypedDict, total=False):
    """Every key that a log line may have besides the logger's own."""

    requestId: str
    extendedRequestId: str
    route: str
    status: int
    code: str
    owner: str
    pool: str
    allocation: str
    environment: str
    attempt: int
    outcome: str
    milliseconds: int
    verdict: str
    reason: str
    rule: str
    claim: str
    unmatched: dict[str, str]
    issuer: str
    repositoryId: str
    runId: str
    phase: str
    event: str
    ended: int
    repairs: dict[str, int]
    applied: dict[str, int]
    snapshot: str
    fault: str
    where: list[str]
    requester: str
    left: int
    adopted: int


def line(message: str, /, **keys: Unpack[Line]) -> None:
    """Log one line; keys that are not in `Line` are dropped."""
    _logger.info(message, extra=_allowed(keys))


def fault_line(message: str, raised: BaseException, /, **keys: Unpack[Line]) -> None:
    """Log a fault by its type and the places it passed; its text may hold anything and stays out."""
    frames = traceback.extract_tb(raised.__traceback__)
    where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames[-8:]]
    _logger.error(message, extra=_allowed(keys) | {"fault": type(raised).__name__, "where": where})


def _allowed(keys: Line) -> dict[str, object]:
    return {name: value for name, value in keys.items() if name in Line.__annotations__ and value is not None}


def count(name: Metric, value: float = 1, *, unit: MetricUnit = MetricUnit.Count, **dimensions: str) -> None:
    """Emit one metric (embedded metric format) with the dimensions that `contract.METRICS` gives it.

    Their values are names of the configuration or members of closed sets, never anything that a requester chose.
    """
    metrics = Metrics(namespace=METRICS_NAMESPACE, service=_SERVICE)
    metrics.clear_metrics()
    for dimension, word in dimensions.items():
        metrics.add_dimension(name=dimension, value=word)
    metrics.add_metric(name=name, unit=unit, value=value)
    metrics.flush_metrics()


def role_refused(environment: Environment) -> None:
    """Log and count an environment whose role did not let the service in; the alarm of that name watches it."""
    line("role refused", environment=environment.key.path, pool=environment.registered.pool)
    count(Metric.ROLE_REFUSED)


def seconds(name: Metric, value: float, **dimensions: str) -> None:
    """Emit a duration as a metric, likewise."""
    count(name, value, unit=MetricUnit.Seconds, **dimensions)
