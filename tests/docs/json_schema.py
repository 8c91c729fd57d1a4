"""The part of JSON Schema 2020-12 that docs/api/openapi.yaml uses, in full; any other word is an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Check = Callable[[Any, Any, dict[str, Any], "Validator"], Iterator[str]]

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
}


def _is(value: object, kind: str) -> bool:
    if kind == "integer":
        return type(value) is int or (isinstance(value, float) and value.is_integer())
    return isinstance(value, _TYPES[kind])


class Validator:
    """Validates against the schemas of one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def look_up(self, reference: str) -> Any:
        """What `#/a/b` points to; raises `KeyError`."""
        place: Any = self._document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        return place

    def complaints(self, value: object, schema: dict[str, Any]) -> Iterator[str]:
        """What is wrong with `value`."""
        for word, wanted in schema.items():
            yield from _CHECKS[word](value, wanted, schema, self)

    def valid(self, value: object, schema: dict[str, Any]) -> bool:
        """Whether nothing is."""
        return not any(self.complaints(value, schema))


def _when(kind: type | tuple[type, ...], holds: Callable[[Any, Any], bool], what: str) -> Check:
    """A word that says something of values of one type only."""

    def check(value: Any, wanted: Any, _schema: dict[str, Any], _validator: Validator) -> Iterator[str]:
        if isinstance(value, kind) and not isinstance(value, bool) and not holds(value, wanted):
            yield f"{value!r}: {what} {wanted!r}"

    return check


def _nothing(_value: Any, _wanted: Any, _schema: dict[str, Any], _validator: Validator) -> Iterator[str]:
    yield from ()


def _type(value: Any, wanted: Any, _schema: dict[str, Any], _validator: Validator) -> Iterator[str]:
    kinds = wanted if isinstance(wanted, list) else [wanted]
    if not any(_is(value, kind) for kind in kinds):
        yield f"{value!r} is not of type {wanted!r}"


def _enum(value: Any, wanted: Any, _schema: dict[str, Any], _validator: Validator) -> Iterator[str]:
    if not any(type(value) is type(one) and value == one for one in wanted):
        yield f"{value!r} is not one of {wanted!r}"


def _const(value: Any, wanted: Any, schema: dict[str, Any], validator: Validator) -> Iterator[str]:
    return _enum(value, [wanted], schema, validator)


def _properties(value: Any, wanted: Any, _schema: dict[str, Any], validator: Validator) -> Iterator[str]:
    for name, schema in wanted.items():
        if isinstance(value, dict) and name in value:
            yield from (f"{name}: {complaint}" for complaint in validator.complaints(value[name], schema))


def _required(value: Any, wanted: Any, _schema: dict[str, Any], _validator: Validator) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{name!r} is missing" for name in wanted if name not in value)


def _no_others(value: Any, wanted: Any, schema: dict[str, Any], _validator: Validator) -> Iterator[str]:
    assert wanted is False, "additionalProperties is used as false only"
    if isinstance(value, dict):
        yield from (f"{name!r} is not known" for name in value if name not in schema.get("properties", {}))


def _dependent(value: Any, wanted: Any, schema: dict[str, Any], validator: Validator) -> Iterator[str]:
    for name, others in wanted.items():
        if isinstance(value, dict) and name in value:
            yield from _required(value, others, schema, validator)


def _items(value: Any, wanted: Any, _schema: dict[str, Any], validator: Validator) -> Iterator[str]:
    for index, item in enumerate(value if isinstance(value, list) else []):
        yield from (f"{index}: {complaint}" for complaint in validator.complaints(item, wanted))


def _ref(value: Any, wanted: Any, _schema: dict[str, Any], validator: Validator) -> Iterator[str]:
    return validator.complaints(value, validator.look_up(wanted))


def _all_of(value: Any, wanted: Any, _schema: dict[str, Any], validator: Validator) -> Iterator[str]:
    for schema in wanted:
        yield from validator.complaints(value, schema)


def _any_of(value: Any, wanted: Any, _schema: dict[str, Any], validator: Validator) -> Iterator[str]:
    if not any(validator.valid(value, schema) for schema in wanted):
        yield f"{value!r} is none of the kinds that it may be"


def _one_of(value: Any, wanted: Any, _schema: dict[str, Any], validator: Validator) -> Iterator[str]:
    if (number := sum(validator.valid(value, schema) for schema in wanted)) != 1:
        yield f"{value!r} is {number} of the kinds of which it must be one"


def _not(value: Any, wanted: Any, _schema: dict[str, Any], validator: Validator) -> Iterator[str]:
    if validator.valid(value, wanted):
        yield f"{value!r} is what it must not be"


_CHECKS: Final[dict[str, Check]] = {
    "description": _nothing,
    "examples": _nothing,
    "format": _nothing,
    "contentMediaType": _nothing,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _no_others,
    "dependentRequired": _dependent,
    "items": _items,
    "$ref": _ref,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "pattern": _when(str, lambda value, wanted: re.search(wanted, value) is not None, "does not match"),
    "minLength": _when(str, lambda value, wanted: len(value) >= wanted, "is shorter than"),
    "maxLength": _when(str, lambda value, wanted: len(value) <= wanted, "is longer than"),
    "minItems": _when(list, lambda value, wanted: len(value) >= wanted, "has fewer items than"),
    "maxItems": _when(list, lambda value, wanted: len(value) <= wanted, "has more items than"),
    "minProperties": _when(dict, lambda value, wanted: len(value) >= wanted, "has fewer properties than"),
    "maxProperties": _when(dict, lambda value, wanted: len(value) <= wanted, "has more properties than"),
    "minimum": _when((int, float), lambda value, wanted: value >= wanted, "is below"),
    "maximum": _when((int, float), lambda value, wanted: value <= wanted, "is above"),
}
WORDS: Final = frozenset(_CHECKS)
