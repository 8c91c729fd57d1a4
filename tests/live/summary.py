"""The last lines of a run: what each test was reserved, what was measured, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.live.budget import Budget


def summary(budget: Budget, figures: Sequence[str], left: Sequence[str], ledger: Path) -> Iterator[str]:
    """One line each."""
    for test, cost in budget.reserved.items():
        yield f"{cost:.6f} USD  {test}"
    for test, cost in budget.refused.items():
        yield f"not run, over the budget: {test} ({cost:.6f} USD)"
    yield f"estimated cost: {budget.spent:.6f} USD of at most {budget.limit} USD"
    yield from (f"measured: {figure}" for figure in figures)
    yield from (f"left: {thing}" for thing in left)
    yield (
        f"left: nothing; all that {ledger} lists is gone"
        if not left
        else (f"{len(left)} left: run `python -m tests.live.leave`")
    )
