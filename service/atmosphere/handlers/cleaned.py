"""What is told of a cleanup that came to a verdict: how long it took, and who left what behind.

By type as metrics, by requester as log lines: a requester is free text, and each value of a dimension is a metric of
its own. Types that the catalogue does not know count as `other`: templates name those.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from atmosphere import observability
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.model import Verdict
from atmosphere.cleanup.stacks import STACK

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.cleanup.model import Assignment, PassResult

_KNOWN: Final = frozenset({STACK, *(entry.name for entry in CATALOGUE)})
_OTHER: Final = "other"


def tell(todo: Assignment, result: PassResult, *, since: datetime, now: datetime) -> None:
    """Count the verdict after which no further attempt follows. `since` is when cleaning began."""
    pool, tally = todo.registration.pool, result.tally
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
