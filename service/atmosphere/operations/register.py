"""Register: make the `environments` table agree with a configuration.

New environments are born cleaning (capture-only), changed ones take effect when next free, missing ones are marked and
drain. Applying the same configuration again changes nothing; applying an older one (a rollback) undoes the newer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from atmosphere.core import changes
from atmosphere.core.model import Environment, EnvironmentKey, Mark, Registration
from atmosphere.core.snapshot import says_the_same
from atmosphere.ports import CleanupOrder, Conflict, Unreachable

if TYPE_CHECKING:
    from datetime import timedelta

    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Cleaner, Clock, Ids, Store

_MAX_ROUNDS: Final = 10


class Applied(StrEnum):
    """What registering came to for one environment."""

    BORN = "born"
    UPDATED = "updated"
    MARKED = "marked"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """The verb with its collaborators."""

    store: Store
    cleaner: Cleaner
    clock: Clock
    ids: Ids

    def register(self, snapshot: Snapshot) -> Counter[Applied]:
        """Apply a snapshot and count what was done; raises `Unreachable`, after which applying it again goes on."""
        rows = {row.key: row for row in self.store.environments()}
        done: Counter[Applied] = Counter()
        for registration in snapshot.environments:
            row = rows.pop(registration.key, None)
            done[self._enter(registration, row, snapshot.settings.cleanup_limit)] += 1
        for row in rows.values():
            done[self._leave(row)] += 1
        return done

    def _enter(self, registration: Registration, row: Environment | None, limit: timedelta) -> Applied:
        for _ in range(_MAX_ROUNDS):
            if row is not None and _as_configured(row, registration):
                return Applied.UNCHANGED
            try:
                if row is None:
                    self._bear(registration, limit)
                    return Applied.BORN
                change = changes.reregister(row, registration, now=self.clock.now())
                self.store.commit([change], token=self.ids.new())
            except Conflict:
                row = self.store.environment(registration.key)
            else:
                return Applied.UPDATED
        raise _gave_up(registration.key)

    def _bear(self, registration: Registration, limit: timedelta) -> None:
        fence = self.ids.new()
        born = changes.born(registration, fence=fence, now=self.clock.now(), limit=limit)
        self.store.commit([born], token=self.ids.new())
        try:
            self.cleaner.start(CleanupOrder(fence, registration.key, attempt=1))
        except Unreachable:
            return  # silent from birth: the reconciler starts its next attempt

    def _leave(self, row: Environment | None) -> Applied:
        for _ in range(_MAX_ROUNDS):
            if row is None or row.mark is Mark.DEREGISTERING:
                return Applied.UNCHANGED
            try:
                self.store.commit([changes.deregister(row)], token=self.ids.new())
            except Conflict:
                row = self.store.environment(row.key)
            else:
                return Applied.MARKED
        assert row is not None  # noqa: S101 -- the loop returns on None
        raise _gave_up(row.key)


def _as_configured(row: Environment, registration: Registration) -> bool:
    return row.mark is Mark.REGISTERED and says_the_same(row.next_registered or row.registered, registration)


def _gave_up(key: EnvironmentKey) -> Unreachable:
    return Unreachable(f"{key} changed {_MAX_ROUNDS} times while it was being registered: deploy again")
