"""Services that moto lacks, as far as cleaning them goes: things on shelves, listed, shown, changed and taken away.

What a kind of thing is called, which operation shows it where, and what AWS refuses, is told in the seeds, from the API
references. Whatever is asked that no shelf knows is the backend's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Thing = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of thing of a service.

    `lists` and `shows` say where replies of these operations have it: a path of members, separated by dots, to the list
    or to the thing itself (none: the reply is the thing; `[]` at the end: a list with it alone). A listing that shows
    one member only has it after a colon. `removes` takes it away. `changes` are operations that change it, with what
    they set. `by` maps the parameters that name it to the members that have their values, `of` those that name what it
    is a part of. `absent` is the code for one that is not there (none: an empty answer). `refuses` is a code for as
    long as it holds of the thing and the service. `like` is what one has, `id` the pattern of CloudFormation's id.
    """

    lists: Mapping[str, str]
    removes: str
    by: Mapping[str, str]
    like: Thing
    id: str
    shows: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    of: Mapping[str, str] = field(default_factory=dict)
    absent: str = "ResourceNotFoundException"
    refuses: tuple[str, Callable[[Thing, Service], object]] | None = None
    given: tuple[Thing, ...] = ()
    """Things that are there from the beginning."""


class Service:
    """The shelves of one service. Answers boto3's operations."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self.kinds = kinds
        self.shelves: dict[str, list[Thing]] = {
            name: [dict(each) for each in kind.given] for name, kind in kinds.items()
        }

    def put(self, name: str, /, **own: Any) -> str:
        """Make one; returns CloudFormation's id."""
        kind = self.kinds[name]
        thing = {**kind.like, **own}
        self.shelves[name].append(thing)
        return kind.id.format(**thing)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        """The operation, if a shelf knows it."""
        for name, kind in self.kinds.items():
            if operation in {*kind.lists, *kind.shows, *kind.changes, kind.removes}:
                return lambda **asked: self._answer(name, operation, asked)
        raise AttributeError(operation)

    def _answer(self, name: str, operation: str, asked: Mapping[str, Any]) -> Any:
        kind = self.kinds[name]
        found = [each for each in self.shelves[name] if _fits(each, {**kind.by, **kind.of}, asked)]
        looks = operation not in kind.lists or (operation in kind.shows and any(key in asked for key in kind.by))
        if not looks or (not found and not kind.absent):
            path, _, only = kind.lists.get(operation, "").partition(":")
            return _inside(path, [each[only] if only else each for each in found]) if path else {}
        if not found:
            raise refuse(kind.absent, f"no such {name}")
        return self._do(name, operation, found[0])

    def _do(self, name: str, operation: str, thing: Thing) -> Any:
        kind = self.kinds[name]
        if operation in kind.shows:
            return _inside(kind.shows[operation], thing)
        if operation in kind.changes:
            thing.update(kind.changes[operation])
            return {}
        if kind.refuses and kind.refuses[1](thing, self):
            raise refuse(kind.refuses[0], f"{name} is in use")
        self.shelves[name].remove(thing)
        return {}


def _fits(thing: Thing, by: Mapping[str, str], asked: Mapping[str, Any]) -> bool:
    """Whether it is one that is asked for; a parameter may name one or several."""
    wanted = {member: asked[parameter] for parameter, member in by.items() if parameter in asked}
    return all(thing.get(member) in (value if isinstance(value, list) else [value]) for member, value in wanted.items())


def _inside(path: str, value: Any) -> Any:
    """The value at the end of a path."""
    for name in reversed(path.split(".") if path else ()):
        value = [value] if name == "[]" else {name: value}
    return value
