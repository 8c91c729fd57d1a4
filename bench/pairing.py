"""Times two ways of doing the same work in pairs, in changing order: what both share cancels out."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Work = TypeVar("Work")

PAIRS: Final = 300
WARM_UP: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Medians in milliseconds, and the median of what each pair's handler took over its bare calls."""

    handler: float
    bare: float
    ratio: float


def paired(
    handler: Callable[[Work], None], bare: Callable[[Work], None], work: Callable[[], Work], pairs: int = PAIRS
) -> Paired:
    """Both do work of their own each time; the first pairs warm up. What they print is written, but goes nowhere."""
    taken: dict[str, list[float]] = {"handler": [], "bare": []}
    ways = [("handler", handler), ("bare", bare)]
    with silence():
        for number in range(-WARM_UP, pairs):
            for name, way in ways if number % 2 else reversed(ways):
                milliseconds = _timed(way, work())
                if number >= 0:
                    taken[name].append(milliseconds)
    ratios = [ours / theirs for ours, theirs in zip(taken["handler"], taken["bare"], strict=True)]
    return Paired(handler=median(taken["handler"]), bare=median(taken["bare"]), ratio=median(ratios))


def _timed(way: Callable[[Work], None], work: Work) -> float:
    started = time.perf_counter()
    way(work)
    return (time.perf_counter() - started) * 1000


@contextmanager
def silence() -> Iterator[None]:
    """Everything printed goes nowhere, also through streams that were opened before."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(nowhere)
        os.close(kept)
