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
        self._options: dict[tuple[int, int], list[Environment]] = {}  # by the identity of request and order

    def add(self, party: Party, order: Sequence[Environment], *, partly: bool = False) -> int | None:
        """The party's number if it got all that it wants, or, with `partly`, anything; else None and all is as before.

        `order` has all rows, the preferred ones first; all parties are given the same rows.
        """
        number = len(self._parties)
        self._parties.append(party)
        self._orders.append(order)
        holder, given, dead = dict(self._holder), dict(self._given), set(self._dead)
        placed = [self._place((number, index)) for index in range(len(party.requested))]
        if (any(placed) if partly else all(placed)) and self._accounts_are_distinct():
            return number
        self._holder, self._given = holder, given
        if party.is_group:  # it may have been in its own way
            self._dead = dead
        return None

    def of(self, number: int) -> list[Environment]:
        """What a party holds, in the order of its requested environments."""
        seats = ((number, index) for index in range(len(self._parties[number].requested)))
        return [self._given[seat] for seat in seats if seat in self._given]

    def of_others(self, number: int | None) -> list[Environment]:
        """What everybody else holds."""
        return [row for (party, _), row in self._given.items() if party != number]

    def _place(self, seat: _Seat) -> bool:
        """Breadth first, so that the shortest chain of moves is taken and no depth is a limit."""
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
        number, index = seat
        party, order = self._parties[number], self._orders[number]
        wanted = party.requested[index]
        options = self._options.get((id(wanted), id(order)))
        if options is None:
            options = [row for row in order if selection.matches(row.registered, wanted)]
            self._options[id(wanted), id(order)] = options
        if not (party.is_group and party.distinct_accounts):
            return iter(options)
        accounts = {row.key.account for other, row in self._given.items() if other[0] == number and other != seat}
        return (row for row in options if row.key.account not in accounts)

    def _accounts_are_distinct(self) -> bool:
        """A chain of moves looks at one move at a time, so the whole is checked once more."""
        return all(
            len({row.key.account for row in rows}) == len(rows)
            for number, party in enumerate(self._parties)
            if party.is_group and party.distinct_accounts and (rows := self.of(number))
        )
