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
from atmosphere.ports import CleanupEnded, Unreachable

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.cleanup.engine import PassResult
    from atmosphere.cleanup.model import Assignment
    from atmosphere.contract import EventKind
    from atmosphere.ports import Reports
    from atmosphere.wiring import App

_KNOWN: Final = frozenset({STACK, *(entry.name for entry in CATALOGUE)})
_OTHER: Final = "other"


def tell(todo: Assignment, result: PassResult, *, since: datetime, now: datetime) -> None:
    """Count the verdict after which no further attempt follows. `since` is when cleaning began."""
    pool, tally = todo.registration.pool, result.counts
    if tally is None or todo.capture_only:
        return
    if result.verdict is Verdict.CLEAN:
        observability.seconds("TimeToClean", (now - since).total_seconds(), pool=pool)
    found = Counter[str]()
    for name, number in tally.found.items():
        found[name if name in _KNOWN else _OTHER] += number
    for name, number in sorted(found.items()):
        observability.count("Leftovers", number, type=name)
    observability.count("DeferredDebt", tally.deferred, pool=pool)
    observability.count("UnknownListings", tally.unknown, pool=pool)
    observability.line(
        "cleaned up after",
        requester=todo.requester,
        left=found.total(),
        pool=pool,
        environment=todo.key.path,
        allocation=todo.allocation,
        verdict=str(result.verdict),
    )


def announce(app: App, todo: Assignment, result: PassResult, kind: EventKind, reason: str | None) -> None:
    """Publish what the cleanup came to, best effort: what is committed stays so, whether anybody hears of it or not.

    A function that dies between its commit and this has told nobody, as the pass that repeats it is superseded. A
    repeated publication does no harm: it says again what the row said.
    """
    event = CleanupEnded(
        kind=kind,
        key=todo.key,
        pool=todo.registration.pool,
        allocation=todo.allocation,
        attempt=todo.attempt,
        reason=reason,
        requester=todo.requester,
        report=result.report_key,
        markdown=_markdown(app.reports, result.report_key, todo),
    )
    try:
        app.events.publish(event)
    except Unreachable as lost:
        observability.fault_line(
            "event not published", lost, environment=todo.key.path, allocation=todo.allocation, event=str(kind)
        )
        observability.count("EventNotPublished", kind=str(kind))


def _markdown(reports: Reports, key: str | None, todo: Assignment) -> str:
    """What the report says; an event without it still names the report."""
    try:
        content = reports.load(key) if key else None
    except Unreachable as unread:
        observability.fault_line("event without report", unread, environment=todo.key.path, allocation=todo.allocation)
        return ""
    return markdown(content) if isinstance(content, dict) else ""
