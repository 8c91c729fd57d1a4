"""The order within a round: what waits for nothing first, and what others stand in or need after them.

Only a hint that saves refusals. What AWS takes minutes for is begun first; what AWS needs for it until it is gone, as
identities and keys, waits for it.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from atmosphere.cleanup.catalogue import type_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from atmosphere.cleanup.catalogue.base import Stage
    from atmosphere.cleanup.model import Resource


def waves(items: Iterable[Resource]) -> Iterator[tuple[Stage, list[Resource]]]:
    """The items of each stage in turn, within a stage those first that others come after."""
    by_type: dict[str, list[Resource]] = {}
    for item in items:
        by_type.setdefault(item.type, []).append(item)
    ranks = {name: (type_of(name).stage, _depth(name, by_type.keys(), frozenset())) for name in by_type}
    for (stage, _), names in groupby(sorted(by_type, key=lambda name: (ranks[name], name)), key=ranks.__getitem__):
        yield stage, [item for name in names for item in by_type[name]]


def _depth(name: str, present: Iterable[str], above: frozenset[str]) -> int:
    """How many waves of its stage come before it; who waits in a circle waits for nobody."""
    entry = type_of(name)
    first = [
        other
        for other in entry.after
        if other in present and other not in above and other != name and type_of(other).stage is entry.stage
    ]
    return 1 + max((_depth(other, present, above | {name}) for other in first), default=-1)
