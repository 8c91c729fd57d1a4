"""AWS refusing a deletion until what it demands is done, by a table: one row a precondition.

A row says which replies show the resource, which others show the state that AWS refuses, with which code, and which
calls end that state. Nothing of it is code, so that a rule of AWS's is one entry, and a step of the catalogue that
serves the rule is seen to be needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Clears:
    """A call that ends a part of the state, with at least these parameters. `before`: refused so ahead of its turn."""

    operation: str
    asked: Mapping[str, Any]
    before: str = ""
    replies: Mapping[str, Any] = field(default_factory=dict)

    def is_this(self, operation: str, asked: Mapping[str, Any]) -> bool:
        """Whether such a call is meant."""
        return operation == self.operation and all(asked.get(name) == value for name, value in self.asked.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What AWS demands before it deletes one resource of a type of the catalogue.

    `what` are the words of the table in docs/cleanup.md. `there` are the replies while the resource is there, by the
    operation as boto3 names it; `held` those that differ until all of `clears` were called. Until then the operations
    of `refused` answer these codes; `removes` deletes it. Once it is gone the operations of `lists` answer without it,
    all others `absent`. `only` are parameters without which an operation does not show it. `elsewhere` are operations
    of other services. `spare` is as in `Seed`. It is refused, too, while the account has anything of a type of
    `after`, and the first `tries` times.
    """

    type: str
    what: str
    id: str
    there: Mapping[str, Mapping[str, Any]]
    removes: str
    refused: Mapping[str, str]
    clears: tuple[Clears, ...]
    held: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lists: tuple[str, ...] = ()
    absent: str = ""
    only: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    elsewhere: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spare: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    tries: int = 0

    @property
    def operations(self) -> frozenset[str]:
        """All that it answers."""
        return frozenset(
            {self.removes, *self.there, *self.held, *self.refused, *(clearing.operation for clearing in self.clears)}
        )

    @property
    def names(self) -> frozenset[str]:
        """What calls that are about it name."""
        return frozenset({self.id, *self.id.split("|"), *texts([clearing.asked for clearing in self.clears])})


class Refusing:
    """The service as far as one demand goes; what that does not name is the backend's."""

    def __init__(self, demand: Demand, has_any: Callable[[tuple[str, ...]], bool] = lambda _: False) -> None:
        self._demand = demand
        self._has_any = has_any
        self._is_there = False
        self._done: set[int] = set()  # places in `clears`
        self.refusals = 0

    def renewed(self) -> Refusing:
        """Without the resource, as before it was made."""
        self._is_there, self._done, self.refusals = False, set(), 0
        return self

    def appear(self) -> str:
        """Make the resource, in the state that AWS refuses; its id."""
        self._is_there = True
        return self._demand.id

    @property
    def is_held(self) -> bool:
        """Whether something that AWS demands is not done yet."""
        return len(self._done) < len(self._demand.clears)

    @property
    def is_there(self) -> bool:
        """Whether it is not deleted yet."""
        return self._is_there

    def _is_refused(self) -> bool:
        """Whether AWS does not delete it now."""
        demand = self._demand
        return self.is_held or self.refusals < demand.tries or (bool(demand.after) and self._has_any(demand.after))

    def __getattr__(self, operation: str) -> Any:
        if operation not in self._demand.operations:
            raise AttributeError(operation)
        return partial(self._answer, operation)

    def _answer(self, operation: str, **asked: Any) -> Mapping[str, Any]:
        demand = self._demand
        if not self._is_there:
            return self._without_it(operation, asked)
        if any(asked.get(name) != value for name, value in demand.only.get(operation, {}).items()):
            return emptied({**demand.held, **demand.there}[operation])
        for place, clearing in enumerate(demand.clears):
            if place not in self._done and clearing.is_this(operation, asked):
                return self._clear(place, clearing)
        if operation == demand.removes and self._is_refused():
            self.refusals += 1
            raise refuse(demand.refused[operation], demand.what)
        if self.is_held and operation in demand.refused:
            raise refuse(demand.refused[operation], demand.what)
        if operation == demand.removes:
            self._is_there = False
            return {}
        if self.is_held and operation in demand.held:
            return demand.held[operation]
        return demand.there[operation] if operation in demand.there else emptied(demand.held.get(operation, {}))

    def _clear(self, place: int, clearing: Clears) -> Mapping[str, Any]:
        if clearing.before and not self._done.issuperset(range(place)):
            raise refuse(clearing.before, "something else comes first")
        self._done.add(place)
        return clearing.replies

    def _without_it(self, operation: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        demand = self._demand
        if operation not in demand.lists or (demand.absent and demand.id in texts(asked)):
            raise refuse(demand.absent, "there is no such thing")
        return emptied(demand.there[operation])


def emptied(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same without a member in any list."""
    return {key: _emptied(value) for key, value in reply.items()}


def merged(one: Any, other: Any) -> Any:
    """What both say of one thing; the second has the last word."""
    if isinstance(one, list) and isinstance(other, list):
        return [merged(*pair) for pair in zip(one, other, strict=False)] + one[len(other) :] + other[len(one) :]
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return {**one, **{key: merged(one[key], value) if key in one else value for key, value in other.items()}}


def together(one: Any, other: Any) -> Any:
    """Two pages as one: the members of both in each list."""
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *other]
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return {**one, **{key: together(one[key], value) if key in one else value for key, value in other.items()}}


def _emptied(value: Any) -> Any:
    return emptied(value) if isinstance(value, dict) else [] if isinstance(value, list) else value


def texts(value: Any) -> list[str]:
    """All texts in it."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []
