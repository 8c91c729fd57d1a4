"""What is told of a cleanup that came to a verdict: how long it took, who left what behind, and an event.

By type as metrics, by requester as log lines: a requester is free text, and each value of a dimension is a metric of
its own. Types that the catalogue does not know count as `other`: templates name those.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from atmosphere import observability
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.model import STACK, Verdict
from atmosphere.cleanup.report.markdown import markdown
from atmosphere.contract import Metric
from atmosphere.core.events import EnvironmentEvent, verdict_id
from atmosphere.handlers.announcing import publish, read_report

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.cleanup.engine import PassResult
    from atmosphere.cleanup.model import Assignment
    from atmosphere.core.events import EventKind
    from atmosphere.wiring import App

_KNOWN: Final = frozenset({STACK, *(entry.name for entry in CATALOGUE)})
_OTHER: Final = "other"


def tell(todo: Assignment, result: PassResult, *, since: datetime, now: datetime) -> None:
    """Count the verdict after which no further attempt follows. `since` is when cleaning began."""
    pool, tally = todo.registration.pool, result.counts
    if tally is None or todo.capture_only:
        return
    if result.verdict is Verdict.CLEAN:
        taken = (now - since).total_seconds()
        observability.seconds(Metric.TIME_TO_CLEAN, taken, pool=pool)
        observability.seconds(Metric.TIME_TO_CLEAN_ALL, taken)  # an alarm cannot search over pools
    found = Counter[str]()
    for name, number in tally.found.items():
        found[name if name in _KNOWN else _OTHER] += number
    for name, number in sorted(found.items()):
        observability.count(Metric.LEFTOVERS, number, type=name)
    observability.count(Metric.DEFERRED, tally.deferred, pool=pool)
    observability.count(Metric.UNKNOWN, tally.unknown, pool=pool)
    observability.line(
        "cleaned up after",
        requester=todo.requester,
        left=found.total(),
        pool=pool,
        environment=todo.key.path,
        allocation=todo.allocation,
        verdict=str(result.verdict),
    )


def announce(app: App, todo: Assignment, result: PassResult, kind: EventKind) -> None:
    """Publish what a clean environment has become, best effort: no row says whether this was done."""
    content = read_report(app.reports, result.report_key)
    event = EnvironmentEvent(
        kind=kind,
        id=verdict_id(kind, todo.key, todo.allocation, todo.attempt),
        at=app.clock.now(),
        key=todo.key,
        pool=todo.registration.pool,
        allocation=todo.allocation,
        attempt=todo.attempt,
        reason=result.reason,
        requester=todo.requester,
        report=result.report_key,
        markdown=markdown(content) if content else "",
    )
    publish(app, event)
