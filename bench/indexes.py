"""What writes of a life cycle cost each index, in DynamoDB's write units: the rule, and what was counted by it.

An item that enters an index, leaves it or changes in it costs one unit, and one whose key changes costs two, because it
is deleted and put (a row is below 1 KB). `tests/bench/test_scaling.py` drives the real operations, and compares what
they write with `COUNTED`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from atmosphere.contract import BY_REQUESTER, BY_RUN, BY_STATUS, BY_WAKE, Index, TableKeys

if TYPE_CHECKING:
    from collections.abc import Mapping


class Act(StrEnum):
    """What happens to an environment, or what a caller asks."""

    ALLOCATE = "allocate"
    HEARTBEAT = "heartbeat"
    DEALLOCATE = "deallocate"
    BEAT = "beat"
    """A cleanup says that it is alive."""
    FREE = "free"
    ASK = "ask"
    """A caller in line asks again, and gets 423."""
    TURNED_AWAY = "turned away"
    """A caller for whom the line has no room asks."""
    DUE = "due"
    """A holder died: the reconciler ends its allocation."""


COUNTED: Final[dict[Act, dict[str, int]]] = {
    Act.ALLOCATE: {BY_STATUS.name: 2, BY_WAKE.name: 1, BY_RUN.name: 1, BY_REQUESTER.name: 1},
    Act.HEARTBEAT: {BY_STATUS.name: 1, BY_WAKE.name: 2},
    Act.DEALLOCATE: {BY_STATUS.name: 2, BY_WAKE.name: 2, BY_RUN.name: 1, BY_REQUESTER.name: 1},
    Act.BEAT: {BY_STATUS.name: 1, BY_WAKE.name: 2},
    Act.FREE: {BY_STATUS.name: 2, BY_WAKE.name: 1},
    Act.ASK: {},
}
"""Write units of each index for one act on one environment; `by_mark` is written by deployments only."""
IN_TABLE: Final = {Act.ALLOCATE: 1, Act.HEARTBEAT: 1, Act.DEALLOCATE: 1, Act.BEAT: 1, Act.FREE: 1, Act.ASK: 0}
"""Rows of `environments` that an act writes."""


def units(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, index: Index, table: TableKeys) -> int:
    """Of one change of a row, given as items."""
    old, new = _seen(before, index, table), _seen(after, index, table)
    if old == new:
        return 0
    if old is None or new is None:
        return 1
    key = (index.partition, index.sort)
    return 2 if any(old[name] != new[name] for name in key) else 1


def _seen(item: Mapping[str, Any] | None, index: Index, table: TableKeys) -> Mapping[str, Any] | None:
    """What an index has of an item; nothing where the item lacks one of its keys."""
    keys = (index.partition, index.sort)
    if item is None or any(name not in item for name in keys):
        return None
    kept = {*keys, table.partition, table.sort}
    return item if index.projects_all else {name: value for name, value in item.items() if name in kept}
