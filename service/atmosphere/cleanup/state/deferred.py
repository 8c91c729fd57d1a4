"""What an environment carries along from cleaning to cleaning: leftovers that may remain for a while.

    debt/<account>/<region>.json   when each was first seen, in how many cleanings, and the last of them

A type may remain because its row says so or because the environment's configuration does. Every cleaning tries to
delete what is carried along; the settings say how many there may be and how old they may get, and what is beyond that
keeps the environment from being clean.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.model import Residual
from atmosphere.cleanup.state.troubles import dump, resource, row
from atmosphere.core.model import AllocationId

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from atmosphere.cleanup.model import Assignment, Resource
    from atmosphere.cleanup.state.store import TextStore
    from atmosphere.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """One deferred resource. `cleanings` counts the cleanings that met it, `last` is the allocation of the last."""

    first: datetime
    cleanings: int
    last: AllocationId


class DeferredRepository:
    """The deferred resources of one environment, in a `TextStore`."""

    def __init__(self, store: TextStore, assignment: Assignment, clock: Clock) -> None:
        self._store = store
        self._assignment = assignment
        self._clock = clock
        self._name = f"debt/{assignment.key.path}.json"
        self.entries = _read(store.get(self._name))

    def split(self, items: Iterable[Resource]) -> tuple[list[Resource], list[Resource]]:
        """Those that have to go and those that may remain.

        Of more than may be carried along, those that came first are.
        """
        blocking: list[Resource] = []
        deferred: list[Resource] = []
        now = self._clock.now()
        for item in sorted(items, key=lambda each: (self._since(each, now), each)):
            residual = self._residual(item)
            may_remain = residual is Residual.DEFERRED and self._is_young(item, now) and len(deferred) < self._most
            (deferred if may_remain else blocking).append(item)
        return sorted(blocking), sorted(deferred)

    def may_remain(self, item: Resource) -> bool:
        """Whether a stack may let go of it without its being gone."""
        has_room = item in self.entries or len(self.entries) < self._most
        return self._residual(item) is Residual.DEFERRED and has_room and self._is_young(item, self._clock.now())

    def settle(self, deferred: Collection[Resource], is_gone: Callable[[Resource], bool]) -> None:
        """Write down what remains, and forget what is gone. Raises `Unreachable`."""
        if self._settled(self.entries, deferred, is_gone) == self.entries:
            return
        text = self._store.amend(self._name, lambda text: _text(self._settled(_read(text), deferred, is_gone)))
        self.entries = _read(text)

    def _settled(
        self, before: Mapping[Resource, Deferred], deferred: Collection[Resource], is_gone: Callable[[Resource], bool]
    ) -> dict[Resource, Deferred]:
        after = {item: debt for item, debt in before.items() if item in deferred or not is_gone(item)}
        allocation = self._assignment.allocation
        for item in deferred:
            debt = after.get(item) or Deferred(first=self._clock.now(), cleanings=0, last=AllocationId(""))
            if debt.last != allocation:
                after[item] = replace(debt, cleanings=debt.cleanings + 1, last=allocation)
        return after

    @property
    def _most(self) -> int:
        return self._assignment.settings.max_deferred

    def _since(self, item: Resource, now: datetime) -> datetime:
        debt = self.entries.get(item)
        return debt.first if debt else now

    def _is_young(self, item: Resource, now: datetime) -> bool:
        return now - self._since(item, now) < self._assignment.settings.deferred_age

    def _residual(self, item: Resource) -> Residual:
        if item.type in self._assignment.registration.deferred:
            return Residual.DEFERRED
        return type_of(item.type).residual


def _read(text: str | None) -> dict[Resource, Deferred]:
    return {
        resource(entry): Deferred(
            first=datetime.fromisoformat(entry[3]), cleanings=entry[4], last=AllocationId(entry[5])
        )
        for entry in json.loads(text or "[]")
    }


def _text(entries: Mapping[Resource, Deferred]) -> str:
    rows = [
        [*row(item), debt.first.isoformat(), debt.cleanings, debt.last]
        for item, debt in sorted(entries.items(), key=lambda each: each[0])
    ]
    return dump(rows)
