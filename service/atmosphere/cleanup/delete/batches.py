"""The order in which leftovers are tried: stage after stage, and within a stage what others wait for first."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from atmosphere.cleanup.catalogue import type_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from atmosphere.cleanup.catalogue.base import Stage
    from atmosphere.cleanup.model import Resource


def batches(items: Iterable[Resource]) -> Iterator[tuple[Stage, list[Resource]]]:
    """The items of each stage in turn; within a stage, types that others wait for come first.

    The order only saves refusals. What AWS takes minutes for starts first. What AWS needs until something else is gone,
    such as identities and keys, comes last.
    """
    by_type: dict[str, list[Resource]] = {}
    for item in items:
        by_type.setdefault(item.type, []).append(item)
    ranks = {name: (type_of(name).stage, _depth(name, by_type.keys(), frozenset())) for name in by_type}
    for (stage, _), names in groupby(sorted(by_type, key=lambda name: (ranks[name], name)), key=ranks.__getitem__):
        yield stage, [item for name in names for item in by_type[name]]


def _depth(name: str, present: Iterable[str], above: frozenset[str]) -> int:
    """How many batches of its stage come before it; a circle of types waits for nothing."""
    entry = type_of(name)
    first = [
        other
        for other in entry.after
        if other in present and other not in above and other != name and type_of(other).stage is entry.stage
    ]
    return 1 + max((_depth(other, present, above | {name}) for other in first), default=-1)
