"""Which calls name something protected: type and name are compared, by the parameter that names things of that type.

A bare name says nothing: a test may call a user, an instance profile or an inline policy like a protected role. What a
parameter names is told by `Naming`; one that it does not know may name anything of its service, so it is compared with
all of that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.aws.sessions import method_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from re import Pattern

_BY_TYPE: Final = "cloudcontrol"
_TYPE, _IDENTIFIER = "TypeName", "Identifier"


@dataclass(frozen=True, slots=True, order=True)
class Thing:
    """Something protected; without a region it is global. Of a `pattern` the id has the wildcards of fnmatch."""

    type: str
    id: str
    service: str
    region: str = ""
    pattern: bool = False

    def is_in(self, region: str) -> bool:
        """A leftover may well have the name of something that is kept in another region."""
        return self.region in ("", region)

    def fits(self, part: str | None, value: str | None) -> bool:
        """Whether a value, as it is or by its ARN, is this part of the id. A part that a pattern lacks is any."""
        if part is None or value is None:
            return part is value or (part is None and self.pattern)
        candidates = (value, *_named_by_arn(value))
        return part in candidates or (self.pattern and any(fnmatchcase(each, part) for each in candidates))


@dataclass(frozen=True, slots=True)
class Named:
    """The parameters of an operation that take the parts of an id of this type, in order; "" for a part left out."""

    type: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How calls of one service name things.

    `operations` (by boto3's names) say it exactly. In any other operation a parameter names what `parameters` says, if
    it is there. `silent` are parameters of an operation, or with "" of all, that name nothing. `parts` takes ids of a
    type apart.
    """

    operations: Mapping[str, tuple[Named, ...]] = field(default_factory=dict)
    parameters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    silent: frozenset[tuple[str, str]] = frozenset()
    parts: Mapping[str, Pattern[str]] = field(default_factory=dict)

    def parts_of(self, thing: Thing) -> tuple[str | None, ...]:
        """What operations take of its id."""
        pattern = self.parts.get(thing.type)
        match = pattern.fullmatch(thing.id) if pattern else None
        return match.groups() if match else (thing.id,)


@dataclass(frozen=True, slots=True)
class Hit:
    """A protected thing that a call names, and the parameters by which it does."""

    parameters: tuple[str, ...]
    thing: Thing


class Protected:
    """What no mutation may name."""

    def __init__(self, things: Iterable[Thing] = (), naming: Callable[[str], Naming] = lambda _: Naming()) -> None:
        self.things = frozenset(things)
        self._naming = naming
        self._of_type: dict[str, list[Thing]] = {}
        self._of_service: dict[str, list[Thing]] = {}
        for thing in sorted(self.things):
            self._of_type.setdefault(thing.type, []).append(thing)
            self._of_service.setdefault(thing.service, []).append(thing)

    def named(self, service: str, operation: str, region: str, names: Mapping[str, str]) -> Iterator[Hit]:
        """Each protected thing that a call names; a parameter of a list is `name.index`."""
        call, given, naming = method_name(operation), _by_parameter(names), self._naming(service)
        exact = naming.operations.get(call, ())
        if service == _BY_TYPE:
            exact = (*exact, *(Named(type_, (_IDENTIFIER,)) for type_ in given.get(_TYPE, ())))
        for named in exact:
            yield from self._exactly(named, region, given)
        told = {parameter for named in exact for parameter in named.parameters}
        for parameter in given.keys() - told:
            if (call, parameter) not in naming.silent and ("", parameter) not in naming.silent:
                yield from self._by_parameter(service, parameter, region, given[parameter])

    def _exactly(self, named: Named, region: str, given: Mapping[str, list[str]]) -> Iterator[Hit]:
        """Things all of whose parts the call names."""
        asked = {place: given.get(name, [None]) for place, name in enumerate(named.parameters) if name}
        if all(values == [None] for values in asked.values()):
            return
        for thing in self._of_type.get(named.type, ()):
            parts = self._naming(thing.service).parts_of(thing)
            whole = len(parts) < len(named.parameters)  # a pattern that cannot be taken apart may be any of them
            if thing.is_in(region) and (
                any(thing.fits(thing.id, value) for values in asked.values() for value in values)
                if whole
                else all(any(thing.fits(parts[place], value) for value in values) for place, values in asked.items())
            ):
                yield Hit(named.parameters, thing)

    def _by_parameter(self, service: str, parameter: str, region: str, values: list[str]) -> Iterator[Hit]:
        types = self._naming(service).parameters.get(parameter)
        for thing in self._of_service.get(service, ()):
            if (types is not None and thing.type not in types) or not thing.is_in(region):
                continue
            parts = self._naming(service).parts_of(thing)
            mine = {thing.id, *(parts if len(parts) == 1 else ())}
            if any(thing.fits(part, value) for part in mine for value in values):
                yield Hit((parameter,), thing)


def _by_parameter(names: Mapping[str, str]) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    for name, value in names.items():
        given.setdefault(name.partition(".")[0], []).append(value)
    return given


def _named_by_arn(value: str) -> Iterator[str]:
    if value.startswith("arn:"):
        parts = value.split(":", 5)[-1].split("/")
        yield parts[-1]
        if parts[0] == "stack":
            yield parts[1]
