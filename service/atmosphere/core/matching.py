"""Who gets which free environment where some asked earlier: one matching, grown in the order of arrival.

Whoever is added later may move an earlier one to another environment (an augmenting path), but takes nothing away from
it. So a request gets what is left after everybody before it, and never less than that.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from atmosphere.core import selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from atmosphere.core.model import Environment, EnvironmentKey

_Seat: TypeAlias = tuple[int, int]
"""Party and requested environment, by their numbers."""
_Wish: TypeAlias = tuple[int, int]
"""A requested environment and an order, by their identities, which equal parties share."""


@dataclass(frozen=True, slots=True)
class Party:
    """The environments that one request wants, all or none; in distinct accounts if it says so."""

    requested: tuple[selection.RequestedEnvironment, ...]
    distinct_accounts: bool

    @property
    def is_group(self) -> bool:
        """Whether it wants several at once."""
        return len(self.requested) > 1


class Matching:
    """Parties and what they hold of these rows, each party preferring them in an order of its own."""

    def __init__(self) -> None:
        self._parties: list[Party] = []
        self._orders: list[Sequence[Environment]] = []
        self._holder: dict[EnvironmentKey, _Seat] = {}
        self._given: dict[_Seat, Environment] = {}
        self._dead: set[EnvironmentKey] = set()  # a search that failed found no way on from these: none will
        self._options: dict[_Wish, list[Environment]] = {}
        self._next: dict[_Wish, int] = {}  # options before it are held; equal parties find the next one at once
        self._hopeless: set[_Wish] = set()
        self._has_groups = False

    def add(self, party: Party, order: Sequence[Environment], *, partly: bool = False) -> int | None:
        """The party's number if it got all that it wants, or, with `partly`, anything; else None and all is as before.

        `order` has all rows, the preferred ones first; all parties are given the same rows.
        """
        number = len(self._parties)
        self._parties.append(party)
        self._orders.append(order)
        self._has_groups |= party.is_group
        if not self._has_groups:
            return number if self._place((number, 0)) else None
        holder, given, dead = dict(self._holder), dict(self._given), set(self._dead)
        placed = [self._place((number, index)) for index in range(len(party.requested))]
        if (any(placed) if partly else all(placed)) and self._accounts_are_distinct():
            return number
        self._holder, self._given = holder, given
        if party.is_group:  # it may have been in its own way
            self._dead = dead
            self._next.clear()
            self._hopeless.clear()
        return None

    def of(self, number: int) -> list[Environment]:
        """What a party holds, in the order of its requested environments."""
        seats = ((number, index) for index in range(len(self._parties[number].requested)))
        return [self._given[seat] for seat in seats if seat in self._given]

    def of_others(self, number: int | None) -> list[Environment]:
        """What everybody else holds."""
        return [row for (party, _), row in self._given.items() if party != number]

    def _place(self, seat: _Seat) -> bool:
        """Give it something nobody holds, else by the shortest chain of moves."""
        party = self._parties[seat[0]]
        if party.is_group and party.distinct_accounts:
            return self._move_others(seat)
        wish, options = self._wish(seat)
        if wish in self._hopeless:
            return False
        at = self._next.get(wish, 0)
        while at < len(options) and options[at].key in self._holder:
            at += 1
        self._next[wish] = at
        if at < len(options):
            self._given[seat], self._holder[options[at].key] = options[at], seat
            return True
        if self._move_others(seat):
            return True
        self._hopeless.add(wish)
        return False

    def _move_others(self, seat: _Seat) -> bool:
        """Breadth first, so that no depth is a limit."""
        came: dict[EnvironmentKey, _Seat] = {}
        frontier = deque([seat])
        while frontier:
            current = frontier.popleft()
            for row in self._choices(current):
                if row.key in came or row.key in self._dead:
                    continue
                came[row.key] = current
                holder = self._holder.get(row.key)
                if holder is None:
                    self._shift(row, came)
                    return True
                frontier.append(holder)
        self._dead |= came.keys()
        return False

    def _shift(self, row: Environment, came: dict[EnvironmentKey, _Seat]) -> None:
        while True:
            taker = came[row.key]
            before = self._given.get(taker)
            self._given[taker], self._holder[row.key] = row, taker
            if before is None:
                return
            row = before

    def _choices(self, seat: _Seat) -> Iterator[Environment]:
        """The rows that would do; for a party of distinct accounts not one beside another of its own."""
        number = seat[0]
        party = self._parties[number]
        _, options = self._wish(seat)
        if not (party.is_group and party.distinct_accounts):
            return iter(options)
        accounts = {row.key.account for other, row in self._given.items() if other[0] == number and other != seat}
        return (row for row in options if row.key.account not in accounts)

    def _wish(self, seat: _Seat) -> tuple[_Wish, list[Environment]]:
        number, index = seat
        wanted, order = self._parties[number].requested[index], self._orders[number]
        wish = (id(wanted), id(order))
        if wish not in self._options:
            self._options[wish] = [row for row in order if selection.matches(row.registered, wanted)]
        return wish, self._options[wish]

    def _accounts_are_distinct(self) -> bool:
        """A chain of moves looks at one move at a time, so the whole is checked once more."""
        return all(
            len({row.key.account for row in rows}) == len(rows)
            for number, party in enumerate(self._parties)
            if party.is_group and party.distinct_accounts and (rows := self.of(number))
        )
