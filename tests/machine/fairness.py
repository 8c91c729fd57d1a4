"""P9 at the moment of a grant: whoever was in line before its request began loses nothing that it could use.

An oracle of its own: a waiter that wants one environment could use something if it gets it in the order of arrival,
from what is free now. After the grant the same waiters must be served from what is left.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atmosphere.core import selection
from atmosphere.core.changes import Delete, Put
from atmosphere.core.model import Allocation, EnvironmentKey, Mark, Status
from atmosphere.core.queue import WaiterKey
from atmosphere.core.request import asked_party

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from atmosphere.core.changes import Change
    from atmosphere.core.model import Environment, RuleName
    from atmosphere.core.queue import Waiter
    from atmosphere.core.quota import Slot


@dataclass(frozen=True, slots=True)
class Begun:
    """What there is at a moment: who has got a 423 by then, how much room each rule has, and the environments."""

    waiters: Sequence[Waiter]
    room: Mapping[RuleName, int]
    environments: Sequence[Environment]


def room(limits: Mapping[RuleName, int], slots: Sequence[Slot]) -> dict[RuleName, int]:
    """How many environments each rule with a limit may still take; a slot that has expired is not counted as room."""
    held = Counter(slot.id.rule for slot in slots)
    return {rule: limit - held[rule] for rule, limit in limits.items()}


def check_grant(changes: Sequence[Change], begun: Begun, seen: Begun, now: datetime) -> int:
    """How many waiters this grant was compared with; fails if one of them loses what it could use.

    `begun` is what there was when the request began, `seen` what there was just before its grant.
    """
    grant = next((c.row for c in changes if isinstance(c, Put) and isinstance(c.row, Allocation) and c.row.items), None)
    if grant is None:
        return 0
    gone = {c.target for c in changes if isinstance(c, Delete) and isinstance(c.target, WaiterKey)}
    left = {waiter.id for waiter in seen.waiters} - gone
    own = next((waiter for waiter in begun.waiters if waiter.id in gone), None)
    before = [
        waiter
        for waiter in sorted(begun.waiters, key=lambda one: one.order)
        if waiter.id in left and waiter.present_until > now and (own is None or waiter.order < own.order)
    ]
    line = _with_room(before, begun.room, seen.room)
    offered = [row for row in seen.environments if row.status is Status.FREE and row.mark is Mark.REGISTERED]
    taken = {item.key for item in grant.items}
    could = _served(line, offered)
    still = _served(line, [row for row in offered if row.key not in taken])
    assert still == could, f"{grant.requester} took what was kept for {could - still}"
    return len(could)


def _with_room(line: Sequence[Waiter], *rooms: Mapping[RuleName, int]) -> list[Waiter]:
    """Those that want one environment and whose rule has room for all of the rule's that are before them."""
    wanted: Counter[RuleName] = Counter()
    passed = []
    for waiter in line:
        number = len(asked_party(waiter.asked_for).requested)
        wanted[waiter.rule] += number
        if number == 1 and all(wanted[waiter.rule] <= room.get(waiter.rule, 0) for room in rooms):
            passed.append(waiter)
    return passed


def _served(line: Sequence[Waiter], rows: Sequence[Environment]) -> set[WaiterKey]:
    """Who gets something where each is served in turn and may move those before it, but take nothing from them."""
    holder: dict[EnvironmentKey, Waiter] = {}

    def place(waiter: Waiter, tried: set[EnvironmentKey]) -> bool:
        (wanted,) = asked_party(waiter.asked_for).requested
        for row in rows:
            if row.key in tried or not selection.matches(row.registered, wanted):
                continue
            tried.add(row.key)
            if row.key not in holder or place(holder[row.key], tried):
                holder[row.key] = waiter
                return True
        return False

    return {waiter.id for waiter in line if place(waiter, set())}
