"""How many environments a rule may hold: one numbered slot for each that it holds, and no counter that could drift.

A slot is put by the transaction that starts an allocation and deleted by the one that ends it. From what was read only
the lowest free numbers may be taken, as many as the limit still allows: so two takers who read the same cannot both go
over it, and a lowered limit fills up again only below itself (design 5, ADR 0020).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from atmosphere.core.model import Allocation, AllocationId, RuleName

_FORGOTTEN: Final = timedelta(hours=1)
"""After the deadline: an allocation that nobody has ended by then holds no slot any more."""


@dataclass(frozen=True, slots=True, order=True)
class SlotKey:
    """A slot of a rule, by its number."""

    rule: RuleName
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One environment that an allocation of a rule holds; without meaning after `until`."""

    id: SlotKey
    allocation: AllocationId
    until: datetime


def slots_of(allocation: Allocation) -> list[Slot]:
    """The slots that an allocation holds, with the numbers that it was given."""
    until = allocation.deadline + _FORGOTTEN
    return [
        Slot(id=SlotKey(allocation.rule, number), allocation=allocation.id, until=until)
        for number in allocation.slots or ()
    ]


def room(limits: Mapping[RuleName, int | None], slots: Iterable[Slot], now: datetime) -> dict[RuleName, int | None]:
    """How many environments each rule may still hold, None for any number."""
    held = [slot.id.rule for slot in slots if slot.until > now]
    return {rule: None if limit is None else max(0, limit - held.count(rule)) for rule, limit in limits.items()}


def free_numbers(
    rule: RuleName, limit: int, slots: Iterable[Slot], wanted: int, *, now: datetime, below: Callable[[int], int]
) -> Sequence[int] | None:
    """So many numbers of slots to take, drawn from those that may be; None if the limit leaves fewer."""
    taken = {slot.id.number for slot in slots if slot.id.rule == rule and slot.until > now}
    lowest = [number for number in range(limit) if number not in taken][: max(0, limit - len(taken))]
    if len(lowest) < wanted:
        return None
    return [lowest.pop(below(len(lowest))) for _ in range(wanted)]
